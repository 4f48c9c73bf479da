import { define } from './define.ts'
import { integerBounds, integerColumn } from './integer.ts'
import type { IntegerSettings } from './integer.ts'

/** Stars: a whole number from 1 to `maximum`, 5 unless the node says otherwise. */
export const rating = define<IntegerSettings>({
  ...integerColumn,
  id: 'rating',
  json: ['integer'],
  keywords: ['default', 'minimum', 'maximum'],
  compile(node, report) {
    const { maximum } = integerBounds({ maximum: 5, ...node }, report, { minimum: 1, maximum: 100 })
    return { minimum: 1, maximum }
  },
  measures: ['avg', 'min', 'max'],
  showMeasure: (sql, measure, aggregate) => (measure === 'avg' ? sql`round(${aggregate}, 6)::text` : aggregate),
})
