import { expect, test } from 'vitest'
import { createCursors } from '../records/cursor.ts'
import { createRecords } from '../records/handle.ts'
import { ok, openWorld } from '../testing/world.ts'
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
  records: createRecords({ database, catalogues, cursors: createCursors(Buffer.alloc(32)), onWritten: () => undefined }),
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
