import { sql } from 'kysely'
import { limits } from '../config.ts'
import { characterFault } from '../fields/text.ts'
import { Problem } from '../problems.ts'
import { callerSlots, conditionSql, isMatched, reachable, reachableParts, searchSql, Source } from './conditions.ts'
import type { Caller, CallerSlots } from './conditions.ts'
import type { Cursors } from './cursor.ts'
import { boundConstant, filterShape, filterSql, parseFilter } from './filter.ts'
import type { Filter } from './filter.ts'
import { choice, parameterFault, parseConditions, parseDeleted, parseInteger, parseSort, single, typeAt } from './parameters.ts'
import type { Condition, SortKey } from './parameters.ts'
import { reachesAll } from './grants.ts'
import { recordJson } from './select.ts'
import { isLive } from './tables.ts'
import type { Selection } from './select.ts'
import { parseSelection, recordsPerRow } from './selection.ts'
import { and, column, comma, remember, Slot, toTemplate } from './sql.ts'
import type { Fragment, Template } from './sql.ts'
import type { Query } from '../database/types.ts'
import type { Access, Actor, EntityAccess } from './types.ts'
import { listParameters } from '../catalogue/reserved.ts'
import type { Action, Catalogue } from '../catalogue/types.ts'

/** A list as asked for: everything that is not `fields`, `expand`, `limit` or `cursor` decides which rows and in what order. */
export interface ListRequest {
  readonly catalogue: Catalogue
  readonly access: EntityAccess
  readonly action: Action
  readonly selection: Selection
  readonly conditions: readonly Condition[]
  readonly filter: Filter | null
  readonly search: string | null
  readonly deleted: boolean
  readonly sort: readonly SortKey[]
  readonly limit: number
  readonly after: readonly (string | null)[] | null
  readonly count: 'exact' | 'estimate' | null
  /** What a cursor of this list is sealed to. */
  readonly scope: string
}

const known: ReadonlySet<string> = new Set(listParameters)

export function parseList(
  access: Access,
  here: EntityAccess,
  actor: Actor,
  query: ReadonlyMap<string, readonly string[]>,
  cursors: Cursors,
  action: Action = 'list',
): ListRequest {
  if (query.has('format')) throw parameterFault('format', 'Lists are JSON; the export has other formats.')
  const { conditions, filter } = parseRows(access, here, query, known)
  const sort = parseSort(access, here, single(query, 'sort'))
  const search = parseSearch(here, query)
  const deleted = parseDeleted(here, query)
  const scope = JSON.stringify([
    here.entity.id,
    access.key,
    actor.tenant,
    actor.member,
    sort.map((key) => [key.path.text, key.descending]),
    conditions.map((each) => [each.path.text, each.name, each.values]),
    filter && [filter.root, filter.constants],
    search,
    deleted,
  ])
  const cursor = single(query, 'cursor')
  const asked = { fields: single(query, 'fields'), expand: single(query, 'expand'), withLines: false, deleted }
  const selection = parseSelection(access, here, asked)
  const limit = parseInteger(query, 'limit', { min: 1, max: limits.pageRows, default: limits.pageRowsDefault })
  const most = Math.floor(limits.listedRecords / recordsPerRow(selection))
  if (action === 'list' && limit > most)
    throw parameterFault('limit', `With all that is to be expanded, at most ${most} records can be listed at a time.`)
  return {
    catalogue: access.catalogue,
    access: here,
    action,
    selection,
    conditions,
    filter,
    search,
    deleted,
    sort,
    limit,
    after: cursor === undefined ? null : cursors.open(scope, cursor),
    count: choice(query, 'count', ['exact', 'estimate']) ?? null,
    scope,
  }
}

/** Which rows: `stage=won` and `filter=<expression>` together. */
export function parseRows(
  access: Access,
  here: EntityAccess,
  query: ReadonlyMap<string, readonly string[]>,
  reserved: ReadonlySet<string>,
): Pick<ListRequest, 'conditions' | 'filter'> {
  const conditions = parseConditions(access, here, query, reserved)
  const text = single(query, 'filter')
  if (text === undefined || text.trim() === '') return { conditions, filter: null }
  const parsed = parseFilter(access, here, text)
  return { conditions: [...conditions, ...parsed.conditions], filter: parsed.filter }
}

