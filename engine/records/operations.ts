import type { Action, Entity, Field } from '../catalogue/types.ts'
import type { Query, Rows, Step, Transaction } from '../database/types.ts'
import { Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import { linesFields } from './change.ts'
import type { Change, Operation, RemoveOperation, Stored } from './change.ts'
import { decideCreate, decideUpdate, referenceOf } from './decide.ts'
import type { EventDraft, Outcome, RowWrite, Situation } from './decide.ts'
import { takenKey } from './refusal.ts'
import { changesQuery, lockQuery, readStored, referencesQuery, storedQuery } from './load.ts'
import type { LoadedRecord } from './load.ts'
import { Numbers, takeQuery } from './numbers.ts'
import { decideDelete, decideRestore, loadDeletion, loadDependants, refuseReferred } from './remove.ts'
import type { Actor } from './types.ts'
import { invalid } from './write-request.ts'
import type { WriteRequest } from './write-request.ts'

/**
 * Operations that meet in one record: what one finds depends on what another does. One after the other they could be done, each
 * in a transaction of its own; set-wise they cannot.
 */
export class Entangled extends Problem {
  constructor(detail: string, faults: readonly Fault[] = []) {
    super(faults.length > 0 ? 'request-invalid' : 'conflict', detail, { faults })
  }
}

/** What is to be written, and per operation what became of it. */
export interface Decided {
  readonly results: readonly (Outcome | Problem)[]
  readonly writes: readonly RowWrite[]
  readonly events: readonly EventDraft[]
  /** Sequence numbers that were taken and not used. */
  readonly unused: readonly Query[]
}

/** Loads what the operations need, set-wise, and decides them. In modes `one` and `all` the first refusal ends everything. */
export async function decideOperations(
  tx: Transaction,
  request: WriteRequest,
  actor: Actor,
  operations: readonly Operation[],
): Promise<Decided> {
  const loaded = await load(tx, request, actor, operations)
  const results: (Outcome | Problem)[] = []
  const also: EventDraft[] = []
  const faults: Fault[] = []
  const seen = new Set<string>()
  // What goes in the same breath holds nothing. In mode `each` it may not go after all.
  const gone = request.mode === 'each' ? [] : operations.flatMap((each) => (each.op === 'delete' ? [each.id] : []))
  for (const operation of operations) {
    try {
      if (seen.has(operation.id)) throw twice(operation)
      seen.add(operation.id)
      loaded.numbers.mark()
      const { outcome, events } = await decideOne(tx, request, actor, operation, loaded, gone)
      results.push(outcome)
      also.push(...events)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (request.mode === 'each' && isEntangled(error, operations)) throw new Entangled(error.message)
      loaded.numbers.reset()
      if (request.mode === 'each') results.push(error)
      else if (request.mode === 'all' && error.code === 'request-invalid') faults.push(...error.faults)
      else throw atOperation(error, operation, request.mode)
    }
  }
  if (faults.length > 0) throw invalid(faults)
  const outcomes = results.filter((each): each is Outcome => !(each instanceof Problem))
  const events = [...outcomes.flatMap((each) => each.event ?? []), ...also]
  const writes = outcomes.flatMap((each) => each.writes)
  refuseEntangled(writes, events)
  return { results, writes, events, unused: loaded.numbers.giveBack(actor) }
}

/** In a batch a refusal says which operation it is about. */
function atOperation(error: Problem, { pointer }: Operation, mode: WriteRequest['mode']): Problem {
  if (mode === 'one' || error.faults.length > 0) return error
  return new Problem(error.code, error.message, {
    cause: error,
    faults: [{ pointer: pointer.replace(/\/data$/, ''), detail: error.message }],
  })
}

const twice = ({ pointer }: Operation): Entangled => {
  const detail = 'The record stands in an earlier operation too.'
  return new Entangled(detail, [{ pointer, detail }])
}

/** In mode `each` a record that others hold may be free once those before it are done. */
function isEntangled(error: Problem, operations: readonly Operation[]): boolean {
  return error instanceof Entangled || (error.code === 'still-referenced' && operations.length > 1)
}

/**
 * A delete may reach records that another operation of the same request changes: one statement must not write a row twice. Nor
 * may one operation point to, or bring back what points to, a record that another deletes: neither has seen the other.
 */
function refuseEntangled(writes: readonly RowWrite[], events: readonly EventDraft[]): void {
  if (new Set(events.map((each) => each.record)).size < events.length)
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

interface Loaded {
  readonly situation: Situation
  readonly records: ReadonlyMap<string, LoadedRecord>
  readonly numbers: Numbers
}

async function decideOne(
  tx: Transaction,
  request: WriteRequest,
  actor: Actor,
  operation: Operation,
  { situation, records }: Loaded,
  gone: readonly string[],
): Promise<{ outcome: Outcome; events: readonly EventDraft[] }> {
  const action = actionOf(operation)
  if (!request.here.actions.has(action))
    throw new Problem('not-allowed', `Your role may not ${action} ${request.here.entity.pluralTitle.toLowerCase()}.`)
  if (operation.op === 'create' || operation.op === 'upsert')
    return { outcome: decideCreate(situation, { ...operation, op: 'create' }), events: [] }
  const record = records.get(operation.id)
  if (!record && operation.op === 'update' && operation.key)
    throw takenKey(operation.entity, operation.key, operation.pointer, request.here)
  if (!record || record.stored.deleted !== (operation.op === 'restore')) throw new Problem('not-found')
  if (!record.reaches[action as keyof typeof record.reaches]) throw new Problem('not-allowed', `Your role may not ${action} this record.`)
  if (operation.op === 'update') return { outcome: decideUpdate(situation, operation, record.stored), events: [] }
  refuseStale(operation, record.stored)
  const { catalogue } = request.access
  if (operation.op === 'retract') {
    await refuseReferred(tx, catalogue, actor, operation.entity, operation.id)
    return decideDelete(operation, record.stored, [])
  }
  if (operation.op === 'delete')
    return decideDelete(operation, record.stored, await loadDependants(tx, catalogue, actor, operation.entity, operation.id, gone))
  if (record.stored.deletionId === null) throw new Problem('restore-refused')
  return decideRestore(operation, record.stored, await loadDeletion(tx, catalogue, actor, operation.entity, record.stored))
}

/** What the role must grant: making a single record is changing it, and taking back an import belongs to importing. */
function actionOf({ op, entity }: Operation): Action {
  if (op === 'retract') return 'import'
  if (op === 'upsert') return 'create'
  return op === 'create' && entity.kind === 'single' ? 'update' : op
}

/** Nothing merges with a delete. */
function refuseStale({ ifMatch }: RemoveOperation, { version, revision }: Stored): void {
  if (ifMatch !== null && ifMatch !== version) throw new Problem('version-conflict', '', { headers: { ETag: `"${version}.${revision}"` } })
}

/** One trip: locks, then what is locked, then numbers, whose lock others wait for. No trip when there is nothing to know. */
async function load(tx: Transaction, request: WriteRequest, actor: Actor, operations: readonly Operation[]): Promise<Loaded> {
  const { access, here } = request
  const { catalogue } = access
  const queries: Query[] = []
  let sent: Rows[] = []
  const ask = (query: Query): (() => Rows) => {
    const index = queries.push(query) - 1
    return () => sent[index]!
  }
  const changed = operations.filter((each) => each.op === 'update').map((each) => each.id)
  const removed = operations.filter((each) => 'deletionId' in each).map((each) => each.id)
  if (changed.length > 0) ask(lockQuery(catalogue, here, actor, changed, 'change'))
  if (removed.length > 0) ask(lockQuery(catalogue, here, actor, removed, 'delete'))
  const stored = changed.length + removed.length > 0 ? ask(storedQuery(catalogue, here, actor, [...changed, ...removed])) : null
  const references = [...referencesOf(request, operations)].flatMap(([entity, ids]) => {
    const target = access.entities.get(entity)
    return target ? [{ entity, rows: ask(referencesQuery(catalogue, target, actor, [...ids].sort())) }] : []
  })
  const based = operations.flatMap((each) => (each.op === 'update' && each.ifMatch !== null ? [each] : []))
  const changes =
    based.length > 0
      ? ask(
          changesQuery(
            actor,
            here.entity,
            based.map((each) => each.id),
            Math.min(...based.map((each) => each.ifMatch!)),
          ),
        )
      : null
  const reads = queries.length
  const creates = operations.filter((each) => each.op === 'create').length
  const sequences = creates > 0 ? here.entity.fields.filter((field) => field.sequence) : []
  const taken = sequences.map((field) => ({ field, rows: ask(takeQuery(actor, here.entity, field, creates)) }))
  const steps: Step[] = [
    { role: 'bos_read', queries: queries.slice(0, reads) },
    { role: 'bos_write', queries: queries.slice(reads) },
  ]
  if (queries.length > 0) sent = await tx.send(...steps.filter((each) => each.queries.length > 0))
  const lineEntity = (field: Field): Entity => catalogue.entities.get(field.lines!.entity)!
  const exists = new Set(references.flatMap(({ entity, rows }) => rows().rows.map((row) => `${entity} ${String(row['id'])}`)))
  const numbers = new Numbers(
    here.entity,
    creates,
    taken.map(({ field, rows }) => ({ field, rows: rows() })),
  )
  return {
    numbers,
    records: stored ? readStored(here.entity, lineEntity, stored()) : new Map(),
    situation: {
      catalogue,
      member: actor.member,
      exists: (entity, id) => exists.has(`${entity} ${id}`) || (entity === 'core.member' && id === actor.member),
      changedSince: (id, version) =>
        changes?.().rows.flatMap((row) =>
          row['record_id'] === id && Number(row['version']) > version ? (row['changed'] as string[]) : [],
        ) ?? [],
      number: (field) => numbers.next(field),
    },
  }
}

/** Every record that the operations want to point to, by entity. */
function referencesOf(request: WriteRequest, operations: readonly Operation[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  const collect = (entity: Entity, change: Change): void => {
    for (const [id, value] of change.set) {
      const target = referenceOf(entity.fieldById.get(id)!, value)
      if (target) found.set(target.entity, (found.get(target.entity) ?? new Set()).add(target.id))
    }
    for (const field of linesFields(entity)) {
      const line = request.access.catalogue.entities.get(field.lines!.entity)!
      for (const each of change.lines.get(field.id)?.lines ?? []) if (each.change) collect(line, each.change)
    }
  }
  for (const operation of operations) if ('change' in operation) collect(operation.entity, operation.change)
  return found
}
