import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate } from '../schema/migrate.ts'
import { addTenants, as, tenants } from '../testing/engines.ts'
import { DataDirInUse } from './data-lock.ts'
import { toProblem } from './errors.ts'
import { createDatabase, type OpenDatabase } from './open.ts'
import type { Query } from './types.ts'

const { acme } = tenants
const open = (dataDir: string | null, statementTimeoutMs = 30_000) =>
  createDatabase({ databaseUrl: null, ownerUrl: null, dataDir, connections: 1, statementTimeoutMs, canaryMs: 0, vacuumMs: 0 })
const slug: Query = { name: 'slug', text: 'select slug from bos.tenant where id = $1', values: [acme] }
const fields = (database: OpenDatabase) =>
  database.withOwner(async (owner) => (await owner.query('select field from bos.counter')).rows.map((row) => String(row['field'])))

let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'bos-embedded-'))
  const database = await open(dataDir)
  await database.withOwner(migrate)
  await addTenants(database)
  await database.close()
})
afterAll(() => rm(dataDir, { recursive: true }))

/** Opens the folder and writes one row after another; prints each number once its commit was acknowledged. */
const writer = (prefix: string) => `
  const { createDatabase } = await import(${JSON.stringify(new URL('./open.ts', import.meta.url).href)})
  const database = await createDatabase({ databaseUrl: null, ownerUrl: null, dataDir: ${JSON.stringify(dataDir)}, connections: 1 })
  for (let n = 1; ; n++) {
    await database.transaction(${JSON.stringify(as(acme))}, tx => tx.commit({ role: 'bos_write', queries: [{
      text: "insert into bos.counter (tenant_id, entity, field, value) values ($1, 'crash', $2, $3)", values: [${JSON.stringify(acme)}, '${prefix}' + n, n] }] }))
    process.stdout.write(n + '\\n')
  }`

test('a folder that another process serves is refused; after kill -9 it is taken over and every acknowledged row is there', async () => {
  for (const prefix of ['first', 'second']) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', writer(prefix)], { stdio: ['ignore', 'pipe', 'inherit'] })
    const gone = once(child, 'exit')
    let acknowledged = 0
    let refused: unknown
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line)
      if (acknowledged === 20) refused = await open(dataDir).catch((error: unknown) => error)
      if (acknowledged === 60) child.kill('SIGKILL')
    }
    await gone
    expect(refused).toBeInstanceOf(DataDirInUse)
    expect((refused as Error).message).toContain(`in use by process ${child.pid}`)
    const database = await open(dataDir)
    const found = new Set(await fields(database))
    const lost = Array.from({ length: acknowledged }, (_, index) => `${prefix}${index + 1}`).filter((field) => !found.has(field))
    expect(lost).toEqual([])
    expect(acknowledged).toBeGreaterThanOrEqual(60)
    await database.close()
  }
}, 120_000)

test('a query that does not answer is ended by the watchdog; what was committed stays, the next request is served', async () => {
  const database = await open(dataDir, 1_500)
  const hung = database.read(as(acme), { text: 'select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b' })
  const behind = database.read(as(acme), slug)
  const problem = toProblem(await hung.catch((error: unknown) => error))
  expect(problem.code).toBe('timeout')
  expect((await behind)[0]?.rows).toEqual([{ slug: 'acme' }])
  expect((await fields(database)).length).toBeGreaterThan(0)
  await database.close()
}, 60_000)

test('a transaction whose engine is restarted fails as a whole', async () => {
  const database = await open(dataDir, 1_500)
  const outcome = database.transaction(as(acme), async (tx) => {
    await tx.send({ role: 'bos_write', queries: [{ text: `insert into bos.counter values ($1, 'half', 'half', '', 1)`, values: [acme] }] })
    await tx
      .send({ role: 'bos_read', queries: [{ text: 'select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b' }] })
      .catch(() => undefined)
    return tx.commit({
      role: 'bos_write',
      queries: [{ text: `insert into bos.counter values ($1, 'half', 'half2', '', 1)`, values: [acme] }],
    })
  })
  await expect(outcome).rejects.toThrow(/did not answer for 1500 ms/)
  expect((await fields(database)).filter((field) => field.startsWith('half'))).toEqual([])
  await database.close()
}, 60_000)

test('endless recursion breaks the engine: never an empty answer, and it recovers', async () => {
  const database = await open(dataDir, 5_000)
  await database.withOwner((owner) =>
    owner.query(
      `create function bos.deeper(n int) returns int language plpgsql as $$ begin return bos.deeper(n + 1) + 1; end $$; grant execute on function bos.deeper to bos_read`,
    ),
  )
  await expect(database.read(as(acme), { text: 'select bos.deeper(0)' })).rejects.toThrow(/restarted|stack depth|recursion|wrong answer/)
  const answers: unknown[] = []
  for (let attempt = 1; attempt <= 4; attempt++)
    answers.push(
      await database.read(as(acme), slug).then(
        ([answer]) => answer?.rows,
        (error: unknown) => toProblem(error).code,
      ),
    )
  expect(answers).not.toContainEqual([])
  expect(answers.at(-1)).toEqual([{ slug: 'acme' }])
  await database.withOwner((owner) => owner.query('drop function bos.deeper'))
  await database.close()
}, 60_000)

test('a write that the engine cannot do is an error, not a success with nothing stored', async () => {
  const database = await open(dataDir, 5_000)
  const deep = `${'['.repeat(8_000)}${']'.repeat(8_000)}`
  const job = '00000000-0000-7000-8000-000000000d01'
  const insert: Query = {
    text: `insert into bos.job (tenant_id, id, kind, input) values ($1, $2, 'deep', $3::jsonb)`,
    values: [acme, job, deep],
  }
  const outcome = await database
    .transaction(as(acme), (tx) => tx.commit({ role: 'bos_write', queries: [insert] }))
    .then(
      () => 'stored',
      () => 'refused',
    )
  const stored = await database.withOwner(async (owner) =>
    (await owner.query('select 1 from bos.job where id = $1', [job])).rows.length === 1 ? 'stored' : 'refused',
  )
  expect(stored).toBe(outcome)
  await database.close()
}, 60_000)

test('in memory, a restart loses everything and says so instead of serving an empty database', async () => {
  const database = await open(null, 1_500)
  await database.withOwner(migrate)
  await addTenants(database)
  await expect(
    database.read(as(acme), { text: 'select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b' }),
  ).rejects.toThrow(/did not answer/)
  await expect(database.read(as(acme), slug)).rejects.toThrow(/was restarted/)
  await database.close()
}, 60_000)

test('the canary and the vacuum timer leave requests alone', async () => {
  const database = await createDatabase({ databaseUrl: null, ownerUrl: null, dataDir, connections: 1, canaryMs: 20, vacuumMs: 60 })
  for (let round = 1; round <= 300; round++) expect((await database.read(as(acme), slug))[0]?.rows).toEqual([{ slug: 'acme' }])
  const analysed = await database.withOwner(
    async (owner) => (await owner.query(`select reltuples from pg_class where oid = 'bos.tenant'::regclass`)).rows,
  )
  expect(analysed).toEqual([{ reltuples: 2 }])
  await database.close()
}, 60_000)
