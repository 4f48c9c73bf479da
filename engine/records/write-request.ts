import { createHash } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import type { UniqueKey } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { nearest } from '../fields/nearest.ts'
import { ExactNumber } from '../fields/type.ts'
import { pointerSegment, Problem } from '../problems.ts'
import type { Fault, Report } from '../problems.ts'
import { isObject, isUuid, readChange } from './body.ts'
import type { Operation, RemoveOperation } from './change.ts'
import type { Idempotency } from './idempotency.ts'
import { single } from './parameters.ts'
import type { Access, Call, EntityAccess, Via } from './types.ts'

/**
 * A write as asked for. `one`: a single record, answered with it. `all`: every operation or none. `each`: every operation by
 * itself, answered one by one.
 */
export interface WriteRequest {
  readonly access: Access
  readonly here: EntityAccess
  readonly mode: 'one' | 'all' | 'each'
  readonly operations: readonly Operation[]
  /** Operations that could not even be read, by index (mode `each`). */
  readonly refused: ReadonlyMap<number, Problem>
  /** Null: not asked for. One key for the whole request; in mode `each` one per operation. */
  readonly idempotency: Idempotency | null
  readonly via: Via
  readonly requestId: string
  /** Everything is done but the commit: what would happen, from the database itself. */
  readonly dryRun: boolean
}

/** `"12.40"` → 12; `*` and no header → null. */
export function parseIfMatch(text: string | null): number | null {
  if (text === null || text.trim() === '*') return null
  const match = /^(?:W\/)?"?(\d{1,9})(?:\.\d{1,9})?"?$/.exec(text.trim())
  if (!match) throw new Problem('request-malformed', ifMatchForm)
  return Number(match[1])
}
const ifMatchForm = 'If-Match takes the ETag of the record as you read it.'

export function invalid(faults: readonly Fault[]): Problem {
  return new Problem('request-invalid', faults.length === 1 ? faults[0]!.detail : `${faults.length} values cannot be accepted.`, { faults })
}

/** Reads with `read` and throws all its faults at once. */
function reading<T>(read: (report: Report) => T): T {
  const faults: Fault[] = []
  const value = read((pointer, detail) => faults.push({ pointer, detail }))
  if (faults.length > 0) throw invalid(faults)
  return value
}

const replaceable = (call: Call): ReadonlySet<string> =>
  new Set((single(call.query, 'replace') ?? '').split(',').filter((each) => each !== ''))

export function parseCreate(access: Access, here: EntityAccess, call: Call): WriteRequest {
  const change = reading((report) => readChange(access, here, call.body, 'create', new Set(), '', report))
  return request(access, here, call, 'one', [{ op: 'create', entity: here.entity, id: uuidv7(), pointer: '', change }])
}

export function parseUpdate(access: Access, here: EntityAccess, call: Call, id: string): WriteRequest {
  const ifMatch = parseIfMatch(call.ifMatch)
  const change = reading((report) => readChange(access, here, call.body, 'patch', replaceable(call), '', report))
  return request(access, here, call, 'one', [{ op: 'update', entity: here.entity, id, ifMatch, key: null, pointer: '', change }])
}

export function parseRemove(access: Access, here: EntityAccess, call: Call, id: string, op: RemoveOperation['op']): WriteRequest {
  return request(access, here, call, 'one', [
    { op, entity: here.entity, id, ifMatch: parseIfMatch(call.ifMatch), pointer: '', deletionId: uuidv7() },
  ])
}

function request(
  access: Access,
  here: EntityAccess,
  call: Call,
  mode: WriteRequest['mode'],
  operations: readonly Operation[],
): WriteRequest {
  return {
    access,
    here,
    mode,
    operations,
    refused: new Map(),
    idempotency: parseIdempotency(call),
    via: call.via,
    requestId: call.requestId,
    dryRun: false,
  }
}

function parseIdempotency(call: Call): Idempotency | null {
  const key = call.idempotencyKey
  if (key === null) return null
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) throw new Problem('request-malformed', 'An Idempotency-Key has 1 to 200 visible ASCII characters.')
  const query = [...call.query].map(([name, values]) => [name, ...values])
  const bodyHash = createHash('sha256')
    .update(
      JSON.stringify([call.body ?? null, call.ifMatch, query], (_, value: unknown) =>
        value instanceof ExactNumber ? value.source : value,
      ),
    )
    .digest()
  return { keys: [key], route: `${call.method} /${[call.module, call.plural, ...call.rest].join('/')}`, bodyHash }
}

