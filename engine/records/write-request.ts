import assert from 'node:assert/strict'
import { v7 as uuidv7 } from 'uuid'
import { findsOne } from '../catalogue/types.ts'
import type { Entity, UniqueKey } from '../catalogue/types.ts'
import { isObject } from '../fields/define.ts'
import { suggestion } from '../fields/nearest.ts'
import type { Fault, Problem, Report } from '../problems.ts'
import { readChange } from './body.ts'
import type { Mode, Reading } from './body.ts'
import { onlyOne } from './change.ts'
import type { Change, Operation } from './change.ts'
import { invalid } from './decide-refusals.ts'
import type { WriteRequest } from './request.ts'
import type { EntityAccess } from './types.ts'

/** One operation as a door wants it. `data` is a record's JSON value, not checked yet. */
export type Wanted =
  | { readonly op: 'create'; readonly data: unknown }
  /** `id` null: the one record of a `single` entity, which its first change creates. */
  | {
      readonly op: 'update'
      readonly id: string | null
      readonly ifMatch?: number | null
      readonly data: unknown
      readonly transition?: string
    }
  | { readonly op: 'delete' | 'restore' | 'retract'; readonly id: string; readonly ifMatch?: number | null }
  /** `key`: id of a unique key. */
  | { readonly op: 'upsert'; readonly key: string; readonly data: unknown }

/** How operations are to be written; what is left out stays as `WriteRequest` says of null and false. */
export type Writing = Pick<WriteRequest, 'access' | 'here' | 'mode' | 'via' | 'requestId'> &
  Partial<Pick<WriteRequest, 'idempotency' | 'dryRun' | 'isUnfinished' | 'readBack'>> & {
    /** Names of lists of lines that a given list replaces. */
    readonly replace?: ReadonlySet<string>
    /** Where every operation stands; absent: in a list. */
    readonly base?: string
  }

/**
 * Operations, read and checked for form. Pointers are into the data of the one record, or into {"operations": […]}. Throws Problem
 * 'request-invalid' with every fault; in mode `each` the operations that have some are `refused`, by themselves.
 */
export function writeRequest(writing: Writing, wanted: readonly (Wanted | Unread)[]): WriteRequest {
  const {
    replace = new Set<string>(),
    base,
    mode,
    idempotency = null,
    dryRun = false,
    isUnfinished = false,
    readBack = null,
    ...rest
  } = writing
  const operations: Operation[] = []
  const refused = new Map<number, Problem>()
  const faults: Fault[] = []
  const formulas = { characters: 0 }
  wanted.forEach((each, i) => {
    const own: Fault[] = 'faults' in each ? [...each.faults] : []
    const report: Report = (pointer, detail) => own.push({ pointer, detail })
    const asked = 'faults' in each ? each.wanted : each
    const reading = { access: writing.access, replaceLines: replace, formulas, report }
    const operation = asked && toOperation(writing, asked, mode === 'one' ? '' : (base ?? `/operations/${i}`), reading)
    if (own.length === 0 && operation) operations.push(operation)
    else {
      refused.set(i, invalid(own))
      faults.push(...own)
    }
  })
  if (mode !== 'each' && faults.length > 0) throw invalid(faults)
  const keys = idempotency?.keys.filter((_, i) => !refused.has(i)) ?? []
  return {
    kind: 'write',
    ...rest,
    mode,
    operations,
    choice: null,
    refused,
    idempotency: mode === 'each' && idempotency ? { ...idempotency, keys } : idempotency,
    dryRun,
    isUnfinished,
    readBack,
  }
}

/** What a door did not understand of an operation; null: nothing at all. */
export interface Unread {
  readonly wanted: Wanted | null
  readonly faults: readonly Fault[]
}

function toOperation(
  { here, mode }: Pick<Writing, 'here' | 'mode'>,
  wanted: Wanted,
  base: string,
  reading: Omit<Reading, 'mode'>,
): Operation | null {
  const { entity } = here
  const { report } = reading
  const pointer = mode === 'one' ? '' : `${base}/data`
  const read = (data: unknown, as: Mode): Change => readChange({ ...reading, mode: as }, here, data, pointer)
  switch (wanted.op) {
    case 'create':
      return { op: 'create', entity, id: uuidv7(), pointer, change: read(wanted.data, 'create') }
    case 'update': {
      const { id, ifMatch = null, transition = null } = wanted
      const change = moved(entity, read(wanted.data, 'patch'), transition)
      if (id !== null) return { op: 'update', entity, id, ifMatch, key: null, transition, pointer, change }
      assert(entity.kind === 'single', `a change of ${entity.id} names its record`)
      return { op: 'upsert', entity, id: uuidv7(), key: onlyOne, ifMatch, transition, pointer, change }
    }
    case 'upsert': {
      const key = upsertKeys(here).find((each) => each.id === wanted.key)
      if (!key) {
        report(`${base}/key`, unknownKey(here, wanted.key))
        return null
      }
      if (isObject(wanted.data)) reportMissingKey(here, key, wanted.data, pointer, report)
      return { op: 'upsert', entity, id: uuidv7(), key, ifMatch: null, transition: null, pointer, change: read(wanted.data, 'upsert') }
    }
    default:
      return { op: wanted.op, entity, id: wanted.id, ifMatch: wanted.ifMatch ?? null, pointer: base, deletionId: uuidv7() }
  }
}

/** A transition that is named brings its state. */
function moved(entity: Entity, change: Change, transition: string | null): Change {
  for (const { field, transitions } of entity.lifecycles) {
    const to = transitions.find((each) => each.id === transition)?.to
    if (to !== undefined) return { ...change, set: new Map([...change.set, [field, to]]) }
  }
  return change
}

/** An upsert must say what it goes by. */
function reportMissingKey(
  here: EntityAccess,
  { fields }: UniqueKey,
  data: Readonly<Record<string, unknown>>,
  at: string,
  report: Report,
): void {
  for (const field of here.visible) {
    if (fields.includes(field.id) && (data[field.name] ?? null) === null)
      report(`${at}/${field.name}`, `${field.title} is part of the key and is required.`)
  }
}

/** Unique keys of which the caller may know every field. */
export const upsertKeys = (here: EntityAccess): readonly UniqueKey[] =>
  here.entity.unique.filter((each) => findsOne(each) && each.fields.every((part) => here.visible.some((field) => field.id === part)))

function unknownKey(here: EntityAccess, key: string): string {
  const known = upsertKeys(here).map((each) => each.id)
  return `"key" names a unique key: ${known.join(', ') || `${here.entity.pluralTitle} have none`}.${suggestion(key, known)}`
}
