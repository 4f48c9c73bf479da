import { expect, test } from 'vitest'
import { cell, faultsOf, operand, parsed, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const own = subject({ 'x-bos': { type: 'money' } })
const euro = subject({ minimum: 0, 'x-bos': { type: 'money', currency: 'EUR', scale: 4 } })

test('refuses what is no money', () => {
  expect(
    wronglyRefused(own, [
      ['12.50', 'must be an object such as {"amount": "12.50", "currency": "EUR"}'],
      [12.5, 'must be an object such as {"amount": "12.50", "currency": "EUR"}'],
      [[], 'must be an object such as {"amount": "12.50", "currency": "EUR"}'],
      [{}, ['/amount is missing', '/currency is missing']],
      [{ amount: 1 }, ['/currency is missing']],
      [{ amount: null, currency: 'EUR' }, ['/amount is missing']],
      [{ amount: '1,5', currency: 'EUR' }, ['/amount must be a number such as 12.5']],
      [
        { amount: '1.005', currency: 'eur' },
        ['/amount has 3 decimal places; 2 are kept', '/currency must be a currency code of three capital letters, such as EUR'],
      ],
      [{ amount: 1, currency: 'EUE' }, ['/currency "EUE" is no currency in use. Did you mean "EUR"?'], { schema: false }],
      [{ amount: 1, currency: 'HRK' }, ['/currency "HRK" is no currency in use.'], { schema: false }],
      [{ amount: 1, currency: 'EUR', curency: 'USD' }, ['/curency is not a part of money. Did you mean "currency"?']],
      [JSON.parse('{"amount":1,"currency":"EUR","__proto__":{}}'), ['/__proto__ is not a part of money.']],
    ]),
  ).toEqual([])
  expect(
    wronglyRefused(euro, [
      [{ amount: 1, currency: 'USD' }, ['/currency must be EUR']],
      [{ amount: -1 }, ['/amount must be at least 0.0000']],
    ]),
  ).toEqual([])
})

test('keeps the amount exact', () => {
  expect(
    wronglyRead(own, [
      [
        { amount: 12.5, currency: 'EUR' },
        { amount: '12.50', currency: 'EUR' },
      ],
      [
        { amount: '-0.10', currency: 'JPY' },
        { amount: '-0.10', currency: 'JPY' },
      ],
    ]),
  ).toEqual([])
  expect(
    wronglyRead(euro, [
      [{ amount: '1.00005e2' }, { amount: '100.0050', currency: 'EUR' }, { schema: false }],
      [
        { amount: 3, currency: 'EUR' },
        { amount: '3.0000', currency: 'EUR' },
      ],
    ]),
  ).toEqual([])
})

test('cells', () => {
  expect(cell(own, '12.50 EUR')).toEqual({ value: { amount: '12.50', currency: 'EUR' } })
  expect(cell(euro, '12.5')).toEqual({ value: { amount: '12.5000', currency: 'EUR' } })
  expect(cell(own, '12.50')).toEqual({ faults: [' must be an amount and a currency, such as 12.50 EUR'] })
  expect(cell(own, '12.50 EUR x')).toEqual({ faults: [' must be an amount and a currency, such as 12.50 EUR'] })
  expect(cell(own, 'x EUR')).toEqual({ faults: [' must be a number such as 12.5'] })
})

test('what the record gives need not be said', () => {
  const given = subject({ 'x-bos': { type: 'money', currency: 'self.company.currency' } })
  expect(
    wronglyRefused(given, [
      ['12.50', 'must be an object such as {"amount": "12.50"}'],
      [{ currency: 'EUR' }, ['/amount is missing']],
      [{ amount: 1, currency: 'EUE' }, ['/currency "EUE" is no currency in use. Did you mean "EUR"?'], { schema: false }],
    ]),
  ).toEqual([])
  expect(parsed(given, { amount: 1 })).toEqual({ value: { amount: '1.00' } })
  expect(cell(given, '12.5')).toEqual({ value: { amount: '12.50' } })
  expect(given.type.columns('value', given.settings).map((each) => each.name)).toEqual(['value', 'value__currency'])
  expect(given.type.valueType!(given.settings)).toEqual({ kind: 'money', currency: { kind: 'path', path: 'self.company.currency' } })
  expect(given.type.valueType!(given.type.conceal!(given.settings))).toEqual({ kind: 'money', currency: { kind: 'path', path: '' } })
})

test('operands, columns and members', () => {
  expect(operand(own, 'gte', '1000')).toEqual(['1000', null])
  expect(operand(own, 'eq', '12.50 EUR')).toEqual(['12.5', 'EUR'])
  expect(operand(own, 'eq', '12.50 euro')).toEqual([' must be an amount such as 1000 or 1000 EUR'])
  expect(own.type.columns('value', own.settings).map((each) => each.name)).toEqual(['value', 'value__currency'])
  expect(euro.type.columns('value', euro.settings).map((each) => each.name)).toEqual(['value'])
  expect([...own.type.members!(own.settings)].map(([name, { type, suffix }]) => [name, type, suffix])).toEqual([
    ['amount', 'decimal', ''],
    ['currency', 'text', '__currency'],
  ])
  expect([...euro.type.members!(euro.settings).keys()]).toEqual(['amount'])
  expect(own.type.store!({ amount: '1.00', currency: 'EUR' }, own.settings)).toEqual(['1.00', 'EUR'])
  expect(own.type.store!(null, own.settings)).toEqual([null, null])
})

test('settings', () => {
  expect(faultsOf({ 'x-bos': { type: 'money', currency: 'euro' } })).toEqual([
    '/x-bos/currency must be a currency code of three capital letters, such as EUR; without it each value has its own',
  ])
  expect(faultsOf({ 'x-bos': { type: 'money', currency: 'EUE' } })).toEqual([
    '/x-bos/currency "EUE" is no currency in use. Did you mean "EUR"?',
  ])
  expect(faultsOf({ 'x-bos': { type: 'money', currency: 'self.company.currency' } })).toEqual([])
  expect(faultsOf({ default: { amount: 'x', currency: 'EUR' }, 'x-bos': { type: 'money' } })).toEqual([
    '/default/amount must be a number such as 12.5',
  ])
  expect(parsed(own, Object.assign(Object.create({ amount: 1 }), { currency: 'EUR' }))).toHaveProperty('faults')
})
