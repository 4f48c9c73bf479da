import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { limits } from '../config.ts'
import { fieldOf } from '../fields/index.ts'
import type { Bucket, FieldType, Measure, Operator, OperatorName } from '../fields/type.ts'
import { echo } from '../problems.ts'
import { Source } from './conditions.ts'
import { boundConstant } from './filter.ts'
import type { Filter } from './filter.ts'
import { listConditions, parseRows, parseSearch } from './list.ts'
import { parameterFault, parseBucket, parseInteger, parseNames, resolvePath, single, typeAt } from './parameters.ts'
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
  readonly filter: Filter | null
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
interface Having extends Operand {
  readonly measure: MeasureOf
}
interface Operand {
  readonly operator: Operator
  readonly values: readonly unknown[]
  readonly settings: never
}

/** Averages of exact numbers are rounded to this many decimal places. */
const averageScale = 6

const parameters: ReadonlySet<string> = new Set(['filter', 'group', 'measure', 'sort', 'limit', 'search'])

export function parseAggregate(access: Access, here: EntityAccess, query: ReadonlyMap<string, readonly string[]>): AggregateRequest {
  const groups = parseNames(single(query, 'group'), 'group').map((text) => parseGroup(access, here, text))
  const measured = parseNames(single(query, 'measure'), 'measure')
  const measures = (measured.length > 0 ? measured : ['count']).map((text) => parseMeasure(access, here, text, 'measure'))
  if (groups.length > limits.groups) throw parameterFault('group', `At most ${limits.groups} groups are allowed.`)
  if (measures.length > limits.measures) throw parameterFault('measure', `At most ${limits.measures} measures are allowed.`)
  const having = [...query]
    .filter(([key]) => key.startsWith('having.'))
    .flatMap(([key, values]) => values.map((value) => parseHaving(access, here, measures, key, value)))
  const filters = new Map([...query].filter(([key]) => !key.startsWith('having.')))
  const names = new Set([...groups, ...measures].map((each) => each.name))
  // A field may be called "count".
  if (names.size < groups.length + measures.length) throw parameterFault('group', 'A group and a measure have the same name.')
  if (having.length > limits.conditions) throw parameterFault('having', `At most ${limits.conditions} conditions are allowed.`)
  const sort = parseNames(single(query, 'sort'), 'sort').map((text) => {
    const descending = text.startsWith('-')
    const name = descending ? text.slice(1) : text
    if (!names.has(name)) throw parameterFault('sort', `${echo(name)} is neither a group nor a measure of this query.`)
    return { name, descending }
  })
  return {
    access: here,
    catalogue: access.catalogue,
    groups,
    measures,
    having,
    sort,
    ...parseRows(access, here, filters, parameters),
    search: parseSearch(here, query),
    limit: parseInteger(query, 'limit', { min: 1, max: limits.groupRows, default: limits.groupRowsDefault }),
  }
}

function parseGroup(access: Access, here: EntityAccess, text: string): Group {
  const colon = text.indexOf(':')
  const path = resolvePath(access, here, colon < 0 ? text : text.slice(0, colon), 'group')
  const bucket = colon < 0 ? null : parseBucket(text.slice(colon + 1), 'group')
  const { group } = typeAt(path)
  if (!group || (bucket && group !== 'buckets'))
    throw parameterFault('group', `${echo(path.text)} ${bucket ? 'is not a date' : 'cannot be grouped by'}.`)
  return { name: text, path, bucket, title: titlePath(access, path) }
}

function titlePath(access: Access, path: Path): Path | null {
  const target = path.member === null && path.field.reference?.targets.length === 1 ? path.field.reference.targets[0] : undefined
  const next = target && access.entities.get(target.entity)
  const title = next?.entity.titleField
  if (!target || !next || !title || path.field.name === 'id' || !next.visible.includes(title)) return null
  return {
    text: `${path.text}._title`,
    hops: [...path.hops, { field: path.field, column: target.column, target: next }],
    field: title,
    member: null,
    settings: title.settings as never,
    access: next,
  }
}

