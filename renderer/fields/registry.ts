import type { Field } from '../api/catalogue.ts'
import { booleanKinds } from './boolean.tsx'
import { choiceKinds } from './choice.tsx'
import { color } from './color.tsx'
import { compositeKinds } from './composite.tsx'
import { dateKinds } from './date.tsx'
import { duration } from './duration.tsx'
import { expression } from './expression.tsx'
import { geo, json } from './json.tsx'
import { list } from './list.tsx'
import { longTextKinds } from './long-text.tsx'
import { moneyKinds } from './money.tsx'
import { numberKinds } from './number.tsx'
import { rating } from './rating.tsx'
import { relationKinds } from './reference.tsx'
import { textKinds } from './text.tsx'
import type { FieldKind } from './type.ts'

/** Field type → how it is shown, edited, filtered and read from text. Grid, panel, form, filter and import all ask here. */
const kinds: Readonly<Record<string, FieldKind>> = {
  ...textKinds,
  ...longTextKinds,
  ...numberKinds,
  ...moneyKinds,
  ...booleanKinds,
  ...dateKinds,
  ...choiceKinds,
  rating,
  color,
  duration,
  list,
  json,
  expression,
  geo,
  ...compositeKinds,
  ...relationKinds,
}

/** A type that this version does not know is shown as JSON and cannot be typed into: better than hiding data. */
export const kindOf = (field: Pick<Field, 'type'>): FieldKind => kinds[field.type] ?? json

export const knownTypes: readonly string[] = Object.keys(kinds)