export function parseSearch(here: EntityAccess, query: ReadonlyMap<string, readonly string[]>): string | null {
  const text = single(query, 'search')
  if (text === undefined || text.trim() === '') return null
  if (!here.entity.search.some((field) => here.visible.includes(field)))
    throw parameterFault('search', `${here.entity.pluralTitle} cannot be searched.`)
  const fault = characterFault(text)
  if (fault !== null) throw parameterFault('search', `What is searched for ${fault}.`)
  if (text.length > limits.searchLength) throw parameterFault('search', `At most ${limits.searchLength} characters can be searched for.`)
  return text
}

interface Key {
  readonly sql: Fragment
  readonly type: string
  readonly descending: boolean
}

/**
 * One statement: the page as JSON text, the sort values after which the next page begins, and the count when asked.
 *
 * Values come NULLS LAST in both directions. PostgreSQL's index order has nulls at one end only, so the rows where the
 * first key has a value and those where it has none are two index scans, appended; LIMIT stops before the second when the
 * first fills the page. (No parallel append: serving connections run with max_parallel_workers_per_gather = 0.)
 */
export function listQuery(request: ListRequest, actor: Actor): Query {
  const template = remember(request.selection, shapeOf(request), () => listTemplate(slotted(request)))
  return template({ request, tenant: actor.tenant, member: actor.member })
}

interface Values extends Caller {
  readonly request: ListRequest
}

/** Whatever of a list decides the text of its statement, besides what is selected. */
const shapeOf = (request: ListRequest): string =>
  JSON.stringify([
    'list',
    request.action,
    request.conditions.map(({ path, name, values }) => [path.text, name, values.length]),
    filterShape(request.filter),
    request.sort.map(({ path, descending }) => [path.text, descending]),
    request.after?.map((value) => value === null) ?? null,
    request.search === null,
    request.deleted,
    request.count,
    stepOf(request.limit),
  ])

type SlottedAfter = readonly (Slot<Values> | null)[]

/** The same list with slots in the places of its values. */
interface SlottedList extends Omit<ListRequest, 'after' | 'search' | 'limit' | 'scope'> {
  readonly after: SlottedAfter | null
  readonly search: Slot<Values> | null
  readonly limit: Slot<Values>
  readonly onePastLimit: Slot<Values>
  readonly literal: (index: number) => Slot<Values>
  readonly step: number
}

const slot = (read: (request: ListRequest) => unknown): Slot<Values> => new Slot(({ request }) => read(request))

const slotted = (request: ListRequest): SlottedList => ({
  ...request,
  conditions: request.conditions.map((each, c) => ({
    ...each,
    values: each.values.map((_, v) => slot((now) => now.conditions[c]!.values[v])),
  })),
  after: request.after?.map((value, i) => (value === null ? null : slot((now) => now.after![i]))) ?? null,
  search: request.search === null ? null : slot((now) => now.search),
  limit: slot((now) => now.limit),
  onePastLimit: slot((now) => now.limit + 1),
  literal: (index) => slot((now) => boundConstant(now.filter!, index)),
  step: stepOf(request.limit),
})

function listTemplate(request: SlottedList): Template<Values> {
  const source = new Source(request.catalogue, request.access)
  const conditions = rowConditions(source, request, request.literal)
  const parts = reachableParts(source, request.access, callerSlots, request.action).map((part) => [...part, ...conditions])
  const keys = sortKeys(source, request)
  const order = sql`order by ${comma([...keys.map((key) => ordered(key, true)), idOrder(request)])}`
  const rows = request.sort.length === 0 ? idOrderedRows(source, request, parts) : keyedRows(source, request, parts, keys)
  const total = countSql(request, source)
  return toTemplate(sql`with page as (${rows(order)})
    select coalesce('[' || string_agg(p.record, ',' order by p.n) filter (where p.n <= ${request.limit}::int and p.bytes <= ${limits.pageBytes}) || ']', '[]') as data,
      max(p.keys) filter (where p.n = ${request.limit}::int) as keys, count(*) > ${request.limit}::int as more,
      coalesce(max(p.bytes) filter (where p.n <= ${request.limit}::int) > ${limits.pageBytes}, false) as too_large${total}
    from (select r.*, sum(octet_length(r.record)) over (order by r.n rows unbounded preceding) as bytes
      from (select row_number() over () as n, ${recordJson(request.selection, 't')}::text as record,
          json_build_array(${comma([...keys.map((_, i) => sql`${column('t', `bos__k${i}`)}::text`), column('t', 'id')])})::text as keys
        from page t limit ${request.onePastLimit}::int) r) p`)
}

