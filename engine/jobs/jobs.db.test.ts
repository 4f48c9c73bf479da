import { describe, expect, test } from 'vitest'
import { limits } from '../config.ts'
import { Stale } from '../database/types.ts'
import { Problem } from '../problems.ts'
import type { Actor } from '../records/types.ts'
import { openWorld } from '../testing/world.ts'
import { createJobs } from './jobs.ts'
import type { JobKind, JobRun } from './jobs.ts'
import type { JobRef } from './wakeups.ts'

/** Workers, hand to hand. The application's own ones are off: only those made here take jobs. */
const world = await openWorld({ ROLES: 'api' })
const [tenant] = (await world.sql<{ slug: string; generation: string; time_zone: string }>(
  'select slug, generation, time_zone from bos.tenant where id = $1',
  [world.acme.id],
)) as [{ slug: string; generation: string; time_zone: string }]
const actor: Actor = {
  tenant: world.acme.id,
  tenantSlug: tenant.slug,
  member: world.acme.members['admin']!,
  session: null,
  roles: ['core.admin'],
  generation: Number(tenant.generation),
  timeZone: tenant.time_zone,
  tenantName: 'x',
  locale: 'en',
  currency: 'EUR',
}

/** A worker that does a job when it is told to, and only then. */
async function worker(run: JobKind['run']) {
  const handles: ((ref: JobRef) => Promise<void>)[] = []
  const errors: unknown[] = []
  const jobs = createJobs({
    database: world.app.database,
    wakeups: { send: async () => undefined, work: async (each) => void handles.push(each), stop: async () => undefined },
    kinds: [{ kind: 'probe', run, summary: (state) => ({ ...(state as object) }) }],
    staleSeconds: 30,
    sweepMs: 3_600_000,
    onError: (error) => errors.push(error),
  })
  await jobs.start()
  return { jobs, errors, take: (job: string): Promise<void> => handles[0]!({ tenant: actor.tenant, job }) }
}

/** What a worker is held up by. */
function gate(): { readonly open: () => void; readonly passed: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { open: resolve, passed: promise }
}
const stored = async (job: string): Promise<Record<string, unknown>> =>
  (await world.sql('select status, state, progress_done, result, run from bos.job where id = $1', [job]))[0]!
const takenForDead = (job: string): Promise<unknown> =>
  world.sql(`update bos.job set updated_at = now() - interval '1 hour' where id = $1`, [job])

test.each([
  ['keeps a checkpoint', async (run: JobRun): Promise<unknown> => (await run.checkpoint({ by: 'first' }, 7, 9), { by: 'first' })],
  ['ends', async (): Promise<unknown> => ({ by: 'first' })],
  ['fails', async (): Promise<unknown> => Promise.reject(new Error('too late'))],
])('a worker that was taken for dead, and then %s, changes nothing of what the next one does', async (_, late) => {
  const [stalled, working] = [gate(), gate()]
  const first = await worker(async (run) => {
    await run.checkpoint({ by: 'first', at: 1 }, 1, 9)
    await stalled.passed
    return late(run)
  })
  const second = await worker(async (run) => {
    expect(run.state).toEqual({ by: 'first', at: 1 })
    await run.checkpoint({ by: 'second' }, 2, 9)
    await working.passed
    await run.checkpoint({ by: 'second', again: true }, 3, 9)
    return { by: 'second' }
  })
  const { id } = await first.jobs.submit(actor, 'probe', {})
  const firstRun = first.take(id)
  await expect.poll(async () => (await stored(id))['progress_done']).toBe('1')
  // As long as it shows signs of life nobody else takes it.
  await second.take(id)
  expect(await stored(id)).toMatchObject({ run: 1, state: { by: 'first' } })

  await takenForDead(id)
  const secondRun = second.take(id)
  await expect.poll(async () => (await stored(id))['progress_done']).toBe('2')
  stalled.open()
  await firstRun
  expect(await stored(id)).toMatchObject({ status: 'running', run: 2, progress_done: '2', state: { by: 'second' }, result: null })
  working.open()
  await secondRun
  expect(await stored(id)).toMatchObject({ status: 'done', run: 2, progress_done: '3', result: { by: 'second' } })
  expect(second.errors).toEqual([])
})

