import { describe, expect, test } from 'vitest'
import { describeShape } from './describe.ts'
import { sampleSketch, sketchCatalogue } from '../testing/sketch.ts'
import type { Sketch } from '../testing/sketch.ts'
import { constraintMeaning } from './meaning.ts'
import { objectName } from './names.ts'
import { desiredShape } from './shape.ts'

const shapeOf = (...sketches: Sketch[]) => desiredShape(sketches.map(sketchCatalogue))
const table = (desired: ReturnType<typeof desiredShape>, entity: string) => desired.shape.tables.find((each) => each.entity === entity)!
const itemNames = (desired: ReturnType<typeof desiredShape>, entity: string) => table(desired, entity).items.map((item) => item.name)

const deal = (fields: Sketch[string]['fields'], more: Partial<Sketch[string]> = {}): Sketch => ({ 'crm.deal': { fields, ...more } })

describe('versions that cannot share a table are refused', () => {
  test.each([
    ['a type', deal({ size: { type: 'text' } }), deal({ size: { type: 'integer' } }), 'size'],
    ['a scale', deal({ size: { type: 'decimal', scale: 2 } }), deal({ size: { type: 'decimal', scale: 4 } }), 'size'],
    [
      'a target',
      { ...deal({ at: { type: 'reference', entity: 'crm.a' } }), 'crm.a': { fields: {} }, 'crm.b': { fields: {} } },
      { ...deal({ at: { type: 'reference', entity: 'crm.b' } }), 'crm.a': { fields: {} }, 'crm.b': { fields: {} } },
      'at',
    ],
  ] as const)('%s', (_, one, other, field) => {
    const { refusals } = shapeOf(one, other)
    expect(refusals).toHaveLength(1)
    expect(refusals[0]).toMatchObject({ entity: 'crm.deal', field })
    expect(refusals[0]!.message).toContain(`crm.deal, field "${field}": two versions in use`)
  })

  test('a record and a line', () => {
    const { refusals } = shapeOf(deal({}), { 'crm.quote': { fields: {} }, 'crm.deal': { kind: 'line', at: 'crm.quote', fields: {} } })
    const [refused] = refusals
    expect(refused).toMatchObject({ entity: 'crm.deal', field: null })
    expect(refused!.message).toContain('crm.deal: two versions in use keep it differently. There is: ')
    expect([refused!.there, refused!.wanted].sort()).toEqual(['line of crm.quote in crm.deal', 'record in crm.deal'])
  })

  test('a reference that leads nowhere', () => {
    expect(shapeOf(deal({ at: { type: 'reference', entity: 'crm.gone' } })).refusals).toMatchObject([{ entity: 'crm.deal', field: 'at' }])
  })
})

