import { define } from './define.ts'
import { exactColumns, exactIndex, exactMeasured, exactOperators, exactRender, exactSchema, exactSettings, exactSort, parseExact } from './exact.ts'
import type { ExactSettings } from './exact.ts'

/** An exact number: canonical text with `scale` fraction digits, numeric in PostgreSQL, never a float. */
export const decimal = define<ExactSettings>({
  id: 'decimal',
  json: ['string', 'number'],
  keywords: ['default', 'minimum', 'maximum'],
  settings: ['scale', 'precision'],
  compile: (node, report, { indexed }) => exactSettings(node, report, indexed, { precision: () => 18, scale: 2 }),
  columns: exactColumns,
  schema: exactSchema,
  parse: parseExact,
  render: exactRender,
  operators: exactOperators,
  sort: exactSort,
  index: exactIndex,
  group: 'value',
  measures: ['sum', 'avg', 'min', 'max'],
  measured: exactMeasured,
  fromText: (text, settings, report) => parseExact(text.trim(), settings, report),
})
