import { sql } from 'kysely'
import type { Catalogue, Dependant, Entity, PathStep } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import type { Query, Transaction } from '../database/types.ts'
import { Problem } from '../problems.ts'
import { linesFields } from './change.ts'
import type { Stored } from './change.ts'
import { changesOf } from './changed.ts'
import type { Changed } from './changed.ts'
import type { Consequences, EventDraft } from './decide.ts'
import { decideDerived, decideEach } from './decide-derived.ts'
import type { Surroundings } from './decide-formulas.ts'
import { derivationsOf } from './derivations.ts'
import { documentQueries, readDocuments } from './documents.ts'
import { heldByChanging, holdQueries } from './hold.ts'
import { and, column, remember, Slot, tableOf, toTemplate } from './sql.ts'
import type { Template } from './sql.ts'
import { documentOf } from './tables.ts'
import { Way } from './way.ts'
import type { Place } from './way.ts'

/**
 * Derived values of other documents. After a request has written, whatever hangs on what it changed is locked (in the order of entity and
 * id), read as it is now, worked out anew and judged by its rules; what that changes may have dependants in turn. All in the
 * transaction of the request, with sight of the whole tenant. Who comes second waits at the lock and then sees what the first one
 * wrote: no sum is ever lost.
 */

export interface Propagating {
  readonly tx: Transaction
  readonly catalogue: Catalogue
  readonly tenant: string
  /** Decides with answers as the database gives them now. */
  readonly decide: (decide: (surroundings: Surroundings) => Consequences) => Promise<Consequences>
  readonly write: (consequences: Consequences) => readonly Query[]
}

/** As many rounds as a chain of derived values is long; the catalogue has no circles. */
const longestChain = 50

/** Answers the revision that each document has come to. */
export async function propagate(propagating: Propagating, first: readonly Changed[]): Promise<ReadonlyMap<string, number>> {
  const revisions = new Map<string, number>()
  const reached = new Reached()
  let changed = first
  for (let round = 0; changed.length > 0; round++) {
    if (round === longestChain) throw new Error('derived values chase each other')
    const affected = await affectedBy(propagating, changed)
    reached.add(affected)
    const events: EventDraft[] = []
    for (const { entity, documents } of inParts(affected)) {
      const consequences = await workOut(propagating, entity, documents)
      if (consequences.writes.length === 0) continue
      await propagating.tx.send({ role: 'bos_write', queries: propagating.write(consequences) })
      events.push(...consequences.events)
      for (const { record, revision } of consequences.events) revisions.set(record, revision)
    }
    const causes = new Map(affected.flatMap(({ documents }) => [...documents]))
    changed = changesOf(propagating.catalogue, events, (record, line) => {
      const places = causes.get(record)?.places
      return places?.get(line ?? record) ?? places?.get(record) ?? ''
    })
  }
  return revisions
}

/** Which documents a change reaches in all rounds: those that it brought itself are as many as it may bring, and no others. */
class Reached {
  readonly #own = new Set<string>()
  readonly #others = new Set<string>()

