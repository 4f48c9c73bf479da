/** Random inputs and operands of every stored field type, and what JavaScript says of their order. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compareText } from '../fields/decimals.ts'
import { parsed, subject } from './field-subject.ts'
import type { Subject } from './field-subject.ts'
import { fieldOf } from '../fields/index.ts'

/** UTF-8 bytes have the order of code points; UTF-16 units do not. */
const codePoints = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
const plain = <T extends string | number | boolean>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)
const seconds = (text: string): number => fieldOf('duration').store!(text, {})[0] as number
const pick = (array: readonly string[]) => fc.constantFrom(...array)
const letter = Array.from('aAbBäÄéßİΣσς%_\\\'"; 1é😀한')
const letters = fc.string({ unit: fc.constantFrom(...letter), maxLength: 12 })
const pages = fc.string({ unit: fc.constantFrom(...letter, '\n', '\t'), maxLength: 12 })
const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: length, maxLength: length })
const ids = pick(['0192f0c1-7a3b-7def-8123-456789abcde0', '0192f0c1-7a3b-7def-8123-456789abcde1', '0192f0c1-7a3b-7def-8123-456789abcde2'])
const day = fc.date({ min: new Date('0001-01-01T00:00:00.000Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
const exact = (digits: number, scale: number) =>
  fc.bigInt(-(10n ** BigInt(digits)) + 1n, 10n ** BigInt(digits) - 1n).map((units) => `${units}e-${scale}`)
const near = (scale: number) => fc.integer({ min: -500, max: 500 }).map((units) => `${units}e-${scale}`)

/** `order` compares a canonical value with the canonical form of an operand; `operands` are texts for query parameters. */
export interface Case {
  readonly field: Subject
  readonly inputs: fc.Arbitrary<unknown>
  readonly operands?: fc.Arbitrary<string>
  readonly order?: (value: never, operand: never) => number
  /** What an operand's text means; default: the text itself. */
  readonly means?: (text: string) => unknown
}
const decimalCase = (settings: object, use: object, inputs: fc.Arbitrary<unknown>): Case => ({
  field: subject({ 'x-bos': { type: 'decimal', ...settings } }, use),
  inputs,
  operands: fc.oneof(near(1), near(2), near(3), near(6), exact(30, 10)),
  order: compareText,
})
const textCase = (use: object): Case => ({
  field: subject({ type: 'string', maxLength: 40 }, use),
  inputs: letters,
  operands: letters,
  order: codePoints,
})

export const cases: Readonly<Record<string, Case>> = {
  text: textCase({}),
  'text, indexed': textCase({ indexed: true }),
  'text, searched': textCase({ folded: true }),
  longText: { field: subject({ 'x-bos': { type: 'longText' } }), inputs: pages },
  markdown: { field: subject({ 'x-bos': { type: 'markdown' } }, { folded: true }), inputs: pages },
  email: {
    field: subject({ 'x-bos': { type: 'email' } }),
    inputs: pick(['a@b.de', 'A@b.de', 'c.d@e.org']),
    operands: pick(['a@b.de', 'c', 'b@']),
    order: codePoints,
  },
  phone: {
    field: subject({ 'x-bos': { type: 'phone' } }),
    inputs: pick(['030 12345', '+49 30 1', '(5) 555-4729']),
    operands: pick(['030 12345', '5', '+']),
    order: codePoints,
  },
  url: {
    field: subject({ 'x-bos': { type: 'url' } }),
    inputs: pick(['https://a.de', 'https://b.de/x_y', 'mailto:a@b.de']),
    operands: pick(['https://a.de', 'x_y', 'HTTPS']),
    order: codePoints,
  },
  barcode: {
    field: subject({ 'x-bos': { type: 'barcode' } }),
    inputs: pick(['4006381333931', 'AB-1', 'ab-1']),
    operands: pick(['AB-1', '40', 'b']),
    order: codePoints,
  },
  integer: {
    field: subject({ type: 'integer' }),
    inputs: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.maxSafeInteger()),
    operands: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.maxSafeInteger()).map(String),
    means: Number,
    order: plain,
  },
  rating: {
    field: subject({ 'x-bos': { type: 'rating' } }),
    inputs: fc.integer({ min: 1, max: 5 }),
    operands: fc.integer({ min: 0, max: 6 }).map(String),
    means: Number,
    order: plain,
  },
  decimal: decimalCase({ scale: 2, precision: 10 }, {}, fc.oneof(near(2), exact(10, 2))),
  'decimal, indexed': decimalCase({ scale: 2, precision: 18 }, { indexed: true }, fc.oneof(near(2), exact(18, 2))),
  'decimal, indexed, whole': decimalCase({ scale: 0, precision: 18 }, { indexed: true }, fc.oneof(near(0), exact(18, 0))),
  'decimal, indexed, all fraction': decimalCase({ scale: 18, precision: 18 }, { indexed: true }, exact(18, 18)),
  'decimal, wide': decimalCase({ scale: 20, precision: 38 }, { indexed: true }, fc.oneof(near(2), exact(38, 20))),
  percent: {
    field: subject({ 'x-bos': { type: 'percent' } }, { indexed: true }),
    inputs: fc.nat(10_000).map((units) => `${units}e-2`),
    operands: fc.nat(1000).map((units) => `${units}e-1`),
    order: compareText,
  },
  money: { field: subject({ 'x-bos': { type: 'money' } }), inputs: fc.record({ amount: near(2), currency: pick(['EUR', 'USD']) }) },
  'money, indexed': {
    field: subject({ 'x-bos': { type: 'money', scale: 4 } }, { indexed: true }),
    inputs: fc.record({ amount: near(2), currency: pick(['EUR', 'USD']) }),
  },
  'money, fixed': { field: subject({ 'x-bos': { type: 'money', currency: 'EUR' } }), inputs: fc.record({ amount: near(2) }) },
  boolean: {
    field: subject({ type: 'boolean' }),
    inputs: fc.boolean(),
    operands: pick(['true', 'false']),
    means: (text) => text === 'true',
    order: plain,
  },
  date: {
    field: subject({ type: 'string', format: 'date' }),
    inputs: day.map((each) => each.toISOString().slice(0, 10)),
    operands: day.map((each) => each.toISOString().slice(0, 10)),
    order: plain,
  },
  dateTime: {
    field: subject({ type: 'string', format: 'date-time' }),
    inputs: day.map((each) => each.toISOString()),
    operands: day.map((each) => each.toISOString()),
    order: plain,
  },
  time: {
    field: subject({ type: 'string', format: 'time' }),
    inputs: day.map((each) => each.toISOString().slice(11, 19)),
    operands: day.map((each) => each.toISOString().slice(11, 19)),
    order: plain,
  },
  duration: {
    field: subject({ type: 'string', format: 'duration' }),
    inputs: fc.oneof(fc.nat(200), fc.nat(9_999_999)).map((each) => `PT${each}S`),
    operands: fc.nat(200).map((each) => `PT${each}M`),
    order: (a: string, b: string) => seconds(a) - seconds(b),
  },
  select: {
    field: subject({ enum: ['new', "o'k", 'won'] }),
    inputs: pick(['new', "o'k", 'won']),
    operands: pick(['new', "o'k"]),
    order: plain,
  },
  color: {
    field: subject({ 'x-bos': { type: 'color' } }),
    inputs: hex(6).map((each) => `#${each}`),
    operands: pick(['#000000']),
    order: plain,
  },
  rank: {
    field: subject({ 'x-bos': { type: 'rank' } }),
    inputs: fc.string({ unit: fc.constantFrom(...Array.from('09AZaz')), minLength: 1, maxLength: 4 }),
    operands: pick(['A', 'a0', 'Z9']),
    order: codePoints,
  },
  sequence: {
    field: subject({ 'x-bos': { type: 'sequence', pattern: 'PO-{n:2}' } }),
    inputs: fc.nat(300).map((n) => `PO-${String(n).padStart(2, '0')}`),
    operands: pick(['PO-07', 'PO-100']),
    order: codePoints,
  },
  reference: { field: subject({ 'x-bos': { type: 'reference', entity: 'crm.company' } }), inputs: ids, operands: ids, order: plain },
  'reference, several': {
    field: subject({ 'x-bos': { type: 'reference', entity: ['crm.company', 'crm.deal'] } }),
    inputs: fc.record({ entity: pick(['crm.company', 'crm.deal']), id: ids }),
  },
  multiSelect: {
    field: subject({ type: 'array', items: { enum: ['red', 'green', 'blue'] } }),
    inputs: fc.subarray(['red', 'green', 'blue']),
  },
  'list of text': { field: subject({ type: 'array', items: { type: 'string' } }), inputs: fc.array(letters, { maxLength: 4 }) },
  'list of decimal': {
    field: subject({ type: 'array', items: { 'x-bos': { type: 'decimal', scale: 3 } } }),
    inputs: fc.array(near(3), { maxLength: 4 }),
  },
  'list of dateTime': {
    field: subject({ type: 'array', items: { type: 'string', format: 'date-time' } }),
    inputs: fc.array(
      day.map((each) => each.toISOString()),
      { maxLength: 3 },
    ),
  },
  'list of duration': {
    field: subject({ type: 'array', items: { type: 'string', format: 'duration' } }),
    inputs: fc.array(
      fc.nat(9999).map((each) => `PT${each}S`),
      { maxLength: 3 },
    ),
  },
  'list of integer': {
    field: subject({ type: 'array', items: { type: 'integer' } }),
    inputs: fc.array(fc.maxSafeInteger(), { maxLength: 3 }),
  },
  json: {
    field: subject({ 'x-bos': { type: 'json' } }),
    inputs: fc
      .jsonValue({ maxDepth: 3 })
      .filter((each) => each !== null && !JSON.stringify(each).includes('\\u0000') && !JSON.stringify(each).includes('__proto__')),
  },
  expression: {
    field: subject({ 'x-bos': { type: 'expression', entity: 'core.member', result: 'boolean' } }),
    inputs: pick(['true', "self.name == 'a'", 'self.created_by == user']),
  },
  address: {
    field: subject({ 'x-bos': { type: 'address' } }),
    inputs: fc.record({ city: pick(['Berlin', 'Köln']), country: letters, street: letters }, { requiredKeys: ['city'] }),
  },
  personName: {
    field: subject({ 'x-bos': { type: 'personName' } }),
    inputs: fc.record({ family: pick(['King', "O'Neil"]), given: letters }, { requiredKeys: ['family'] }),
  },
}

/** The table that holds a case. */
export const tableName = (name: string): string => `t_${name.replaceAll(/\W+/g, '_').toLowerCase()}`

/** Forty canonical values of a case, the same in every run. */
export const valuesFor = (name: string): readonly unknown[] =>
  fc.sample(cases[name]!.inputs, { numRuns: 40, seed: 7 }).map((input) => {
    const outcome = parsed(cases[name]!.field, input)
    assert('value' in outcome, JSON.stringify({ input, outcome }))
    return outcome.value
  })
