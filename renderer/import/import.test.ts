import { expect, it } from 'vitest'
import { catalogue, entity, field, typed } from '../testing/metadata.ts'
import { openCsv, previewCsv, writeCsv } from './csv.ts'
import { matchHeaders, targetsOf } from './targets.ts'

it('reads quotes, commas and line ends in cells, and stops where it is told', () => {
  expect(previewCsv('\uFEFFa,b\r\n"x, ""y""\nz",2\r\n\r\n3,4\n5,6', 3)).toEqual([
    ['a', 'b'],
    ['x, "y"\nz', '2'],
    ['3', '4'],
  ])
  expect(previewCsv('a,"open', 5)).toEqual([['a', 'open']])
})

const opened = (text: string) => openCsv(new TextEncoder().encode(text))

it.each([
  ['PK\x03\x04', /Excel workbook; save it as CSV UTF-8/],
  [' \n', /empty/],
  ['\ufeff', /empty/],
  ['Name;City\n\n', /no rows/],
  ['Name\nM\ufffdller\n', /UTF-8/],
])('says at once that %j cannot be imported, and why', (text, why) => {
  expect(opened(text).fault).toMatch(why)
})

it('says that another encoding is none', () => {
  expect(openCsv(Uint8Array.from([0x61, 0x0a, 0xfc])).fault).toMatch(/UTF-8/)
})

it.each([
  [',', 'a,b;c'],
  [';', '"a,b,c";d'],
  ['\t', 'a\tb, c\td'],
])('finds that cells are parted by %j as the server does', (delimiter, header) => {
  const file = opened(`${header}\n1${delimiter}2\n`)
  expect(file).toMatchObject({ fault: null, delimiter })
  expect(file.fault === null && file.rows[1]).toEqual(['1', '2'])
})

it('keeps the numbers of rows where they matter, and writes with the separator of the file', () => {
  expect(previewCsv('a;b\n\n;\n1;2\n', 9, true)[3]).toEqual(['1', '2'])
  expect(writeCsv([['a;b', 'c,d']], ';')).toBe('"a;b";c,d')
})

it('writes nothing that a spreadsheet would run', () => {
  expect(writeCsv([['=1+1', '@x', '-5+1', '-5', 'a,"b"']])).toBe(`'=1+1,'@x,'-5+1,-5,"a,""b"""`)
})

it('reads its own text again as it was', () => {
  const rows = [
    ['+1 name', 'b'],
    ['=1+1', "'=1+1"],
    ['-5', "'90s"],
  ]
  expect(previewCsv(writeCsv(rows), 9)).toEqual(rows)
})

const company = entity({
  id: 'crm.company',
  title: 'Company',
  titleField: 'name',
  fields: [field({ id: 'name', name: 'name', title: 'Name' }), field({ id: 'tax', name: 'tax_id', title: 'Tax number' })],
  unique: [
    { id: 'n', fields: ['name'] },
    { id: 't', fields: ['tax'] },
  ],
})
const line = entity({
  id: 'inv.line',
  kind: 'line',
  title: 'Line',
  path: null,
  fields: [field({ name: 'quantity', title: 'Quantity' }), field({ name: 'total', readOnly: true })],
})
const order = entity({
  title: 'Order',
  fields: [
    field({ name: 'number', title: 'Number', readOnly: true }),
    field({ name: 'customer', title: 'Customer', type: 'reference', reference: { targets: [{ entity: 'crm.company' }], several: false } }),
    typed('address', {}, { name: 'ship_to', title: 'Ship to' }),
    field({ name: 'lines', title: 'Lines', type: 'lines', lines: { entity: 'inv.line', linkField: null, through: null } }),
  ],
})

it('offers what a file may fill: fields, parts of values, lines, and the ways to name a record', () => {
  expect(targetsOf(catalogue(order, company, line), order).map(({ path }) => path)).toEqual([
    'id',
    'customer',
    'customer.tax_id',
    'customer.id',
    'ship_to',
    'ship_to.street',
    'ship_to.street2',
    'ship_to.postal_code',
    'ship_to.city',
    'ship_to.region',
    'ship_to.country',
    'lines.quantity',
  ])
})

it('matches headers to names and titles, each field once', () => {
  const targets = targetsOf(catalogue(order, company, line), order)
  expect(matchHeaders(['CUSTOMER', 'Ship To', 'City', 'quantity', 'Quantity', 'Number', 'Something'], targets)).toEqual({
    CUSTOMER: 'customer',
    'Ship To': 'ship_to',
    City: 'ship_to.city',
    quantity: 'lines.quantity',
    Quantity: null,
    Number: null,
    Something: null,
  })
})

it('reads an export again: ids are for updating, a reference goes by its id where the file has one', () => {
  const targets = targetsOf(catalogue(order, company, line), order)
  expect(matchHeaders(['id', 'Customer', 'Customer id'], targets)).toEqual({ id: 'id', Customer: null, 'Customer id': 'customer.id' })
  expect(matchHeaders(['Customer', 'ID'], targets)).toEqual({ Customer: 'customer', ID: 'id' })
  expect(targetsOf(catalogue(order, company, line), { ...order, actions: ['list', 'import'] }).map(({ path }) => path)).not.toContain('id')
})