  /** Throws Problem 'too-expensive'. */
  add(affected: readonly Affected[]): void {
    for (const { documents } of affected)
      for (const [id, { isOwn }] of documents)
        if (isOwn) this.#own.add(id)
        else if (!this.#own.has(id)) this.#others.add(id)
    if (this.#others.size > limits.derivedDocuments) throw tooMany()
  }
}

/** In the order in which they are locked, so many at a time as are held in memory. */
function* inParts(affected: readonly Affected[]): Generator<Affected> {
  for (const { entity, documents } of affected) {
    const sorted = [...documents].sort(([a], [b]) => (a < b ? -1 : 1))
    for (let from = 0; from < sorted.length; from += limits.derivedDocumentsAtOnce)
      yield { entity, documents: new Map(sorted.slice(from, from + limits.derivedDocumentsAtOnce)) }
  }
}

const tooMany = (): Problem =>
  new Problem(
    'too-expensive',
    `Stored values of more than ${limits.derivedDocuments} other records hang on this change. A lookup, which is not stored, would not.`,
  )

/** Whether anything hangs on what these events change. */
export const hasDependants = (catalogue: Catalogue, changed: readonly Changed[]): boolean =>
  changed.some(
    (each) =>
      (catalogue.dependants.size > 0 && (keysOf(each).some((key) => catalogue.dependants.has(key)) || each.comesOrGoes)) ||
      ownOf(catalogue, each).length > 0,
  )

/** What is to be worked out of the changed record itself. What was looked up when it was written stays as it was found. */
function ownOf(catalogue: Catalogue, { entity, isUnderived }: Changed): readonly string[] {
  if (!isUnderived) return []
  return [...derivationsOf(catalogue).all].flatMap(([key, each]) => (each.document === entity && !each.isSearched ? [key] : []))
}

const keysOf = ({ entity, fields, comesOrGoes }: Changed): string[] => [
  ...fields.map((field) => `${entity.id}/${field}`),
  ...(comesOrGoes ? [`${entity.id}/`] : []),
]

interface Affected {
  readonly entity: Entity
  readonly documents: ReadonlyMap<string, Cause>
}
interface Cause {
  /** `entity/field` of what has to be worked out anew. */
  readonly anew: Set<string>
  /** Where in the request the cause stands, by the id of the document or line that it reaches. */
  readonly places: Map<string, string>
  /** The request has changed the document itself. */
  readonly isOwn: boolean
}

/** One question: which rows hang, by this dependant, on records with these ids at the end of the path. */
interface Search {
  readonly dependant: Dependant
  readonly path: readonly PathStep[]
  readonly pointers: Map<string, string>
}

async function affectedBy({ tx, catalogue, tenant }: Propagating, changed: readonly Changed[]): Promise<readonly Affected[]> {
  const searches = searchesFor(catalogue, changed)
  const queries = searches.map(({ dependant, path, pointers }) => {
    const template = remember(dependant, `dependants ${JSON.stringify(path)}`, () => dependantsTemplate(catalogue, dependant, path))
    return template({ tenant, ids: [...pointers.keys()].sort() })
  })
  const holds = holdQueries(
    catalogue,
    tenant,
    searches.flatMap(({ dependant, path, pointers }) => heldByChanging(dependant.entity, path, [...pointers.keys()])),
  )
  const rows = queries.length > 0 ? (await tx.send({ role: 'bos_write', queries: [...holds, ...queries] })).slice(holds.length) : []
  const found = new Map<string, Map<string, Cause>>()
  for (const each of changed) {
    const own = ownOf(catalogue, each)
    if (own.length === 0) continue
    const documents = found.get(each.entity.id) ?? new Map<string, Cause>()
    found.set(each.entity.id, documents.set(each.id, { anew: new Set(own), places: new Map([[each.id, each.pointer]]), isOwn: true }))
  }
  searches.forEach(({ dependant, pointers }, i) => {
    const document = documentOf(catalogue, catalogue.entities.get(dependant.entity)!)
    const documents = found.get(document.id) ?? new Map<string, Cause>()
    found.set(document.id, documents)
    for (const row of rows[i]!.rows) {
      const id = String(row['document'])
      const cause = documents.get(id) ?? { anew: new Set(), places: new Map<string, string>(), isOwn: false }
      documents.set(id, cause)
      cause.anew.add(`${dependant.entity}/${dependant.field}`)
      const pointer = pointers.get(String(row['cause'])) ?? ''
      for (const each of [id, String(row['row'])]) {
        // A line says more of the cause than its document.
        if ((cause.places.get(each) ?? '').length <= pointer.length) cause.places.set(each, pointer)
      }
    }
  })
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([id, documents]) => (documents.size > 0 ? [{ entity: catalogue.entities.get(id)!, documents }] : []))
}

function searchesFor(catalogue: Catalogue, changed: readonly Changed[]): Search[] {
  const searches = new Map<string, Search>()
  const search = (dependant: Dependant, path: readonly PathStep[], id: string, pointer: string): void => {
    const key = JSON.stringify([dependant, path])
    const known = searches.get(key) ?? { dependant, path, pointers: new Map<string, string>() }
    if (!known.pointers.has(id)) known.pointers.set(id, pointer)
    searches.set(key, known)
  }
  for (const each of changed) {
    for (const key of keysOf(each))
      for (const dependant of catalogue.dependants.get(key) ?? []) {
        const { path } = dependant
        search(dependant, path, each.id, each.pointer)
        const last = path.at(-1)
        // Where a reference led before, something has to be taken out of a sum.
        const before = last?.kind === 'inverse' ? each.from.get(last.field) : undefined
        const left = typeof before === 'object' && before !== null ? (before as { id?: unknown }).id : before
        if (typeof left === 'string') search(dependant, path.slice(0, -1), left, each.pointer)
        // A line that is gone is found in nothing; what it stood in is there.
        if (last?.kind === 'lines' && each.parent !== null) search(dependant, path.slice(0, -1), each.parent, each.pointer)
      }
    // The lines of a document come and go with it.
    if (each.comesOrGoes && each.entity.kind !== 'line')
      for (const { line, up } of linesBelow(catalogue, each.entity))
        for (const dependant of catalogue.dependants.get(`${line.id}/`) ?? [])
          search(dependant, [...dependant.path, ...up], each.id, each.pointer)
  }
  return [...searches.values()]
}

function linesBelow(catalogue: Catalogue, entity: Entity, up: readonly PathStep[] = []): { line: Entity; up: readonly PathStep[] }[] {
  return linesFields(entity).flatMap((field) => {
    const line = catalogue.entities.get(field.lines!.entity)!
    const steps: PathStep[] = [{ kind: 'document', entity: entity.id }, ...up]
    return [{ line, up: steps }, ...linesBelow(catalogue, line, steps)]
  })
}

interface Ids {
  readonly tenant: string
  readonly ids: readonly string[]
}

/** Rows of {document, row, cause}: the live documents (and the row of them) whose value hangs on the records with these ids. */
function dependantsTemplate(catalogue: Catalogue, dependant: Dependant, path: readonly PathStep[]): Template<Ids> {
  const tenant = new Slot<Ids>((values) => values.tenant)
  const from: Place = { alias: 'd', entity: catalogue.entities.get(dependant.entity)! }
  const way = new Way(catalogue, sql`${tenant}`)
  const cause = way.along(from, path, 's')
  const top = way.up(from, 'u')
  const conditions = [
    sql`${column('d', 'tenant_id')} = ${tenant}::uuid`,
    sql`${column(cause.alias, 'id')} = any(${new Slot<Ids>((values) => values.ids)}::uuid[])`,
    sql`${column(top.alias, 'deleted_at')} is null`,
  ]
  return toTemplate(sql`select distinct ${column(top.alias, 'id')} as document, d.id as row, ${column(cause.alias, 'id')} as cause
    from ${tableOf(from.entity)} d ${way.joins} where ${and(conditions)}`)
}

async function workOut(propagating: Propagating, entity: Entity, documents: ReadonlyMap<string, Cause>): Promise<Consequences> {
  const { tx, catalogue, tenant } = propagating
  const ids = [...documents.keys()].sort()
  const [, rows] = await tx.send({ role: 'bos_write', queries: documentQueries(catalogue, entity, tenant, ids) })
  const stored = [...readDocuments(catalogue, entity, rows!.rows).values()]
  return propagating.decide((surroundings) => {
    const decided = decideEach(stored, (each: Stored) => {
      const { anew, places } = documents.get(each.id)!
      return decideDerived({ catalogue, surroundings }, { entity, stored: each, anew, places })
    })
    return { writes: decided.flatMap((each) => each.writes), events: decided.flatMap((each) => each.events), origins: [] }
  })
}
