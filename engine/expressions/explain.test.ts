import { expect, test } from 'vitest'
import { compileExpression } from './check.ts'
import type { Environment, RecordView } from './evaluate.ts'
import { explain } from './explain.ts'
import type { Explanation } from './explain.ts'
import { namesOf } from '../testing/expressions/business.ts'
import { limits } from './limits.ts'
import type { Root } from './check.ts'

const names = namesOf({
  'core.member': { fields: { name: 'text' } },
  'crm.company': { fields: { region: 'text' } },
  'crm.deal': {
    fields: {
      'phase#stage': 'select new|won',
      margin: 'decimal',
      quantity: 'integer',
      close: 'date',
      company: '-> crm.company',
      lines: 'lines crm.line',
    },
  },
  'crm.line': { document: 'crm.deal', fields: { quantity: 'decimal', delivered: 'boolean' } },
})
const roots: ReadonlySet<Root> = new Set<Root>(['self', 'today'])

function view(values: Readonly<Record<string, unknown>>): RecordView {
  return {
    get: (field) => values[field],
    related: (field) => (values[field] === undefined ? null : view(values[`${field}!`] as Record<string, unknown>)),
    document: () => null,
    rows: (_via, field) => (values[field] as Record<string, unknown>[]).map(view),
  }
}
const deal = {
  stage: 'won',
  margin: '-12.50',
  quantity: 11,
  close: null,
  company: 'c1',
  'company!': { region: 'north' },
  lines: [
    { quantity: '1', delivered: true },
    { quantity: '-2', delivered: false },
  ],
}
const environment: Environment = {
  zone: 'UTC',
  self: view(deal),
  old: null,
  user: null,
  settings: null,
  parameter: () => '2026-11-22',
  search: () => [],
}

/** `* label = value` for what decides; parts are indented. */
function shown(text: string, hidden: readonly string[] = []): string[] {
  const { expression, faults } = compileExpression(text, { names, self: 'crm.deal', roots, settings: null })
  if (!expression) throw new Error(JSON.stringify(faults))
  const mayRead = (entity: string, field: string) => !hidden.includes(`${entity}.${field}`)
  const lines = (part: Explanation, depth: number): string[] => [
    `${'  '.repeat(depth)}${part.decides ? '*' : '-'} ${part.label} = ${'value' in part ? JSON.stringify(part.value) : 'withheld'}`,
    ...part.parts.flatMap((each) => lines(each, depth + 1)),
  ]
  return lines(explain(expression.root, environment, { names, mayRead }), 0)
}

test('of &&, the first part that is false decides', () => {
  expect(shown(`self.phase == 'won' && self.quantity < 10 && self.margin > 0`)).toEqual([
    `* self.phase == 'won' && self.quantity < 10 && self.margin > 0 = false`,
    `  - self.phase == 'won' = true`,
    `    - self.phase = "won"`,
    `  * self.quantity < 10 = false`,
    `    - self.quantity = 11`,
    `  - self.margin > 0 = false`,
    `    - self.margin = "-12.5"`,
  ])
})

test('of ||, the first part that is true decides; of none, all do', () => {
  expect(shown(`self.quantity < 10 || self.phase == 'won'`).filter((each) => each.startsWith('  *'))).toEqual([
    `  * self.phase == 'won' = true`,
  ])
  expect(shown(`self.quantity < 10 || self.margin > 0`).filter((each) => each.startsWith('  *'))).toEqual([
    `  * self.quantity < 10 = false`,
    `  * self.margin > 0 = false`,
  ])
})

test('a null decides over what is true', () => {
  expect(shown(`self.phase == 'won' && self.close < today`)).toEqual([
    `* self.phase == 'won' && self.close < today = null`,
    `  - self.phase == 'won' = true`,
    `    - self.phase = "won"`,
    `  * self.close < today = null`,
    `    - self.close = null`,
    `    - today = "2026-11-22"`,
  ])
})

