import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Session } from '../database/types.ts'

export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
  /** SHA-256 of the file: an applied migration is history and may not change. */
  readonly hash: string
}

const migrationsDir = join(import.meta.dirname, 'migrations')

/** Reads NNN_name.sql in order of their numbers. Throws on two files with one number. */
export async function readMigrations(dir: string = migrationsDir): Promise<readonly Migration[]> {
  const migrations: Migration[] = []
  for (const file of (await readdir(dir)).sort()) {
    const parts = /^(\d{3})_([a-z0-9_]+)\.sql$/.exec(file)
    if (!parts) continue
    const sql = await readFile(join(dir, file), 'utf8')
    migrations.push({ number: Number(parts[1]), name: parts[2]!, sql, hash: createHash('sha256').update(sql).digest('hex') })
  }
  const twice = migrations.find((migration, index) => migrations[index + 1]?.number === migration.number)
  if (twice) throw new Error(`two migrations have the number ${twice.number}`)
  return migrations
}

/**
 * Brings schema bos to the state of the files: forward only, one transaction each, one process at a time. Answers the
 * numbers applied now. A database that knows later migrations is left alone: during a rolling upgrade the older
 * process runs on the newer schema, which is why every migration only expands what its predecessor's code uses.
 */
export async function migrate(owner: Session, dir: string = migrationsDir): Promise<readonly number[]> {
  const migrations = await readMigrations(dir)
  await owner.query(`select pg_advisory_lock(hashtextextended('bos.migrate', 0))`)
  try {
    await owner.query(`create schema if not exists bos`)
    await owner.query(`create table if not exists bos.migration (
      number integer primary key, name text not null, hash text not null, applied_at timestamptz(3) not null default now())`)
    const { rows } = await owner.query(`select number, name, hash from bos.migration`)
    const applied = new Map(rows.map((row) => [row['number'], row]))
    const done: number[] = []
    for (const migration of migrations) {
      const before = applied.get(migration.number)
      if (!before) done.push(await apply(owner, migration))
      else if (before['hash'] !== migration.hash) {
        throw new Error(
          `migration ${migration.number} (${String(before['name'])}) was applied with another text; write a new migration instead`,
        )
      }
    }
    return done
  } finally {
    await owner.query(`select pg_advisory_unlock(hashtextextended('bos.migrate', 0))`)
  }
}

async function apply(owner: Session, { number, name, sql, hash }: Migration): Promise<number> {
  await owner.query('begin')
  try {
    await owner.query(sql)
    await owner.query('insert into bos.migration (number, name, hash) values ($1, $2, $3)', [number, name, hash])
    await owner.query('commit')
    return number
  } catch (cause) {
    await owner.query('rollback')
    throw new Error(`migration ${number}_${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}
