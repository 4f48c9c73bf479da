import type { Report } from '../problems.ts'
import { comparisons, plainIndex, plainSort } from './compare.ts'
import { define } from './define.ts'

function parseRank(input: unknown, _settings: unknown, report: Report): string | undefined {
  if (typeof input === 'string' && input.length <= 200 && /^[0-9A-Za-z]+$/.test(input)) return input
  report('', 'must be a place in the order: up to 200 letters and digits')
  return undefined
}

/** The place of a record in a manual order: a text between any two others can always be made, so moving one touches no other. */
export const rank = define<object>({
  id: 'rank',
  valueType: () => ({ kind: 'text' }),
  json: ['string'],
  settings: ['within'],
  compile: () => ({}),
  columns: (name) => [{ name, type: 'text', collation: 'C' }],
  schema: () => ({ type: 'string', pattern: '^[0-9A-Za-z]+$', maxLength: 200 }),
  parse: parseRank,
  operators: comparisons(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in'], 'text', parseRank),
  sort: plainSort('text'),
  index: plainIndex,
})
