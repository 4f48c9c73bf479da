import type { Report } from '../problems.ts'
import { comparisons, plainIndex } from './compare.ts'
import { define } from './define.ts'

function parseColor(input: unknown, _settings: unknown, report: Report): string | undefined {
  if (typeof input === 'string' && /^#[0-9A-Fa-f]{6}$/.test(input)) return input.toLowerCase()
  report('', 'must be a colour such as #3552c9')
  return undefined
}

/** A colour as #rrggbb, in lower case. */
export const color = define<object>({
  id: 'color',
  valueType: () => ({ kind: 'text' }),
  json: ['string'],
  keywords: ['default'],
  compile: () => ({}),
  columns: (name) => [{ name, type: 'text', collation: 'C' }],
  schema: (_settings, mode) => ({ type: 'string', pattern: mode === 'read' ? '^#[0-9a-f]{6}$' : '^#[0-9A-Fa-f]{6}$' }),
  parse: parseColor,
  operators: comparisons(['eq', 'ne', 'in'], 'text', parseColor),
  index: plainIndex,
  group: 'value',
  fromText: (text, settings, report) => parseColor(text.trim(), settings, report),
})