describe('the union of versions', () => {
  test('has the columns and indexes of each, and digits for all', () => {
    const both = shapeOf(
      deal({ a: { type: 'decimal', scale: 2, precision: 8 } }),
      deal({ a: { type: 'decimal', scale: 2, precision: 12 }, b: { type: 'date', index: true } }),
    )
    expect(both.refusals).toEqual([])
    expect(table(both, 'crm.deal').columns.find((column) => column.name === 'a')?.type).toBe('numeric(12,2)')
    expect(itemNames(both, 'crm.deal')).toContain('crm__deal__b__idx')
  })

  test('has only the unique keys that every version demands', () => {
    const fields = { a: { type: 'text' }, b: { type: 'text' } }
    const strict = deal(fields, {
      unique: [
        { id: 'a', fields: ['a'] },
        { id: 'b', fields: ['b'] },
      ],
    })
    const looser = deal(fields, { unique: [{ id: 'b', fields: ['b'], ignoreCase: true }] })
    const unaware = deal({ b: { type: 'text' } }, { unique: [{ id: 'b', fields: ['b'] }] })
    expect(itemNames(shapeOf(strict), 'crm.deal')).toContain('crm__deal__a__key')
    expect(itemNames(shapeOf(strict, looser), 'crm.deal').filter((name) => name.endsWith('__key'))).toEqual([])
    // What a version does not know it leaves empty.
    expect(itemNames(shapeOf(strict, unaware), 'crm.deal').filter((name) => name.endsWith('__key'))).toEqual([
      'crm__deal__a__key',
      'crm__deal__b__key',
    ])
  })

  test('allows one target of a reference over the targets of all', () => {
    const targets = { 'crm.a': { fields: {} }, 'crm.b': { fields: {} }, 'crm.c': { fields: {} } }
    const both = shapeOf(
      { ...targets, ...deal({ at: { type: 'reference', entity: ['crm.a', 'crm.b'] } }) },
      { ...targets, ...deal({ at: { type: 'reference', entity: ['crm.a', 'crm.c'] } }) },
    )
    expect(table(both, 'crm.deal').items.find((item) => item.kind === 'check')?.definition).toBe(
      'check (num_nonnulls(variadic array["at__crm__a", "at__crm__b", "at__crm__c"]) <= 1)',
    )
  })

  test('is the same for every order of versions', () => {
    const more = { ...sampleSketch, 'crm.company': { ...sampleSketch['crm.company'], search: ['country', 'external_id'] } }
    const [one, other] = [sketchCatalogue(sampleSketch), sketchCatalogue(more)]
    expect(desiredShape([one, other])).toEqual(desiredShape([other, one]))
  })
})

test('the sample, as text', async () => {
  const { shape, refusals } = shapeOf(sampleSketch)
  expect(refusals).toEqual([])
  await expect(describeShape(shape)).toMatchFileSnapshot('__snapshots__/sample-shape.txt')
})

describe('names', () => {
  const long = { schema: 'a'.repeat(40), name: 'b'.repeat(40) }
  test('fit PostgreSQL and stay apart', () => {
    expect(Buffer.byteLength(objectName(long, 'one', 'key'))).toBeLessThanOrEqual(63)
    expect(objectName(long, 'one', 'key')).not.toBe(objectName(long, 'two', 'key'))
    expect(objectName({ schema: 'crm', name: 'deal' }, 'a', 'key')).toBe('crm__deal__a__key')
  })

  test('say again what they stand for, cut or not', () => {
    const far = `${'m'.repeat(30)}.${'e'.repeat(40)}`
    const sketch: Sketch = { ...sampleSketch, [far]: { fields: { code: { type: 'text' } }, unique: [{ id: 'code', fields: ['code'] }] } }
    const catalogue = sketchCatalogue(sketch)
    for (const each of desiredShape([catalogue]).shape.tables) {
      for (const item of each.items.filter(({ kind }) => ['primary key', 'unique', 'exclusion', 'foreign key', 'check'].includes(kind))) {
        expect([item.name, constraintMeaning(catalogue, item.name)?.entity]).toEqual([item.name, each.entity])
      }
    }
    expect(constraintMeaning(catalogue, 'crm__deal__name_per_company__key')).toEqual({
      kind: 'unique',
      entity: 'crm.deal',
      unique: 'name_per_company',
      field: null,
    })
    expect(constraintMeaning(catalogue, 'crm__deal__company__fkey')).toEqual({
      kind: 'reference',
      entity: 'crm.deal',
      unique: null,
      field: 'company',
    })
    expect(constraintMeaning(catalogue, 'crm__booking__one_at_a_time__excl')).toMatchObject({ kind: 'overlap', unique: 'one_at_a_time' })
    expect(constraintMeaning(catalogue, 'core__note__about__check')).toMatchObject({ kind: 'targets', field: 'about' })
    expect(constraintMeaning(catalogue, 'crm__deal_line__parent_id__fkey')).toMatchObject({ kind: 'parent' })
    expect(constraintMeaning(catalogue, 'session_pkey')).toBeNull()
  })
})
