import type { Report } from '../problems.ts'
import { comparisons, plainIndex, plainSort } from './compare.ts'
import { readDecimal, round, write } from './decimals.ts'
import { define } from './define.ts'
import type { FieldType, PropertyNode } from './type.ts'
import { ExactNumber } from './type.ts'

export interface IntegerSettings {
  readonly minimum: number
  readonly maximum: number
}

/** What a JSON number says exactly in every client: ±(2^53 − 1). */
const limit = Number.MAX_SAFE_INTEGER

function parseInteger(input: unknown, { minimum, maximum }: IntegerSettings, report: Report): number | undefined {
  if (input instanceof ExactNumber) report('', readDecimal(input.source)?.scale ? 'must be a whole number' : outside(minimum, maximum))
  else if (typeof input !== 'number' || !Number.isInteger(input)) report('', 'must be a whole number')
  else if (input < minimum || input > maximum) report('', outside(minimum, maximum))
  else return input === 0 ? 0 : input
  return undefined
}

function outside(minimum: number, maximum: number): string {
  if ((minimum === -limit) === (maximum === limit)) return `must be from ${minimum} to ${maximum}`
  return maximum === limit ? `must be at least ${minimum}` : `must be at most ${maximum}`
}

const grouped = /^-?\d{1,3}(?:[ \u00a0\u202f'’,.]\d{3})+$/

/** A whole number in a query or a cell. */
function integerText(text: string, settings: IntegerSettings, report: Report): number | undefined {
  if (/^-?(?:0|[1-9]\d{0,15})$/.test(text)) return parseInteger(Number(text), settings, report)
  report('', 'must be a whole number')
  return undefined
}

const any: IntegerSettings = { minimum: -limit, maximum: limit }

export function integerBounds(node: PropertyNode, report: Report, { minimum: low, maximum: high }: IntegerSettings = any): IntegerSettings {
  const bound = (keyword: 'minimum' | 'maximum', fallback: number): number => {
    const value = node[keyword]
    if (value === undefined) return fallback
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= low && value <= high) return value
    report(`/${keyword}`, `must be a whole number from ${low} to ${high}`)
    return fallback
  }
  const minimum = bound('minimum', low)
  const maximum = bound('maximum', high)
  if (minimum > maximum) report('/minimum', `is more than maximum, ${maximum}`)
  return { minimum, maximum }
}

/** A whole number, or the text of an exact one. */
function roundToWhole(value: unknown): unknown {
  const exact = typeof value === 'string' ? readDecimal(value) : undefined
  return exact === undefined ? value : Number(write(round(exact, 0), 0))
}

export const integerColumn = {
  rounded: roundToWhole,
  valueType: () => ({ kind: 'number', whole: true }) as const,
  columns: (name: string) => [{ name, type: 'bigint' }],
  schema: ({ minimum, maximum }: IntegerSettings) => ({ type: 'integer', minimum, maximum }),
  parse: parseInteger,
  operators: comparisons(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in'], 'bigint', (text, _settings, report) =>
    integerText(text, any, report),
  ),
  sort: plainSort('bigint'),
  index: plainIndex,
  group: 'value',
  fromText(text: string, settings: IntegerSettings, report: Report) {
    const number = text.trim()
    if (!grouped.test(number)) return integerText(number, settings, report)
    report('', `must be written without separators of thousands: ${number.replace(/[^-\d]/g, '')}`)
    return undefined
  },
} as const

/** A whole number. */
export const integer: FieldType<IntegerSettings> = define<IntegerSettings>({
  ...integerColumn,
  id: 'integer',
  json: ['integer'],
  keywords: ['default', 'minimum', 'maximum'],
  compile: (node, report) => integerBounds(node, report),
  measures: ['sum', 'avg', 'min', 'max'],
  keyBytes: () => 8,
  /** Averages of whole numbers are exact decimals, hence text. */
  showMeasure: (sql, measure, aggregate) => (measure === 'avg' ? sql`round(${aggregate}, 6)::text` : aggregate),
})