export function listConditions(
  source: Source,
  request: Rows & Pick<ListRequest, 'action'>,
  actor: Caller | CallerSlots,
  literal: (index: number) => unknown,
): Fragment[] {
  return [...reachable(source, request.access, actor, request.action), ...rowConditions(source, request, literal)]
}

type Rows = Pick<ListRequest | SlottedList, 'catalogue' | 'access' | 'conditions' | 'filter' | 'search' | 'deleted'>

/** Which of the rows that the caller reaches. */
function rowConditions(source: Source, request: Rows, literal: (index: number) => unknown): Fragment[] {
  const { entity } = request.access
  const live = isLive(request.catalogue, entity, source.alias)
  return [
    request.deleted ? sql`${column(source.alias, 'deleted_at')} is not null` : live,
    ...request.conditions.map((each) => conditionSql(source, each)),
    ...(request.filter ? [filterSql(source, request.filter, literal)] : []),
    ...(request.search === null ? [] : [searchSql(source, request.access, request.search)]),
  ]
}

const sortKeys = (source: Source, request: SlottedList): Key[] =>
  request.sort.flatMap(({ path, descending }) =>
    typeAt(path).sort!(sql, source.columns(path), path.settings).map(({ key, keyType }) => ({ sql: key, type: keyType, descending })),
  )

/**
 * How far a scan goes. A limit that is a parameter counts as a tenth of the table when PostgreSQL weighs one plan for all values: that
 * loses against plans for the values at hand, made anew for every request. This is right where the values decide which index finds few
 * rows. Where they do not, the limit stands in the text (in few steps), and the plan is kept: it costs more than its execution.
 */
const limitSteps = [10, 50, 100, limits.pageRows] as const
const stepOf = (limit: number): number => limitSteps.find((step) => step >= limit)!
function rowsAtMost(request: SlottedList): Fragment {
  const isKept =
    request.filter === null &&
    reachesAll(request.access.actions.get(request.action) ?? []) &&
    request.conditions.every((each) => each.path.field.name === 'id' || isMatched(each))
  return isKept ? sql.lit(request.step + 1) : sql`${request.onePastLimit}::int`
}

const direction = (key: Key): Fragment => (key.descending ? sql`desc` : sql`asc`)
/** The first key of a scan without nulls takes the default null order, so that a plain index serves it forwards and backwards. */
const ordered = (key: Key, nulls: boolean): Fragment => sql`${key.sql} ${direction(key)}${nulls ? sql` nulls last` : sql``}`
const idDescends = (request: SlottedList): boolean => request.sort.at(-1)?.descending ?? true
const idOrder = (request: SlottedList): Fragment => sql`${column('t', 'id')} ${idDescends(request) ? sql`desc` : sql`asc`}`

/** Newest first: ids are UUIDv7, so the primary key already has the order. */
function idOrderedRows(source: Source, request: SlottedList, parts: readonly Fragment[][]) {
  const last = request.after?.at(-1)
  const after = last ? [sql`${column(source.alias, 'id')} < ${last}::uuid`] : []
  return (order: Fragment) =>
    inOrder(
      parts.map(
        (part) =>
          sql`select ${sql.id(source.alias)}.* from ${source.from()} where ${and([...part, ...after])} ${order} limit ${rowsAtMost(request)}`,
      ),
      order,
      request,
    )
}

/** The first rows of several scans that are in the same order; `order` says it of their rows, as those of `t`. */
const inOrder = (scans: readonly Fragment[], order: Fragment, request: SlottedList): Fragment =>
  scans.length === 1
    ? scans[0]!
    : sql`select t.* from (${sql.join(
        scans.map((scan) => sql`(${scan})`),
        sql` union all `,
      )}) t ${order} limit ${rowsAtMost(request)}`

