import { Problem } from '../problems.ts'

/** One operation of a PATCH (RFC 7644 §3.5.2), as read: what it does to which attribute. */
export interface PatchOperation {
  readonly op: 'add' | 'replace' | 'remove'
  /** In lower case, dotted, without the condition in brackets and the schema in front; never empty. */
  readonly path: string
  /** What stands in brackets, e.g. `value eq "…"`; null: nothing does. */
  readonly condition: string | null
  readonly value: unknown
}

/**
 * Reads `Operations`. What has no path is taken apart, an operation for each attribute; names of operations come in any case, for directories write
 * them so. Throws 'request-invalid'.
 */
export function readOperations(body: unknown, most: number): readonly PatchOperation[] {
  const operations = isObject(body) ? Object.entries(body).find(([name]) => name.toLowerCase() === 'operations')?.[1] : undefined
  if (!Array.isArray(operations) || operations.length === 0 || operations.length > most)
    throw invalid('/Operations', `must be a list of 1 to ${most} operations`)
  return operations.flatMap((each: unknown, i): readonly PatchOperation[] => {
    const pointer = `/Operations/${i}`
    if (!isObject(each)) throw invalid(pointer, 'must be an object')
    const op = String(each['op']).toLowerCase()
    if (op !== 'add' && op !== 'replace' && op !== 'remove') throw invalid(`${pointer}/op`, 'must be add, replace or remove')
    const { path, value } = each
    if (path === undefined || path === null || path === '') {
      if (op === 'remove') throw invalid(`${pointer}/path`, 'must say what is removed')
      if (!isObject(value)) throw invalid(`${pointer}/value`, 'must be an object where there is no path')
      return Object.entries(flattened(value)).map(([name, one]) => ({ op, ...readPath(name, pointer), value: one }))
    }
    if (typeof path !== 'string') throw invalid(`${pointer}/path`, 'must be a text')
    return [{ op, ...readPath(path, pointer), value }]
  })
}

/** `emails[type eq "work"].value`, `urn:…:User:userName`, `name.givenName`. */
function readPath(path: string, pointer: string): { path: string; condition: string | null } {
  const [, name = '', condition = null, rest = ''] =
    /^(?:urn:[\w.:-]+:)?([\w$-]+(?:\.[\w$-]+)?)(?:\[([^\]]*)\])?(\.[\w$-]+)?$/i.exec(path) ?? []
  if (name === '') throw invalid(`${pointer}/path`, 'is not a path')
  return { path: `${name}${rest}`.toLowerCase(), condition }
}

/** One level: `{name: {givenName}}` is `name.givenName`; an extension's attributes are its own. */
function flattened(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) =>
      isObject(one)
        ? Object.entries(one).map(([part, inner]) => [name.startsWith('urn:') ? `${name}:${part}` : `${name}.${part}`, inner])
        : [[name, one]],
    ),
  )
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const invalid = (pointer: string, detail: string): Problem =>
  new Problem('request-invalid', `${pointer} ${detail}.`, { faults: [{ pointer, detail }] })
