import { v7 as uuidv7 } from 'uuid'
import type { Database, Query, Rows } from '../database/types.ts'
import { Stale } from '../database/types.ts'
import { toProblem } from '../database/errors.ts'
import { limits } from '../config.ts'
import { Problem } from '../problems.ts'
import { administrator } from '../catalogue/types.ts'
import { claim, settleQuery } from '../records/idempotency.ts'
import type { Idempotency } from '../records/idempotency.ts'
import { contextOf } from '../records/access.ts'
import type { Actor } from '../records/types.ts'
import type { JobRef, Wakeups } from './wakeups.ts'

export type JobStatus = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

/** A job as its owner sees it. */
export interface Job {
  readonly id: string
  readonly kind: string
  readonly status: JobStatus
  readonly progress: { readonly done: number; readonly total: number | null }
  readonly result: unknown
  readonly createdAt: string
  readonly finishedAt: string | null
}

/** What a running job has at hand. */
export interface JobRun {
  readonly id: string
  readonly input: unknown
  /** As last kept by `checkpoint`; {} at first. A job that was interrupted goes on from here. */
  readonly state: unknown
  /** Runs `work` as the member who asked (or the engine, where it did), with the roles they have now; once more when they changed meanwhile. */
  as<T>(work: (actor: Actor) => Promise<T>): Promise<T>
  /** Keeps state and progress, together with `also`, in one transaction. Throws Interrupted when the job was cancelled or the process stops. */
  checkpoint(state: unknown, done: number, total: number | null, also?: readonly Query[]): Promise<void>
}
export interface JobKind {
  readonly kind: string
  /** What a state amounts to: the result of a job that was cancelled, and part of that of one that failed. */
  summary(state: unknown): object
  /** Answers the job's result. A thrown Problem becomes the result of a failed job; after one of ours (status 500 and above) it is tried again first. */
  run(run: JobRun): Promise<unknown>
}

/** Thrown by `checkpoint`; what was done so far stays. Cancelled: for good. Otherwise another worker goes on, or does so already. */
export class Interrupted extends Error {
  readonly cancelled: boolean
  constructor(cancelled: boolean) {
    super(cancelled ? 'the job was cancelled' : 'the job is for another worker')
    this.cancelled = cancelled
  }
}

/** What is stored together with a new job. */
export interface Submission {
  /**
   * Of work that is done once: while such a job waits or runs, and when it is done, it is refused with Problem 'conflict'; one that
   * failed or was cancelled goes on from its last checkpoint, for whoever asks now. `again`: one that is done begins afresh.
   */
  readonly once?: { readonly id: string; readonly refusal: string; readonly again?: true }
  readonly also?: (job: string) => readonly Query[]
  readonly idempotency?: Idempotency | null
}

export interface JobsOptions {
  readonly database: Database
  readonly wakeups: Wakeups
  readonly kinds: readonly JobKind[]
  /** A running job without a sign of life for so long is taken up by another worker. */
  readonly staleSeconds: number
  readonly sweepMs: number
  readonly onError: (error: unknown) => void
}
export type Jobs = ReturnType<typeof createJobs>

/** A job in the hands of one worker. */
interface Held extends JobRef {
  /** Counts the workers that the job has had. */
  readonly run: number
}