function keyedRows(source: Source, request: SlottedList, parts: readonly Fragment[][], keys: readonly Key[]) {
  const [first, ...rest] = keys as [Key, ...Key[]]
  const columns = comma([sql`${sql.id(source.alias)}.*`, ...keys.map((key, i) => sql`${key.sql} as ${sql.id(`bos__k${i}`)}`)])
  const id: Key = { sql: column(source.alias, 'id'), type: 'uuid', descending: idDescends(request) }
  const { after } = request
  // What orders a row: by the columns of its table, or by what a scan gave of them.
  const given = keys.map((key, i): Key => ({ ...key, sql: column('t', `bos__k${i}`) }))
  const scan = (where: Fragment[], order: (keys: readonly Key[]) => readonly Fragment[]) => {
    const by = (all: readonly Key[]) => sql`order by ${comma([...order(all), ordered(id, false)])}`
    const scans = parts.map(
      (part) => sql`select ${columns} from ${source.from()} where ${and([...part, ...where])} ${by(keys)} limit ${rowsAtMost(request)}`,
    )
    return sql`(${inOrder(scans, by(given), request)})`
  }
  const valued = () => {
    const where = [sql`${first.sql} is not null`]
    if (after) where.push(...afterValued(keys, id, after, request.sort.length === 1))
    const sameField = request.sort.length === 1
    return scan(where, ([one, ...others]) => [ordered(one!, false), ...others.map((key) => ordered(key, !sameField))])
  }
  const empty = () => {
    const inEmpty = after !== null && after[0] === null
    const where = [sql`${first.sql} is null`]
    if (inEmpty) where.push(afterKeys([...rest, id], after.slice(1)))
    return scan(where, ([, ...others]) => others.map((key) => ordered(key, true)))
  }
  const scans = after?.[0] === null ? empty() : sql`${valued()} union all ${empty()}`
  return () => sql`select u.* from (${scans}) u limit ${rowsAtMost(request)}`
}

/**
 * Rows after a row whose first key has a value. Keys of one field are null together, so a row comparison (an index
 * condition) serves them; keys of several fields need the spelled-out form, with the first key's bound repeated so that an
 * index still limits the scan.
 */
function afterValued(keys: readonly Key[], id: Key, after: SlottedAfter, oneField: boolean): Fragment[] {
  const all = [...keys, id]
  const value = (i: number) => sql`${after[i]}::${sql.raw(all[i]!.type)}`
  const operator = keys[0]!.descending ? sql`<` : sql`>`
  if (oneField) return [sql`(${comma(all.map((key) => key.sql))}) ${operator} (${comma(all.map((_, i) => value(i)))})`]
  return [sql`${keys[0]!.sql} ${operator}= ${value(0)}`, afterKeys(all, after)]
}

function afterKeys(keys: readonly Key[], after: SlottedAfter): Fragment {
  const [key, ...rest] = keys
  const value = after[0]
  if (!key) return sql`false`
  const next = afterKeys(rest, after.slice(1))
  if (value === null || value === undefined) return sql`(${key.sql} is null and ${next})`
  const bound = sql`${value}::${sql.raw(key.type)}`
  const beyond = key.descending ? sql`${key.sql} < ${bound}` : sql`${key.sql} > ${bound}`
  return sql`(${beyond} or ${key.sql} is null or (${key.sql} = ${bound} and ${next}))`
}

/** `estimate` counts up to a bound and says when there are more: cheap on any table, and never wrong below the bound. */
function countSql(request: SlottedList, source: Source): Fragment {
  if (request.count === null) return sql``
  const conditions = listConditions(source, request, callerSlots, request.literal)
  const rows = sql`select from ${source.from()} where ${and(conditions)}`
  if (request.count === 'exact') return sql`, (select count(*) from (${rows}) c)::int as total`
  return sql`, (select count(*) from (${rows} limit ${limits.estimateRows + 1}::int) c)::int as total`
}

/** PostgreSQL stops gluing records together at the limit, so that a page of giants costs neither side its memory. */
export const isTooLarge = (row: Record<string, unknown>): boolean => row['too_large'] === true

/** The answer's JSON around the rows that PostgreSQL rendered. */
export function listAnswer(request: ListRequest, row: Record<string, unknown>, cursors: Cursors): string {
  if (isTooLarge(row)) throw new Problem('answer-too-large')
  const nextCursor = row['more'] === true ? cursors.seal(request.scope, JSON.parse(String(row['keys'])) as (string | null)[]) : null
  const total = row['total'] as number | undefined
  const estimated = request.count === 'estimate' && total !== undefined && total > limits.estimateRows
  const page = {
    limit: request.limit,
    nextCursor,
    ...(total !== undefined && (estimated ? { total: limits.estimateRows, totalIsAtLeast: true } : { total })),
  }
  return `{"data":${String(row['data'])},"page":${JSON.stringify(page)}}`
}
