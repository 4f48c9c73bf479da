/** Evaluates expressions in JavaScript and in PostgreSQL, on all records of an entity, and answers where they differ. */
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Client } from 'pg'
import { toFunction } from '../../expressions/evaluate.ts'
import type { Environment } from '../../expressions/evaluate.ts'
import { overloadOf } from '../../expressions/functions.ts'
import { writeNumeric } from '../../expressions/numbers.ts'
import type { Numeric } from '../../expressions/numbers.ts'
import { Frame } from '../../expressions/sql-tables.ts'
import type { SqlContext } from '../../expressions/sql-tables.ts'
import { bind, sqlType } from '../../expressions/sql-types.ts'
import { toSql } from '../../expressions/sql.ts'
import type { Node, Type, Value } from '../../expressions/types.ts'
import { parameters } from './generate.ts'
import type { Random } from '../random.ts'
import { sample, zones } from './samples.ts'
import { tenant } from './world.ts'
import type { Row, World } from './world.ts'

const compiler = new Kysely<Record<string, never>>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

/** What surrounds the evaluation: the zone, who asks, the values of parameters. */
export interface Setting {
  readonly zone: string
  /** What PostgreSQL is told instead: a fault on purpose. */
  readonly sqlZone?: string
  readonly self: string
  readonly user: Row | null
  readonly settings: Row | null
  readonly old: Row | null
  readonly parameters: ReadonlyMap<string, unknown>
  /** With a FROM that may be joined to, or without, as in a row policy. */
  readonly isFramed: boolean
}

export function randomSetting(random: Random, world: World): Setting {
  const maybe = (entity: string): Row | null => (random.chance(0.15) ? null : random.pick(world.of(entity)))
  const self = random.chance(0.3) && world.of('fuzz.line').length > 0 ? 'fuzz.line' : 'fuzz.deal'
  return {
    zone: random.pick(zones),
    self,
    user: maybe('core.member'),
    settings: maybe('fuzz.tag'),
    old: maybe(self),
    parameters: new Map(
      [...parameters].map(([name, type]) => [
        name,
        name === 'params.nothing' ? null : sample(random, type as Parameters<typeof sample>[1]),
      ]),
    ),
    isFramed: random.chance(0.7),
  }
}

export interface Difference {
  readonly node: Node
  readonly id: string
  readonly js: unknown
  /** Or what PostgreSQL raised. */
  readonly sql: unknown
}

/** A text of a scalar that says all of it; lists are lists of them. */
function shown(type: Type, value: Value): unknown {
  if (value === null || value === undefined) return null
  if (type.kind === 'list') return (value as readonly Value[]).map((each) => shown(type.of, each))
  if (type.kind === 'number' || type.kind === 'duration') return writeNumeric(value as Numeric)
  return typeof value === 'object' ? JSON.stringify(value) : `${value as string | boolean}`
}

function textSql(type: Type, value: RawBuilder<unknown>): RawBuilder<unknown> {
  switch (type.kind) {
    case 'number':
    case 'duration':
      return sql`trim_scale((${value})::numeric)::text`
    case 'date':
    case 'dateTime':
    case 'time':
      return overloadOf(`text.${type.kind}`).sql(sql, [value], { zone: sql`'UTC'`, literals: [] })
    case 'list':
      return sql`(select case when l.v is not null then array(select ${textSql(type.of, sql`e.v`)} from unnest(l.v) with ordinality e(v, n) order by e.n) end from (select ${value} as v offset 0) l)`
    case 'money':
      return sql`(select case when m.v is not null then '{"amount":' || to_json(m.v ->> 'amount') || ',"currency":' || coalesce(to_json(m.v ->> 'currency')::text, 'null') || '}' end from (select ${value} as v offset 0) m)`
    default:
      return sql`(${value})::text`
  }
}

function contextOf(world: World, setting: Setting, frame: Frame | null): SqlContext {
  const lookup = (row: Row | null) => ({
    kind: 'lookup' as const,
    where: (alias: string) =>
      sql`${sql.id(alias, 'id')} = ${row === null || (row.isDeleted && row.entity !== setting.self) ? null : row.id}::uuid`,
  })
  return {
    tables: world.tables,
    zone: sql`${setting.sqlZone ?? setting.zone}::text`,
    tenant: sql`${tenant}::uuid`,
    roots: {
      self: { kind: 'row', alias: 't', frame },
      old: lookup(setting.old),
      user: lookup(setting.user),
      settings: lookup(setting.settings),
    },
    parameter: (name, type) => sql`${bind(type, setting.parameters.get(name))}::${sql.raw(sqlType(type))}`,
  }
}

