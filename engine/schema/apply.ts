import { limits } from '../config.ts'
import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { Catalogue } from '../catalogue/types.ts'
import { sqlState } from '../database/errors.ts'
import { diffShapes } from './diff.ts'
import type { Difference } from './diff.ts'
import { inspectShape, memoryKey, recognised, remember } from './inspect.ts'
import type { Inspection } from './inspect.ts'
import type { Session } from '../database/types.ts'
import { desiredShape } from './shape.ts'
import { refusal } from './types.ts'
import type { Refusal, Shape, Step } from './types.ts'

/**
 * unchanged: the tables were right already. applied: `steps` were done, all in one transaction. refused: nothing was done;
 * `refusals` say why, for the operator. The caller then keeps serving the catalogues that were in use before. busy: the same, for no
 * module's fault: others hold the tables.
 */
export interface Outcome {
  readonly status: 'unchanged' | 'applied' | 'refused' | 'busy'
  readonly steps: readonly Step[]
  readonly refusals: readonly Refusal[]
  readonly retired: readonly string[]
  readonly foreign: readonly string[]
}

export interface ApplyOptions {
  /** How long a step may wait for others to leave a table; requests queue behind it meanwhile. */
  readonly lockTimeoutMs?: number
  /** How often the whole transaction is tried when it could not get its locks. */
  readonly attempts?: number
  readonly pauseMs?: number
}

/** Brings the tables to what all catalogues in use need together. */
export async function applyCatalogues(session: Session, catalogues: Iterable<Catalogue>, options: ApplyOptions = {}): Promise<Outcome> {
  const { shape, refusals } = desiredShape(catalogues)
  if (refusals.length > 0) return { status: 'refused', steps: [], refusals, retired: [], foreign: [] }
  return applyShape(session, shape, options)
}

/** What `applyShape` would do: one look, nothing changed. `session` acts as bos_owner and has no transaction open. */
export async function planShape(session: Session, desired: Shape): Promise<Difference> {
  return (await look(session, desired)).plan
}

async function look(session: Session, desired: Shape): Promise<{ plan: Difference; isUpgraded: boolean }> {
  await session.query('begin')
  try {
    return planFrom(desired, await inspectShape(session, schemaNames(desired)))
  } finally {
    await session.query('rollback')
  }
}

/** After a major upgrade of the server there may be nothing to do but to remember how the new one reports things. */
const planFrom = (desired: Shape, found: Inspection): { plan: Difference; isUpgraded: boolean } => ({
  plan: diffShapes(desired, found),
  isUpgraded: found.memory !== null && found.memory.server !== found.server,
})

/**
 * Makes the tables fit the desired shape, or refuses and changes nothing. When they fit already it costs one look at the
 * system catalogues; hashes of the shape are not trusted instead, because they would not see what was changed by hand.
 */
export async function applyShape(session: Session, desired: Shape, options: ApplyOptions = {}): Promise<Outcome> {
  const { lockTimeoutMs = limits.schemaLockMs, attempts = limits.schemaLockAttempts, pauseMs = limits.schemaLockPauseMs } = options
  const { plan, isUpgraded } = await look(session, desired)
  if (plan.refusals.length > 0) return outcome('refused', plan)
  if (plan.steps.length === 0 && !isUpgraded) return outcome('unchanged', plan)
  for (let attempt = 1; ; attempt++) {
    const result = await attemptOnce(session, desired, lockTimeoutMs)
    if (result !== 'busy') return result
    if (attempt >= attempts) return outcome('busy', plan, [busy(plan)])
    await setTimeout(pauseMs * (1 + Math.random()))
  }
}

const schemaNames = (shape: Shape): string[] => shape.schemas.map((schema) => schema.name)

const outcome = (status: Outcome['status'], plan: Difference, refusals = plan.refusals): Outcome => ({
  status,
  steps: status === 'refused' || status === 'busy' ? [] : plan.steps,
  refusals,
  retired: plan.retired,
  foreign: plan.foreign,
})

/** No module's fault, so none is named. */
const busy = (plan: Difference): Refusal =>
  refusal('the database', null, 'tables in use by long transactions', `${plan.steps.length} changes`, 'the change did not get its locks.')

async function attemptOnce(session: Session, desired: Shape, lockTimeoutMs: number): Promise<Outcome | 'busy'> {
  await session.query('begin')
  try {
    // A second process that starts at the same moment waits here, however long the first builds indexes, and then finds nothing to do.
    await session.query(`select pg_advisory_xact_lock(hashtextextended('bos.schema', 0))`)
    await session.query(
      `set local lock_timeout = ${Math.trunc(lockTimeoutMs)}; set local statement_timeout = 0; set local transaction_timeout = 0`,
    )
    const { plan, isUpgraded } = planFrom(desired, await inspectShape(session, schemaNames(desired)))
    const refusals = plan.refusals.length > 0 ? plan.refusals : await run(session, plan.steps)
    if (refusals.length > 0) {
      await session.query('rollback')
      return outcome('refused', plan, refusals)
    }
    if (plan.steps.length > 0 || isUpgraded) await settle(session, desired)
    await session.query('commit')
    return outcome(plan.steps.length > 0 ? 'applied' : 'unchanged', plan)
  } catch (error) {
    await session.query('rollback')
    if (isBusy(error)) return 'busy'
    throw error
  }
}

/** Runs the steps until one fails on the data that is there, or is none that PostgreSQL takes. Other failures are not the modules', and thrown. */
async function run(session: Session, steps: readonly Step[]): Promise<Refusal[]> {
  for (const step of steps) {
    try {
      await session.query(step.sql)
    } catch (cause) {
      if (isBusy(cause)) throw cause
      const why = refusing.find(({ states }) => states.test(sqlState(cause)))?.why
      if (why !== undefined) return [refusal(step.entity, step.field, message(cause), `${step.kind} ${step.name}`, why, step.name)]
      throw new Error(`${step.entity}: ${step.kind} ${step.name}: ${message(cause)}`, { cause })
    }
  }
  return []
}

const refusing = [
  // Integrity violations, values that do not fit, and values too long for an index.
  { states: /^(2[23]|54000)/, why: 'records that are there do not allow it.' },
  // A limit of PostgreSQL's, something it does not support, or a definition that it does not take.
  { states: /^(54|0A|42(?!501))/, why: 'PostgreSQL refuses it.' },
] as const

/** Remembers what was made, and proves that nothing is left to do: otherwise every start would do it again. */
async function settle(session: Session, desired: Shape): Promise<void> {
  const after = await inspectShape(session, schemaNames(desired))
  const memory = remember(desired, after)
  await session.query(
    `insert into bos.setting (key, value) values ($1, $2::text::jsonb) on conflict (key) do update set value = excluded.value`,
    [memoryKey, JSON.stringify(memory)],
  )
  const left = diffShapes(desired, { actual: recognised(after.reported, memory, after.server), memory })
  assert.deepEqual(
    left.steps.map((step) => `${step.entity}: ${step.kind} ${step.name}`),
    [],
    'the applied steps do not lead to the desired shape',
  )
  assert.deepEqual(left.refusals, [])
}

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error))
/** lock_not_available, deadlock_detected, serialization_failure. */
const isBusy = (error: unknown): boolean => ['55P03', '40P01', '40001'].includes(sqlState(error))