/** `{"mode":"all","operations":[{"op":"create","data":{}}, …]}`. */
export function parseBulk(access: Access, here: EntityAccess, call: Call): WriteRequest {
  const body = call.body
  if (!isObject(body)) throw invalid([{ pointer: '', detail: 'A JSON object with "operations" is expected.' }])
  const { mode = 'all', operations, ...rest } = body
  const faults: Fault[] = Object.keys(rest).map((name) => ({
    pointer: `/${pointerSegment(name)}`,
    detail: `There is no "${name}" here; bulk takes "mode" and "operations".`,
  }))
  if (mode !== 'all' && mode !== 'each') faults.push({ pointer: '/mode', detail: 'Mode is "all" or "each".' })
  if (!Array.isArray(operations) || operations.length === 0)
    faults.push({ pointer: '/operations', detail: 'A list of operations is expected.' })
  else if (operations.length > limits.bulkOperations)
    faults.push({ pointer: '/operations', detail: `At most ${limits.bulkOperations} operations are allowed.` })
  if (faults.length > 0) throw invalid(faults)
  const read: Operation[] = []
  const refused = new Map<number, Problem>()
  ;(operations as unknown[]).forEach((each, i) => {
    const own: Fault[] = []
    const operation = readOperation(access, here, each, `/operations/${i}`, replaceable(call), (pointer, detail) =>
      own.push({ pointer, detail }),
    )
    if (own.length > 0 || !operation) {
      refused.set(i, invalid(own))
      faults.push(...own)
    } else read.push(operation)
  })
  if (mode === 'all' && faults.length > 0) throw invalid(faults)
  const asked = { ...request(access, here, call, mode as 'all' | 'each', read), refused }
  const key = asked.idempotency?.keys[0]
  if (mode === 'all' || key === undefined) return asked
  const keys = (operations as unknown[]).flatMap((_, i) => (refused.has(i) ? [] : [`${key}#${i}`]))
  return { ...asked, idempotency: { ...asked.idempotency!, keys } }
}

function readOperation(
  access: Access,
  here: EntityAccess,
  value: unknown,
  pointer: string,
  replace: ReadonlySet<string>,
  report: Report,
): Operation | null {
  if (!isObject(value)) return fault(report, pointer, 'An operation is a JSON object with "op".')
  const { entity } = here
  const { op, id, data, key, ifMatch, ...rest } = value
  for (const name of Object.keys(rest)) report(`${pointer}/${pointerSegment(name)}`, `An operation has no "${name}".`)
  const at = `${pointer}/data`
  if (op === 'create')
    return { op, entity, id: uuidv7(), pointer: at, change: readChange(access, here, data, 'create', new Set(), at, report) }
  if (op === 'upsert') {
    const unique = upsertKeys(here).find((each) => each.id === key)
    if (!unique) return fault(report, `${pointer}/key`, unknownKey(here, key))
    const change = readChange(access, here, data, 'upsert', new Set(), at, report)
    if (isObject(data)) reportMissingKey(here, unique.fields, data, at, report)
    return { op, entity, id: uuidv7(), key: unique, pointer: at, change }
  }
  if (op !== 'update' && op !== 'delete' && op !== 'restore')
    return fault(report, `${pointer}/op`, 'Op is create, update, delete, restore or upsert.')
  if (!isUuid(id)) return fault(report, `${pointer}/id`, 'The id of a record is expected.')
  const version = readIfMatch(ifMatch, `${pointer}/ifMatch`, report)
  if (op === 'update')
    return {
      op,
      entity,
      id,
      ifMatch: version,
      key: null,
      pointer: at,
      change: readChange(access, here, data, 'patch', replace, at, report),
    }
  if (data !== undefined) report(at, `A ${op} takes no data.`)
  return { op, entity, id, ifMatch: version, pointer, deletionId: uuidv7() }
}

function readIfMatch(value: unknown, at: string, report: Report): number | null {
  if (value === undefined || value === null) return null
  try {
    if (typeof value === 'string') return parseIfMatch(value)
  } catch {
    // The same fault as for anything else that is no ETag.
  }
  report(at, ifMatchForm)
  return null
}

/** An upsert must say what it goes by. */
function reportMissingKey(here: EntityAccess, fields: readonly string[], data: Record<string, unknown>, at: string, report: Report): void {
  for (const field of here.visible) {
    if (fields.includes(field.id) && (data[field.name] ?? null) === null)
      report(`${at}/${field.name}`, `${field.title} is part of the key and is required.`)
  }
}

const fault = (report: Report, pointer: string, detail: string): null => {
  report(pointer, detail)
  return null
}

/** Unique keys of which the caller may know every field. */
export const upsertKeys = (here: EntityAccess): readonly UniqueKey[] =>
  here.entity.unique.filter(
    (each) => each.noOverlap === null && each.fields.every((part) => here.visible.some((field) => field.id === part)),
  )

function unknownKey(here: EntityAccess, key: unknown): string {
  const known = upsertKeys(here).map((each) => each.id)
  const suggestion = typeof key === 'string' ? nearest(key, known) : null
  return `"key" names a unique key: ${known.join(', ') || `${here.entity.pluralTitle} have none`}.${suggestion ? ` Did you mean "${suggestion}"?` : ''}`
}
