import type { Field } from '../api/catalogue.ts'
import { booleanKinds } from './boolean.tsx'
import { choiceKinds } from './choice.tsx'
import { compositeKinds } from './composite.tsx'
import { dateKinds } from './date.tsx'
import { longTextKinds } from './long-text.tsx'
import { moneyKinds } from './money.tsx'
import { numberKinds } from './number.tsx'
import { relationKinds } from './reference.tsx'
import { simpleKinds } from './simple.tsx'
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
  ...simpleKinds,
  ...compositeKinds,
  ...relationKinds,
}

/** A type that this version does not know is shown as JSON and cannot be typed into: better than hiding data. */
export const kindOf = (field: Pick<Field, 'type'>): FieldKind => kinds[field.type] ?? simpleKinds.json

export const knownTypes: readonly string[] = Object.keys(kinds)