function statementOf(world: World, setting: Setting, nodes: readonly Node[]): RawBuilder<unknown> {
  const shared = new Frame()
  const compile = (node: Node, frame: Frame) => toSql(sql, node, contextOf(world, setting, setting.isFramed ? frame : null))
  const columns = nodes.map((node, i) => sql`${textSql(node.type, compile(node, shared))} as ${sql.id(`c${i}`)}`)
  // A condition keeps the rows for which it is true.
  const kept = nodes.map((node, i) => {
    if (node.type.kind !== 'boolean' || i % 3 > 0) return sql`null as ${sql.id(`k${i}`)}`
    const frame = new Frame()
    const condition = compile(node, frame)
    return sql`array(select t.id::text from fuzz.${sql.id(setting.self)} t ${sql.join([...frame.joins], sql` `)} where ${condition}) as ${sql.id(`k${i}`)}`
  })
  return sql`select * from (select t.id, ${sql.join(columns)} from fuzz.${sql.id(setting.self)} t ${sql.join([...shared.joins], sql` `)}) every_row,
    (select ${sql.join(kept)}) every_filter`
}

export function environmentOf(world: World, setting: Setting, self: Row): Environment {
  const view = (row: Row | null) => (row === null || (row.isDeleted && row.entity !== setting.self) ? null : world.view(row))
  return {
    zone: setting.zone,
    self: world.view(self),
    old: view(setting.old),
    user: view(setting.user),
    settings: view(setting.settings),
    parameter: (name) => setting.parameters.get(name),
    search: (entity) =>
      world
        .of(entity)
        .filter((row) => world.live(row.id))
        .map((row) => world.view(row)),
  }
}

/** Where the sides disagree. PostgreSQL works on its answers while JavaScript makes its own. */
export async function differences(client: Client, world: World, setting: Setting, nodes: readonly Node[]): Promise<Difference[]> {
  const { sql: text, parameters: values } = statementOf(world, setting, nodes).compile(compiler)
  const asked = client.query<Record<string, unknown>>(text, [...values]).then(
    ({ rows }) => ({ rows }),
    (error: unknown) => ({ error }),
  )
  const records = world.of(setting.self)
  const own = nodes.map((node) => answersOf(world, setting, node, records))
  const told = await asked
  if ('error' in told) {
    // Which one it was shows when each runs alone.
    if (nodes.length === 1) return [{ node: nodes[0]!, id: '', js: undefined, sql: String(told.error) }]
    const found: Difference[] = []
    for (const node of nodes) found.push(...(await differences(client, world, setting, [node])))
    return found
  }
  const byId = new Map(told.rows.map((row) => [row['id'], row]))
  return nodes.flatMap((node, i): Difference[] => {
    const filtered = told.rows[0]?.[`k${i}`] as string[] | null | undefined
    for (const [n, { id }] of records.entries()) {
      const js = own[i]![n]
      const answer = byId.get(id)?.[`c${i}`] ?? null
      if (JSON.stringify(js) !== JSON.stringify(answer)) return [{ node, id, js, sql: answer }]
      if (filtered && filtered.includes(id) !== (js === 'true'))
        return [{ node, id, js, sql: 'the same expression as a filter keeps other rows' }]
    }
    return []
  })
}

/** What JavaScript answers on each record, or throws. */
function answersOf(world: World, setting: Setting, node: Node, records: readonly Row[]): unknown[] {
  const run = toFunction(node)
  return records.map((row) => {
    try {
      return shown(node.type, run(environmentOf(world, setting, row)))
    } catch (error) {
      return error instanceof Error ? `thrown: ${error.stack}` : error
    }
  })
}

/** What an expression is on a record, as the comparison sees it. */
export const shownOn = (world: World, setting: Setting, node: Node, row: Row): unknown =>
  shown(node.type, toFunction(node)(environmentOf(world, setting, row)))

/** Whether two expressions are the same on every record. */
export const isSameOn = (world: World, setting: Setting, a: Node, b: Node): boolean =>
  world.of(setting.self).every((row) => JSON.stringify(shownOn(world, setting, a, row)) === JSON.stringify(shownOn(world, setting, b, row)))

export const statementText = (world: World, setting: Setting, node: Node): string =>
  statementOf(world, setting, [node]).compile(compiler).sql