function parseMeasure(access: Access, here: EntityAccess, text: string, pointer: string): MeasureOf {
  if (text === 'count') return { name: text, fn: 'count', path: null }
  const match = /^(sum|avg|min|max)\(([^()]+)\)$/.exec(text)
  if (!match) throw parameterFault(pointer, `${echo(text)} is not a measure; use count, sum(field), avg(field), min(field) or max(field).`)
  const fn = match[1] as Measure
  const path = resolvePath(access, here, match[2]!, pointer)
  if (path.member !== null && fieldOf(path.field.type).currency)
    throw parameterFault(
      pointer,
      `Amounts of several currencies do not add up; use ${fn}(${path.text.slice(0, path.text.lastIndexOf('.'))}).`,
    )
  if (!typeAt(path).measures?.includes(fn)) throw parameterFault(pointer, `${echo(path.text)} has no ${fn}.`)
  return { name: text, fn, path }
}

function parseHaving(access: Access, here: EntityAccess, measures: readonly MeasureOf[], key: string, value: string): Having {
  const match = /^having\.(.+)\.(eq|ne|gt|gte|lt|lte)$/.exec(key)
  if (!match) throw parameterFault(key, 'Write having.<measure>.<operator>=value, for example having.count.gte=5.')
  const measure = measures.find((each) => each.name === match[1]) ?? parseMeasure(access, here, match[1]!, key)
  // Its currency joins the groups: unseen, the same group would come several times.
  if (measure.path && typeAt(measure.path).currency && !measures.some((each) => each.path?.text === measure.path!.text))
    throw parameterFault(key, `Amounts are summed up per currency: ask for ${measure.name} as a measure too.`)
  const faults: string[] = []
  for (const type of comparedAs(measure)) {
    const read = readOperand(type, match[2] as OperatorName, value)
    if (typeof read === 'object') return { measure, ...read }
    faults.push(read)
  }
  throw parameterFault(key, faults[0]!)
}

type Compared = { readonly type: FieldType; readonly settings: unknown }
const number: Compared = {
  type: fieldOf('decimal'),
  settings: fieldOf('decimal').compile({ 'x-bos': { type: 'decimal', precision: 38, scale: 18 } }, (_, detail) => assert.fail(detail)),
}

/** How a measure's operands are written: exact numbers as numbers, the first of dates as a date; sums and averages also as a number of units. */
function comparedAs({ fn, path }: MeasureOf): readonly Compared[] {
  if (fn === 'count' || !path || typeAt(path).measured) return [number]
  const own = { type: typeAt(path), settings: path.settings }
  return fn === 'sum' || fn === 'avg' ? [own, number] : [own]
}

/** The operand, or what is wrong with it. */
function readOperand({ type, settings }: Compared, name: OperatorName, text: string): Operand | string {
  const operator = type.operators[name]
  if (!operator) return `It cannot be compared with "${name}".`
  let fault: string | null = null
  const values = operator.parse(text, settings as never, (_, detail) => (fault ??= detail))
  return fault ?? { operator, values, settings: settings as never }
}

/**
 * One statement: the inner query computes what is grouped and measured for each row, the outer one groups by position, so
 * that no expression with a parameter stands twice. Sums of money are sums per currency: the currency joins the groups by
 * itself. Runs under the caller's row policies like every read.
 */
