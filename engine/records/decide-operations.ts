import type { Action, Entity, Field, UniqueKey } from '../catalogue/types.ts'
import type { Expression } from '../expressions/types.ts'
import { Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import type { RemoveOperation, ResolvedOperation, Stored, UpdateOperation } from './change.ts'
import { decideCreate, decideUpdate } from './decide.ts'
import { Entangled, invalid, Unanswered } from './decide-refusals.ts'
import type { Asked } from './decide-formulas.ts'
import type { Sought } from './decide-touched.ts'
import type { Consequences, Decision, EventDraft, Provisos, RowWrite, Situation } from './decide.ts'
import { frozenFor } from './decide-lifecycle.ts'
import { decideDelete, decideRestore } from './decide-removal.ts'
import type { Ties } from './decide-removal.ts'
import type { WantedNumber } from './decide-numbers.ts'
import { isShownWhole, refuseWithheld } from './decide-withheld.ts'
import type { Without } from './decide-withheld.ts'
import type { WriteRequest } from './request.ts'
import type { EntityAccess, RowCondition } from './types.ts'

/** What `load` found for all operations of a request. */
export interface Loaded {
  readonly situation: Situation
  readonly records: ReadonlyMap<string, LoadedRecord>
  readonly ties: Ties
  /** Before an operation is decided; `reset` undoes what a refused one took, `restart` what all of them took. */
  readonly numbers: { mark(): void; reset(): void; restart(): void; isCounted(operation: string): boolean }
}
export interface LoadedRecord {
  readonly stored: Stored
  readonly reaches: Readonly<Record<'update' | 'delete' | 'restore' | 'import', boolean>>
  readonly without: Without
  /** Ids of the transitions that the actor may run of it. */
  readonly runs: ReadonlySet<string>
}

/** What is to be written, and per operation what became of it. */
export interface Decided extends Consequences {
  readonly results: readonly (Decision | Problem)[]
}

type Wanted = Pick<WriteRequest, 'here' | 'mode' | 'via'>

/**
 * Pure: decides all operations of a request. In modes `one` and `all` the first refusal ends everything. Throws Unanswered with what the
 * expressions of all of them ask.
 */
export function decideOperations(request: Wanted, operations: readonly ResolvedOperation[], loaded: Loaded): Decided {
  const results: (Decision | Problem)[] = []
  const faults: Fault[] = []
  const asked: Asked[] = []
  const sought: Sought[] = []
  const wanted: WantedNumber[] = []
  const seen = new Set<string>()
  loaded.numbers.restart()
  for (const operation of operations) {
    try {
      if (seen.has(operation.id)) throw twice(operation)
      seen.add(operation.id)
      loaded.numbers.mark()
      results.push(decideOne(request, operation, loaded))
    } catch (error) {
      if (error instanceof Unanswered) {
        asked.push(...error.asked)
        sought.push(...error.sought)
        wanted.push(...error.wanted)
        continue
      }
      if (!(error instanceof Problem)) throw error
      if (request.mode === 'each' && error instanceof Entangled) throw new Entangled(error.message)
      // Its number would be missing among those of the others.
      if (request.mode === 'each' && loaded.numbers.isCounted(operation.id))
        throw new Entangled('A number was counted for what is refused.')
      loaded.numbers.reset()
      if (request.mode === 'each') results.push(error)
      else if (request.mode === 'all' && error.code === 'request-invalid') faults.push(...error.faults)
      else throw atOperation(error, operation, request.mode)
    }
  }
  if (asked.length + sought.length > 0) throw new Unanswered(asked, sought)
  if (faults.length > 0) throw invalid(faults)
  if (wanted.length > 0) throw new Unanswered([], [], wanted)
  const decisions = results.filter((each): each is Decision => !(each instanceof Problem))
  const events = decisions.flatMap((each) => each.events)
  const writes = decisions.flatMap((each) => each.writes)
  refuseEntangled(
    writes,
    events,
    decisions.flatMap(({ keys }) => [...new Set(keys)]),
  )
  return { results, writes, events, origins: decisions.flatMap((each) => each.origins) }
}

function decideOne({ here, via }: Wanted, operation: ResolvedOperation, { situation, records, ties }: Loaded): Decision {
  const action = actionOf(operation)
  const isTransition = operation.op === 'update' && operation.transition !== null && here.transitions.has(operation.transition)
  if (!isTransition && !here.actions.has(action))
    throw new Problem('not-allowed', `Your role may not ${action} ${here.entity.pluralTitle.toLowerCase()}.`)
  const imported = via === 'import' ? provisoOf(here.actions.get('import')) : []
  if (operation.op === 'create') {
    refuseWithheld(situation.catalogue, operation, null, { masked: new Set(), fixed: here.fixedOnCreate })
    const provisos: Provisos = {
      create: [provisoOf(here.actions.get(action)), imported],
      transitions: new Map([...here.transitions].map(([id, grants]) => [id, provisoOf(grants)])),
      given: new Map([...here.given].map(([path, all]) => [path, all.map((grants) => grants.flatMap(({ condition }) => condition ?? []))])),
    }
    return decideCreate(situation, operation, (transition) => here.transitions.has(transition), provisos)
  }
  const record = records.get(operation.id)
  if (!record && operation.op === 'update' && operation.key && operation.key.fields.length > 0)
    throw takenByHidden(here, operation.key, operation.pointer)
  if (!record || record.stored.deleted !== (operation.op === 'restore')) throw new Problem('not-found')
  const { runs, stored } = record
  const run = operation.op === 'update' && operation.transition !== null && runs.has(operation.transition) ? operation.transition : null
  const isRun = run !== null && operation.op === 'update' && isBare(operation)
  const isImported = via !== 'import' || record.reaches.import
  if (!isImported) throw new Problem('not-allowed', 'Your role may not import this record.')
  if (!isRun && !record.reaches[action as keyof typeof record.reaches])
    throw new Problem('not-allowed', `Your role may not ${action} this record.`)
  if (operation.op === 'update') {
    refuseWithheld(situation.catalogue, operation, stored, run === null ? record.without : movable(record.without, here.entity, run))
    if (makesCopy(operation) && !isShownWhole(situation.catalogue, operation.entity, stored, record.without))
      throw new Problem('not-allowed', 'Not all of this record is shown to you, so you may not make a copy of it.')
    return decideUpdate(situation, operation, stored, (transition) => runs.has(transition))
  }
  refuseStale(operation, record.stored)
  if (operation.op === 'restore') return decideRestore(ties, operation, stored)
  const frozen = operation.op === 'delete' ? frozenFor(situation, operation.entity, stored) : null
  if (frozen !== null) throw new Problem('conflict', `The record cannot be deleted: it is ${frozen}.`)
  return decideDelete(situation, ties, operation, stored)
}

/** Of these one must hold of a new record; none, where a role asks nothing. Scopes do not ask: it is in none yet. */
const provisoOf = (grants: RowCondition = []): readonly Expression[] =>
  grants.every(({ condition }) => condition !== null) ? grants.flatMap(({ condition }) => condition ?? []) : []

/** It does nothing but run the transition: that is a right of its own. */
const isBare = ({ change }: UpdateOperation): boolean => change.set.size === 1 && change.lines.size === 0

/** A copy is its maker's record, by which masks may ask: it would show what this one does not. */
const makesCopy = ({ entity, change, transition }: UpdateOperation): boolean =>
  entity.lifecycles.some(({ field, transitions }) =>
    transitions.some((each) => each.amends !== null && (transition === null ? change.set.get(field) === each.to : each.id === transition)),
  )

/** Who may run the transition need not be one who may write its state. */
function movable({ fixed, ...without }: Without, { lifecycles }: Entity, transition: string): Without {
  const moved = lifecycles.find(({ transitions }) => transitions.some(({ id }) => id === transition))
  return { ...without, fixed: new Set([...fixed].filter((path) => path !== moved?.field)) }
}

/** What the role must grant: making a single record is changing it, and taking back an import belongs to importing. */
export function actionOf({ op, entity }: ResolvedOperation): Action {
  if (op === 'retract') return 'import'
  return op === 'create' && entity.kind === 'single' ? 'update' : op
}

/** Nothing merges with a delete. */
function refuseStale({ ifMatch }: RemoveOperation, { version, revision }: Stored): void {
  if (ifMatch !== null && ifMatch !== version) throw new Problem('version-conflict', '', { headers: { ETag: `"${version}.${revision}"` } })
}

/** In a batch a refusal says which operation it is about. */
function atOperation(error: Problem, { pointer }: ResolvedOperation, mode: WriteRequest['mode']): Problem {
  if (mode === 'one' || error.faults.length > 0) return error
  return new Problem(error.code, error.message, {
    cause: error,
    faults: [{ pointer: pointer.replace(/\/data$/, ''), detail: error.message }],
  })
}

export const twice = ({ pointer }: Pick<ResolvedOperation, 'pointer'>): Entangled => {
  const detail = 'The record stands in an earlier operation too.'
  return new Entangled(detail, [{ pointer, detail }])
}

/**
 * A delete may reach records that another operation of the same request changes: one statement must not write a row twice. Nor
 * may one operation point to, or bring back what points to, a record that another deletes: neither has seen the other.
 */
function refuseEntangled(writes: readonly RowWrite[], events: readonly EventDraft[], keys: readonly string[]): void {
  if (new Set(events.map((each) => each.record)).size < events.length || new Set(keys).size < keys.length)
    throw new Entangled('Two operations of the request change the same record; send them one after the other.')
  const deleted = new Set(events.flatMap((each) => (each.type === 'deleted' ? [each.record] : [])))
  if (deleted.size === 0) return
  const restores = events.some((each) => each.type === 'restored')
  if (restores || writes.some((each) => pointsTo(each, deleted)))
    throw new Entangled('One operation of the request deletes what another refers to; send them one after the other.')
}

function pointsTo(write: RowWrite, records: ReadonlySet<string>): boolean {
  if (write.kind === 'remove') return false
  return write.entity.fields.some((field) => field.reference?.targets.some(({ column }) => records.has(String(write.row[column]))))
}

/** A record that the actor may not see has the key by which an upsert goes. */
const takenByHidden = (here: EntityAccess, key: UniqueKey, pointer: string): Problem =>
  taken(new Problem('unique-taken'), fieldsOf(key.fields, here), [pointer], undefined)

/** Another record has the same values in these fields; `bases` are the pointers to whoever wanted them. */
export function taken({ code, message }: Problem, fields: readonly Field[], bases: readonly string[], cause: unknown): Problem {
  const titles = fields.map((field) => field.title).join(' and ')
  const detail = code === 'unique-taken' && titles ? `Another record has the same ${titles}.` : message
  const faults: Fault[] = bases.flatMap((base) => fields.map((field) => ({ pointer: `${base}/${field.name}`, detail })))
  return new Problem(code, detail, { cause, faults })
}

/** Of a key, as far as the caller may know them. */
export const fieldsOf = (ids: readonly string[], here: EntityAccess | undefined): readonly Field[] =>
  ids.flatMap((id) => here?.visible.find((field) => field.id === id) ?? [])
