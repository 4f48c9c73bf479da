import type { Entity, Field, Operator, View } from '../api/catalogue.ts'
import { columnOf, systemFields } from '../model/entity.ts'
import type { CatalogueView } from '../api/catalogue.ts'
import { joined } from '../expression/told.ts'
import { kindOf } from '../fields/registry.ts'

/** One condition of a list: `value.gte=1000` in the address and in the request alike. */
export interface Condition {
  readonly path: string
  readonly operator: Operator
  readonly value: string
}

/** What a list shows. All of it stands in the address, so that Back, reload and a sent link give the same screen. */
export interface ViewState {
  readonly view: View
  readonly conditions: readonly Condition[]
  /** An expression that rows fulfil besides; '' is none. */
  readonly expression: string
  /** The view's own, which stays as long as the view does. */
  readonly given: string
  readonly sort: readonly string[]
  /** The order is not the view's. */
  readonly resorted: boolean
  readonly search: string
  readonly deleted: boolean
  /** Filter or order differ from what the view says; a condition without its operand is no difference yet. */
  readonly changed: boolean
}

const operators: ReadonlySet<string> = new Set<Operator>(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'contains', 'startsWith', 'null'])
/** Parameters of the screen itself, which no property has the name of; every other one is a condition. */
const reserved: ReadonlySet<string> = new Set(['view', 'sort', 'search', 'filter', '_panel', '_tab', '_draft', 'deleted'])

export function readCondition(key: string, value: string): Condition {
  const dot = key.lastIndexOf('.')
  const suffix = key.slice(dot + 1)
  return dot > 0 && operators.has(suffix)
    ? { path: key.slice(0, dot), operator: suffix as Operator, value }
    : { path: key, operator: 'eq', value }
}

const conditionKey = ({ path, operator }: Pick<Condition, 'path' | 'operator'>): string =>
  operator === 'eq' ? path : `${path}.${operator}`

const conditionsOf = (parameters: Readonly<Record<string, string>>): readonly Condition[] =>
  Object.entries(parameters)
    .filter(([key]) => !reserved.has(key))
    .map(([key, value]) => readCondition(key, value))

/** A view filters by conditions, by an expression, or by both. */
function givenBy({ filter }: View): string {
  const given: Readonly<Record<string, string>> | string = filter
  return typeof given === 'string' ? given : (given['filter'] ?? '')
}
const conditionsBy = ({ filter }: View): readonly Condition[] => (typeof filter === 'string' ? [] : conditionsOf(filter))

const everything: View = {
  id: 'all',
  kind: 'list',
  title: 'All',
  columns: [],
  filter: {},
  sort: [],
  group: null,
  aggregates: [],
  mapping: {},
  density: 'default',
  tiles: [],
}

/** The tabs of a list: its views, widest first, and “All” before them where no view shows everything. */
export function viewsOf(entity: Entity): readonly View[] {
  const views = entity.views.filter((view) => view.kind === 'list')
  const breadth = (view: View): number => Object.keys(view.filter).length * 2 + (view.group === null ? 0 : 1)
  const ordered = views.toSorted((a, b) => Math.min(breadth(a), 2) - Math.min(breadth(b), 2))
  return ordered[0] && Object.keys(ordered[0].filter).length === 0 ? ordered : [everything, ...ordered]
}

/** Until groups have rows of their own, what belongs together at least stands together. */
const groupedSort = (entity: Entity, { group, sort }: View): readonly string[] => {
  const sortable = entity.fields.some((field) => field.name === group && field.sortable)
  return group === null || !sortable || sort.some((key) => key === group || key === `-${group}`) ? sort : [group, ...sort]
}

/** The order of conditions makes no difference. */
const told = (conditions: readonly Condition[]): string =>
  JSON.stringify(conditions.map((condition) => `${conditionKey(condition)}=${condition.value}`).toSorted())

type Narrowing = Pick<ViewState, 'view' | 'conditions' | 'expression' | 'sort'>
const isResorted = (entity: Entity, { view, sort }: Narrowing): boolean => sort.join() !== groupedSort(entity, view).join()
const differs = (entity: Entity, state: Narrowing): boolean =>
  state.expression !== '' || isResorted(entity, state) || told(state.conditions) !== told(conditionsBy(state.view))

