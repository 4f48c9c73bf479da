import type { Catalogue, Entity, Field } from '../catalogue/types.ts'
import type { Expression } from '../expressions/types.ts'
import { Problem } from '../problems.ts'
import type { Fault, Report } from '../problems.ts'
import type { Change, CreateOperation, Stored, UpdateOperation } from './change.ts'
import { derive } from './decide-derive.ts'
import { draftDocument, rowsOf } from './decide-draft.ts'
import type { Draft } from './decide-draft.ts'
import { decideEffects } from './decide-effects.ts'
import type { Effected } from './decide-effects.ts'
import type { Documents, Origin, Produced, Sought } from './decide-touched.ts'
import { emit } from './decide-emit.ts'
import { Formulas } from './decide-formulas.ts'
import type { Surroundings } from './decide-formulas.ts'
import { judge, refuseOtherSystemValues } from './decide-judge.ts'
import { judgeStates, runTransitions } from './decide-lifecycle.ts'
import type { Run } from './decide-lifecycle.ts'
import { invalid, Unanswered } from './decide-refusals.ts'
import { Numbered } from './decide-numbers.ts'
import type { NumberGiver } from './decide-numbers.ts'
import { judgeRules } from './decide-rules.ts'
import { refuseWithheld } from './decide-withheld.ts'

/**
 * The middle of a write, and a pure function: what was asked and what is stored → what is written, or every reason why not.
 * No clock, no ids, no database: the same code runs in a browser on what it has.
 */

/** What `load` found. */
export interface Situation extends NumberGiver {
  readonly catalogue: Catalogue
  /** The acting member, the default of owner fields. */
  readonly member: string | null
  /** What is required may be missing, and what rules refuse is told beside: nothing of it is kept. */
  readonly isUnfinished?: boolean
  /** Whether a live record of that entity exists for this actor. */
  readonly exists: (entity: string, id: string) => boolean
  /** Field ids and line paths changed since a version. */
  readonly changedSince: (id: string, version: number) => readonly string[]
  /** The next number of a sequence that counts all records, formatted. */
  readonly number: (field: Field) => string
  /** What expressions are told besides the document. */
  readonly surroundings: Surroundings
  readonly documents: Documents
  /** Ids of what effects create. */
  readonly newId: () => string
}

/** What one operation comes to: its result, and everything that follows from it. */
export interface Decision extends Consequences {
  readonly status: 200 | 201
  readonly id: string
  readonly version: number
  readonly revision: number
  /** What rules warn of; it stops nothing. */
  readonly warnings: readonly Fault[]
  /** What rules refuse of what is unfinished. */
  readonly errors: readonly Fault[]
  /** Drafts of further documents. */
  readonly produced: readonly Produced[]
  /** Where in the request the document and its lines stand, by id. */
  readonly places: ReadonlyMap<string, string>
  /** Keys that effects found nothing by, and made something with. */
  readonly keys: readonly string[]
}
/**
 * What is stored, of whichever entities, and what history will say. An operation's own record comes first, then what goes or changes
 * along with it. The `effects` of a transition have their place behind those: `decide` works them out from the situation,
 * with engine authority, as further rows of other entities and one event for each record they touch; whoever writes, explains or
 * looks for entangled operations then sees them without being told.
 */
export interface Consequences {
  readonly writes: readonly RowWrite[]
  /** One for each record that changes; none: nothing changed, so nothing happened. */
  readonly events: readonly EventDraft[]
  /** What transitions created, or took back. */
  readonly origins: readonly Origin[]
}
export type RowWrite =
  | { readonly kind: 'insert'; readonly entity: Entity; readonly row: Row }
  /** `isDerived`: by nobody, so that it says nothing of who changed the record and when. */
  | { readonly kind: 'update'; readonly entity: Entity; readonly row: Row; readonly isDerived?: true }
  | { readonly kind: 'remove'; readonly entity: Entity; readonly id: string }
/** Column → value; `id` always, on lines `parent_id` and `position`, on records `version` and `revision`. */
export type Row = Readonly<Record<string, unknown>>

export interface EventDraft {
  readonly entity: Entity
  readonly record: string
  /** created, updated, deleted, restored, shared, unshared, the id of a transition, or derived: values were worked out anew, because what they hang on changed elsewhere. */
  readonly type: string
  readonly version: number
  readonly revision: number
  /** Field ids, and `lines/{line}/{field}` for lines. */
  readonly changed: readonly string[]
  readonly body: EventBody
  /** What is derived of it has yet to be worked out: it was changed or brought back without being decided as a document. */
  readonly isUnderived?: true
}
export interface EventBody {
  readonly set: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>
  readonly lines?: Readonly<Record<string, LineEvent>>
  /** Of a person: somebody (the actor) began or ended to look at everything as they do; until when it was going to last. */
  readonly viewed?: { readonly op: 'begun' | 'ended'; readonly until: string }
  /** Of a person: how they sign in, or what their roles are, was changed; null: they cannot sign in. Told to administrators only. */
  readonly access?: {
    readonly email?: { readonly from: string | null; readonly to: string | null }
    readonly roles?: { readonly from: readonly string[]; readonly to: readonly string[] }
    readonly password?: 'set'
    readonly breakGlass?: boolean
    /** How many ended, if that was all that happened. */
    readonly sessions?: { readonly from: number; readonly to: 0 }
  }
  /** Of the access stream: what was seen, from where, how often. Told to administrators only. */
  readonly noted?: Readonly<Record<string, string | number | null>>
  /** With whom a record is shared, by the kind of grantee, and for what; null: not at all. */
  readonly share?: { readonly member?: string; readonly team?: string; readonly from: string | null; readonly to: string | null }
}
/** Everything that a document as of a date needs: where the line stands (ids: `lines`, `lines/{line}/parts`), its position and its values. */
export interface LineEvent {
  readonly path: string
  readonly op: 'added' | 'changed' | 'removed'
  /** Columns by field id, and `position`. */
  readonly set: EventBody['set']
}