test('nor is what belongs to its checkpoint kept', async () => {
  const { passed, open } = gate()
  const note = (text: string) => ({
    text: `insert into bos.counter (tenant_id, entity, field, value) values ($1, 'probe', $2, 1)`,
    values: [actor.tenant, text],
  })
  const first = await worker(async (run) => {
    await run.checkpoint({}, 1, null, [note('in time')])
    await passed
    await run.checkpoint({}, 2, null, [note('too late')])
    return {}
  })
  const second = await worker(async () => ({}))
  const { id } = await first.jobs.submit(actor, 'probe', {})
  const run = first.take(id)
  await expect.poll(async () => (await stored(id))['progress_done']).toBe('1')
  await takenForDead(id)
  await second.take(id)
  open()
  await run
  expect((await world.sql<{ field: string }>(`select field from bos.counter where entity = 'probe'`)).map((each) => each.field)).toEqual([
    'in time',
  ])
})

describe('what may pass', () => {
  const unavailable = Object.assign(new Error('terminating connection'), { code: '57P01' })
  test.each([
    ['a lost connection', unavailable],
    ['a timeout', new Problem('timeout')],
    ['permissions that change faster than they are read', new Stale()],
  ])('%s leaves the job to the sweep; the next run goes on from the checkpoint', async (_, failure) => {
    const { jobs, take, errors } = await worker(async (run) => {
      if ((run.state as { at?: number }).at === 1) return { done: true }
      await run.checkpoint({ at: 1 }, 1, 9)
      throw failure
    })
    const { id } = await jobs.submit(actor, 'probe', {})
    await take(id)
    expect(await stored(id)).toMatchObject({ status: 'running', result: null, state: { at: 1 } })
    expect(errors).toEqual([failure])
    await takenForDead(id)
    await take(id)
    expect(await stored(id)).toMatchObject({ status: 'done', result: { done: true } })
  })

  test('what a caller can cause does not pass: the job has failed', async () => {
    const { jobs, take } = await worker(async () => Promise.reject(new Problem('not-allowed')))
    const { id } = await jobs.submit(actor, 'probe', {})
    await take(id)
    expect(await stored(id)).toMatchObject({ status: 'failed', run: 1, result: { problem: { code: 'not-allowed' } } })
  })

  test('a job that fails in every run without getting on has failed, and says why', async () => {
    const { jobs, take } = await worker(async (run) => {
      if ((run.state as { at?: number }).at !== 1) await run.checkpoint({ at: 1 }, 1, 9)
      throw unavailable
    })
    const { id } = await jobs.submit(actor, 'probe', {})
    // The first run gets on, and does not count.
    for (let run = 0; run < limits.jobAttempts; run++) {
      await take(id)
      expect(await stored(id)).toMatchObject({ status: 'running' })
      await takenForDead(id)
    }
    await take(id)
    expect(await stored(id)).toMatchObject({ status: 'failed', result: { at: 1, problem: { code: 'unavailable' } } })
  })

  test('a job that takes its process with it has failed after as many runs, and is not run again', async () => {
    let runs = 0
    const { jobs, take } = await worker(async () => void runs++)
    const { id } = await jobs.submit(actor, 'probe', {})
    // What a process leaves behind that died in the middle of it.
    for (let run = 0; run < limits.jobAttempts; run++) {
      await takenForDead(id)
      const claimed = await world.app.database.call({ text: 'select * from bos.job_claim($1, $2, $3)', values: [actor.tenant, id, 30] })
      expect(claimed.rows).toHaveLength(1)
    }
    await takenForDead(id)
    await take(id)
    expect(await stored(id)).toMatchObject({ status: 'failed', result: { problem: { code: 'internal' } } })
    expect(runs).toBe(0)
  })
})
