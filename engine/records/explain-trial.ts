import type { Action } from '../catalogue/types.ts'
import type { Database } from '../database/types.ts'
import { Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import type { EventDraft } from './decide.ts'
import type { Produced } from './decide-touched.ts'
import { execute } from './execute.ts'
import { mayKnow } from './hidden-faults.ts'
import type { ExplainRequest } from './explain-request.ts'
import { isInEvery } from './explain-reader.ts'
import { toldValue } from './formulas.ts'
import type { Party } from './explain-reader.ts'
import type { Reach, Reason } from './explain-reach.ts'
import type { Actor } from './types.ts'
import { writeRequest } from './write-request.ts'
import type { Wanted } from './write-request.ts'
import { isNamed } from './grants.ts'

/** What came of trying. */
export interface Trial {
  readonly allowed: boolean
  readonly refused: readonly Reason[]
  /** Whether the record takes an update at all. */
  readonly update: boolean
  readonly would?: WouldBe
}
/** What a transition would do. */
export interface WouldBe {
  readonly allowed: boolean
  readonly faults: readonly Fault[]
  /** Of the record itself, by name. */
  readonly changes: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>
  readonly effects: readonly EffectTold[]
  /** Drafts that somebody may go on with. */
  readonly produced: readonly Produced[]
}
/** What would become of another record. Values stand under names; of records that not everybody sees there are none. */
export interface EffectTold {
  readonly entity: string
  readonly op: 'created' | 'updated' | 'deleted'
  /** Of a record that there is. */
  readonly id?: string
  readonly values: Readonly<Record<string, unknown>>
}

export interface Trying extends Pick<ExplainRequest, 'access' | 'here' | 'what' | 'field' | 'call'> {
  /** Null: the one record of a `single` entity. */
  readonly id: string | null
  /** Of the record. */
  readonly record: string
  readonly reach: Reach
  readonly parties: readonly Party[]
  /** Asked about somebody else than the caller. */
  readonly isOther: boolean
}

const writing = ['update', 'delete', 'restore'] as const

/** What is written is tried: the very write, all but its commit. Numbers that it takes go back with the rest. */
export async function tryAction(database: Database, trying: Trying, actor: Actor): Promise<Trial> {
  const { what, here, id, reach, field } = trying
  const attempt = (wanted: Wanted): Promise<Attempt> => tryWrite(database, trying, wanted, actor)
  const mayWrite = (action: Action): boolean => here.actions.has(action)
  const updates = async (): Promise<boolean> => mayWrite('update') && (await attempt({ op: 'update', id, data: {} })).problem === null
  if (what.kind === 'transition') {
    const { id: transition } = what.transition
    const update = field !== null && (await updates())
    if (!here.transitions.has(transition)) return { allowed: false, refused: [], update, would: wouldNot([]) }
    const { problem, ...done } = await attempt({ op: 'update', id: trying.record, data: {}, transition })
    const faults = problem ? faultsOf(problem, trying) : []
    const would = problem ? wouldNot(faults) : wouldDo(trying, done)
    return { allowed: problem === null, refused: faults.map(reasonOf), update, would }
  }
  const action = writing.find((each) => each === what.action)
  if (!action) {
    const isGone = reach.deleted && !reach.granted
    const refused = isGone ? [{ detail: 'The record is deleted.' }] : []
    return { allowed: here.actions.has(what.action) && reach.granted, refused, update: field !== null && (await updates()) }
  }
  if (!mayWrite(action)) return { allowed: false, refused: [], update: action !== 'update' && field !== null && (await updates()) }
  const { problem } = await attempt(action === 'update' ? { op: action, id, data: {} } : { op: action, id: trying.record })
  const update = action === 'update' ? problem === null : field !== null && (await updates())
  return { allowed: problem === null, refused: problem ? faultsOf(problem, trying).map(reasonOf) : [], update }
}

interface Attempt {
  readonly problem: Problem | null
  readonly events: readonly EventDraft[]
  readonly produced: readonly Produced[]
}

async function tryWrite(database: Database, { access, here, call }: Trying, wanted: Wanted, actor: Actor): Promise<Attempt> {
  const { via, requestId } = call
  try {
    const request = writeRequest({ access, here, mode: 'one', dryRun: true, via, requestId }, [wanted])
    const { results, events } = await execute(database, request, actor)
    const [result] = results
    if (result instanceof Problem) return { problem: result, events: [], produced: [] }
    return { problem: null, events, produced: result?.produced ?? [] }
  } catch (error) {
    if (error instanceof Problem && error.status < 500) return { problem: error, events: [], produced: [] }
    throw error
  }
}

const reasonOf = ({ pointer, detail }: Fault): Reason => ({ detail, ...(pointer !== '' && { pointer }) })
const wouldNot = (faults: readonly Fault[]): WouldBe => ({ allowed: false, faults, changes: {}, effects: [], produced: [] })

/** What speaks of something that not everybody concerned may know is told without saying of what. */
function faultsOf(problem: Problem, trying: Trying): readonly Fault[] {
  if (problem.faults.length === 0) return [{ pointer: '', detail: problem.message }]
  const told = problem.faults.flatMap(({ pointer, detail, about }): Fault[] => {
    const isKnown = !about || trying.parties.every(({ access }) => mayKnow(access, about))
    const says = isKnown ? detail : about.message
    return says !== undefined && isTold(trying, pointer) ? [{ pointer, detail: says }] : []
  })
  return told.length === problem.faults.length
    ? told
    : [...told, { pointer: '', detail: 'Something else stands against it that you may not see.' }]
}

function isTold({ here, parties }: Trying, pointer: string): boolean {
  const [, name] = pointer.split('/')
  const field = here.entity.fields.find((each) => each.name === name)
  return !field || knows(parties, here.entity.id, field.id)
}

/** Every party may read the field in the record that is explained. */
export const knows = (parties: readonly Party[], entity: string, field: string): boolean =>
  parties.every(
    ({ access, masked }) => access.entities.get(entity)?.visible.some((each) => each.id === field) === true && !isNamed(masked, field),
  )
/** Every party may read the field in every record of the entity. */
const knowsAll = (parties: readonly Party[], entity: string, field: string): boolean =>
  parties.every(({ access }) => {
    const here = access.entities.get(entity)
    return here !== undefined && here.visible.some((each) => each.id === field) && isInEvery(here, field)
  })

function wouldDo(trying: Trying, { events, produced }: Omit<Attempt, 'problem'>): WouldBe {
  const { access, here, record, parties } = trying
  const { entity } = here
  const own = events.find((event) => event.record === record)
  const nameOf = (id: string, field: string): string => access.catalogue.entities.get(id)!.fieldById.get(field)?.name ?? field
  const told = (id: string, field: string, value: unknown): unknown => {
    const found = access.catalogue.entities.get(id)!.fieldById.get(field)
    const accesses = parties.map((each) => each.access)
    return found ? toldValue(accesses, found, value) : value
  }
  const changes = Object.entries(own?.body.set ?? {}).flatMap(([field, change]) => {
    const [from, to] = [told(entity.id, field, change.from), told(entity.id, field, change.to)]
    return knows(parties, entity.id, field) && from !== undefined && to !== undefined
      ? [[nameOf(entity.id, field), { from, to }] as const]
      : []
  })
  const others = events.filter((event) => event.record !== record && parties.every((each) => each.access.entities.has(event.entity.id)))
  return {
    allowed: true,
    faults: [],
    changes: Object.fromEntries(changes),
    effects: others.map(({ entity: { id }, record: target, type, body }): EffectTold => {
      const op = type === 'created' || type === 'deleted' ? type : 'updated'
      const values = Object.entries(body.set).flatMap(([field, { to }]) => {
        const value = told(id, field, to)
        return knowsAll(parties, id, field) && value !== undefined ? [[nameOf(id, field), value] as const] : []
      })
      const isSeen = knowsAll(parties, id, 'id') || values.length > 0
      return {
        entity: id,
        op,
        ...(op !== 'created' && isSeen && { id: target }),
        values: op === 'deleted' ? {} : Object.fromEntries(values),
      }
    }),
    // A draft has what its reader may know of the record; what somebody else would get holds what the caller may not.
    produced: produced.flatMap(({ entity: id, data }) =>
      parties.every((each) => each.access.entities.has(id)) ? [{ entity: id, data: trying.isOther ? {} : data }] : [],
    ),
  }
}
