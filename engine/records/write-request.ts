import { createHash } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { limits } from '../config.ts'
import { nearest } from '../fields/nearest.ts'
import { ExactNumber } from '../fields/type.ts'
import { Problem } from '../problems.ts'
import type { Fault, Report } from '../problems.ts'
import { isObject, isUuid, readChange } from './body.ts'
import type { Operation } from './change.ts'
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
  /** Null: not asked for. */
  readonly idempotency: { readonly key: string; readonly route: string; readonly bodyHash: Buffer } | null
  readonly via: Via
  readonly requestId: string
  /** Everything is done but the commit: what would happen, from the database itself. */
  readonly dryRun: boolean
}

/** `"12.40"` → 12; `*` and no header → null. */
export function parseIfMatch(text: string | null): number | null {
  if (text === null || text.trim() === '*') return null
  const match = /^(?:W\/)?"?(\d{1,9})(?:\.\d{1,9})?"?$/.exec(text.trim())
  if (!match) throw new Problem('request-malformed', 'If-Match takes the ETag of the record as you read it.')
  return Number(match[1])
}

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

const replaceable = (call: Call): ReadonlySet<string> => new Set((single(call.query, 'replace') ?? '').split(',').filter((each) => each !== ''))

export function parseCreate(access: Access, here: EntityAccess, call: Call): WriteRequest {
  const change = reading((report) => readChange(access, here, call.body, 'create', new Set(), '', report))
  return request(access, here, call, 'one', [{ op: 'create', entity: here.entity, id: uuidv7(), pointer: '', change }])
}

export function parseUpdate(access: Access, here: EntityAccess, call: Call, id: string): WriteRequest {
  const ifMatch = parseIfMatch(call.ifMatch)
  const change = reading((report) => readChange(access, here, call.body, 'patch', replaceable(call), '', report))
  return request(access, here, call, 'one', [{ op: 'update', entity: here.entity, id, ifMatch, pointer: '', change }])
}

export function parseRemove(access: Access, here: EntityAccess, call: Call, id: string, op: 'delete' | 'restore'): WriteRequest {
  return request(access, here, call, 'one', [{ op, entity: here.entity, id, ifMatch: parseIfMatch(call.ifMatch), pointer: '', deletionId: uuidv7() }])
}

function request(access: Access, here: EntityAccess, call: Call, mode: WriteRequest['mode'], operations: readonly Operation[], refused: WriteRequest['refused'] = new Map()): WriteRequest {
  return { access, here, mode, operations, refused, idempotency: parseIdempotency(call), via: call.via, requestId: call.requestId, dryRun: false }
}

function parseIdempotency(call: Call): WriteRequest['idempotency'] {
  if (call.idempotencyKey === null) return null
  if (!/^[\x21-\x7e]{1,200}$/.test(call.idempotencyKey)) throw new Problem('request-malformed', 'An Idempotency-Key has 1 to 200 visible ASCII characters.')
  const query = [...call.query].map(([name, values]) => [name, ...values])
  const bodyHash = createHash('sha256').update(JSON.stringify([call.body ?? null, call.ifMatch, query], (_, value: unknown) => (value instanceof ExactNumber ? value.source : value))).digest()
  return { key: call.idempotencyKey, route: `${call.method} /${[call.module, call.plural, ...call.rest].join('/')}`, bodyHash }
}

/** `{"mode":"all","operations":[{"op":"create","data":{}}, …]}`. */
export function parseBulk(access: Access, here: EntityAccess, call: Call): WriteRequest {
  const body = call.body
  if (!isObject(body)) throw invalid([{ pointer: '', detail: 'A JSON object with "operations" is expected.' }])
  const { mode = 'all', operations, ...rest } = body
  const faults: Fault[] = Object.keys(rest).map((name) => ({ pointer: `/${name}`, detail: `There is no "${name}" here; bulk takes "mode" and "operations".` }))
  if (mode !== 'all' && mode !== 'each') faults.push({ pointer: '/mode', detail: 'Mode is "all" or "each".' })
  if (!Array.isArray(operations) || operations.length === 0) faults.push({ pointer: '/operations', detail: 'A list of operations is expected.' })
  else if (operations.length > limits.bulkOperations) faults.push({ pointer: '/operations', detail: `At most ${limits.bulkOperations} operations are allowed.` })
  if (faults.length > 0) throw invalid(faults)
  const read: Operation[] = []
  const refused = new Map<number, Problem>()
  ;(operations as unknown[]).forEach((each, i) => {
    const own: Fault[] = []
    const operation = readOperation(access, here, each, `/operations/${i}`, replaceable(call), (pointer, detail) => own.push({ pointer, detail }))
    if (own.length > 0 || !operation) {
      refused.set(i, invalid(own))
      faults.push(...own)
    } else read.push(operation)
  })
  if (mode === 'all' && faults.length > 0) throw invalid(faults)
  return request(access, here, call, mode as 'all' | 'each', read, refused)
}

function readOperation(access: Access, here: EntityAccess, value: unknown, pointer: string, replace: ReadonlySet<string>, report: Report): Operation | null {
  if (!isObject(value)) return fault(report, pointer, 'An operation is a JSON object with "op".')
  const { entity } = here
  const { op, id, data, key, ifMatch, ...rest } = value
  for (const name of Object.keys(rest)) report(`${pointer}/${name}`, `An operation has no "${name}".`)
  if (ifMatch !== undefined && typeof ifMatch !== 'string') return fault(report, `${pointer}/ifMatch`, 'An ETag is expected.')
  const at = `${pointer}/data`
  const version = (): number | null => parseIfMatch(typeof ifMatch === 'string' ? ifMatch : null)
  if (op === 'create') return { op, entity, id: uuidv7(), pointer: at, change: readChange(access, here, data, 'create', new Set(), at, report) }
  if (op === 'upsert') {
    const unique = entity.unique.find((each) => each.id === key && each.noOverlap === null && each.fields.every((part) => here.visible.some((field) => field.id === part)))
    if (!unique) return fault(report, `${pointer}/key`, unknownKey(here, key))
    return { op, entity, id: uuidv7(), key: unique, pointer: at, change: readChange(access, here, data, 'create', new Set(), at, report) }
  }
  if (op !== 'update' && op !== 'delete' && op !== 'restore') return fault(report, `${pointer}/op`, 'Op is create, update, delete, restore or upsert.')
  if (!isUuid(id)) return fault(report, `${pointer}/id`, 'The id of a record is expected.')
  if (op === 'update') return { op, entity, id, ifMatch: version(), pointer: at, change: readChange(access, here, data, 'patch', replace, at, report) }
  return { op, entity, id, ifMatch: version(), pointer, deletionId: uuidv7() }
}

const fault = (report: Report, pointer: string, detail: string): null => {
  report(pointer, detail)
  return null
}

function unknownKey(here: EntityAccess, key: unknown): string {
  const known = here.entity.unique.map((each) => each.id)
  const suggestion = typeof key === 'string' ? nearest(key, known) : null
  return `"key" names a unique key: ${known.join(', ') || `${here.entity.pluralTitle} have none`}.${suggestion ? ` Did you mean "${suggestion}"?` : ''}`
}
