import { define } from './define.ts'
import { exactColumn, exactOfCell, exactSettings } from './exact.ts'
import type { ExactSettings } from './exact.ts'

/** A share in per cent: 12.5 means 12.5 %. From 0 to 100 unless minimum and maximum say otherwise (a margin may be 250 or −10). */
export const percent = define<ExactSettings>({
  ...exactColumn,
  keyBytes: () => 24,
  id: 'percent',
  compile: (node, report, { indexed }) =>
    exactSettings(node, report, indexed, { precision: (scale) => scale + 5, scale: 2, minimum: '0', maximum: '100' }),
  measures: ['avg', 'min', 'max'],
  fromText: (text, settings, report) => exactOfCell(text.trim().replace(/ ?%$/, ''), settings, report),
})
