import type { Report } from '../problems.ts'
import type { RawBuilder, Sql } from 'kysely'
import { isNull } from './compare.ts'
import type { Comparison } from './compare.ts'
import { currencies } from './currencies.ts'
import { numberFault } from './decimals.ts'
import { define, inside, isObject } from './define.ts'
import {
  exactColumns,
  exactComparison,
  exactIndex,
  exactMeasured,
  exactSchema,
  exactSettings,
  exactSort,
  parseExact,
  roundExact,
} from './exact.ts'
import type { ExactSettings } from './exact.ts'
import { suggestion } from './nearest.ts'
import { text } from './text.ts'
import type { ColumnRef, JsonSchema, Operator } from './type.ts'

export interface MoneySettings extends ExactSettings {
  /** ISO 4217 code where the field fixes it; null: each value has its own. */
  readonly currency: string | null
  /** The expression by which the engine gives each value its currency, as written; '': the caller may not know it. Null: there is none. */
  readonly path: string | null
}
export interface Money {
  readonly amount: string
  /** Absent in what is read where the engine gives it. */
  readonly currency?: string
}

const code = /^[A-Z]{3}$/
const members = ['amount', 'currency']
const notInUse = (currency: string): string => `"${currency}" is no currency in use.${suggestion(currency, currencies)}`

function parseMoney(input: unknown, settings: MoneySettings, report: Report): Money | undefined {
  if (!isObject(input)) {
    const currency = settings.path === null ? `, "currency": "${settings.currency ?? 'EUR'}"` : ''
    report('', `must be an object such as {"amount": "12.50"${currency}}`)
    return undefined
  }
  const unknown = Object.keys(input).filter((key) => !members.includes(key))
  for (const key of unknown) inside(report, key)('', `is not a part of money.${suggestion(key, members)}`)
  const { amount: given, currency: own = settings.currency } = input
  let amount: string | undefined
  if (given === undefined || given === null) report('/amount', 'is missing')
  else amount = parseExact(given, settings, inside(report, 'amount'))
  const isGiven = settings.path !== null && (own === null || own === undefined)
  const currency = isGiven ? null : parseCurrency(own, settings, inside(report, 'currency'))
  if (amount === undefined || currency === undefined || unknown.length > 0) return undefined
  return currency === null ? { amount } : { amount, currency }
}

function parseCurrency(input: unknown, { currency: fixed }: MoneySettings, report: Report): string | undefined {
  if (input === null || input === undefined) report('', 'is missing')
  else if (typeof input !== 'string' || !code.test(input)) report('', 'must be a currency code of three capital letters, such as EUR')
  else if (!currencies.has(input)) report('', notInUse(input))
  else if (fixed !== null && input !== fixed) report('', `must be ${fixed}`)
  else return input
  return undefined
}

/** "12.50 EUR"; the code may be left out where the field fixes it or the engine gives it. */
function fromText(cell: string, settings: MoneySettings, report: Report): Money | undefined {
  const [amount, currency, ...more] = cell.trim().split(/[ \u00a0]+/)
  const fault = numberFault(cell.trim().replace(/[ \u00a0]+[A-Z]{3}$/, ''))
  if (fault !== null) {
    report('', fault)
    return undefined
  }
  if (more.length === 0 && (currency ?? settings.currency ?? settings.path) !== null) {
    return parseMoney({ amount, currency: currency ?? settings.currency }, settings, (_, detail) => report('', detail))
  }
  report('', 'must be an amount and a currency, such as 12.50 EUR')
  return undefined
}

const currencyOf = (sql: Sql, at: ColumnRef, { currency }: MoneySettings): RawBuilder<unknown> =>
  currency === null ? at('__currency') : sql`${sql.lit(currency)}::text`

/** `value.gte=1000` compares amounts of any currency, `value.gte=1000 EUR` those in euros. */
function comparison(name: Comparison): Operator {
  const amount = exactComparison(name)
  return {
    parse(cell, settings: MoneySettings, report) {
      const [digits = '', currency = null, ...more] = cell.split(' ')
      if (more.length > 0 || (currency !== null && !code.test(currency))) report('', 'must be an amount such as 1000 or 1000 EUR')
      return [...amount.parse(digits, settings as never, report), currency]
    },
    where: (sql, at, [digits, currency], settings: MoneySettings) => {
      const matches = amount.where(sql, at, [digits!], settings as never)
      const same = sql`(${currency}::text is null or ${currencyOf(sql, at, settings)} = ${currency}::text)`
      // Not equal: another amount, or another currency where one is named.
      return name === 'ne' ? sql`(${at()} is not null and (${matches} or not ${same}))` : sql`(${matches} and ${same})`
    },
  }
}

