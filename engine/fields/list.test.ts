import { expect, test } from 'vitest'
import { cell, faultsOf, operand, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const emails = subject({ type: 'array', items: { type: 'string', format: 'email' }, maxItems: 3, uniqueItems: true })
const texts = subject({ type: 'array', items: { type: 'string', maxLength: 10 } })
const prices = subject({ type: 'array', items: { 'x-bos': { type: 'decimal', scale: 2 } } })

test('refuses every item that is wrong', () => {
  expect(
    wronglyRefused(emails, [
      ['ada@example.com', 'must be a list'],
      [{ 0: 'x' }, 'must be a list'],
      [
        ['ada@example.com', 'x', 5],
        ['/1 must be an e-mail address such as ada@example.com', '/2 must be text'],
      ],
      [['a@b.de', 'a@b.de'], ['/1 is in the list twice']],
      [['a@b.de', 'b@b.de', 'c@b.de', 'd@b.de'], 'has 4 items; at most 3 are taken'],
    ]),
  ).toEqual([])
  expect(
    wronglyRefused(prices, [
      [
        ['1.234', null],
        ['/0 has 3 decimal places; 2 are kept', '/1 must be a number such as 12.5'],
      ],
    ]),
  ).toEqual([])
})

test('keeps the order', () => {
  expect(
    wronglyRead(emails, [
      [
        ['b@b.de', 'a@b.de'],
        ['b@b.de', 'a@b.de'],
      ],
      [[], []],
    ]),
  ).toEqual([])
  expect(
    wronglyRead(prices, [
      [
        [1, '2.5'],
        ['1.00', '2.50'],
      ],
    ]),
  ).toEqual([])
  expect(
    wronglyRead(
      texts,
      [[['a', 'a']], [['a; b', '[x', '', ' c ', '"d"']], [['[x']], [['']]].map(([each]) => [each, each] as const),
    ),
  ).toEqual([])
  expect(
    wronglyRead(subject({ type: 'array', items: { type: 'integer' } }), [
      [
        [3, 1],
        [3, 1],
      ],
    ]),
  ).toEqual([])
  expect(wronglyRead(subject({ type: 'array', items: { type: 'string', format: 'duration' } }), [[['P1D'], ['PT24H']]])).toEqual([])
})

test('cells and operands', () => {
  expect(cell(emails, 'a@b.de;b@b.de')).toEqual({ value: ['a@b.de', 'b@b.de'] })
  expect(cell(emails, 'a@b.de; x')).toEqual({ faults: [' must be an e-mail address such as ada@example.com'] })
  expect(cell(texts, '["a",]')).toEqual({ faults: [' must be values parted by semicolons, or a JSON list'] })
  expect(cell(prices, '1; 2')).toEqual({ value: ['1.00', '2.00'] })
  expect(operand(prices, 'contains', '1.005')).toEqual(['1.005'])
  expect(operand(prices, 'in', '1,x')).toEqual([' must be a number such as 12.5'])
})

test('settings', () => {
  expect(prices.type.columns('prices', prices.settings)).toEqual([{ name: 'prices', type: 'numeric(18,2)[]' }])
  expect(faultsOf({ type: 'array' })).toEqual(['/items must say what the list consists of, such as {"type": "string"}'])
  expect(faultsOf({ type: 'array', items: { 'x-bos': { type: 'money' } } })[0]).toMatch(
    /^\/items money cannot be in a list; it may hold text, /,
  )
  expect(faultsOf({ type: 'array', items: { type: 'number' } })[0]).toMatch(/^\/items\/type a number in JSON is not exact/)
  expect(faultsOf({ type: 'array', items: { type: 'string', minLength: 3, maxLength: 2 } })).toEqual([
    '/items/minLength is more than maxLength, 2',
  ])
  expect(faultsOf({ type: 'array', items: { type: 'string' }, minItems: 3, maxItems: 2 })).toEqual([
    '/minItems must be a whole number from 0 to 2',
  ])
})
