import { formatSeconds } from '../fields/duration.ts'
import type { Decimal } from '../fields/decimals.ts'
import * as numbers from './numbers.ts'
import type { Numeric } from './numbers.ts'
import type { Type, Value } from './types.ts'

/** Order and equality of values at run time, and the way from canonical values and back. */

/** UTF-16 puts the surrogates of U+10000 … before U+E000 … U+FFFF; shifting both sets that right. */
function shifted(unit: number): number {
  return unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit
}

/** By code point, as PostgreSQL's collation "C" does. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i)
    const right = b.charCodeAt(i)
    if (left !== right) return shifted(left) - shifted(right)
  }
  return a.length - b.length
}

/** Two values of one type. Numbers have one form each, so that only those which are no JS number need a closer look. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  return typeof a === 'object' && typeof b === 'object' && a !== null && b !== null && numbers.equals(a as Decimal, b as Decimal)
}

/** The order of two scalars of one type: what `<`, min and max and the order of a loop follow. */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === 'string') return compareText(a, b as string)
  if (typeof a === 'boolean') return Number(a) - Number(b)
  return numbers.compare(a as Numeric, b as Numeric)
}

const durationText = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/

/** Canonical text → seconds. Within expressions a duration may be negative or have a fraction: then it is written as a number of seconds. */
function secondsOf(canonical: unknown): Value {
  if (typeof canonical !== 'string') return canonical
  const match = durationText.exec(canonical)
  if (match === null) return numbers.readNumeric(canonical) ?? null
  return Number(match[1] ?? 0) * 3600 + Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0)
}

/** How the canonical values of a type become values; null: they are the same. */
export function reader(type: Type): ((canonical: unknown) => Value) | null {
  switch (type.kind) {
    case 'number':
      return (canonical) => (typeof canonical === 'string' ? (numbers.readNumeric(canonical) ?? null) : canonical)
    case 'duration':
      return secondsOf
    case 'record':
      // A reference with several targets says which entity it means.
      return (canonical) => (typeof canonical === 'string' ? canonical : (canonical as { id: string }).id)
    case 'list': {
      const item = reader(type.of)
      return item && ((canonical) => (canonical as readonly unknown[]).map((each) => (each === null ? null : item(each))))
    }
    default:
      return null
  }
}

export function fromCanonical(type: Type, canonical: unknown): Value {
  if (canonical === null || canonical === undefined) return null
  return reader(type)?.(canonical) ?? canonical
}

/** What a field of the type, or JSON, would hold. Numbers that are not known to be whole are decimal texts with the digits they have. */
export function toCanonical(type: Type, value: Value): unknown {
  if (value === null || value === undefined) return null
  switch (type.kind) {
    case 'number':
      return type.whole && typeof value === 'number' ? value : numbers.writeNumeric(value as Numeric)
    case 'duration':
      return typeof value === 'number' && value >= 0 ? formatSeconds(value) : numbers.writeNumeric(value as Numeric)
    case 'list':
      return (value as readonly Value[]).map((each) => toCanonical(type.of, each))
    default:
      return value
  }
}
