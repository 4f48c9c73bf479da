import { describe, expect, test } from 'vitest'
import { Problem } from '../problems.ts'
import { sketchCatalogue } from '../testing/sketch.ts'
import type { ImportColumn } from './import-columns.ts'
import { cellFaults, documents, lookupKey, lookups, readCsv, toBody, type ImportDocument } from './import-documents.ts'

const catalogue = sketchCatalogue({
  'shop.order': {
    fields: {
      name: { type: 'text' },
      count: { type: 'integer' },
      place: { type: 'address' },
      customer: { type: 'reference', entity: 'shop.order' },
    },
  },
  'shop.line': { kind: 'line', at: 'shop.order', fields: { quantity: { type: 'integer' } } },
})
const field = (name: string) => catalogue.entities.get('shop.order')!.fieldById.get(name)!
const lines = { ...field('name'), id: 'lines', name: 'lines' }
const column = (header: string, more: Partial<ImportColumn> = {}): ImportColumn => ({
  header,
  lines: null,
  field: field(header),
  member: null,
  lookup: null,
  ...more,
})
const quantity = column('quantity', { lines, field: catalogue.entities.get('shop.line')!.fieldById.get('quantity')! })

const lookupOf = (...names: string[]) => ({
  entity: catalogue.entities.get('shop.order')!,
  fields: names.map((name) => ({ name, title: name })),
  title: null,
})

async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const each of from) found.push(each)
  return found
}
const numbers = async (text: string, columns: readonly (ImportColumn | null)[]): Promise<number[][]> =>
  (await all(documents(text, columns))).map((each) => each.rows.map((row) => row.number))
const document = (...rows: string[][]): ImportDocument => ({ rows: rows.map((cells, i) => ({ number: i + 2, cells })) })

test.for(['a\n"b', 'a\nb"c', 'a\n"b"c'])('a quoting mistake says where: %j', async (text) => {
  await expect(all(readCsv(text))).rejects.toThrow(/not valid CSV: .*line 2/)
})

test('rows have the numbers that a spreadsheet gives them', async () => {
  const found = await all(readCsv('\ufeffa,b\r\n\r\n"x\ny",1\r\n\r\nz'))
  expect(found).toEqual([
    { number: 1, cells: ['a', 'b'] },
    { number: 3, cells: ['x\ny', '1'] },
    { number: 5, cells: ['z'] },
  ])
})

test('headers and cells lose the apostrophe that an export puts before formulas, and no other', async () => {
  const found = await all(readCsv("'+1 name,b\n'=1+1,''=1+1\n'90s,'"))
  expect(found.map((each) => each.cells)).toEqual([
    ['+1 name', 'b'],
    ['=1+1', "'=1+1"],
    ["'90s", "'"],
  ])
})

test('a document is one row, or as many as repeat or leave empty what is its own', async () => {
  expect(await numbers('h\na\na\n', [column('name')])).toEqual([[2], [3]])
  expect(await numbers('h,q\na,1\na,2\n,3\nb,1\na,1\n', [column('name'), quantity])).toEqual([[2, 3, 4], [5], [6]])
  expect(await numbers('h\n', [column('name')])).toEqual([])
})

test('what must be looked up: names, each once; ids of whatever case are ids', () => {
  const lookup = lookupOf('code', 'title')
  const found = lookups(
    [document(['A']), document(['A']), document(['01A203DE-A877-776E-951E-8813A1657850']), document([' '])],
    [column('customer', { lookup })],
  )
  expect(found.map((each) => [each.field, [...each.texts]])).toEqual([
    ['code', ['A']],
    ['title', ['A']],
  ])
})

describe('a body', () => {
  const lookup = lookupOf('code', 'title')
  test('has what cells say; empty ones say nothing', () => {
    const { body, faults } = toBody(
      document(['=1+1', ' ', 'Wien', 'rest']),
      [column('name'), column('count'), column('place', { member: 'city' }), null],
      new Map(),
    )
    expect([body, faults]).toEqual([{ name: '=1+1', place: { city: 'Wien' } }, []])
  })

  test('names faults by row and column', () => {
    const columns = [column('name'), column('count'), column('customer', { lookup }), quantity]
    const found = new Map([
      [lookupKey('shop.order', 'code', 'two'), ['1']],
      [lookupKey('shop.order', 'title', 'two'), ['2']],
      [lookupKey('shop.order', 'code', 'one'), ['1']],
      [lookupKey('shop.order', 'title', 'one'), ['1']],
    ])
    expect(toBody(document(['a', 'x', 'two', '1'], ['a', 'x', 'two', 'y']), columns, found).faults).toMatchObject([
      { row: 2, column: 'count' },
      { row: 2, column: 'customer' },
      { row: 3, column: 'quantity' },
    ])
    expect(toBody(document(['a', '1', 'none', '', '', 'surplus']), columns, found).faults).toMatchObject([
      { row: 2, column: null },
      { row: 2, column: 'customer' },
    ])
    expect(toBody(document(['a', '1', 'one', '']), columns, found)).toMatchObject({ faults: [], body: { customer: '1' } })
  })

  test('problems find their way back to the row and column, also past rows without a line and into members', () => {
    const columns = [column('place', { header: 'Street', member: 'street' }), column('place', { header: 'City', member: 'city' }), quantity]
    const of = document(['Ring', 'Wien', '1'], ['Ring', 'Wien', ''], ['Ring', 'Wien', '0'])
    const body = toBody(of, columns, new Map())
    const faults = [
      '/operations/0/data/lines/1/quantity',
      '/operations/0/data/place/city',
      '/operations/0/data/place',
      '/operations/0/data/owner',
    ].map((pointer) => ({ pointer, detail: 'x' }))
    expect(cellFaults(of, body, columns, new Problem('request-invalid', '', { faults }))).toEqual([
      { row: 4, column: 'quantity', detail: 'x' },
      { row: 2, column: 'City', detail: 'x' },
      { row: 2, column: 'Street', detail: 'x' },
      { row: 2, column: null, detail: 'owner: x' },
    ])
    expect(cellFaults(of, body, columns, new Problem('not-allowed', 'no'))).toEqual([{ row: 2, column: null, detail: 'no' }])
  })
})

test('a long file is read slice by slice: others get their turn meanwhile, and no character is cut', async () => {
  const texts = Array.from({ length: 40_000 }, (_, i) => `${'😀'.repeat(i % 7)}é${i},x`)
  let turns = 0
  let next = setImmediate(function turn() {
    turns += 1
    next = setImmediate(turn)
  })
  const found = await all(readCsv(`a,b\n${texts.join('\n')}\n`))
  clearImmediate(next)
  expect(found.slice(1).map(({ cells }) => cells.join())).toEqual(texts)
  expect(turns).toBeGreaterThan(5)
})

test('what stands in a cell is repeated in part only', () => {
  const lookup = lookupOf('name')
  const { faults } = toBody(document(['x'.repeat(5_000)]), [column('customer', { lookup })], new Map())
  expect(faults).toHaveLength(1)
  expect(faults[0]!.detail.length).toBeLessThan(200)
})
