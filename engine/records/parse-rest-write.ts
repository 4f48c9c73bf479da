import { createHash } from 'node:crypto'
import { limits } from '../config.ts'
import { isObject } from '../fields/define.ts'
import { ExactNumber } from '../fields/type.ts'
import { isUuid } from '../fields/uuid.ts'
import { echo, pointerSegment, Problem } from '../problems.ts'
import type { Fault, Report } from '../problems.ts'
import { invalid } from './decide-refusals.ts'
import type { Idempotency } from './idempotency.ts'
import { parseChosen } from './choice.ts'
import { choice, onlyParameters, parseNames, single } from './parameters.ts'
import { granted } from './permit.ts'
import type { WriteRequest } from './request.ts'
import type { Access, Call, EntityAccess } from './types.ts'
import { writeRequest } from './write-request.ts'
import type { Unread, Wanted } from './write-request.ts'

/** `"12.40"` → 12; `*` and no header → null. */
export function parseIfMatch(text: string | null): number | null {
  if (text === null || text.trim() === '*') return null
  const match = /^(?:W\/)?"?(\d{1,9})(?:\.\d{1,9})?"?$/.exec(text.trim())
  if (!match) throw new Problem('request-malformed', ifMatchForm)
  return Number(match[1])
}
const ifMatchForm = 'If-Match takes the ETag of the record as you read it.'

/** One key for the request, which must be the same to the letter when it comes again. `body`: what stands for the body, if not itself. */
export function parseIdempotency(call: Call, body: unknown = call.body): Idempotency | null {
  const key = call.idempotencyKey
  if (key === null) return null
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) throw new Problem('request-malformed', 'An Idempotency-Key has 1 to 200 visible ASCII characters.')
  const query = [...call.query].map(([name, values]) => [name, ...values])
  const bodyHash = createHash('sha256')
    .update(
      JSON.stringify([body ?? null, call.ifMatch, query], (_, value: unknown) => (value instanceof ExactNumber ? value.source : value)),
    )
    .digest()
  return { keys: [key], route: `${call.method} /${[call.module, call.plural, ...call.rest].join('/')}`, bodyHash }
}

const asked = (access: Access, here: EntityAccess, call: Call) => ({
  access,
  here,
  via: call.via,
  requestId: call.requestId,
  replace: new Set(parseNames(single(call.query, 'replace'), 'replace')),
})

/** Whether a write is only tried. A parameter that nobody reads is refused: what was meant to be tried would be done. */
function parseTried<const T extends string>(
  { query }: Call,
  allowed: readonly T[],
): { readonly dryRun: boolean; readonly tried: T | undefined } {
  onlyParameters(query, ['dryRun', 'replace'])
  const tried = choice(query, 'dryRun', allowed)
  return { dryRun: tried !== undefined && tried !== 'false', tried }
}

/**
 * A write of one record; the address says which. `dryRun=true`: what would come of it; `unfinished`, of what is created or changed: as far
 * as that can be said before everything is there that is required.
 */
export function parseOne(access: Access, here: EntityAccess, call: Call, wanted: Wanted, readBack: WriteRequest['readBack']): WriteRequest {
  const takesData = wanted.op === 'create' || wanted.op === 'update'
  const { dryRun, tried } = parseTried(call, takesData ? ['false', 'true', 'unfinished'] : ['false', 'true'])
  const idempotency = dryRun ? null : parseIdempotency(call)
  return writeRequest({ ...asked(access, here, call), mode: 'one', dryRun, isUnfinished: tried === 'unfinished', idempotency, readBack }, [
    wanted,
  ])
}