/** Whether the actor may run a transition (id) of the record. */
export type MayRun = (transition: string) => boolean

/** What roles say, in words of their own, of a record that comes into being: of each list that has some, one must hold of it. */
export interface Provisos {
  readonly create: readonly (readonly Expression[])[]
  /** By id of a transition that brings it into its state at once. */
  readonly transitions: ReadonlyMap<string, readonly Expression[]>
  /** By path of what it is given: where a role shows it. */
  readonly given: ReadonlyMap<string, readonly (readonly Expression[])[]>
}
const noProvisos: Provisos = { create: [], transitions: new Map(), given: new Map() }

export function decideCreate(
  situation: Situation,
  operation: CreateOperation,
  mayRun: MayRun = () => true,
  provisos: Provisos = noProvisos,
): Decision {
  const { entity, id } = operation
  const { draft, warnings, errors, effected } = draftOf(situation, operation, null, mayRun, provisos)
  const { row, writes, changed, body } = emit(situation.catalogue, draft)
  return {
    status: 201,
    id,
    version: 1,
    revision: 1,
    warnings,
    errors,
    produced: effected.produced,
    places: new Map([...effected.places, ...placesOf(draft)]),
    writes: [{ kind: 'insert', entity, row: { id, version: 1, revision: 1, ...row } }, ...writes, ...effected.writes],
    events: [{ entity, record: id, type: 'created', version: 1, revision: 1, changed, body }, ...effected.events],
    origins: effected.origins,
    keys: effected.keys,
  }
}

export function decideUpdate(situation: Situation, operation: UpdateOperation, stored: Stored, mayRun: MayRun = () => true): Decision {
  const { entity, id, ifMatch } = operation
  if (ifMatch !== null && ifMatch !== stored.version) refuseOverlap(situation, operation, stored, ifMatch)
  const { draft, warnings, errors, runs, effected } = draftOf(situation, operation, stored, mayRun)
  const { row, writes, changed, body } = emit(situation.catalogue, draft)
  const { produced, origins, keys } = effected
  if (changed.length === 0 && runs.length === 0) {
    const { version, revision } = stored
    return {
      status: 200,
      id,
      version,
      revision,
      warnings: [],
      errors: [],
      produced,
      places: new Map(),
      writes: [],
      events: [],
      origins,
      keys,
    }
  }
  const version = stored.version + 1
  const revision = stored.revision + 1
  return {
    status: 200,
    id,
    version,
    revision,
    warnings,
    errors,
    produced,
    places: new Map([...effected.places, ...placesOf(draft)]),
    writes: [{ kind: 'update', entity, row: { id, version, revision, ...row } }, ...writes, ...effected.writes],
    events: [{ entity, record: id, type: runs[0]?.transition.id ?? 'updated', version, revision, changed, body }, ...effected.events],
    origins,
    keys,
  }
}

const placesOf = (document: Draft): ReadonlyMap<string, string> => new Map([...rowsOf(document)].map(({ id, pointer }) => [id, pointer]))