function moneySchema(settings: MoneySettings, mode: 'read' | 'create' | 'patch'): JsonSchema {
  const required = (settings.currency === null && settings.path === null) || mode === 'read' ? members : ['amount']
  return {
    type: 'object',
    properties: {
      amount: exactSchema(settings, mode),
      currency:
        settings.currency === null
          ? { type: 'string', pattern: '^[A-Z]{3}$', ...(settings.path !== null && { description: 'Given by the record: leave it out.' }) }
          : { const: settings.currency },
    },
    // A patch merges into the stored value, so it may name one part.
    ...(mode !== 'patch' && { required }),
    additionalProperties: false,
  }
}

/** What is no code is an expression, which the catalogue compiles; a bare word is neither. */
const isPath = (currency: unknown): currency is string => typeof currency === 'string' && !/^\w*$/.test(currency)

/** An exact amount in a currency: its own, one the field fixes, or one that the record gives (`self.company.currency.code`). */
export const money = define<MoneySettings>({
  id: 'money',
  rounded: (value, settings) => ({ ...(value as Money), amount: roundExact((value as Money).amount, settings) }),
  valueType({ currency, path }) {
    if (path !== null) return { kind: 'money', currency: { kind: 'path', path } }
    return { kind: 'money', currency: currency === null ? { kind: 'own' } : { kind: 'code', code: currency } }
  },
  conceal: (settings) => (settings.path === null ? settings : { ...settings, path: '' }),
  json: ['object'],
  keywords: ['default', 'minimum', 'maximum'],
  settings: ['scale', 'precision', 'currency'],
  compile(node, report, { indexed }) {
    const currency = node['x-bos']?.['currency'] ?? null
    const path = isPath(currency) ? currency : null
    if (path === null && currency !== null && !(typeof currency === 'string' && code.test(currency))) {
      report('/x-bos/currency', 'must be a currency code of three capital letters, such as EUR; without it each value has its own')
    } else if (path === null && typeof currency === 'string' && !currencies.has(currency)) report('/x-bos/currency', notInUse(currency))
    const fixed = path === null ? (currency as string | null) : null
    return { ...exactSettings(node, report, indexed, { precision: () => 18, scale: 2 }), currency: fixed, path }
  },
  columns: (name, settings) => {
    const [amount, ...shadow] = exactColumns(name, settings)
    const currency = { name: `${name}__currency`, type: 'text', collation: 'C' } as const
    return [amount!, ...(settings.currency === null ? [currency] : []), ...shadow]
  },
  schema: moneySchema,
  parse: parseMoney,
  store(value, settings) {
    const { amount = null, currency = null } = (value ?? {}) as Partial<Money>
    return settings.currency === null ? [amount, currency] : [amount]
  },
  render: (sql, at, settings) =>
    sql`case when ${at()} is not null then json_build_object('amount', ${at()}::text, 'currency', ${currencyOf(sql, at, settings)}) end`,
  operators: {
    ...Object.fromEntries((['eq', 'ne', 'gt', 'gte', 'lt', 'lte'] as const).map((name) => [name, comparison(name)])),
    null: isNull,
  },
  sort: exactSort,
  index: exactIndex,
  measures: ['sum', 'avg', 'min', 'max'],
  measured: exactMeasured,
  currency: currencyOf,
  members: (settings) =>
    new Map([
      ['amount', { type: 'decimal', settings, suffix: '' }],
      ...(settings.currency === null
        ? [['currency', { type: 'text', settings: text.compile({ maxLength: 3 }, () => {}), suffix: '__currency' }] as const]
        : []),
    ]),
  text: (sql, at, settings) => sql`${at()}::text || ' ' || ${currencyOf(sql, at, settings)}`,
  fromText,
  toText: (value) => [(value as Money).amount, (value as Money).currency].join(' ').trim(),
})
