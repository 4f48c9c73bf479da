import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { limits } from '../config.ts'
import { fieldOf } from '../fields/index.ts'
import type { Bucket, Measure, Operator } from '../fields/type.ts'
import { Source } from './conditions.ts'
import { listConditions, parseSearch, refuseExpression } from './list.ts'
import { parameterFault, parseBucket, parseConditions, parseInteger, resolvePath, settingsOf, single } from './parameters.ts'
import type { Condition, Path } from './parameters.ts'
import { fieldJson, textOf } from './select.ts'
import { and, comma, toQuery } from './sql.ts'
import type { Fragment } from './sql.ts'
import type { Query } from '../database/types.ts'
import type { Catalogue } from '../catalogue/types.ts'
import type { Access, Actor, EntityAccess } from './types.ts'

/** `group=stage,close:month&measure=count,sum(value)&having.sum(value).gte=1000&sort=-sum(value)`. */
export interface AggregateRequest {
  readonly access: EntityAccess
  readonly catalogue: Catalogue
  readonly groups: readonly Group[]
  readonly measures: readonly MeasureOf[]
  readonly having: readonly Having[]
  readonly sort: readonly { readonly name: string; readonly descending: boolean }[]
  readonly conditions: readonly Condition[]
  readonly search: string | null
  readonly limit: number
}
interface Group {
  readonly name: string
  readonly path: Path
  readonly bucket: Bucket | null
  /** A group by a reference also answers the referenced record's title. */
  readonly title: Path | null
}
interface MeasureOf {
  readonly name: string
  readonly fn: Measure | 'count'
  readonly path: Path | null
}
interface Having {
  readonly measure: MeasureOf
  readonly operator: Operator
  readonly values: readonly unknown[]
  readonly settings: never
}

/** Averages of exact numbers are rounded to this many decimal places. */
const averageScale = 6

const parameters: ReadonlySet<string> = new Set(['filter', 'group', 'measure', 'sort', 'limit', 'search'])

export function parseAggregate(access: Access, here: EntityAccess, query: ReadonlyMap<string, readonly string[]>): AggregateRequest {
  refuseExpression(query)
  const groups = split(single(query, 'group')).map((text) => parseGroup(access, here, text))
  const measures = split(single(query, 'measure') ?? 'count').map((text) => parseMeasure(access, here, text, 'measure'))
  if (groups.length > limits.groups) throw parameterFault('group', `At most ${limits.groups} groups are allowed.`)
  if (measures.length === 0 || measures.length > limits.measures) throw parameterFault('measure', `Ask for 1 to ${limits.measures} measures.`)
  const having = [...query].filter(([key]) => key.startsWith('having.')).flatMap(([key, values]) => values.map((value) => parseHaving(access, here, measures, key, value)))
  const filters = new Map([...query].filter(([key]) => !key.startsWith('having.')))
  const names = new Set([...groups, ...measures].map((each) => each.name))
  const sort = split(single(query, 'sort')).map((text) => {
    const descending = text.startsWith('-')
    const name = descending ? text.slice(1) : text
    if (!names.has(name)) throw parameterFault('sort', `"${name}" is neither a group nor a measure of this query.`)
    return { name, descending }
  })
  return {
    access: here,
    catalogue: access.catalogue,
    groups,
    measures,
    having,
    sort,
    conditions: parseConditions(access, here, filters, parameters),
    search: parseSearch(here, query),
    limit: parseInteger(query, 'limit', { min: 1, max: limits.groupRows, default: limits.groupRowsDefault }),
  }
}

const split = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : text.split(',').map((each) => each.trim()))

function parseGroup(access: Access, here: EntityAccess, text: string): Group {
  const colon = text.indexOf(':')
  const path = resolvePath(access, here, colon < 0 ? text : text.slice(0, colon), 'group')
  const bucket = colon < 0 ? null : parseBucket(text.slice(colon + 1), 'group')
  const { group } = typeAt(path)
  if (!group || (bucket && group !== 'buckets')) throw parameterFault('group', bucket ? `"${path.text}" is not a date.` : `"${path.text}" cannot be grouped by.`)
  return { name: text, path, bucket, title: titlePath(access, path) }
}

function titlePath(access: Access, path: Path): Path | null {
  const target = path.member === null && path.field.reference?.targets.length === 1 ? path.field.reference.targets[0] : undefined
  const next = target && access.entities.get(target.entity)
  const title = next?.entity.titleField
  if (!target || !next || !title || path.field.name === 'id' || !next.visible.includes(title)) return null
  return { text: `${path.text}._title`, hops: [...path.hops, { field: path.field, column: target.column, target: next }], field: title, member: null, entity: next.entity }
}

function parseMeasure(access: Access, here: EntityAccess, text: string, pointer: string): MeasureOf {
  if (text === 'count') return { name: text, fn: 'count', path: null }
  const match = /^(sum|avg|min|max)\(([^()]+)\)$/.exec(text)
  if (!match) throw parameterFault(pointer, `"${text}" is not a measure; use count, sum(field), avg(field), min(field) or max(field).`)
  const fn = match[1] as Measure
  const path = resolvePath(access, here, match[2]!, pointer)
  if (!typeAt(path).measures?.includes(fn)) throw parameterFault(pointer, `"${path.text}" has no ${fn}.`)
  return { name: text, fn, path }
}

