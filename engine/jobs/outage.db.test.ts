import { expect, test } from 'vitest'
import { createCursors } from '../records/cursor.ts'
import { createRecords } from '../records/handle.ts'
import { ok, openWorld, type Reply } from '../testing/world.ts'
import { create, get, type Json } from '../testing/writing.ts'
import { createJobService } from './index.ts'
import type { JobRef } from './wakeups.ts'

/** What passes (a lost connection, permissions that change) must cost no row of an import. The application's own workers are off. */
const world = await openWorld({ ROLES: 'api' })
const { database, catalogues } = world.app
const as = 'manager@acme'
const companies = '/api/crm/companies'

/** A worker that does a job when it is told to, and only then. */
const handles: ((ref: JobRef) => Promise<void>)[] = []
const errors: unknown[] = []
const worker = createJobService({
  database,
  records: createRecords({
    database,
    catalogues,
    cursors: createCursors(Buffer.alloc(32)),
    refresh: (actor) => Promise.resolve(actor),
    onWritten: () => undefined,
    onExport: () => undefined,
  }),
  wakeups: { send: async () => undefined, work: async (each) => void handles.push(each), stop: async () => undefined },
  staleSeconds: 30,
  sweepMs: 3_600_000,
  onError: (error) => errors.push(error),
})
await worker.start()
const take = async (job: string): Promise<void> => {
  await world.sql(`update bos.job set updated_at = now() - interval '1 hour' where id = $1`, [job])
  await handles[0]!({ tenant: world.acme.id, job })
}
const submit = async (csv: string): Promise<string> =>
  String(ok(await world.call(as, 'POST', `${companies}/import`, { body: csv, headers: { 'content-type': 'text/csv' } }))['id'])
const read = (id: string): Promise<Json> => get(world, as, `/api/jobs/${id}`)

/** Runs once, when the first company with this name has been stored by itself: a batch is refused before it comes to that. */
async function upon(name: string, what: string): Promise<void> {
  await world.sql(`create sequence public.${name}_count`)
  await world.sql(`create function public.${name}() returns trigger language plpgsql security definer as $$
    begin if nextval('public.${name}_count') = 1 then ${what}; end if; return null; end $$`)
  await world.sql(
    `create trigger ${name} after insert on crm.company for each row when (new.name = '${name}') execute function public.${name}()`,
  )
}

/** The file of both tests: four good rows, and a bad one, so that they go one by one. */
const file = (name: string): string => `external_id,name\n${name}1,first\n${name}2,${name}\n${name}1,taken\n${name}3,third\n${name}4,last\n`
async function expectAccount(name: string, job: Json): Promise<void> {
  expect(job).toMatchObject({
    status: 'done',
    progress: { done: 5, total: 5 },
    result: { created: 4, updated: 0, failed: 1, faults: [{ row: 4, column: 'external_id' }] },
  })
  const made = await world.sql<{ id: string }>(`select id from crm.company where external_id like $1 order by external_id`, [`${name}%`])
  expect(made).toHaveLength(4)
  const rows = await world.sql<{ row_number: number; status: string; record_id: string | null }>(
    'select row_number, status, record_id from bos.import_row where job_id = $1 order by row_number',
    [job['id']],
  )
  expect(rows.map((each) => [each.row_number, each.status, each.record_id])).toEqual([
    [2, 'created', made[0]!.id],
    [3, 'created', made[1]!.id],
    [4, 'failed', null],
    [5, 'created', made[2]!.id],
    [6, 'created', made[3]!.id],
  ])
}

test('permissions that change in the middle of a batch: the rows behind are taken with the new ones', async () => {
  await upon('bump', `update bos.tenant set generation = generation + 1 where id = new.tenant_id`)
  const id = await submit(file('bump'))
  await take(id)
  await expectAccount('bump', await read(id))
  expect(errors).toEqual([])
})

test('a connection that is lost in the middle of a batch: the job waits, and goes on where it was', async () => {
  await upon('cut', 'perform pg_terminate_backend(pg_backend_pid())')
  const id = await submit(file('cut'))
  await take(id)
  expect(await read(id)).toMatchObject({ status: 'running', result: null })
  expect(errors.splice(0)).toHaveLength(1)
  await take(id)
  await expectAccount('cut', await read(id))
  expect(errors).toEqual([])
})

