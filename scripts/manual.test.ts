import { expect, test } from 'vitest'
import { functions } from '../engine/expressions/functions.ts'
import { manual } from './manual.ts'

test('the manual lists the functions there are: npm run generate', async () => {
  const { is, shouldBe } = await manual()
  expect(is).toBe(shouldBe)
  for (const { doc } of functions) expect(is).toContain(doc.replaceAll('|', '\\|').slice(0, 20))
})
