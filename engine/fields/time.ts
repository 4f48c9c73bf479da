import type { Report } from '../problems.ts'
import { comparisons, plainIndex, plainSort } from './compare.ts'
import { define } from './define.ts'

const shape = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/

/** HH:MM[:SS] → HH:MM:SS. */
function parseTime(input: unknown, _settings: unknown, report: Report): string | undefined {
  const match = typeof input === 'string' ? shape.exec(input) : null
  if (match !== null) return `${match[1]}:${match[2]}:${match[3] ?? '00'}`
  report('', 'must be a time of the day such as 14:05 or 14:05:30')
  return undefined
}

/** A time of the day, to the second, without a zone. */
export const time = define<object>({
  id: 'time',
  valueType: () => ({ kind: 'time' }),
  json: ['string'],
  format: 'time',
  keywords: ['default'],
  compile: () => ({}),
  columns: (name) => [{ name, type: 'time(0)' }],
  /** Not JSON Schema's `time`, which demands a zone. */
  schema: (_settings, mode) => ({
    type: 'string',
    pattern: `^(?:[01]\\d|2[0-3]):[0-5]\\d${mode === 'read' ? ':[0-5]\\d' : '(?::[0-5]\\d)?'}$`,
  }),
  parse: parseTime,
  operators: comparisons(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in'], 'time', parseTime),
  sort: plainSort('time'),
  index: plainIndex,
  group: 'value',
  keyBytes: () => 8,
  measures: ['min', 'max'],
  fromText: (text, settings, report) => parseTime(text.trim(), settings, report),
})
