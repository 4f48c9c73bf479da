/** Edits (insert, delete, replace, swap of neighbours) between two short texts; gives up beyond `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let cost = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1)
      row.push(cost)
    }
    if (Math.min(...row) > limit) return limit + 1
    before = last
    last = row
  }
  return last[b.length]!
}

/** The known name a writer probably meant, or null. Only names they may see go in: a suggestion is an answer. */
export function nearest(name: string, known: Iterable<string>): string | null {
  if (name.length > 100) return null
  const wanted = name.toLowerCase()
  let best: string | null = null
  // A third of the letters may differ, and never all of them.
  let bound = Math.min(Math.max(1, Math.floor(wanted.length / 3)), wanted.length - 1)
  for (const candidate of known) {
    const edits = distance(wanted, candidate.toLowerCase(), bound)
    if (edits > bound || (edits === bound && best !== null)) continue
    best = candidate
    bound = edits
  }
  return best
}

/** ` Did you mean "won"?`, or nothing for nothing. */
export const didYouMean = (found: string | null | undefined): string => (found ? ` Did you mean "${found}"?` : '')

/** The same for a name that is not among the known ones. */
export function suggestion(name: string, known: Iterable<string>): string {
  return didYouMean(nearest(name, known))
}
