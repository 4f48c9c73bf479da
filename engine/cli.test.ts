import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('whoever stops reading ends a command without a complaint', async () => {
  const child = spawn(process.execPath, [fileURLToPath(new URL('cli.ts', import.meta.url)), 'dump', 'crm.deal'])
  child.stdout.destroy()
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect([code, said]).toEqual([0, ''])
})