test('what is taken of a condition, and the element that decides a loop', () => {
  expect(shown(`!(self.quantity > 10 ? all(self.lines, l, l.quantity > 0) : self.margin > 0)`)).toEqual([
    `* !(self.quantity > 10 ? all(self.lines, x, x.quantity > 0) : self.margin > 0) = true`,
    `  * self.quantity > 10 ? all(self.lines, x, x.quantity > 0) : self.margin > 0 = false`,
    `    * self.quantity > 10 = true`,
    `      - self.quantity = 11`,
    `    * all(self.lines, x, x.quantity > 0) = false`,
    `      * x.quantity > 0 = false`,
    `        - x.quantity = "-2"`,
  ])
})

test('nothing tells the value of a field that the reader may not see, nor with what it is compared', () => {
  expect(shown(`self.margin > 0 && self.quantity > 10`, ['crm.deal.margin'])).toEqual([
    `* … = withheld`,
    `  * … = withheld`,
    `    - self.margin = withheld`,
    `  - self.quantity > 10 = true`,
    `    - self.quantity = 11`,
  ])
  // One that is seen is enough: of the hidden part nothing is said.
  expect(shown(`self.margin > 0 && self.quantity > 20`, ['crm.deal.margin'])).toEqual([
    `* … = withheld`,
    `  - … = withheld`,
    `    - self.margin = withheld`,
    `  * self.quantity > 20 = false`,
    `    - self.quantity = 11`,
  ])
  // Which branch was taken, and which element it was, would tell as well.
  expect(shown(`self.margin > 0 ? self.quantity : 0`, ['crm.deal.margin'])).toEqual([
    `* … = withheld`,
    `  * … = withheld`,
    `    - self.margin = withheld`,
  ])
  expect(shown(`all(self.lines, l, l.quantity > 0)`, ['crm.line.quantity'])).toEqual([`* … = withheld`])
  // A reference that is not seen leads nowhere.
  expect(shown(`self.company.region == 'north'`, ['crm.deal.company'])).toEqual([`* … = withheld`, `  - self.company.region = withheld`])
})

test('a long chain is told in one row, as far as it is told, and nothing is worked out twice', () => {
  let asked = 0
  const parts = Array.from({ length: 80 }, (_, i) => `self.quantity < ${i + 100}`)
  const tell = (text: string): Explanation => {
    const { expression } = compileExpression(text, { names, self: 'crm.deal', roots, settings: null })
    const { get } = environment.self!
    asked = 0
    const self = { ...environment.self!, get: (field: string) => (asked++, get(field)) }
    return explain(expression!.root, { ...environment, self }, { names, mayRead: () => true })
  }
  const size = (part: Explanation): number => part.parts.reduce((sum, each) => sum + size(each), 1)
  const all = tell(parts.join(' && '))
  expect([all.value, all.cut, all.label.length, size(all)]).toEqual([true, true, limits.explainedCharacters + 1, limits.explainedParts])
  expect(asked).toBeLessThan(3 * parts.length)
  const terms = Array.from({ length: 155 }, () => 'self.quantity')
  const sum = tell(`${terms.join(' + ')} > 0`)
  expect([sum.value, size(sum)]).toEqual([true, limits.explainedParts])
  expect(asked).toBeLessThan(3 * terms.length)
  const short = tell('self.quantity < 20 && self.quantity > 2')
  expect(short).not.toHaveProperty('cut')
})

test('a record is told by its id, with its entity where the reader may know of that', () => {
  const { expression } = compileExpression('self.company == null', { names, self: 'crm.deal', roots, settings: null })
  const tell = (reader: typeof names) => explain(expression!.root, environment, { names: reader, mayRead: () => true }).parts
  expect(tell(names)).toMatchObject([{ label: 'self.company', value: 'c1', entity: 'crm.company' }])
  const less = { ...names, shape: (entity: string) => (entity === 'crm.company' ? undefined : names.shape(entity)) }
  expect(tell(less)).toMatchObject([{ label: 'self.company', value: 'c1' }])
  expect(tell(less)[0]).not.toHaveProperty('entity')
})
