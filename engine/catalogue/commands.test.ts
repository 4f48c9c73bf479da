import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bos } from '../cli.ts'

const shipped = new URL('../../modules-json', import.meta.url).pathname
let broken = ''
beforeAll(async () => {
  broken = await mkdtemp(join(tmpdir(), 'bos-modules-'))
  await cp(join(shipped, 'core'), join(broken, 'core'), { recursive: true })
  await writeFile(join(broken, 'core/entities/tag.json'), '{"title": "Tag", "type": "object", "properties": {"name": {"type": "sting"}}}')
})
afterAll(() => rm(broken, { recursive: true }))

async function run(modulesDir: string, ...args: string[]): Promise<{ code: number; out: string[] }> {
  const out: string[] = []
  const none = (): never => {
    throw new Error('checking modules needs no installation')
  }
  return { code: await bos(args, { out: (line) => out.push(line), modulesDir, config: none, open: none }), out }
}

test('faults: one line each, and a code that stops a script', async () => {
  const { code, out } = await run(broken, 'check')
  expect(code).toBe(1)
  expect(out.map((line) => line.slice(line.indexOf('core/')))).toContain(
    'core/entities/tag.json:/properties/name/type: "sting" is not one of string, integer, number, boolean, array. Did you mean "string"?',
  )
  expect((await run(broken, 'dump', 'core.tag')).code).toBe(1)
})
test('a sound module', async () => {
  const { code, out } = await run(shipped, 'check', 'crm')
  expect({ code, out }).toEqual({ code: 0, out: [expect.stringMatching(/^crm: \d+ files, no faults$/)] })
})
test('an unknown module, entity or command', async () => {
  expect(await run(shipped, 'check', 'crn')).toEqual({ code: 2, out: ['there is no "crn". Did you mean "crm"?'] })
  expect(await run(shipped, 'dump', 'crm.dael')).toEqual({ code: 2, out: ['there is no "crm.dael". Did you mean "crm.deal"?'] })
  expect((await run(shipped, 'constructor')).code).toBe(2)
})
test('an entity as JSON', async () => {
  const { code, out } = await run(shipped, 'dump', 'crm.deal')
  const deal = JSON.parse(out.join('\n')) as { id: string; titleField: string; schemas: { create: { additionalProperties: boolean } } }
  expect([code, deal.id, deal.titleField, deal.schemas.create.additionalProperties]).toEqual([0, 'crm.deal', 'name', false])
})
