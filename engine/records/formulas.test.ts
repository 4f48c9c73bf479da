import { describe, expect, test } from 'vitest'
import { compileCatalogue } from '../catalogue/compile.ts'
import { exampleCore, exampleModule } from '../testing/example.ts'
import type { Catalogue } from '../catalogue/types.ts'
import { expression } from '../fields/expression.ts'
import type { StoredFormula } from '../fields/expression.ts'
import { accessFor } from './access.ts'
import { Uncompiled } from './change.ts'
import { readFormula, shownFormula } from './formulas.ts'
import type { FormulaReading } from './formulas.ts'
import { formulasIn } from './show-formulas.ts'
import type { Selection } from './select.ts'
import type { Access, EntityAccess } from './types.ts'

/** Formulas through upgrades of what they are about. Clerks know nothing of `secret` and of audits. */
const integer = (more: object = {}) => ({ type: 'integer', 'x-bos': more })
const text = (more: object = {}) => ({ type: 'string', 'x-bos': more })
const before = {
  total: integer(),
  secret: integer(),
  gone: { type: 'array', items: { type: 'string' }, 'x-bos': { type: 'list' } },
  stage: { enum: ['new', 'won'] },
  next: { 'x-bos': { type: 'reference', entity: 'self', inverse: 'previous' } },
}
type Properties = Readonly<Record<string, object>>

function upgraded(properties: Properties): Catalogue {
  const clerk = { 'm.clerk': { scope: 'all', read: true, hide: Object.keys(properties).filter((each) => /secret|margin/.test(each)) } }
  const entity = (own: Properties, permissions: object) => ({ title: 'Thing', type: 'object', properties: own, 'x-bos': { permissions } })
  const condition = { 'x-bos': { type: 'expression', entity: 'm.thing', result: 'boolean' } }
  const files = {
    'module.json': {
      id: 'm',
      version: '1.0.0',
      metamodel: 1,
      title: 'M',
      depends: { core: '*' },
      roles: [{ id: 'm.clerk', title: 'Clerk' }],
    },
    'entities/thing.json': entity(properties, clerk),
    'entities/audit.json': entity({ about: { 'x-bos': { type: 'reference', entity: 'm.thing', inverse: 'audits' } } }, {}),
    'entities/rule.json': entity({ condition }, { 'm.clerk': { scope: 'all', read: true } }),
  }
  return compileCatalogue([exampleCore, exampleModule('m', files)], JSON.stringify(properties))
}

const first = upgraded(before)
const fieldOf = (catalogue: Catalogue) => catalogue.entities.get('m.rule')!.fieldByName.get('condition')!
const adminOf = (catalogue: Catalogue) => accessFor(catalogue, ['core.admin'])
const clerkOf = (catalogue: Catalogue) => accessFor(catalogue, ['m.clerk'])

/** As PostgreSQL gives it back: members in an order of its own. */
const kept = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(kept)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .toReversed()
            .map(([key, each]) => [key, kept(each)]),
        )
      : value
const creating = (access: Access): FormulaReading => ({ access, mode: 'create', formulas: { characters: 0 } })
function stored(source: string): StoredFormula {
  const made = readFormula(creating(adminOf(first)), fieldOf(first), source, (detail) => expect.fail(detail))
  if (!made || made instanceof Uncompiled) return expect.fail(source)
  return kept(made) as StoredFormula
}
const shown = (catalogue: Catalogue, formula: StoredFormula) => [
  shownFormula(adminOf(catalogue), fieldOf(catalogue), formula),
  shownFormula(clerkOf(catalogue), fieldOf(catalogue), formula),
]
const { secret: _secret, gone: _gone, ...rest } = before

test.each(['boolean', 'text', 'integer', 'decimal', 'date', 'dateTime'])('what schemas give as an example of %s is a formula', (result) => {
  const settings = { entity: 'm.thing', result }
  const { examples } = expression.schema(settings, 'create') as { examples: readonly string[] }
  expect(examples).toHaveLength(1)
  for (const example of examples)
    expect(readFormula(creating(adminOf(first)), { ...fieldOf(first), settings }, example, (detail) => expect.fail(detail))).toMatchObject({
      text: example,
    })
})

describe('of many', () => {
  test('each is put into the names of a reader once', () => {
    const admin = adminOf(first)
    let asked = 0
    const entities = new (class extends Map<string, EntityAccess> {
      override get(id: string): EntityAccess | undefined {
        asked++
        return super.get(id)
      }
    })(admin.entities)
    const reader: Access = { ...admin, entities }
    const formula = stored('self.total > 5 && self.secret > 5 && self.next.total > 5')
    const told = shownFormula(reader, fieldOf(first), formula)
    const once = asked
    expect(shownFormula(reader, fieldOf(first), structuredClone(formula))).toBe(told)
    expect(asked - once).toBeLessThan(once / 2)
    expect(shownFormula(clerkOf(first), fieldOf(first), formula)).toBeNull()
  })

  test('others have their turn in between', async () => {
    const here = adminOf(first).entities.get('m.rule')!
    const selection = { access: here, fields: here.visible, lines: [], expand: [] } as unknown as Selection
    const show = formulasIn(adminOf(first), selection)!
    const records = Array.from({ length: 20 }, (_, i) => ({ condition: stored(`self.total > ${i}${' + 0'.repeat(150)}`) }))
    let turns = 0
    setImmediate(() => turns++)
    const shownRecords = JSON.parse(await show(JSON.stringify(records))) as { condition: string }[]
    expect(turns).toBe(1)
    expect(shownRecords[19]!.condition).toMatch(/^self.total > 19 \+ 0 /)
  })
})

describe('of an upgrade', () => {
  test('that renames, it has the names of today', () => {
    const renamed = upgraded({
      ...rest,
      stage: { enum: ['new', 'closed'], 'x-bos': { type: 'select', options: { closed: { title: 'Closed', id: 'won' } } } },
      amount: integer({ id: 'total' }),
      after: { 'x-bos': { type: 'reference', entity: 'self', inverse: 'ahead', id: 'next' } },
      total: integer({ id: 'another' }),
    })
    const formula = stored("self.total > 5 && self.next.stage == 'won' && exists(self.previous, p, p.total == 1)")
    const names = "self.amount > 5 && self.after.stage == 'closed' && exists(self.ahead, p, p.amount == 1)"
    expect(shown(renamed, formula)).toEqual([names, names])
  })

  test('that takes a field away, it is its old text, though another field have that name now', () => {
    const formula = stored("self.total > 5 && 'a' in self.gone")
    expect(shown(upgraded(rest), formula)).toEqual([formula.text, formula.text])
    expect(shown(upgraded({ ...rest, gone: text({ id: 'newer' }) }), formula)).toEqual([formula.text, formula.text])
  })

  test.each([
    'exists(self.gone, x, self.secret > 1)',
    "self.secret > 1 || 'a' in self.gone",
    'self.gone == null ? self.secret > 1 : true',
    "exists(self.audits, a, 'a' in self.gone)",
    "exists(self.previous, p, 'a' in p.gone && p.secret == 1)",
  ])('that takes a field away, who may not know the rest is told nothing: %s', (source) => {
    const margin = upgraded({ ...rest, margin: integer({ id: 'secret' }) })
    const formula = stored(source)
    expect(shown(first, formula)).toEqual([formula.text, null])
    expect(shown(margin, formula)).toEqual([formula.text, null])
  })

  test('that takes away what was hidden, there is no sight to ask any more', () => {
    const formula = stored('self.secret > 1')
    expect(shown(upgraded(rest), formula)).toEqual(['self.secret > 1', 'self.secret > 1'])
  })
})
