import { expect, test } from 'vitest'
import type { Action } from '../catalogue/types.ts'
import { Problem } from '../problems.ts'
import { sketchCatalogue } from '../testing/sketch.ts'
import { permit } from './permit.ts'
import type { Kind, Request } from './request.ts'
import type { EntityAccess } from './types.ts'

/** Whatever a door hands in, the roles' permission is asked for behind it. */
const catalogue = sketchCatalogue({
  'shop.order': { fields: { lines: { type: 'lines', entity: 'shop.order_line' } } },
  'shop.order_line': { kind: 'line', fields: { label: { type: 'text' } } },
})
const may = (id: string, ...actions: Action[]): EntityAccess => {
  const entity = catalogue.entities.get(id)!
  return {
    entity,
    actions: new Map(actions.map((action) => [action, [{ role: 'core.user', scopes: entity.scopes, condition: null }]])),
    visible: [],
    masks: new Map(),
    transitions: new Map(),
    within: [],
    entities: new Map(),
    readOnly: new Set(),
    fixed: new Map(),
    fixedOnCreate: new Set(),
    given: new Map(),
  }
}
/** As a careless door might make them: only where, not what. */
const requests: { readonly [K in Kind]: (here: EntityAccess) => unknown } = {
  list: (here) => ({ kind: 'list', list: { access: here, action: 'list' } }),
  get: (here) => ({ kind: 'get', get: { access: here } }),
  history: (here) => ({ kind: 'history', history: { here } }),
  aggregate: (here) => ({ kind: 'aggregate', aggregate: { access: here } }),
  export: (here) => ({ kind: 'export', export: { list: { access: here, action: 'export' } } }),
  lookUp: (here) => ({ kind: 'lookUp', lookUp: { here } }),
  share: (here) => ({ kind: 'share', share: { here } }),
  explain: (here) => ({ kind: 'explain', explain: { here } }),
  write: (here) => ({ kind: 'write', here }),
}
const answer = (kind: Kind, here: EntityAccess): string => {
  try {
    permit(requests[kind](here) as Request)
    return 'permitted'
  } catch (error) {
    return error instanceof Problem ? error.code : String(error)
  }
}
const needed = {
  list: 'list',
  get: 'get',
  history: 'history',
  aggregate: 'list',
  export: 'export',
  lookUp: 'get',
  share: 'share',
  explain: 'get',
} as const

test.each(Object.entries(needed) as [keyof typeof needed, Action][])('%s needs %s', (kind, action) => {
  expect(answer(kind, may('shop.order'))).toBe('not-allowed')
  const others = (['create', 'update', 'delete', 'restore', 'import', 'share'] as const).filter((each) => each !== action)
  expect(answer(kind, may('shop.order', ...others))).toBe('not-allowed')
  expect(answer(kind, may('shop.order', action))).toBe('permitted')
})

test('a list that is planned as something else needs that', () => {
  const list = { kind: 'list', list: { access: may('shop.order', 'list'), action: 'export' } } as unknown as Request
  expect(() => permit(list)).toThrow(Problem)
})

test('lines are read, not written, and have no history of their own', () => {
  const every = may('shop.order_line', 'list', 'get', 'export', 'history', 'create', 'update')
  expect(Object.keys(requests).map((kind) => [kind, answer(kind as Kind, every)])).toEqual([
    ['list', 'permitted'],
    ['get', 'permitted'],
    ['history', 'not-allowed'],
    ['aggregate', 'permitted'],
    ['export', 'permitted'],
    ['lookUp', 'permitted'],
    ['share', 'not-allowed'],
    ['explain', 'not-allowed'],
    ['write', 'not-allowed'],
  ])
})