const instant = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${column}`
const columns = `id, kind, status, progress_done, progress_total, result, ${instant('created_at')}, ${instant('finished_at')}`

const toJob = (row: Record<string, unknown>): Job => ({
  id: String(row['id']),
  kind: String(row['kind']),
  status: row['status'] as JobStatus,
  progress: { done: Number(row['progress_done']), total: row['progress_total'] === null ? null : Number(row['progress_total']) },
  result: row['result'] ?? null,
  createdAt: String(row['created_at']),
  finishedAt: row['finished_at'] as string | null,
})

/** Runs what it is given as whom `load` answers; who is out of date is loaded anew, once. */
export function asActor(load: () => Promise<Actor>): JobRun['as'] {
  let actor: Promise<Actor> | undefined
  return async (task) => {
    try {
      return await task(await (actor ??= load()))
    } catch (error) {
      if (!(error instanceof Stale)) throw error
      return task(await (actor = load()))
    }
  }
}

/** Of a row of tenant and member; without a member it is the engine itself that acts, as an administrator. */
export function actorFrom(tenant: string, row: Readonly<Record<string, unknown>>): Actor {
  const member = (row['member_id'] ?? null) as string | null
  return {
    tenant,
    tenantSlug: String(row['slug']),
    member,
    session: null,
    ...(row['key_id'] != null && { key: { id: row['key_id'] as string, scopes: row['scopes'] as string[], addresses: [] } }),
    roles: member === null ? [administrator] : (row['roles'] as string[]),
    generation: Number(row['generation']),
    timeZone: String(row['time_zone']),
    tenantName: String(row['name']),
    locale: String(row['locale']),
    currency: String(row['currency']),
  }
}

/**
 * Work that outlives a request. bos.job holds the truth: what was asked, how far it got, what came of it. A wake-up may be
 * lost, a process may die: the sweep hands the job to another worker, which goes on from the last checkpoint.
 */
export function createJobs({ database, wakeups, kinds, staleSeconds, sweepMs, onError }: JobsOptions) {
  const byKind = new Map(kinds.map((each) => [each.kind, each]))
  const underWay = new Set<Promise<void>>()
  let timer: NodeJS.Timeout | undefined
  let stopping = false

  /** Stores a job with whatever belongs to it, in one transaction, and wakes a worker. A copy of an earlier request answers its job. */
  async function submit(actor: Actor, kind: string, input: unknown, { once, also, idempotency }: Submission = {}): Promise<Job> {
    const id = once?.id ?? uuidv7()
    const insert: Query = {
      text: `insert into bos.job as j (tenant_id, id, kind, input, created_by, key_id) values ($1, $2, $3, $4, $5, $7)
        on conflict (tenant_id, id) do update set status = 'queued', created_by = excluded.created_by, key_id = excluded.key_id, attempts = 0, result = null,
          finished_at = null, cancel_requested_at = null, updated_at = now(), input = excluded.input,
          state = case j.status when 'done' then '{}' else j.state end,
          progress_done = case j.status when 'done' then 0 else j.progress_done end
        where j.status in ('failed', 'cancelled') or ($6 and j.status = 'done')`,
      values: [actor.tenant, id, kind, JSON.stringify(input), actor.member, once?.again === true, actor.key?.id ?? null],
    }
    const earlier = await database.transaction(contextOf(actor), async (tx) => {
      const [done] = idempotency ? await claim(tx, idempotency, actor) : []
      const settle = idempotency ? [settleQuery(idempotency, actor, new Map(idempotency.keys.map((key) => [key, { job: id }])))] : []
      if (done) {
        await tx.commit()
        return (done as { job: string }).job
      }
      const [stored] = await tx.send({ role: 'bos_write', queries: [insert] })
      if (stored!.rowCount === 0) throw new Problem('conflict', once?.refusal)
      await tx.commit({ role: 'bos_write', queries: [...(also?.(id) ?? []), ...settle] })
      return null
    })
    if (earlier !== null) return read(actor, earlier)
    await wakeups.send({ tenant: actor.tenant, job: id }).catch(onError)
    return read(actor, id)
  }

  /** Own jobs (of a key: its own), an administrator sees everybody's. */
  const visible = (actor: Actor, more: string, ...values: unknown[]): Query => {
    const all = actor.roles.includes(administrator)
    return {
      text: `select ${columns} from bos.job where tenant_id = $1 and ($2 or created_by = $3 and key_id is not distinct from $4::uuid) ${more}`,
      values: [actor.tenant, all, actor.member, actor.key?.id ?? null, ...values],
    }
  }

  async function read(actor: Actor, id: string): Promise<Job> {
    const [found] = await database.read(contextOf(actor), visible(actor, 'and id = $5', id))
    if (!found!.rows[0]) throw new Problem('not-found')
    return toJob(found!.rows[0])
  }

  async function list(actor: Actor): Promise<readonly Job[]> {
    const [found] = await database.read(contextOf(actor), visible(actor, `order by created_at desc, id desc limit ${limits.jobsListed}`))
    return found!.rows.map(toJob)
  }

  /** A queued job ends at once, a running one at its next checkpoint; what it did stays. */
  async function cancel(actor: Actor, id: string): Promise<Job> {
    const { status } = await read(actor, id)
    if (status !== 'queued' && status !== 'running') throw new Problem('conflict', 'The job is over.')
    const update: Query = {
      text: `update bos.job set cancel_requested_at = now(), status = case when status = 'queued' then 'cancelled' else status end,
        finished_at = case when status = 'queued' then now() end where tenant_id = $1 and id = $2 and status in ('queued', 'running')`,
      values: [actor.tenant, id],
    }
    await database.transaction(contextOf(actor), (tx) => tx.commit({ role: 'bos_write', queries: [update] }))
    return read(actor, id)
  }

  async function start(): Promise<void> {
    await wakeups.work(work)
    await sweep()
  }

  /** No new work; what runs stops at its next checkpoint and is taken up again later. */
  async function stop(): Promise<void> {
    stopping = true
    clearTimeout(timer)
    await Promise.allSettled(underWay)
    await wakeups.stop()
  }

  async function sweep(): Promise<void> {
    try {
      const { rows } = await database.call({ text: 'select * from bos.jobs_waiting($1)', values: [staleSeconds] })
      for (const row of rows) await wakeups.send({ tenant: String(row['tenant_id']), job: String(row['id']) })
    } catch (error) {
      onError(error)
    }
    if (!stopping) timer = setTimeout(() => void sweep(), sweepMs).unref()
  }

  async function work(ref: JobRef): Promise<void> {
    if (stopping) return
    const run = runOne(ref).catch(onError)
    underWay.add(run)
    await run
    underWay.delete(run)
  }

  async function runOne(ref: JobRef): Promise<void> {
    const claimed = await database.call({ text: 'select * from bos.job_claim($1, $2, $3)', values: [ref.tenant, ref.job, staleSeconds] })
    const row = claimed.rows[0]
    if (!row) return
    const kind = byKind.get(String(row['kind']))
    const held: Held = { ...ref, run: Number(row['run']) }
    let state = row['state']
    let attempts = Number(row['attempts'])
    const fail = (problem: Problem) => finish(held, 'failed', { ...kind?.summary(state), problem: problem.toJSON() })
    // Nobody lived to say what went wrong.
    if (attempts > limits.jobAttempts)
      return void (await fail(new Problem('internal', 'The job was begun again and again, and never got on.')))
    const alive = setInterval(
      () => void database.call({ text: 'select bos.job_alive($1, $2, $3)', values: [ref.tenant, ref.job, held.run] }).catch(onError),
      staleSeconds * 250,
    )
    try {
      const as = asActor(() => loadActor(ref))
      const checkpoint: JobRun['checkpoint'] = async (next, done, total, also = []) => {
        const isCancelled = await as((actor) => keep(held, actor, next, done, total, also))
        state = next
        attempts = 0
        if (isCancelled || stopping) throw new Interrupted(isCancelled)
      }
      const result = await kind!.run({ id: ref.job, input: row['input'], state, as, checkpoint })
      await finish(held, 'done', result)
    } catch (error) {
      if (error instanceof Interrupted && !error.cancelled) return
      if (error instanceof Interrupted) return void (await finish(held, 'cancelled', kind!.summary(state)))
      const problem = toProblem(error)
      const mayPass = error instanceof Stale || problem.status >= 500
      if (mayPass || !(error instanceof Problem)) onError(error)
      // What is left as it is, the sweep hands out again when it has shown no sign of life for a while.
      if (!mayPass || attempts >= limits.jobAttempts) await fail(problem)
    } finally {
      clearInterval(alive)
    }
  }

  const finish = ({ tenant, job, run }: Held, outcome: JobStatus, result: unknown): Promise<Rows> =>
    database.call({
      text: 'select bos.job_finish($1, $2, $3, $4, $5)',
      values: [tenant, job, run, outcome, JSON.stringify(result ?? null)],
    })

  async function loadActor({ tenant, job }: JobRef): Promise<Actor> {
    const { rows } = await database.call({ text: 'select * from bos.job_actor($1, $2)', values: [tenant, job] })
    const [row] = rows
    if (!row) throw new Problem('not-allowed', 'The person who asked for this can no longer sign in.')
    return actorFrom(tenant, row)
  }

  /** Answers whether the job was cancelled meanwhile. Throws Interrupted, and keeps nothing, when another worker has the job by now. */
  async function keep(
    { tenant, job, run }: Held,
    actor: Actor,
    state: unknown,
    done: number,
    total: number | null,
    also: readonly Query[],
  ): Promise<boolean> {
    const update: Query = {
      text: `update bos.job set state = $3, progress_done = $4, progress_total = $5, attempts = 0, updated_at = now() where tenant_id = $1 and id = $2 and status = 'running' and run = $6
        returning cancel_requested_at is not null as cancelled`,
      values: [tenant, job, JSON.stringify(state), done, total, run],
    }
    return database.transaction(contextOf(actor), async (tx) => {
      const [kept] = await tx.send({ role: 'bos_write', queries: [update] })
      if (!kept!.rows[0]) throw new Interrupted(false)
      await (also.length > 0 ? tx.commit({ role: 'bos_write', queries: also }) : tx.commit())
      return kept!.rows[0]['cancelled'] === true
    })
  }

  return { submit, read, list, cancel, start, stop }
}
