import type { Field } from '../api/catalogue.ts'
import { numberFormat } from './intl.ts'
import { useLocale } from './locale.ts'
import { add, formatDecimal, parseNumber } from './numbers.ts'
import { isEmpty, numberSetting, type EditProps, type FieldKind, type Locale, type Parsed, type ShowProps } from './type.ts'
import { TextInput } from './text-input.tsx'

const compare = [
  ['eq', '='],
  ['ne', '≠'],
  ['gt', '>'],
  ['gte', '≥'],
  ['lt', '<'],
  ['lte', '≤'],
  ['in', 'is any of'],
  ['null', 'is empty'],
] as const

/** How a locale writes the percent sign, with or without a space before it. */
const percentSign = (_field: Field, locale: string): string =>
  numberFormat(locale, { style: 'percent' })
    .formatToParts(0.5)
    .filter((part) => part.type === 'literal' || part.type === 'percentSign')
    .map((part) => part.value)
    .join('')

const unitOf = ({ unit }: Field): string => (unit === undefined ? '' : `\u00a0${unit}`)

/** The space before it, and its case, are as one likes. */
function withoutEnd(text: string, suffix: string): string {
  const [bare, end] = [text.trimEnd(), suffix.trim().toLowerCase()]
  return end !== '' && bare.toLowerCase().endsWith(end) ? bare.slice(0, -end.length) : text
}

interface Style {
  /** What stands behind the number, with the space before it. */
  readonly suffix: (field: Field, locale: string) => string
  /** Digits shown at least; a quantity of 5 is not 5.000. */
  readonly fixed: (scale: number) => number
  readonly read: (parsed: string) => unknown
  readonly defaultScale: number
  readonly grouping: (field: Field) => boolean
}

function numeric({ suffix, fixed, read, defaultScale, grouping }: Style): FieldKind {
  const scaleOf = (field: Field): number => numberSetting(field, 'scale') ?? defaultScale
  const format = (value: unknown, field: Field, { locale }: Locale): string =>
    isEmpty(value) ? '' : `${formatDecimal(String(value), locale, fixed(scaleOf(field)), grouping(field))}${suffix(field, locale)}`
  const write = (value: unknown, field: Field, { locale }: Locale): string =>
    isEmpty(value) ? '' : `${formatDecimal(String(value), locale, fixed(scaleOf(field)), false)}${suffix(field, locale)}`
  const parse = (text: string, field: Field, { locale }: Locale): Parsed => {
    const min = numberSetting(field, 'minimum')
    const max = numberSetting(field, 'maximum')
    const parsed = parseNumber(text, locale, { scale: scaleOf(field), min, max }, withoutEnd(text, suffix(field, locale)))
    return 'fault' in parsed || parsed.value === null ? parsed : { value: read(parsed.value) }
  }
  const Show = ({ value, field }: ShowProps) => <span className="num ellipsis">{format(value, field, useLocale())}</span>
  const Edit = (props: EditProps) => <TextInput {...props} write={write} read={parse} inputMode="decimal" />
  return { Show, Edit, format, parse, filterOps: compare, align: 'end', width: 110 }
}

const yearLike = (field: Field): boolean => {
  const min = numberSetting(field, 'minimum')
  const max = numberSetting(field, 'maximum')
  return min !== undefined && max !== undefined && min >= 1000 && max <= 3000
}

export const numberKinds = {
  integer: numeric({ suffix: unitOf, fixed: () => 0, read: Number, defaultScale: 0, grouping: (field) => !yearLike(field) }),
  decimal: {
    ...numeric({ suffix: unitOf, fixed: (scale) => Math.min(scale, 2), read: (text) => text, defaultScale: 6, grouping: () => true }),
    sum: (values) => (values.length === 0 ? null : values.reduce<string>((sum, value) => add(sum, String(value)), '0')),
  },
  percent: numeric({ suffix: percentSign, fixed: () => 0, read: (text) => text, defaultScale: 2, grouping: () => true }),
} satisfies Record<string, FieldKind>
