import { describe, expect, it } from 'vitest'
import { entity, field, view } from '../testing/metadata.ts'
import { nextSort, operatorsFor, filteredBy, readCondition, readView, requestOf, viewsOf, writeView } from './view-state.ts'

const won = view({ id: 'won', title: 'Won', filter: { stage: 'won', 'value.gte': '1000' }, sort: ['-value'] })
const all = view({ id: 'list', title: 'All deals', sort: ['name'] })
const deal = entity({ views: [won, all] })

describe('a condition', () => {
  it.each([
    ['stage', 'won', { path: 'stage', operator: 'eq', value: 'won' }],
    ['value.gte', '5', { path: 'value', operator: 'gte', value: '5' }],
    ['company.country', 'DE', { path: 'company.country', operator: 'eq', value: 'DE' }],
    ['company.country.in', 'DE,FR', { path: 'company.country', operator: 'in', value: 'DE,FR' }],
    ['in', 'x', { path: 'in', operator: 'eq', value: 'x' }],
  ])('%s', (key, value, condition) => {
    expect(readCondition(key, value)).toEqual(condition)
  })
})

describe('the address of a list', () => {
  it('without anything is the widest view as it is', () => {
    const state = readView(deal, {})
    expect(state).toMatchObject({ view: all, conditions: [], sort: ['name'], search: '', changed: false })
    expect(viewsOf(deal).map(({ id }) => id)).toEqual(['list', 'won'])
  })
  it('offers everything first when every view is narrower', () => {
    expect(viewsOf(entity({ views: [won] })).map(({ title }) => title)).toEqual(['All', 'Won'])
  })
  it('names a view, which brings its own filter and order', () => {
    expect(readView(deal, { view: 'won' })).toMatchObject({
      sort: ['-value'],
      conditions: [
        { path: 'stage', operator: 'eq', value: 'won' },
        { path: 'value', operator: 'gte', value: '1000' },
      ],
    })
  })
  it('that was changed says all of it, so that a removed filter stays removed', () => {
    const address = writeView(deal, { ...readView(deal, { view: 'won' }), conditions: [] })
    expect(readView(deal, address)).toMatchObject({ view: won, conditions: [], sort: ['-value'], changed: true })
  })
  it('tells whether the order is another one than the view’s, whatever else was changed', () => {
    const state = readView(deal, { view: 'won' })
    const resorted = (change: object): boolean => readView(deal, writeView(deal, { ...state, ...change })).resorted
    expect([{ conditions: [] }, { sort: ['-value', 'name'] }, { sort: [] }].map(resorted)).toEqual([false, true, true])
  })
  it('is the view’s own again once filter and order are, in whatever order they were chosen', () => {
    const state = readView(deal, { view: 'won' })
    const back = writeView(deal, { ...state, conditions: state.conditions.toReversed() })
    expect(back).toEqual({ view: 'won' })
    expect(readView(deal, { _draft: '1', sort: 'name' }).changed).toBe(false)
  })
  it('keeps a condition without its operand, which is no change yet', () => {
    const { conditions } = filteredBy(deal, [], 'stage')
    const address = writeView(deal, { ...readView(deal, {}), conditions })
    expect(readView(deal, address)).toMatchObject({ conditions, changed: false })
    expect(writeView(deal, { ...readView(deal, address), search: 'a' })).toMatchObject({ search: 'a', ...address })
    expect(writeView(deal, { ...readView(deal, address), conditions: [] })).toEqual({})
  })
  it('in which only something is searched for keeps filter and order of its view', () => {
    const address = writeView(deal, { ...readView(deal, { view: 'won' }), search: 'a b' })
    expect(address).toEqual({ view: 'won', search: 'a b' })
    expect(readView(deal, address)).toMatchObject({ view: won, sort: ['-value'], search: 'a b', changed: false })
  })
  it('reads back what was written', () => {
    const state = {
      view: won,
      conditions: [
        { path: 'stage', operator: 'in', value: 'new,won' },
        { path: 'value', operator: 'lt', value: '5' },
      ] as const,
      expression: `self.name == 'a & b' || count(self.lines) > 1`,
      sort: ['-value', 'name'],
      search: 'a b',
      deleted: true,
      changed: true,
    }
    expect(readView(deal, writeView(deal, state))).toMatchObject(state)
  })
  it('has one condition for a field that is chosen twice', () => {
    const first = filteredBy(deal, [], 'stage')
    expect(first.conditions).toMatchObject([{ path: 'stage', value: '' }])
    const chosen = [{ ...first.conditions[0]!, value: 'won' }]
    expect(filteredBy(deal, chosen, 'stage')).toEqual({ conditions: chosen, at: 0 })
    expect(filteredBy(deal, chosen, 'value')).toMatchObject({ conditions: [{ path: 'stage', value: 'won' }, { path: 'value' }], at: 1 })
  })
  it('filters by a property of any name that a property can have', () => {
    const conditions = ['draft', 'tab', 'panel'].map((path) => ({ path, operator: 'eq' as const, value: 'x' }))
    const state = readView(deal, writeView(deal, { ...readView(deal, {}), conditions }))
    expect(state.conditions).toEqual(conditions)
    expect(requestOf(state)).toMatchObject({ draft: 'x', tab: 'x', panel: 'x' })
  })
  it('does not send a condition that still misses its operand', () => {
    expect(requestOf(readView(deal, { _draft: '1', 'stage.in': '', 'value.gte': '3' }))).toEqual({
      'value.gte': '3',
      sort: undefined,
      search: undefined,
      deleted: undefined,
    })
  })
  it('an expression is sent, and with it the one of the view, which no change of the address takes away', () => {
    const viewed = entity({ views: [view({ id: 'all' }), view({ id: 'big', filter: { filter: 'self.value.amount > 5', stage: 'won' } })] })
    const asked = (search: Readonly<Record<string, string>>) => requestOf(readView(viewed, search))
    expect(asked({ filter: 'self.active' })).toMatchObject({ filter: 'self.active' })
    expect(readView(viewed, { filter: 'self.active' })).toMatchObject({ changed: true, conditions: [], given: '' })
    expect(asked({ view: 'big' })).toMatchObject({ filter: 'self.value.amount > 5', stage: 'won' })
    expect(asked({ view: 'big', _draft: '1' })).toEqual({ filter: 'self.value.amount > 5' })
    expect(asked({ view: 'big', filter: 'a || b' })).toMatchObject({ filter: '(a || b) && (self.value.amount > 5)' })
    const state = readView(viewed, { view: 'big', filter: 'a || b' })
    expect(writeView(viewed, state)).toEqual({ view: 'big', _draft: '1', filter: 'a || b' })
    expect(asked({}).filter).toBe(undefined)
  })
  it('keeps what belongs together together in a grouped view', () => {
    const grouped = [view({ id: 'g', group: 'stage', sort: ['name'] })]
    expect(readView(entity({ views: grouped, fields: [field({ name: 'stage' })] }), {}).sort).toEqual(['stage', 'name'])
    expect(readView(entity({ views: grouped, fields: [field({ name: 'stage', sortable: false })] }), {}).sort).toEqual(['name'])
  })
})

it('sorting a column goes up, down, away; with Shift it is added', () => {
  expect(nextSort([], 'a')).toEqual(['a'])
  expect(nextSort(['a'], 'a')).toEqual(['-a'])
  expect(nextSort(['-a'], 'a')).toEqual([])
  expect(nextSort(['b'], 'a')).toEqual(['a'])
  expect(nextSort(['b'], 'a', true)).toEqual(['b', 'a'])
})

it('offers only comparisons that the server takes', () => {
  expect(operatorsFor(field({ type: 'select', operators: ['eq', 'in'] })).map(([operator]) => operator)).toEqual(['in', 'eq'])
  expect(operatorsFor(field({ type: 'json', operators: [] }))).toEqual([])
})
