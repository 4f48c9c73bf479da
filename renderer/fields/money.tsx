import { currencies } from '../../engine/fields/currencies.ts'
import { useState } from 'react'
import type { Field } from '../api/catalogue.ts'
import { numberFormat } from './intl.ts'
import { useLocale } from './locale.ts'
import { add, formatDecimal, parseNumber } from './numbers.ts'
import { numberKinds } from './number.tsx'
import { numberSetting, settingsOf, type EditProps, type FieldKind, type Locale, type Parsed, type ShowProps } from './type.ts'
import { TextInput } from './text-input.tsx'

interface Money {
  readonly amount: string
  /** Absent while the record, which gives it, is not saved yet. */
  readonly currency?: string
}

const isMoney = (value: unknown): value is Money => typeof value === 'object' && value !== null && 'amount' in value

const digitsOf = (currency: string | undefined): number => {
  if (currency === undefined) return 2
  try {
    return numberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
  } catch {
    return 2
  }
}

/** The field's own currency when it has a fixed one, else null: the person chooses. */
const fixedCurrency = (field: Field): string | null => {
  const currency = settingsOf(field)['currency']
  return typeof currency === 'string' && /^[A-Z]{3}$/.test(currency) ? currency : null
}

/** The engine gives each amount the currency that the record says. */
const isGiven = (field: Field): boolean => typeof settingsOf(field)['path'] === 'string'

const amountText = (value: unknown, locale: Locale, grouping: boolean): string =>
  isMoney(value) ? formatDecimal(value.amount, locale.locale, digitsOf(value.currency), grouping) : ''

const format = (value: unknown, _field: Field, locale: Locale): string =>
  isMoney(value) ? [amountText(value, locale, true), value.currency].join(' ').trim() : ''

/** `12.50`, `12,50 EUR`, `EUR 12`: a code in the text names the currency. */
function readMoney(text: string, field: Field, locale: Locale, currency: string): Parsed {
  const bare = text.replace(/\b[A-Za-z]{3}\b/, '').replace(/[€$£¥]/g, '')
  const limits = { scale: numberSetting(field, 'scale') ?? 2, min: numberSetting(field, 'minimum'), max: numberSetting(field, 'maximum') }
  const parsed = parseNumber(text, locale.locale, limits, bare)
  // Words, or a currency without an amount, are not “nothing”: taken for that they would empty the field.
  if (!/\d/.test(bare)) return parsed
  const code = /\b([A-Za-z]{3})\b/.exec(text)?.[1]?.toUpperCase()
  const fixed = fixedCurrency(field)
  if (code !== undefined && !currencies.has(code)) return { fault: `${code} is not a currency in use` }
  if (fixed !== null && code !== undefined && code !== fixed) return { fault: `This amount is kept in ${fixed}` }
  if ('fault' in parsed) return parsed
  if (isGiven(field)) return { value: { amount: parsed.value, ...(code !== undefined && { currency: code }) } }
  return { value: { amount: parsed.value, currency: fixed ?? code ?? currency } }
}

function Show({ value }: ShowProps) {
  const locale = useLocale()
  if (!isMoney(value)) return null
  return (
    <span className="num ellipsis">
      {amountText(value, locale, true)} <span className="money-code">{value.currency}</span>
    </span>
  )
}

function Edit(props: EditProps) {
  const { value, field, onChange, id } = props
  const locale = useLocale()
  const given = isGiven(field) ? (isMoney(value) && value.currency) || '' : null
  const fixed = given ?? fixedCurrency(field)
  const [chosen, setChosen] = useState((isMoney(value) && value.currency) || (fixed ?? locale.currency))
  const currency = fixed ?? ((isMoney(value) && value.currency) || chosen)
  return (
    <span className="joined">
      <TextInput
        {...props}
        inputMode="decimal"
        write={(each, _field, by) => amountText(each, by, false)}
        read={(text, each, by) => readMoney(text, each, by, currency)}
      />
      {fixed !== null ? (
        fixed !== '' && <span className="joined-fixed">{fixed}</span>
      ) : (
        <input
          className="input joined-code"
          aria-label={`${props.label ?? field.title}: currency`}
          id={`${id}-currency`}
          value={currency}
          maxLength={3}
          autoComplete="off"
          spellCheck={false}
          onFocus={(event) => event.currentTarget.select()}
          onChange={(event) => {
            const code = event.currentTarget.value.toUpperCase().replace(/[^A-Z]/g, '')
            setChosen(code)
            if (isMoney(value)) onChange({ ...value, currency: code })
          }}
        />
      )}
    </span>
  )
}

/** Amounts of different currencies have no sum. */
function sum(values: readonly unknown[]): Money | null {
  const money = values.filter(isMoney)
  const [first] = money
  if (!first?.currency || money.some((value) => value.currency !== first.currency)) return null
  return { amount: money.reduce((total, value) => add(total, value.amount), '0'), currency: first.currency }
}

/** In filters the amount alone is compared, in whatever currency it stands. */
const money: FieldKind = {
  Show,
  Edit,
  format,
  parse: (text, field, locale) => readMoney(text, field, locale, locale.currency),
  filterOps: [
    ['gte', '≥'],
    ['lte', '≤'],
    ['eq', '='],
    ['gt', '>'],
    ['lt', '<'],
    ['null', 'is empty'],
  ],
  align: 'end',
  width: 130,
  members: [
    ['amount', 'amount'],
    ['currency', 'currency'],
  ],
  sum,
  filterAs: numberKinds.decimal,
}

export const moneyKinds = { money } as const
