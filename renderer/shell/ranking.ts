/** What was meant stands first: the very title, then titles that begin with the text, then the rest as it came. */
export function closestFirst<T>(found: readonly T[], titleOf: (each: T) => string, text: string): readonly T[] {
  const wanted = text.trim().toLowerCase()
  const distance = (each: T): number => {
    const title = titleOf(each).toLowerCase()
    return title === wanted ? 0 : title.startsWith(wanted) ? 1 : 2
  }
  return found.toSorted((a, b) => distance(a) - distance(b))
}
