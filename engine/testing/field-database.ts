/** A database for tests of field types, with tables made from their columns. */
import assert from 'node:assert/strict'
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { Client } from 'pg'
import { freshDatabase } from './postgres.ts'
import { foldSql } from './field-subject.ts'
import type { Subject } from './field-subject.ts'
import type { Column, ColumnRef, OperatorName } from '../fields/type.ts'

const compiler = new Kysely<Record<string, never>>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})
export const compiled = (statement: RawBuilder<unknown>): { text: string; values: unknown[] } => {
  const { sql: text, parameters } = statement.compile(compiler)
  return { text, values: [...parameters] }
}

/** The columns of the field `f`. */
export const at: ColumnRef = (suffix = '') => sql.ref(`f${suffix}`)
/** Those of one of its members. */
export const suffixed =
  (own: string): ColumnRef =>
  (more = '') =>
    at(own + more)

export const columnSql = ({ name, type, collation, generated }: Column): string =>
  `"${name}" ${type}${collation ? ` collate "${collation}"` : ''}${generated ? ` generated always as (${generated}) stored` : ''}`

export interface FieldDatabase {
  readonly url: string
  readonly client: Client
  run(statement: RawBuilder<unknown>): Promise<Record<string, unknown>[]>
  /** A table of one field `f`: row i holds values[i], and a last row holds none. */
  tableOf(table: string, field: Subject, values: readonly unknown[]): Promise<void>
  /** The canonical value of every row. */
  valuesOf(table: string, field: Subject): Promise<unknown[]>
  /** Ids of the rows that an operator finds. */
  found(table: string, field: Subject, name: OperatorName, text: string, columns?: ColumnRef): Promise<number[]>
  close(): Promise<void>
}

export async function openFieldDatabase(): Promise<FieldDatabase> {
  const database = await freshDatabase()
  const client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query(await foldSql())
  // Nothing may depend on what a session happens to be set to.
  await client.query(`set timezone = 'Asia/Kolkata'; set datestyle = 'SQL, DMY'; set intervalstyle = 'sql_standard'`)

  const run = async (statement: RawBuilder<unknown>) => (await client.query(compiled(statement))).rows as Record<string, unknown>[]
  return {
    url: database.url,
    client,
    run,
    async tableOf(table, { type, settings }, values) {
      const columns = type.columns('f', settings)
      await client.query(`create table ${table} (id int primary key, ${columns.map(columnSql).join(', ')})`)
      const stored = columns.filter((each) => each.generated === undefined)
      for (const [id, value] of [...values, null].entries()) {
        const row = type.store?.(value, settings) ?? [value]
        assert.equal(row.length, stored.length, 'as many values as columns')
        const names = stored.map((each) => `, "${each.name}"`).join('')
        const marks = stored.map((each, i) => `, $${i + 2}::${each.type}`).join('')
        await client.query(`insert into ${table} (id${names}) values ($1${marks})`, [id, ...row])
      }
    },
    async valuesOf(table, { type, settings }) {
      const value = type.render?.(sql, at, settings) ?? at()
      const rows = await run(sql`
        select (select row_to_json(r) from (select ${value} as value) r)::text as json from ${sql.table(table)} order by id`)
      return rows.map((row) => (JSON.parse(row['json'] as string) as { value: unknown }).value)
    },
    async found(table, { type, settings }, name, text, columns = at) {
      const faults: string[] = []
      const params = type.operators[name]!.parse(text, settings as never, (_, detail) => faults.push(detail))
      assert.deepEqual(faults, [], `${name} ${text}`)
      const where = type.operators[name]!.where(
        sql,
        columns,
        params.map((each) => sql`${each}`),
        settings as never,
      )
      return (await run(sql`select id from ${sql.table(table)} where ${where} order by id`)).map((row) => Number(row['id']))
    },
    async close() {
      await client.end()
      await database.drop()
    },
  }
}