test('nor does an undo take it for an answer', async () => {
  const before = await create(world, as, companies, { name: 'Before', external_id: 'undo0' })
  const id = await submit('external_id,name\nundo1,undone\nundo2,undone\n')
  await take(id)
  await world.sql('create sequence public.undone_count')
  await world.sql(`create function public.undone() returns trigger language plpgsql security definer as $$
    begin if nextval('public.undone_count') = 1 then perform pg_terminate_backend(pg_backend_pid()); end if; return null; end $$`)
  await world.sql(
    `create trigger undone after update on crm.company for each row when (new.deleted_at is not null) execute function public.undone()`,
  )
  const undo = String(ok(await world.call(as, 'POST', `/api/jobs/${id}/undo`))['id'])
  await take(undo)
  expect(await read(undo)).toMatchObject({ status: 'running' })
  await take(undo)
  expect(await read(undo)).toMatchObject({ status: 'done', result: { removed: 2, keptCount: 0 } })
  expect(await get(world, as, `${companies}/${before.id}`)).toMatchObject({ name: 'Before' })
})

test('an undo that failed or was cancelled may be asked for again, and goes on; one that waits, runs or is done may not', async () => {
  const names = Array.from({ length: 60 }, (_, i) => `again${i}`)
  const id = await submit(`external_id,name\n${names.map((each) => `${each},again`).join('\n')}\n`)
  await take(id)
  const ask = (): Promise<Reply> => world.call(as, 'POST', `/api/jobs/${id}/undo`)
  const left = async (): Promise<number> => (await world.sql(`select from crm.company where name = 'again' and deleted_at is null`)).length

  const undo = String(ok(await ask())['id'])
  expect((await ask()).status).toBe(409)
  ok(await world.call(as, 'POST', `/api/jobs/${undo}/cancel`))
  expect(await read(undo)).toMatchObject({ status: 'cancelled' })

  // Cancelled once more, this time in the middle: after its first checkpoint.
  expect(ok(await ask())).toMatchObject({ id: undo, status: 'queued', finishedAt: null })
  await world.sql(
    'create function public.cancel() returns trigger language plpgsql as $$ begin new.cancel_requested_at := now(); return new; end $$',
  )
  await world.sql(`create trigger cancel before update of state on bos.job for each row execute function public.cancel()`)
  await take(undo)
  await world.sql('drop trigger cancel on bos.job')
  expect(await read(undo)).toMatchObject({ status: 'cancelled', progress: { done: 50 }, result: { removed: 50 } })
  expect(await left()).toBe(10)

  ok(await ask())
  await take(undo)
  expect(await read(undo)).toMatchObject({ status: 'done', progress: { done: 60, total: 60 }, result: { removed: 60, keptCount: 0 } })
  expect(await left()).toBe(0)
  expect((await ask()).status).toBe(409)
  expect((await world.sql(`select from bos.job where kind = 'import-undo' and input ->> 'import' = $1`, [id])).length).toBe(1)
})

test('of what an undo keeps, 200 are listed and all are counted', async () => {
  const names = Array.from({ length: 230 }, (_, i) => `kept${i}`)
  const id = await submit(`external_id,name\n${names.map((each) => `${each},kept`).join('\n')}\n`)
  await take(id)
  const made = await world.sql<{ id: string }>(`select id from crm.company where name = 'kept'`)
  const operations = made.map((each) => ({ op: 'update', id: each.id, data: { name: 'edited' } }))
  ok(await world.call(as, 'POST', `${companies}/bulk`, { body: { operations } }))
  const undo = String(ok(await world.call(as, 'POST', `/api/jobs/${id}/undo`))['id'])
  await take(undo)
  const { result, progress } = (await read(undo)) as { result: { kept: unknown[]; keptCount: number }; progress: unknown }
  expect(progress).toEqual({ done: 230, total: 230 })
  expect(result).toMatchObject({ removed: 0, keptCount: 230 })
  expect(result.kept).toHaveLength(200)
  const [row] = await world.sql<{ state: { kept: unknown[] } }>('select state from bos.job where id = $1', [undo])
  expect(row!.state.kept).toHaveLength(200)
})
