import { define } from './define.ts'
import { exactColumn, exactOfCell, exactSettings } from './exact.ts'
import type { ExactSettings } from './exact.ts'

/** An exact number: canonical text with `scale` fraction digits, numeric in PostgreSQL, never a float. */
export const decimal = define<ExactSettings>({
  ...exactColumn,
  keyBytes: () => 24,
  id: 'decimal',
  compile: (node, report, { indexed }) => exactSettings(node, report, indexed, { precision: () => 18, scale: 2 }),
  measures: ['sum', 'avg', 'min', 'max'],
  fromText: exactOfCell,
})
