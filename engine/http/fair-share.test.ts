import { expect, test } from 'vitest'
import { createFairShare } from './fair-share.ts'

const open = () => Promise.withResolvers<void>()

test('one tenant has so many under way, in the order they came, and another waits for none of them', async () => {
  const share = createFairShare(2, 10, () => undefined)
  const gates = Array.from({ length: 4 }, open)
  const began: number[] = []
  const runs = gates.map((gate, i) =>
    share.run('acme', async () => {
      began.push(i)
      await gate.promise
    }),
  )
  expect(await share.run('globex', () => Promise.resolve('through'))).toBe('through')
  expect(began).toEqual([0, 1])
  gates[1]!.resolve()
  await runs[1]
  await new Promise(setImmediate)
  expect(began).toEqual([0, 1, 2])
  for (const gate of gates) gate.resolve()
  await Promise.all(runs)
  expect(began).toEqual([0, 1, 2, 3])
})

test('a line is only so long; what failed gives its place back', async () => {
  let refused = 0
  const share = createFairShare(1, 1, () => refused++)
  const gate = open()
  const first = share.run('acme', () => gate.promise)
  const second = share.run('acme', () => Promise.reject(new Error('broken')))
  await expect(share.run('acme', () => Promise.resolve())).rejects.toMatchObject({ code: 'too-many-requests' })
  expect(refused).toBe(1)
  gate.resolve()
  await first
  await expect(second).rejects.toThrow('broken')
  expect(await share.run('acme', () => Promise.resolve(7))).toBe(7)
})
