import { describe, expect, test } from 'vitest'
import type { Action, Entity, Permission } from '../catalogue/types.ts'
import { sketchCatalogue } from '../testing/sketch.ts'
import { combine, covers } from './grants.ts'
import type { Combined } from './grants.ts'
import type { RowCondition } from './types.ts'

const sketch = sketchCatalogue({
  'shop.order': {
    fields: { name: { type: 'text' }, cost: { type: 'text' }, note: { type: 'text' }, owner: { type: 'reference', entity: 'core.member' } },
    owner: 'owner',
  },
}).entities.get('shop.order')!
const entity: Entity = {
  ...sketch,
  scopes: [...sketch.scopes, { id: 'shared', title: '', predicate: { kind: 'among', field: null, set: 'shared' } }],
}

const role = (scopes: string | string[], actions: readonly Action[], more: { hide?: string[]; readOnly?: string[] } = {}): Permission => ({
  role: `shop.${[scopes].flat().join()}`,
  scopes: [scopes].flat(),
  actions: new Set(actions),
  transitions: new Set(),
  conditions: new Map(),
  guards: new Map(),
  hide: new Set(more.hide),
  readOnly: new Set(more.readOnly),
  masks: new Map(),
  show: new Set(),
})
const reading = ['list', 'get'] as const
const together = (...permissions: Permission[]): Combined => combine(entity, permissions)!
/** Rows in the words of a test: every scope that a condition names, with the set of ids where it is not the usual. */
const rows = (condition: RowCondition | undefined): string[] | undefined =>
  condition?.flatMap(({ scopes }) =>
    scopes.map(({ id, predicate }) => (predicate.kind === 'among' && predicate.set === 'sharedToUpdate' ? 'shared to update' : id)),
  )
/** Of conditions of which all must hold there is one. */
const only = (conditions: readonly RowCondition[] | undefined): string[] | undefined => {
  expect(conditions).toHaveLength(1)
  return rows(conditions?.[0])
}
const names = ({ visible }: Combined): string[] => visible.map(({ id }) => id)

describe('several roles add up', () => {
  test('nothing for who has no role here', () => {
    expect(combine(entity, [])).toBeNull()
    expect(combine(entity, [role('shared', ['delete'])])).toBeNull()
  })
  test('each action has its own grants', () => {
    const access = together(role('own', [...reading, 'update']), role('all', ['list']))
    expect([...access.actions].map(([action, grants]) => [action, rows(grants)])).toEqual([
      ['list', ['own', 'all']],
      ['get', ['own']],
      ['update', ['own']],
    ])
  })
  test('sharing lets read, or read and update, and nothing else', () => {
    const access = together(
      role('shared', ['list', 'get', 'create', 'update', 'delete', 'restore', 'export', 'import', 'history', 'share', 'ai']),
    )
    expect(Object.fromEntries([...access.actions].map(([action, grants]) => [action, rows(grants)]))).toEqual({
      list: ['shared'],
      get: ['shared'],
      history: ['shared'],
      export: ['shared'],
      ai: ['shared'],
      update: ['shared to update'],
      // A new record is in no scope yet.
      create: [],
    })
  })
})

describe('fields', () => {
  test('hidden by every role that reads: it does not exist', () => {
    const access = together(role('own', reading, { hide: ['cost'] }), role('all', reading, { hide: ['cost', 'note'] }))
    expect(names(access)).toEqual(['name', 'note', 'owner'])
    expect([...access.masks.keys()]).toEqual(['note'])
    expect(only(access.masks.get('note'))).toEqual(['own', 'own'])
  })
  test('shown by a role that reads every row: plain', () => {
    const access = together(role('own', reading, { hide: ['cost'] }), role('all', reading))
    expect([names(access).includes('cost'), access.masks.size]).toEqual([true, 0])
  })
  test('shown by another role with the same rows: plain', () => {
    const access = together(role(['own', 'shared'], reading, { hide: ['cost'] }), role('own', reading), role('shared', ['get']))
    expect(access.masks.size).toBe(0)
  })
  test('a role that does not read shows nothing', () => {
    expect(names(together(role('all', ['update']), role('own', reading, { hide: ['cost'] })))).not.toContain('cost')
    expect(names(together(role('all', ['create'], { hide: ['cost'] }), role('own', ['create'])))).toContain('cost')
  })
  test('a column of a list that is hidden is hidden with it', () => {
    const access = together(role('own', reading, { hide: ['lines.cost'] }), role('all', reading, { hide: ['lines'] }))
    expect([...access.hidden]).toEqual(['lines.cost'])
    expect(only(access.masks.get('lines'))).toEqual(['own', 'own'])
  })
})

describe('writing', () => {
  const writing = [...reading, 'create', 'update'] as const
  test('a field is fixed in the rows where no role that may update opens it', () => {
    const access = together(role('own', writing), role('all', writing, { readOnly: ['note'], hide: ['cost'] }))
    expect([...access.readOnly]).toEqual([])
    expect([only(access.fixed.get('note')), only(access.fixed.get('cost'))]).toEqual([['own'], ['own']])
    expect(access.fixedOnCreate.size).toBe(0)
  })
  test('and everywhere, where none does', () => {
    const access = together(role('own', [...reading, 'update'], { readOnly: ['note'] }), role('all', reading))
    expect([[...access.readOnly], access.fixed.size]).toEqual([['note'], 0])
  })
  test('who creates may be another role than who updates', () => {
    const access = together(role('own', [...reading, 'update']), role('own', ['create'], { readOnly: ['note'] }))
    expect([access.readOnly.size, access.fixed.size, [...access.fixedOnCreate]]).toEqual([0, 0, ['note']])
  })
})

test('a condition covers the same rows, and fewer; one with words of its own only itself', () => {
  const [all, own] = [role('all', reading), role('own', reading)].map((each) => together(each).actions.get('list')!) as [
    RowCondition,
    RowCondition,
  ]
  const worded: RowCondition = [{ ...all[0]!, condition: {} as never }]
  expect([covers(all, own), covers(own, all), covers(own, own), covers([], own), covers(own, [])]).toEqual([true, false, true, false, true])
  expect([covers(worded, own), covers(worded, worded), covers(all, worded)]).toEqual([false, true, true])
})
