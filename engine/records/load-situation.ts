import { v7 as uuidv7 } from 'uuid'
import type { Entity, Field } from '../catalogue/types.ts'
import type { Query, Rows, Step, Transaction } from '../database/types.ts'
import { core } from '../expressions/core.ts'
import { linesFields, referenceOf } from './change.ts'
import type { Change, ResolvedOperation } from './change.ts'
import { withholding } from './formulas.ts'
import type { Documents } from './decide-touched.ts'
import type { Surroundings } from './decide-formulas.ts'
import { actionOf } from './decide-operations.ts'
import type { Loaded, LoadedRecord } from './decide-operations.ts'
import { documentHeld, heldByMoving, heldBySetting, holdQueries } from './hold.ts'
import type { Held, SetReference } from './hold.ts'
import { changesQuery, lockQuery, readStored, referencesQuery, storedQuery } from './load.ts'
import { loadTies } from './load-removal.ts'
import { Numbers, takeQuery } from './numbers.ts'
import type { WriteRequest } from './request.ts'
import type { Actor } from './types.ts'

/**
 * What the operations of a request need to know, set-wise. One trip: locks, then what is locked, then numbers, whose lock others wait
 * for. No trip when there is nothing to know; more only where something is deleted or restored, by the depth of what hangs on it.
 */
export async function loadSituation(
  tx: Transaction,
  request: WriteRequest,
  actor: Actor,
  operations: readonly ResolvedOperation[],
  surroundings: Surroundings,
  documents: Documents,
): Promise<Loaded & { readonly numbers: Numbers; readonly references: readonly SetReference[] }> {
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
  const references = referencesOf(request, operations)
  const held = [...heldBySetting(catalogue, references), ...heldByMoving(catalogue, here.entity, changed, references)]
  const isSibling = (each: Held): boolean => documentHeld(catalogue, each) === here.entity
  const siblings = held.filter(isSibling)
  const others = held.filter((each) => !isSibling(each))
  // Records that refer to each other are locked in one order, whichever is changed.
  const own: Held = { entity: here.entity.id, path: [], direction: 'from', ids: [...changed, ...removed], strength: 'change' }
  if (siblings.length > 0) holdQueries(catalogue, actor.tenant, [own, ...siblings]).forEach(ask)
  const first = queries.length
  if (changed.length > 0) ask(lockQuery(catalogue, here, actor, changed, 'change'))
  if (removed.length > 0) ask(lockQuery(catalogue, here, actor, removed, 'delete'))
  const stored = changed.length + removed.length > 0 ? ask(storedQuery(catalogue, here, actor, [...changed, ...removed])) : null
  const targets = [...Map.groupBy(references, ({ target }) => target.entity)].flatMap(([entity, all]) => {
    const target = access.entities.get(entity)
    const ids = [...new Set(all.map((each) => each.target.id))].sort()
    return target ? [{ entity, rows: ask(referencesQuery(catalogue, target, actor, ids)) }] : []
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
  holdQueries(catalogue, actor.tenant, others).forEach(ask)
  const creates = operations.filter((each) => each.op === 'create').length
  const sequences = creates > 0 ? here.entity.fields.filter((field) => field.sequence && !field.logic?.numbering) : []
  const taken = sequences.map((field) => ({
    field,
    rows: ask(takeQuery(actor, { entity: here.entity.id, field: field.id, scope: '' }, creates)),
  }))
  const steps: Step[] = [
    { role: 'bos_write', queries: queries.slice(0, first) },
    { role: 'bos_read', queries: queries.slice(first, reads) },
    { role: 'bos_write', queries: queries.slice(reads) },
  ]
  if (queries.length > 0) sent = await tx.send(...steps.filter((each) => each.queries.length > 0))
  const lineEntity = (field: Field): Entity => catalogue.entities.get(field.lines!.entity)!
  const exists = new Set(targets.flatMap(({ entity, rows }) => rows().rows.map((row) => `${entity} ${String(row['id'])}`)))
  const numbers = new Numbers(
    here.entity,
    creates,
    taken.map(({ field, rows }) => ({ field, rows: rows() })),
  )
  const changesById = Map.groupBy(changes?.().rows ?? [], (row) => String(row['record_id']))
  const records: ReadonlyMap<string, LoadedRecord> = stored ? readStored(here.entity, lineEntity, stored()) : new Map()
  const withheld = withholding(access, here.entity)
  return {
    numbers,
    references,
    records: withheld ? new Map([...records].map(([id, each]) => [id, { ...each, without: { ...each.without, withheld } }])) : records,
    ties: await loadTies(tx, request, actor, operations, removable(operations, records)),
    situation: {
      catalogue,
      member: actor.member,
      isUnfinished: request.isUnfinished,
      exists: (entity, id) => exists.has(`${entity} ${id}`) || (entity === core.member && id === actor.member),
      changedSince: (id, version) =>
        (changesById.get(id) ?? []).flatMap((row) => (Number(row['version']) > version ? (row['changed'] as string[]) : [])),
      number: (field) => numbers.next(field),
      counted: (wanted) => numbers.counted(wanted),
      surroundings,
      documents,
      newId: uuidv7,
    },
  }
}

/** The records that are there to be deleted or restored, for this actor: only around those is there something to look for. */
function removable(operations: readonly ResolvedOperation[], records: ReadonlyMap<string, LoadedRecord>) {
  return operations.flatMap((operation) => {
    const record = records.get(operation.id)
    if (!('deletionId' in operation) || !record || record.stored.deleted !== (operation.op === 'restore')) return []
    return record.reaches[actionOf(operation) as keyof typeof record.reaches] ? [{ operation, stored: record.stored }] : []
  })
}

/** Every reference that the operations want to set. */
function referencesOf(request: WriteRequest, operations: readonly ResolvedOperation[]): SetReference[] {
  const found: SetReference[] = []
  const collect = (entity: Entity, change: Change): void => {
    for (const [field, value] of change.set) {
      const target = referenceOf(entity.fieldById.get(field)!, value)
      if (target) found.push({ entity: entity.id, field, target })
    }
    for (const field of linesFields(entity)) {
      const line = request.access.catalogue.entities.get(field.lines!.entity)!
      for (const each of change.lines.get(field.id)?.lines ?? []) if (each.change) collect(line, each.change)
    }
  }
  for (const operation of operations) if ('change' in operation) collect(operation.entity, operation.change)
  return found
}
