import type { Value } from './types.ts'
import { compareValues } from './values.ts'

/** The order of lists of keys: nulls last in both directions. */
export function ordering(descending: readonly boolean[]): (a: readonly Value[], b: readonly Value[]) => number {
  return (a, b) => {
    for (const [i, isDescending] of descending.entries()) {
      const left = a[i]
      const right = b[i]
      if (left === null || right === null) {
        if (left !== right) return left === null ? 1 : -1
        continue
      }
      const order = compareValues(left, right)
      if (order !== 0) return isDescending ? -order : order
    }
    return 0
  }
}