function parseHaving(access: Access, here: EntityAccess, measures: readonly MeasureOf[], key: string, value: string): Having {
  const match = /^having\.(.+)\.(eq|ne|gt|gte|lt|lte)$/.exec(key)
  if (!match) throw parameterFault(key, 'Write having.<measure>.<operator>=value, for example having.count.gte=5.')
  const measure = measures.find((each) => each.name === match[1]) ?? parseMeasure(access, here, match[1]!, key)
  const type = fieldOf(measure.fn === 'count' ? 'integer' : 'decimal')
  const operator = type.operators[match[2] as 'eq']!
  const settings = type.compile(measure.fn === 'count' ? {} : { 'x-bos': { type: 'decimal', precision: 38, scale: 18 } }, (_, detail) => assert.fail(detail)) as never
  const values = operator.parse(value, settings, (_, detail) => {
    throw parameterFault(key, detail)
  })
  return { measure, operator, values, settings }
}

/** A composite's member (`value.currency`, `address.city`) groups and measures as its own type does. */
function typeAt(path: Path) {
  const type = fieldOf(path.field.type)
  const member = path.member === null ? undefined : type.members?.(path.field.settings).get(path.member)
  return member ? fieldOf(member.type) : type
}

/**
 * One statement: the inner query computes what is grouped and measured for each row, the outer one groups by position, so
 * that no expression with a parameter stands twice. Sums of money are sums per currency: the currency joins the groups by
 * itself. Runs under the caller's row policies like every read.
 */
export function aggregateQuery(request: AggregateRequest, actor: Actor): Query {
  const source = new Source(request.catalogue, request.access)
  const inner: Fragment[] = []
  const keys: Fragment[] = []
  const input = (value: Fragment, key: boolean): Fragment => {
    const name = sql.id('s', `c${inner.length}`)
    inner.push(sql`${value} as ${sql.id(`c${inner.length}`)}`)
    if (key) keys.push(name)
    return name
  }
  const groups = request.groups.map((each) => groupColumns(request, source, each, actor, input))
  const measures = request.measures.map((each) => measureColumn(source, each, input))
  const having = request.having.map(({ measure, operator, values, settings }) => {
    const { order } = measureColumn(source, measure, input)
    return operator.where(sql, () => sql`(${order})`, values.map((value) => sql`${value}`), settings)
  })
  const rows = sql`select ${inner.length > 0 ? comma(inner) : sql`1`} from ${source.from()} where ${and(listConditions(source, { ...request, action: 'list', deleted: false }, actor))}`
  const named = [...groups, ...measures]
  const order = [
    ...request.sort.map(({ name, descending }) => sql`${named.find((each) => each.name === name)!.order} ${descending ? sql`desc` : sql`asc`} nulls last`),
    ...keys.map((key) => sql`${key} asc nulls last`),
  ]
  const members = named.flatMap((each) => each.members)
  const record = sql`(select row_to_json(r) from (select ${comma(members.map(({ name }) => sql.id('g', name)))}) r)`
  return toQuery(sql`select coalesce(json_agg(${record} order by g.bos__n) filter (where g.bos__n <= ${request.limit}::int), '[]'::json)::text as data, count(*) > ${request.limit}::int as more from (
    select row_number() over (${order.length > 0 ? sql`order by ${comma(order)}` : sql``}) as bos__n, ${comma(members.map(({ name, value }) => sql`${value} as ${sql.id(name)}`))} from (${rows}) s
    ${keys.length > 0 ? sql`group by ${comma(keys)}` : sql``} ${having.length > 0 ? sql`having ${and(having)}` : sql``}
    order by 1 limit ${request.limit + 1}::int) g`)
}

interface NamedColumns {
  readonly name: string
  readonly order: Fragment
  readonly members: readonly { readonly name: string; readonly value: Fragment }[]
}
type Input = (value: Fragment, key: boolean) => Fragment

function groupColumns(request: AggregateRequest, source: Source, { name, path, bucket, title }: Group, actor: Actor, input: Input): NamedColumns {
  const at = source.columns(path)
  const as = (value: Fragment, suffix = '') => ({ name: name + suffix, value })
  if (bucket) {
    const key = input(fieldOf(path.field.type).bucket!(sql, at, bucket, actor.timeZone), true)
    return { name, order: key, members: [as(key)] }
  }
  const value = path.member === null ? fieldJson(request.catalogue, path.entity, path.field, source.reach(path)) : (at())
  const key = input(value, true)
  if (!title) return { name, order: key, members: [as(key)] }
  const text = input(textOf(title.field, source.reach(title)), true)
  return { name, order: text, members: [as(key), as(text, '._title')] }
}

function measureColumn(source: Source, { name, fn, path }: MeasureOf, input: Input): NamedColumns {
  const as = (value: Fragment) => ({ name, value })
  if (fn === 'count' || !path) return { name, order: sql`count(*)`, members: [as(sql`count(*)`)] }
  const type = typeAt(path)
  const at = source.columns(path)
  const settings = settingsOf(path)
  const measured = input((type.measured ? type.measured(sql, at, settings) : at()), false)
  const order = sql`${sql.raw(fn)}(${measured})`
  const exact = type.measured ? sql`${fn === 'avg' ? sql`round(${order}, ${sql.lit(averageScale)})` : order}::text` : order
  if (!type.currency) return { name, order, members: [as(exact)] }
  const currency = input(type.currency(sql, at, settings), true)
  return { name, order, members: [as(sql`case when ${order} is not null then json_build_object('amount', ${exact}, 'currency', ${currency}) end`)] }
}
