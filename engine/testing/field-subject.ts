/** What tests of field types share. */
import { readFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { Fault } from '../problems.ts'
import { compileField } from '../fields/index.ts'
import type { FieldType, PropertyNode } from '../fields/type.ts'

/** bos.fold as the engine migration defines it. */
export async function foldSql(): Promise<string> {
  const text = await readFile(new URL('../schema/migrations/003_text.sql', import.meta.url), 'utf8')
  const start = text.indexOf('create function bos.fold')
  return `create schema bos; ${text.slice(start, text.indexOf('grant execute', start))}`
}

export interface Subject {
  readonly type: FieldType
  readonly settings: unknown
  readonly default: unknown
}

/** Compiles a node that has no fault. */
export function subject(node: PropertyNode, use: { indexed?: boolean; folded?: boolean } = {}): Subject {
  const faults: Fault[] = []
  const compiled = compileField(node, (pointer, detail) => faults.push({ pointer, detail }), use)
  if (faults.length > 0) throw new Error(JSON.stringify(faults))
  return compiled!
}

/** The faults of a node, as "pointer detail". */
export function faultsOf(node: PropertyNode): string[] {
  const faults: string[] = []
  compileField(node, (pointer, detail) => faults.push(`${pointer} ${detail}`))
  return faults
}

/** What `read` answers, or its faults as "pointer detail". */
export function outcome(read: (report: (pointer: string, detail: string) => void) => unknown): { value: unknown } | { faults: string[] } {
  const faults: string[] = []
  const value = read((pointer, detail) => faults.push(`${pointer} ${detail}`))
  if (faults.length === 0) return { value }
  return value === undefined ? { faults } : { faults: [...faults, 'and yet it was answered'] }
}

export const parsed = ({ type, settings }: Subject, input: unknown) => outcome((report) => type.parse(input, settings, report))

const ajv = formats.default(new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }))
const valid = ({ type, settings }: Subject, mode: 'read' | 'create', value: unknown): boolean =>
  ajv.validate(type.schema(settings, mode), value)

/**
 * Accepted inputs with their canonical values, and refused ones with their faults. The schemas agree with parse: every canonical value
 * passes, every refused one fails. `{ schema: false }` marks what JSON Schema cannot tell, or an input that it need not promise.
 */
export type Accepted = readonly [input: unknown, canonical: unknown, options?: { schema: false }]
export type Refused = readonly [input: unknown, faults: string | readonly string[], options?: { schema: false }]

/** What of the accepted rows is not so; empty: all is. */
export function wronglyRead(field: Subject, rows: readonly Accepted[]): unknown[] {
  const { type, settings } = field
  return rows
    .flatMap(([input, canonical, options]) => [
      unlike(`parse ${show(input)}`, parsed(field, input), { value: canonical }),
      unlike(`parse canonical ${show(canonical)}`, parsed(field, canonical), { value: canonical }),
      unlike(`read schema of ${show(canonical)}`, valid(field, 'read', canonical), true),
      unlike(`create schema of ${show(canonical)}`, valid(field, 'create', canonical), true),
      unlike(`create schema of ${show(input)}`, options ? true : valid(field, 'create', input), true),
      unlike(`cell of ${show(canonical)}`, cell(field, type.toText?.(canonical, settings) ?? String(canonical)), { value: canonical }),
    ])
    .filter((each) => each !== null)
}

/** What of the refused rows is not so; empty: all is. */
export function wronglyRefused(field: Subject, rows: readonly Refused[]): unknown[] {
  return rows
    .flatMap(([input, faults, options]) => [
      unlike(`parse ${show(input)}`, parsed(field, input), { faults: typeof faults === 'string' ? [` ${faults}`] : faults }),
      unlike(`create schema of ${show(input)}`, options ? false : valid(field, 'create', input), false),
    ])
    .filter((each) => each !== null)
}

const unlike = (what: string, found: unknown, expected: unknown): unknown =>
  isDeepStrictEqual(found, expected) ? null : { what, found, expected }

const show = (value: unknown): string => JSON.stringify(value)?.slice(0, 80) ?? String(value)

/** What a cell reads as, or its faults. */
export const cell = ({ type, settings }: Subject, text: string) =>
  outcome((report) => (type.fromText ?? type.parse)(text, settings, report))

/** The parameters of an operand, or its faults. */
export function operand({ type, settings }: Subject, name: keyof FieldType['operators'], text: string): readonly unknown[] | string[] {
  const faults: string[] = []
  const params = type.operators[name]!.parse(text, settings as never, (pointer, detail) => faults.push(`${pointer} ${detail}`))
  return faults.length > 0 ? faults : params
}
