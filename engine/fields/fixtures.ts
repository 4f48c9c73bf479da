/** What tests of field types share. */
import { readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { expect } from 'vitest'
import type { Fault } from '../problems.ts'
import { compileField } from './index.ts'
import type { FieldType, PropertyNode } from './type.ts'

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
  expect(faults).toEqual([])
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
  expect(value, 'a refused value is not answered').toBeUndefined()
  return { faults }
}

export const parsed = ({ type, settings }: Subject, input: unknown) => outcome((report) => type.parse(input, settings, report))

const ajv = formats.default(new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }))
export const valid = ({ type, settings }: Subject, mode: 'read' | 'create', value: unknown): boolean => ajv.validate(type.schema(settings, mode), value)

/**
 * Accepted inputs with their canonical values, and refused ones with their faults. The schemas agree with parse: every canonical value
 * passes, every refused one fails. `{ schema: false }` marks what JSON Schema cannot tell, or an input that it need not promise.
 */
export type Accepted = readonly [input: unknown, canonical: unknown, options?: { schema: false }]
export type Refused = readonly [input: unknown, faults: string | readonly string[], options?: { schema: false }]

export function accepts(field: Subject, rows: readonly Accepted[]): void {
  for (const [input, canonical, options] of rows) {
    expect(parsed(field, input), `parse ${show(input)}`).toEqual({ value: canonical })
    expect(parsed(field, canonical), `parse canonical ${show(canonical)}`).toEqual({ value: canonical })
    expect(valid(field, 'read', canonical), `read schema of ${show(canonical)}`).toBe(true)
    expect(valid(field, 'create', canonical), `create schema of ${show(canonical)}`).toBe(true)
    if (!options) expect(valid(field, 'create', input), `create schema of ${show(input)}`).toBe(true)
    const { type, settings } = field
    const cell = type.toText?.(canonical, settings) ?? String(canonical)
    expect(outcome((report) => (type.fromText ?? type.parse)(cell, settings, report)), `cell ${show(cell)}`).toEqual({ value: canonical })
  }
}

export function refuses(field: Subject, rows: readonly Refused[]): void {
  for (const [input, faults, options] of rows) {
    const expected = typeof faults === 'string' ? [` ${faults}`] : faults
    expect(parsed(field, input), `parse ${show(input)}`).toEqual({ faults: expected })
    if (!options) expect(valid(field, 'create', input), `create schema of ${show(input)}`).toBe(false)
  }
}

const show = (value: unknown): string => JSON.stringify(value)?.slice(0, 80) ?? String(value)

/** What a cell reads as, or its faults. */
export const cell = ({ type, settings }: Subject, text: string) => outcome((report) => (type.fromText ?? type.parse)(text, settings, report))

/** The parameters of an operand, or its faults. */
export function operand({ type, settings }: Subject, name: keyof FieldType['operators'], text: string): readonly unknown[] | string[] {
  const faults: string[] = []
  const params = type.operators[name]!.parse(text, settings as never, (pointer, detail) => faults.push(`${pointer} ${detail}`))
  return faults.length > 0 ? faults : params
}