export function aggregateQuery(request: AggregateRequest, actor: Actor): Query {
  const source = new Source(request.catalogue, request.access)
  const input = new Input()
  const groups = request.groups.map((each) => groupColumns(request, source, each, actor, input))
  const measures = request.measures.map((each) => measureColumn(source, each, input))
  const having = request.having.map(({ measure, operator, values, settings }) => {
    const [compared] = measureColumn(source, measure, input).order
    return operator.where(
      sql,
      () => sql`(${compared})`,
      values.map((value) => sql`${value}`),
      settings,
    )
  })
  const conditions = listConditions(source, { ...request, action: 'list', deleted: false }, actor, (index) =>
    boundConstant(request.filter!, index),
  )
  const rows = sql`select ${input.columns.length > 0 ? comma(input.columns) : sql`1`} from ${source.from()} where ${and(conditions)}`
  const named = [...groups, ...measures]
  const order = [
    ...request.sort.flatMap(({ name, descending }) =>
      named.find((each) => each.name === name)!.order.map((key) => sql`${key} ${descending ? sql`desc` : sql`asc`} nulls last`),
    ),
    ...groups.flatMap((each) => each.order.map((key) => sql`${key} asc nulls last`)),
    ...input.keys.map((key) => sql`${key} asc nulls last`),
  ]
  // By number: names of long paths do not fit into an identifier.
  const members = named.flatMap((each) => each.members)
  const record = sql`json_build_object(${comma(members.flatMap(({ name }, i) => [sql.lit(name), sql.id('g', `m${i}`)]))})`
  return toQuery(sql`select coalesce(json_agg(${record} order by g.bos__n) filter (where g.bos__n <= ${request.limit}::int), '[]'::json)::text as data, count(*) > ${request.limit}::int as more from (
    select row_number() over (${order.length > 0 ? sql`order by ${comma(order)}` : sql``}) as bos__n, ${comma(members.map(({ value }, i) => sql`${value} as ${sql.id(`m${i}`)}`))} from (${rows}) s
    ${input.keys.length > 0 ? sql`group by ${comma(input.keys)}` : sql``} ${having.length > 0 ? sql`having ${and(having)}` : sql``}
    order by 1 limit ${request.limit + 1}::int) g`)
}

/** The inner query's columns as they are asked for, and those that are grouped by. */
class Input {
  readonly columns: Fragment[] = []
  readonly keys: Fragment[] = []

  add(value: Fragment): Fragment {
    const name = `c${this.columns.length}`
    this.columns.push(sql`${value} as ${sql.id(name)}`)
    return sql.id('s', name)
  }

  key(value: Fragment): Fragment {
    const column = this.add(value)
    this.keys.push(column)
    return column
  }

  /** A value that is the same in all rows of a group. */
  of(value: Fragment): Fragment {
    return sql`any_value(${this.add(value)})`
  }
}

interface NamedColumns {
  readonly name: string
  readonly order: readonly Fragment[]
  readonly members: readonly { readonly name: string; readonly value: Fragment }[]
}

function groupColumns(
  request: AggregateRequest,
  source: Source,
  { name, path, bucket, title }: Group,
  actor: Actor,
  input: Input,
): NamedColumns {
  const at = source.columns(path)
  const type = typeAt(path)
  if (bucket) {
    const key = input.key(type.bucket!(sql, at, bucket, actor.timeZone))
    return { name, order: [key], members: [{ name, value: key }] }
  }
  const value =
    path.member === null
      ? fieldJson(request.catalogue, path.access, path.field, source.reach(path))
      : (type.render?.(sql, at, path.settings) ?? at())
  // References to several entities render as json, which has no equality.
  const key = input.key(path.field.reference?.several ? sql`(${value})::jsonb` : value)
  const members = [{ name, value: key }]
  if (!title) return { name, order: (type.sort?.(sql, at, path.settings) ?? []).map((each) => input.of(each.key)), members }
  const text = input.of(textOf(title.field, source.columns(title)))
  return { name, order: [sql`${text} collate "und-x-icu"`], members: [...members, { name: `${name}._title`, value: text }] }
}

function measureColumn(source: Source, { name, fn, path }: MeasureOf, input: Input): NamedColumns {
  if (fn === 'count' || !path) return { name, order: [sql`count(*)`], members: [{ name, value: sql`count(*)` }] }
  const type = typeAt(path)
  const at = source.columns(path)
  const settings = path.settings
  const aggregate = sql`${sql.raw(fn)}(${input.add(type.measured ? type.measured(sql, at, settings) : at())})`
  const exact = type.measured ? sql`${fn === 'avg' ? sql`round(${aggregate}, ${sql.lit(averageScale)})` : aggregate}::text` : aggregate
  const shown = type.showMeasure ? type.showMeasure(sql, fn, aggregate, settings) : exact
  if (!type.currency) return { name, order: [aggregate], members: [{ name, value: shown }] }
  const currency = input.key(type.currency(sql, at, settings))
  return {
    name,
    order: [aggregate],
    members: [
      { name, value: sql`case when ${aggregate} is not null then json_build_object('amount', ${shown}, 'currency', ${currency}) end` },
    ],
  }
}
