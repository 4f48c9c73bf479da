import type { RawBuilder, Sql } from 'kysely'
import type { Report } from '../problems.ts'
import { isNull, operands, quoted, sign } from './compare.ts'
import type { Comparison, SortKey } from './compare.ts'
import { ceilUnits, compare, compareText, floorUnits, numberFault, readDecimal, round, wholeDigits, write } from './decimals.ts'
import type { Decimal } from './decimals.ts'
import { wholeNumber } from './define.ts'
import type { Definition } from './define.ts'
import { ExactNumber } from './type.ts'
import type { Column, ColumnRef, JsonSchema, Operator, OperatorName, PropertyNode, SchemaMode } from './type.ts'

/** A number with a fixed count of fraction digits: what decimal, percent and the amount of money share. */
export interface ExactSettings {
  /** Digits in all. */
  readonly precision: number
  /** Digits after the point. */
  readonly scale: number
  /** Canonical text, or null. */
  readonly minimum: string | null
  readonly maximum: string | null
  readonly indexed: boolean
}

/** A bigint holds every number of so many digits. Comparing numeric is not leakproof, so an index on it is useless under row policies. */
const shadowDigits = 18
/** `having` and other callers outside a table pass no settings: then there is no shadow either. */
const shadowed = ({ indexed, precision }: ExactSettings): boolean => indexed && precision <= shadowDigits

/** JSON number, ExactNumber or decimal text → canonical text. Never rounds: digits that cannot be kept are a fault. */
export function parseExact(input: unknown, settings: ExactSettings, report: Report): string | undefined {
  const value = readExact(input)
  const fault = value === undefined ? 'must be a number such as 12.5' : exactFault(value, settings)
  if (value !== undefined && fault === null) return write(value, settings.scale)
  report('', fault ?? '')
  return undefined
}

/** A cell: a number is never guessed from another way of writing it, but the fault says how it is written here. */
export function exactOfCell(text: string, settings: ExactSettings, report: Report): string | undefined {
  const fault = numberFault(text.trim())
  if (fault === null) return parseExact(text.trim(), settings, report)
  report('', fault)
  return undefined
}

function readExact(input: unknown): Decimal | undefined {
  if (typeof input === 'string') return readDecimal(input)
  if (typeof input === 'number') return readDecimal(String(input))
  return input instanceof ExactNumber ? readDecimal(input.source) : undefined
}

function exactFault(value: Decimal, { precision, scale, minimum, maximum }: ExactSettings): string | null {
  if (value.scale > scale) {
    const places = value.scale === 1 ? '1 decimal place' : `${value.scale} decimal places`
    return `has ${places}; ${scale === 0 ? 'none are' : scale === 1 ? '1 is' : `${scale} are`} kept`
  }
  const whole = wholeDigits(value)
  if (whole > precision - scale) return `has ${whole} digits before the point; at most ${precision - scale} fit`
  if (minimum !== null && compare(value, readDecimal(minimum)!) < 0) return `must be at least ${minimum}`
  return maximum !== null && compare(value, readDecimal(maximum)!) > 0 ? `must be at most ${maximum}` : null
}

export function exactSettings(
  node: PropertyNode,
  report: Report,
  indexed: boolean,
  fallback: { readonly precision: (scale: number) => number; readonly scale: number; readonly minimum?: string; readonly maximum?: string },
): ExactSettings {
  const scale = wholeNumber(node, 'x-bos/scale', report, { max: 20, fallback: fallback.scale })
  const precision = wholeNumber(node, 'x-bos/precision', report, { min: 1, max: 38, fallback: fallback.precision(scale) })
  if (scale > precision) report('/x-bos/scale', `is more than the precision, ${precision}`)
  const bare = { precision, scale: Math.min(scale, precision), minimum: null, maximum: null, indexed }
  const bound = (keyword: 'minimum' | 'maximum'): string | null => {
    const literal = node[keyword] ?? fallback[keyword]
    return literal === undefined ? null : (parseExact(literal, bare, (_, detail) => report(`/${keyword}`, detail)) ?? null)
  }
  const minimum = bound('minimum')
  const maximum = bound('maximum')
  if (minimum !== null && maximum !== null && compareText(minimum, maximum) > 0) report('/minimum', `is more than maximum, ${maximum}`)
  return { ...bare, minimum, maximum }
}

export function exactColumns(name: string, settings: ExactSettings): readonly Column[] {
  const column = { name, type: `numeric(${settings.precision},${settings.scale})` }
  if (!shadowed(settings)) return [column]
  const units = settings.scale === 0 ? quoted(name) : `${quoted(name)} * 1${'0'.repeat(settings.scale)}`
  return [column, { name: `${name}__n`, type: 'bigint', generated: `(${units})::bigint` }]
}

