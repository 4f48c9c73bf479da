import type { Report } from '../problems.ts'
import { comparisons, plainIndex, plainSort } from './compare.ts'
import { define } from './define.ts'

const words: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['0', false],
])

function fromText(text: string, _settings: unknown, report: Report): boolean | undefined {
  const value = words.get(text.trim().toLowerCase())
  if (value === undefined) report('', 'must be true or false (or yes, no, 1, 0)')
  return value
}

/** Yes or no; without a value it is neither. */
export const boolean = define<object>({
  id: 'boolean',
  valueType: () => ({ kind: 'boolean' }),
  json: ['boolean'],
  keywords: ['default'],
  compile: () => ({}),
  columns: (name) => [{ name, type: 'boolean' }],
  schema: () => ({ type: 'boolean' }),
  parse(input, _settings, report) {
    if (typeof input === 'boolean') return input
    report('', 'must be true or false')
    return undefined
  },
  operators: comparisons(['eq', 'ne'], 'boolean', fromText),
  sort: plainSort('boolean'),
  index: plainIndex,
  group: 'value',
  keyBytes: () => 1,
  fromText,
})
