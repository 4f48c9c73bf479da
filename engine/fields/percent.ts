import { define } from './define.ts'
import { exactColumns, exactIndex, exactMeasured, exactOperators, exactRender, exactSchema, exactSettings, exactSort, parseExact } from './exact.ts'
import type { ExactSettings } from './exact.ts'

/** A share in per cent: 12.5 means 12.5 %. From 0 to 100 unless minimum and maximum say otherwise (a margin may be 250 or −10). */
export const percent = define<ExactSettings>({
  id: 'percent',
  json: ['string', 'number'],
  keywords: ['default', 'minimum', 'maximum'],
  settings: ['scale', 'precision'],
  compile: (node, report, { indexed }) =>
    exactSettings(node, report, indexed, { precision: (scale) => scale + 5, scale: 2, minimum: '0', maximum: '100' }),
  columns: exactColumns,
  schema: exactSchema,
  parse: parseExact,
  render: exactRender,
  operators: exactOperators,
  sort: exactSort,
  index: exactIndex,
  group: 'value',
  measures: ['avg', 'min', 'max'],
  measured: exactMeasured,
  fromText: (text, settings, report) => parseExact(text.trim().replace(/ ?%$/, ''), settings, report),
})