/** `{"mode":"all","operations":[{"op":"create","data":{}}, …]}`. */
export function parseBulk(access: Access, here: EntityAccess, call: Call): WriteRequest {
  const { body } = call
  const { dryRun } = parseTried(call, ['false', 'true'])
  if (!isObject(body)) throw invalid([{ pointer: '', detail: 'A JSON object with "operations" is expected.' }])
  if (body['filter'] !== undefined || body['operation'] !== undefined) return parseForAll(access, here, call, body, dryRun)
  const { mode = 'all', operations, ...rest } = body
  const faults: Fault[] = Object.keys(rest).map((name) => ({
    pointer: `/${pointerSegment(name)}`,
    detail: `There is no ${echo(name)} here; bulk takes "mode" and "operations", or "filter" and "operation".`,
  }))
  if (mode !== 'all' && mode !== 'each') faults.push({ pointer: '/mode', detail: 'Mode is "all" or "each".' })
  if (!Array.isArray(operations) || operations.length === 0)
    faults.push({ pointer: '/operations', detail: 'A list of operations is expected.' })
  else if (operations.length > limits.bulkOperations)
    faults.push({ pointer: '/operations', detail: `At most ${limits.bulkOperations} operations are allowed.` })
  if (faults.length > 0) throw invalid(faults)
  const wanted = (operations as readonly unknown[]).map((each, i) => readWanted(each, `/operations/${i}`))
  const key = dryRun ? null : parseIdempotency(call)
  const idempotency = key && mode === 'each' ? { ...key, keys: wanted.map((_, i) => `${key.keys[0]!}#${i}`) } : key
  return writeRequest({ ...asked(access, here, call), mode: mode as 'all' | 'each', dryRun, idempotency }, wanted)
}

/** `{"filter":"self.stage == 'lost'","operation":{"op":"delete"}}`: one operation on every record that the caller lists with the filter. */
function parseForAll(
  access: Access,
  here: EntityAccess,
  call: Call,
  body: Readonly<Record<string, unknown>>,
  dryRun: boolean,
): WriteRequest {
  const { mode = 'all', filter, operation, ...rest } = body
  const faults: Fault[] = []
  const report: Report = (pointer, detail) => faults.push({ pointer, detail })
  for (const name of Object.keys(rest))
    report(`/${pointerSegment(name)}`, `There is no ${echo(name)} here; with a filter, bulk takes "mode" and "operation".`)
  if (mode !== 'all') report('/mode', 'With a filter, mode is "all".')
  if (typeof filter !== 'string' || filter.trim() === '') report('/filter', 'An expression is expected; true selects every record.')
  const given = isObject(operation) ? operation : {}
  const { op, data, ...more } = given
  for (const name of Object.keys(more)) report(`/operation/${pointerSegment(name)}`, `With a filter, an operation has no ${echo(name)}.`)
  if (op !== 'update' && op !== 'delete') report('/operation/op', 'With a filter, op is update or delete.')
  if (op === 'delete' && data !== undefined) report('/operation/data', 'A delete takes no data.')
  if (faults.length > 0) throw invalid(faults)
  const rows = parseChosen(access, granted(here, 'list'), filter as string)
  const idempotency = dryRun ? null : parseIdempotency(call)
  const writing = { ...asked(access, here, call), mode: 'all', base: '/operation', dryRun, idempotency } as const
  const wanted = (id: string): Wanted => (op === 'update' ? { op, id, data } : { op: 'delete', id })
  const operations = (ids: readonly string[]): WriteRequest['operations'] => writeRequest(writing, ids.map(wanted)).operations
  // What cannot be read of the data is told whether or not there are records.
  operations([nobody])
  return { ...writeRequest(writing, []), choice: { rows, operations } }
}
const nobody = '00000000-0000-0000-0000-000000000000'

function readWanted(value: unknown, pointer: string): Unread {
  const faults: Fault[] = []
  const report: Report = (at, detail) => faults.push({ pointer: at, detail })
  return { wanted: wantedOf(value, pointer, report), faults }
}

function wantedOf(value: unknown, pointer: string, report: Report): Wanted | null {
  const refuse = (at: string, detail: string): null => {
    report(at, detail)
    return null
  }
  if (!isObject(value)) return refuse(pointer, 'An operation is a JSON object with "op".')
  const { op, id, data, key, ifMatch, ...rest } = value
  for (const name of Object.keys(rest)) report(`${pointer}/${pointerSegment(name)}`, `An operation has no ${echo(name)}.`)
  if (op === 'create') return { op, data }
  if (op === 'upsert') return { op, key: typeof key === 'string' ? key : '', data }
  if (op !== 'update' && op !== 'delete' && op !== 'restore')
    return refuse(`${pointer}/op`, 'Op is create, update, delete, restore or upsert.')
  if (!isUuid(id)) return refuse(`${pointer}/id`, 'The id of a record is expected.')
  const version = readIfMatch(ifMatch, `${pointer}/ifMatch`, report)
  if (op === 'update') return { op, id, ifMatch: version, data }
  if (data !== undefined) report(`${pointer}/data`, `A ${op} takes no data.`)
  return { op, id, ifMatch: version }
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
