import { afterEach, beforeEach, expect } from 'vitest'
import { ok, type CallOptions, type Person, type World } from './world.ts'

export type Json = Record<string, unknown>

/** Creates a record and answers it as it reads then. */
export async function create(
  world: World,
  as: Person,
  path: string,
  body: object,
  headers: CallOptions['headers'] = {},
): Promise<Json & { id: string }> {
  return ok(await world.call(as, 'POST', path, { body, headers })) as Json & { id: string }
}

export async function get(world: World, as: Person, path: string): Promise<Json> {
  return ok(await world.call(as, 'GET', path))
}

/** One number that changes with any row of any table that a write may touch. What the sequencer does meanwhile does not count. */
export async function fingerprint(world: World): Promise<string> {
  const tables = await world.sql<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and (n.nspname in ('core', 'crm', 'inventory') or format('%I.%I', n.nspname, c.relname) = any($1)) order by 1`,
    [['bos.event_default', 'bos.event_body_default', 'bos.counter', 'bos.idempotency', 'bos.job', 'bos.import']],
  )
  const sums = tables.map(
    ({ name }) => `select '${name}' as name, count(*) as n, sum(hashtextextended(t::text, 0)) as h from ${name} t ${besides[name] ?? ''}`,
  )
  return JSON.stringify(await world.sql(`${sums.join(' union all ')} order by 1`))
}

/** That somebody was refused is told in the access stream, by a transaction of its own. */
const besides: Readonly<Record<string, string>> = {
  'bos.event_default': `where entity <> 'bos.access'`,
  'bos.event_body_default': `where not body ? 'noted'`,
}

/** In a `describe`: after each of its tests every table reads as before it. */
export function nothingIsWritten(world: World): void {
  let before = ''
  beforeEach(async () => {
    before = await fingerprint(world)
  })
  afterEach(async () => {
    expect(await fingerprint(world), 'a refusal left something behind').toBe(before)
  })
}