export function readView(entity: Entity, search: Readonly<Record<string, string>>): ViewState {
  const views = viewsOf(entity)
  const view = views.find((each) => each.id === search['view']) ?? views[0] ?? everything
  const own = conditionsOf(search)
  const expression = search['filter'] ?? ''
  const written = search['_draft'] === '1' || own.length > 0 || expression !== '' || search['sort'] !== undefined
  const conditions = written ? own : conditionsBy(view)
  const sort = written ? (search['sort'] ?? '').split(',').filter((key) => key !== '') : groupedSort(entity, view)
  const narrowing = { view, conditions, expression, sort }
  return {
    ...narrowing,
    given: givenBy(view),
    resorted: isResorted(entity, narrowing),
    search: search['search'] ?? '',
    deleted: search['deleted'] === 'only',
    changed: differs(entity, { ...narrowing, conditions: conditions.filter(complete) }),
  }
}

/**
 * The address of a list. Where its filter or order is another one than the view's, all of both is written out, so that removing the
 * last filter is a change too; searching alone leaves the view as it is.
 */
export function writeView(
  entity: Entity,
  state: Pick<ViewState, 'view' | 'conditions' | 'expression' | 'sort' | 'search' | 'deleted'>,
): Readonly<Record<string, string>> {
  const isDefault = state.view === viewsOf(entity)[0]
  return {
    ...(!isDefault && { view: state.view.id }),
    ...(differs(entity, state) && {
      _draft: '1',
      ...Object.fromEntries(state.conditions.map((condition) => [conditionKey(condition), condition.value])),
      ...(state.expression !== '' && { filter: state.expression }),
      ...(state.sort.length > 0 && { sort: state.sort.join(',') }),
    }),
    ...(state.search !== '' && { search: state.search }),
    ...(state.deleted && { deleted: 'only' }),
  }
}

/** The conditions with one about a field: the one that there is, or a new one that still misses its operand; `at`: which. */
export function filteredBy(
  { fields }: Entity,
  conditions: readonly Condition[],
  path: string,
): { readonly conditions: readonly Condition[]; readonly at: number } {
  const at = conditions.findIndex((each) => each.path === path)
  if (at >= 0) return { conditions, at }
  const field = fields.find(({ name }) => name === path)
  const operator = (field && operatorsFor(field)[0]?.[0]) ?? 'eq'
  return { conditions: [...conditions, { path, operator, value: '' }], at: conditions.length }
}

/** A condition that still misses its operand is shown as a chip but not sent. */
export const complete = (condition: Condition): boolean => condition.value !== ''

/** Parameters of the request, without columns. */
export const requestOf = (state: ViewState): Readonly<Record<string, string | undefined>> => ({
  ...Object.fromEntries(state.conditions.filter(complete).map((condition) => [conditionKey(condition), condition.value])),
  filter: joined(state.expression, state.given),
  sort: state.sort.length > 0 ? state.sort.join(',') : undefined,
  search: state.search === '' ? undefined : state.search,
  deleted: state.deleted ? 'only' : undefined,
})

/** none → ascending → descending → none; another column replaces the order, `also` adds to it. */
export function nextSort(sort: readonly string[], path: string, also = false): readonly string[] {
  const rest = also ? sort.filter((key) => key !== path && key !== `-${path}`) : []
  if (sort.includes(path)) return [...rest, `-${path}`]
  return sort.includes(`-${path}`) ? rest : [...rest, path]
}

export const sortOf = (sort: readonly string[], path: string): 'ascending' | 'descending' | null =>
  sort.includes(path) ? 'ascending' : sort.includes(`-${path}`) ? 'descending' : null

/** The operators offered for a field, in words; only those that the server takes. */
export const operatorsFor = (field: Field): readonly (readonly [Operator, string])[] =>
  kindOf(field).filterOps.filter(([operator]) => field.operators.includes(operator))

export const filterable = (entity: Entity): readonly Field[] =>
  [...entity.fields, ...systemFields].filter((field) => operatorsFor(field).length > 0)

/** What a create dialog starts with when the list is filtered: `stage = won` gives a won record. */
export function prefill(catalogue: CatalogueView, entity: Entity, conditions: readonly Condition[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    conditions.filter(complete).flatMap(({ path, operator, value }) => {
      const column = columnOf(catalogue, entity, path)
      const single = operator === 'eq' || (operator === 'in' && !value.includes(','))
      if (!single || !column || path.includes('.') || column.field.readOnly) return []
      const prefilled = kindOf(column.field).fromOperand?.(value, column.field)
      return prefilled === undefined ? [] : [[path, prefilled]]
    }),
  )
}
