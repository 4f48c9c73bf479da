import { Problem, pointerSegment, type Fault } from '../problems.ts'

/** Reads one member of a small fixed body; undefined: not given. */
export type MemberReader<T> = (value: unknown, report: (detail: string) => void) => T

/** A JSON object with exactly these members, for the few routes that are not records. Throws 'request-invalid' with every fault. */
export function readMembers<T extends Record<string, unknown>>(
  body: unknown,
  readers: { readonly [name in keyof T]: MemberReader<T[name]> },
): T {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Problem('request-invalid', '', { faults: [{ pointer: '', detail: 'must be an object' }] })
  const faults: Fault[] = []
  const result: Record<string, unknown> = {}
  for (const [name, read] of Object.entries(readers) as [string, MemberReader<unknown>][]) {
    const value = Object.hasOwn(body, name) ? (body as Record<string, unknown>)[name] : undefined
    result[name] = read(value, (detail) => faults.push({ pointer: `/${pointerSegment(name)}`, detail }))
  }
  for (const name of Object.keys(body))
    if (!Object.hasOwn(readers, name)) faults.push({ pointer: `/${pointerSegment(name)}`, detail: 'is not known here' })
  if (faults.length > 0) throw new Problem('request-invalid', '', { faults })
  return result as T
}