/** The document as the operation makes it, and what rules warn of. Throws every fault of it at once, or Unanswered. */
function draftOf(
  situation: Situation,
  operation: CreateOperation | UpdateOperation,
  stored: Stored | null,
  mayRun: MayRun,
  provisos: Provisos = noProvisos,
): { draft: Draft; warnings: readonly Fault[]; errors: readonly Fault[]; runs: readonly Run[]; effected: Effected } {
  const { catalogue } = situation
  const faults: Fault[] = []
  const errors: Fault[] = []
  const warnings: Fault[] = []
  const report: Report = (pointer, detail, about) => faults.push({ pointer, detail, ...(about && { about }) })
  const warn: Report = (pointer, detail) => warnings.push({ pointer, detail })
  const formulas = new Formulas(situation.surroundings)
  const draft = draftDocument({ ...situation, report }, operation, stored, operation.change)
  const numbered = new Numbered(situation, formulas, operation.id)
  if (stored === null) {
    for (const field of operation.entity.fields)
      if (field.sequence && !field.logic?.numbering) draft.values.set(field.id, situation.number(field))
    numbered.holdNew(draft, report, false)
  }
  const deriving = { catalogue, formulas, report, anew: new Set<string>() }
  derive(deriving, draft)
  const asked = operation.op === 'update' ? operation.transition : null
  const runs = runTransitions({ formulas, report, mayRun, asked, isEngine: situation.member === null }, draft)
  // What a transition sets may be what other values are made of.
  if (runs.some(({ transition }) => transition.set.length > 0)) derive(deriving, draft)
  for (const { transition } of runs) numbered.holdAt(transition.id, draft, report)
  if (numbered.write()) derive(deriving, draft)
  refuseOtherSystemValues(draft, stored, operation.op === 'update' ? operation.ifMatch : null, report)
  const lack: Report = situation.isUnfinished ? () => undefined : report
  const refuse: Report = situation.isUnfinished ? (pointer, detail) => errors.push({ pointer, detail }) : report
  judge({ ...situation, report, lack }, draft)
  judgeStates(report, draft, runs)
  judgeRules({ formulas, report: refuse, lack, warn, event: operation.op }, draft)
  const sought: Sought[] = []
  const effected = decideEffects({ ...situation, formulas, report, numbered, seek: (each) => sought.push(each) }, draft, runs)
  const isGranted = mayComeInto(formulas, draft, runs, provisos)
  const masked = new Set([...provisos.given].flatMap(([path, all]) => (isShown(formulas, draft, all) ? [] : [path])))
  if (formulas.open.length + sought.length > 0) throw new Unanswered(formulas.open, sought)
  // Before all other faults: whether there are some may hang on what is not shown.
  if (stored === null) refuseWithheld(catalogue, operation, null, { masked, fixed: new Set() })
  if (faults.length > 0) throw invalid(faults)
  if (!isGranted) throw notGranted(operation)
  if (numbered.wanted.length > 0) throw new Unanswered([], [], numbered.wanted)
  if (numbered.isOpen) throw new Error('a number hangs on itself: the catalogue was compiled without a check')
  return { draft, warnings, errors, runs, effected }
}

/** Whether the roles take the record as it will be; what is still to be answered does not stand against it. */
function mayComeInto(formulas: Formulas, draft: Draft, runs: readonly Run[], { create, transitions }: Provisos): boolean {
  const all = [...create, ...runs.map(({ transition }) => transitions.get(transition.id) ?? [])]
  return all.every((one) => one.length === 0 || one.map((each) => formulas.holds(each, draft)).some((holds) => holds !== false))
}

/** Of each list one holds of the record as it will be. */
const isShown = (formulas: Formulas, draft: Draft, all: readonly (readonly Expression[])[]): boolean =>
  all.map((one) => one.map((each) => formulas.holds(each, draft)).includes(true)).every(Boolean)

function notGranted({ entity, pointer }: CreateOperation | UpdateOperation): Problem {
  const detail = `Your role may not create ${entity.pluralTitle.toLowerCase()} like this one.`
  return new Problem('not-allowed', detail, { faults: [{ pointer, detail }] })
}

/** Edits of different fields merge; an edit of a field (or line) that someone changed meanwhile is refused. */
function refuseOverlap(situation: Situation, { entity, change, pointer }: UpdateOperation, stored: Stored, since: number): void {
  const headers = { ETag: `"${stored.version}.${stored.revision}"` }
  if (since > stored.version) throw new Problem('version-conflict', 'The record never had that version.', { headers })
  const theirs = situation.changedSince(stored.id, since)
  const within = (a: string, b: string) => a === b || a.startsWith(`${b}/`)
  const both = [...new Set(touched(change).filter((a) => theirs.some((b) => within(a, b) || within(b, a))))]
  if (both.length === 0) return
  const faults = both.map((path) => ({
    pointer: `${pointer}/${namesOf(situation.catalogue, entity, path.split('/'))}`,
    detail: 'Changed by someone else since you read it.',
  }))
  throw new Problem('version-conflict', '', { faults, headers })
}

/** A path of ids, as events have it, in the names of the body: `lines/{line}/quantity`. */
function namesOf(catalogue: Catalogue, entity: Entity, [id = '', line, ...below]: readonly string[]): string {
  const field = entity.fieldById.get(id)
  const name = field?.name ?? id
  if (line === undefined) return name
  const child = field?.lines && catalogue.entities.get(field.lines.entity)
  return [name, line, ...(below.length > 0 ? [child ? namesOf(catalogue, child, below) : below.join('/')] : [])].join('/')
}

/** What a change touches, in the terms of events' `changed`. */
function touched(change: Change): string[] {
  const below = [...change.lines].flatMap(([field, { mode, lines }]) =>
    mode === 'replace'
      ? [field]
      : lines.flatMap((line) => {
          if (line.change === null || line.isNew) return [`${field}/${line.id}`]
          return [...touched(line.change), ...(line.position === undefined ? [] : ['position'])].map(
            (path) => `${field}/${line.id}/${path}`,
          )
        }),
  )
  return [...change.set.keys(), ...below]
}
