import type { Decimal } from '../fields/decimals.ts'
import { equals } from './numbers.ts'

/** Order and equality of values at run time. Text compares by code point, as PostgreSQL's collation "C" does. */

/** UTF-16 puts the surrogates of U+10000 … before U+E000 … U+FFFF; shifting both into the order of code points sets that right. */
function shifted(unit: number): number {
  return unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit
}

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
  return typeof a === 'object' && typeof b === 'object' && a !== null && b !== null && equals(a as Decimal, b as Decimal)
}