export function exactSchema({ precision, scale, minimum, maximum }: ExactSettings, mode: SchemaMode): JsonSchema {
  const whole = precision - scale
  const digits = whole === 0 ? '0' : whole === 1 ? '\\d' : `(?:0|[1-9]\\d{0,${whole - 1}})`
  const fraction = scale === 0 ? '' : `\\.\\d{${scale}}`
  if (mode === 'read') return { type: 'string', pattern: `^-?${digits}${fraction}$` }
  const loose = scale === 0 ? '' : `(?:\\.\\d{1,${scale}})?`
  // Bounds bind numbers only: JSON Schema cannot compare the digits of a text.
  const bounds = { ...(minimum !== null && { minimum: Number(minimum) }), ...(maximum !== null && { maximum: Number(maximum) }) }
  return { type: ['string', 'number'], pattern: `^-?${digits}${loose}$`, ...bounds }
}

/** The canonical text: numeric(p,s) prints exactly s fraction digits. */
const exactRender = (sql: Sql, at: ColumnRef): RawBuilder<unknown> => sql`${at()}::text`
export const exactMeasured = (_sql: Sql, at: ColumnRef): RawBuilder<unknown> => at()

export const exactSort = (_sql: Sql, at: ColumnRef, settings: ExactSettings): readonly SortKey[] =>
  shadowed(settings) ? [{ key: at('__n'), keyType: 'bigint' }] : [{ key: at(), keyType: 'numeric' }]

export const exactIndex = (name: string, settings: ExactSettings): readonly string[] => [quoted(shadowed(settings) ? `${name}__n` : name)]

/** Any number may be compared with, also one with more digits than the field keeps. */
function operand(text: string, report: Report): Decimal | undefined {
  const value = readDecimal(text)
  if (value === undefined) report('', 'must be a number such as 12.5')
  return value
}

/** No shadow can be this, and every shadow is more: a number that no record has. */
const none = -(2n ** 63n)
const clamp = (units: bigint): bigint => (units >= 2n ** 63n ? 2n ** 63n - 1n : units < none ? none : units)

/** The operand in units of the shadow. Between two of them, `>= x` begins at the next, `> x` after the one before; no row equals it. */
function unitsOf(value: Decimal, scale: number, name: Comparison): bigint {
  if (name === 'eq' || name === 'ne') return value.scale > scale ? none : clamp(value.units * 10n ** BigInt(scale - value.scale))
  return clamp(name === 'gte' || name === 'lt' ? ceilUnits(value, scale) : floorUnits(value, scale))
}

const parameter = (value: Decimal | undefined, settings: ExactSettings, name: Comparison): string | null =>
  value === undefined ? null : shadowed(settings) ? String(unitsOf(value, settings.scale, name)) : write(value, value.scale)

export function exactComparison(name: Comparison): Operator {
  return {
    parse: (text, settings: ExactSettings, report) => [parameter(operand(text, report), settings, name)],
    where: (sql, at, [param], settings: ExactSettings) =>
      shadowed(settings) ? sql`${at('__n')} ${sign(sql, name)} ${param}::bigint` : sql`${at()} ${sign(sql, name)} ${param}::numeric`,
  }
}

const exactOperators: { readonly [name in OperatorName]?: Operator } = {
  ...Object.fromEntries((['eq', 'ne', 'gt', 'gte', 'lt', 'lte'] as const).map((name) => [name, exactComparison(name)])),
  in: {
    parse: (text, settings: ExactSettings, report) => [
      operands(text, report).map((each) => parameter(operand(each, report), settings, 'eq')),
    ],
    where: (sql, at, [param], settings: ExactSettings) =>
      shadowed(settings) ? sql`${at('__n')} = any(${param}::bigint[])` : sql`${at()} = any(${param}::numeric[])`,
  },
  null: isNull,
}

/** Decimal text with no more fraction digits than the scale. */
export function roundExact(value: unknown, { scale }: ExactSettings): unknown {
  const exact = readExact(value)
  return exact === undefined ? value : write(round(exact, scale), scale)
}

/** What the types stored as one exact number share. */
export const exactColumn = {
  valueType: () => ({ kind: 'number', whole: false }),
  json: ['string', 'number'],
  keywords: ['default', 'minimum', 'maximum'],
  settings: ['scale', 'precision'],
  columns: exactColumns,
  schema: exactSchema,
  parse: parseExact,
  render: exactRender,
  operators: exactOperators,
  sort: exactSort,
  index: exactIndex,
  group: 'value',
  measured: exactMeasured,
  rounded: roundExact,
} as const satisfies Partial<Definition<ExactSettings>>
