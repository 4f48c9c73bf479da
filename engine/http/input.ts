import type { IncomingMessage } from 'node:http'
import { limits } from '../config.ts'
import { characterFault } from '../fields/text.ts'
import { isUuid } from '../fields/uuid.ts'
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

/** A line of text: blanks at its ends do not count, and there is nothing in it that nobody sees. `max`: characters. */
export const text =
  (max: number): MemberReader<string> =>
  (value, report) => {
    const fault = typeof value === 'string' ? characterFault(value) : null
    if (fault === null && typeof value === 'string' && value.trim() !== '' && value.length <= max) return value.trim()
    report(fault ?? `must be a text of 1 to ${max} characters`)
    return ''
  }

/** A text to the last character. */
export const exactText =
  (max: number): MemberReader<string> =>
  (value, report) => {
    if (typeof value === 'string' && value.length > 0 && value.length <= max) return value
    report(`must be a text of 1 to ${max} characters`)
    return ''
  }

/** An id of ours. */
export const uuidText: MemberReader<string> = (value, report) => {
  if (isUuid(value)) return value
  report('must be an id')
  return ''
}

/** An id out of an address. Throws 'not-found' for what can be none. */
export function idOf(given: unknown): string {
  if (isUuid(given)) return given
  throw new Problem('not-found')
}

export const emailText: MemberReader<string> = (value, report) => {
  const email = text(limits.emailCharacters)(value, report)
  if (email !== '' && !/^[^\s@]+@[^\s@]+$/.test(email)) report('must be an e-mail address')
  return email
}

/** A JSON object that somebody else reads. */
export const objectValue: MemberReader<Record<string, unknown>> = (value, report) => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  report('must be an object')
  return {}
}

export const flag: MemberReader<boolean> = (value, report) => {
  if (typeof value === 'boolean') return value
  report('must be true or false')
  return false
}

/** At most so many texts. */
export const listOf =
  (max: number): MemberReader<string[]> =>
  (value, report) => {
    if (Array.isArray(value) && value.length <= max && value.every((item) => typeof item === 'string')) return value
    report(`must be a list of at most ${max} texts`)
    return []
  }

export const optional =
  <T>(read: MemberReader<T>): MemberReader<T | null> =>
  (value, report) =>
    value === undefined || value === null ? null : read(value, report)

/** Faults of an inner object carry its pointer in front. */
export function readNested<T>(pointer: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw new Problem(error.code, '', { faults: error.faults.map((fault) => ({ ...fault, pointer: pointer + fault.pointer })) })
  }
}

/** The version that a caller has seen, as If-Match says it; null: it says none. */
export function seenVersion({ headers }: IncomingMessage): number | null {
  const version = /^(?:W\/)?"?(\d{1,9})"?$/.exec(headers['if-match'] ?? '')?.[1]
  return version === undefined ? null : Number(version)
}
