import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { catalogue, entity } from '../testing/metadata.ts'
import { draftKey, dropDraft, dropDrafts, flushDraft, keepDraft, readDraft, stampOf } from './draft.ts'

let stored: Map<string, string>
beforeEach(() => {
  stored = new Map()
  vi.useFakeTimers()
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, text: string) => void stored.set(key, text),
    removeItem: (key: string) => void stored.delete(key),
    key: (at: number) => [...stored.keys()][at] ?? null,
    get length() {
      return stored.size
    },
  }
  vi.stubGlobal('localStorage', storage)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const order = entity({ id: 'inv.order' })
const acme = catalogue(order)
const as = (member: string | null, tenant = 't') => ({ tenant: { ...acme.tenant, id: tenant }, me: { ...acme.me, member } })
const mine = draftKey(as('ada'), order, 'new')

it('a draft is one person’s, in one tenant', () => {
  keepDraft(mine, null, { name: 'secret' })
  flushDraft(mine)
  expect(readDraft(mine, null)).toEqual({ name: 'secret' })
  for (const other of [as('bob'), as(null), as('ada', 'other')]) expect(readDraft(draftKey(other, order, 'new'), null)).toBeNull()
})

it('what was typed last is kept when its form goes, and not when it was dropped', () => {
  keepDraft(mine, null, { name: 'a' })
  expect(stored.size).toBe(0)
  keepDraft(mine, null, { name: 'ab' })
  flushDraft(mine)
  expect(readDraft(mine, null)).toEqual({ name: 'ab' })
  keepDraft(mine, null, { name: 'abc' })
  dropDraft(mine)
  flushDraft(mine)
  vi.runAllTimers()
  expect(stored.size).toBe(0)
})

it('half a second after the last key it is written, though its form stays', () => {
  keepDraft(mine, null, { name: 'a' })
  vi.advanceTimersByTime(400)
  keepDraft(mine, null, { name: 'ab' })
  vi.advanceTimersByTime(400)
  expect(stored.size).toBe(0)
  vi.advanceTimersByTime(100)
  expect(readDraft(mine, null)).toEqual({ name: 'ab' })
})

it('signing out leaves none, neither of those written nor of those that wait, and nothing else is lost', () => {
  stored.set('bos.sidebar.collapsed', 'true')
  const written = draftKey(as('ada'), order, 'x')
  keepDraft(written, null, { name: 'a' })
  flushDraft(written)
  keepDraft(mine, null, { name: 'b' })
  dropDrafts()
  flushDraft(mine)
  vi.runAllTimers()
  expect([...stored.keys()]).toEqual(['bos.sidebar.collapsed'])
})

it('holds for the record as it was shown: not for a later version, nor where something is hidden now or shown now', () => {
  const record = { id: '1', version: 3, cost: 7, lines: [{ id: '2', price: 5, _masked: ['cost'] }] }
  keepDraft(mine, stampOf(record), { cost: 8 })
  flushDraft(mine)
  expect(readDraft(mine, stampOf({ ...record, cost: 9 }))).toEqual({ cost: 8 })
  const [line] = record.lines
  for (const other of [
    { ...record, version: 4 },
    { id: '1', version: 3, lines: record.lines, _masked: ['cost'] },
    { ...record, lines: [{ id: '2', _masked: ['price', 'cost'] }] },
    { ...record, lines: [{ ...line, _masked: [] }] },
    undefined,
  ])
    expect(readDraft(mine, stampOf(other))).toBeNull()
})
