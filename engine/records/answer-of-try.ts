import type { Row } from './request.ts'
import type { Selection } from './select.ts'

/**
 * What of a stored record an answer shows that was only tried: nothing of it stays, so it may show no more than the record shows as it is.
 * What comes into being with it is judged as it will be, as a new record is.
 */

type Json = Record<string, unknown>

/** The row as it would be, without what is masked in the row as it is; no row: the caller cannot see the record as it is. */
export function shownAsStored(selection: Selection, stored: Row | undefined, tried: Row | undefined): Row[] {
  if (!stored || !tried) return []
  const before = String(stored['data'])
  if (!before.includes('"_masked"')) return [tried]
  return [{ ...tried, data: JSON.stringify(withheld(selection, JSON.parse(before) as Json, JSON.parse(String(tried['data'])) as Json)) }]
}

function withheld(selection: Selection, before: Json, after: Json): Json {
  const masked = namesIn(before)
  const shown = without(after, masked)
  // A new line may be made of what its document shows only because of the change.
  const wouldShow = masked.some((name) => name in after)
  const title = selection.access.entity.titleField
  if (title && '_title' in shown && masked.includes(title.name)) shown['_title'] = null
  for (const { field, selection: lines } of selection.lines) {
    const stored = new Map(linesIn(before, field.name).map((each) => [each['id'], each]))
    if (!(field.name in shown)) continue
    shown[field.name] = linesIn(after, field.name).map((line) => {
      const known = stored.get(line['id'])
      if (known) return withheld(lines, known, line)
      return wouldShow ? withoutMaskable(lines, line) : line
    })
  }
  return shown
}

function withoutMaskable(selection: Selection, line: Json): Json {
  const { fields, lines, access } = selection
  const maskable = [...fields, ...lines.map(({ field }) => field)].filter(({ id }) => access.masks.has(id)).map(({ name }) => name)
  const shown = without(line, maskable)
  for (const { field, selection: below } of lines)
    if (field.name in shown) shown[field.name] = linesIn(line, field.name).map((each) => withoutMaskable(below, each))
  return shown
}

function without(record: Json, names: readonly string[]): Json {
  const all = [...new Set([...names, ...namesIn(record)])]
  if (all.length === 0) return { ...record }
  const kept = Object.entries(record).filter(([name]) => name !== '_masked' && !all.includes(name))
  return { ...Object.fromEntries(kept), _masked: all }
}

const namesIn = (record: Json): readonly string[] => (record['_masked'] as string[] | undefined) ?? []
const linesIn = (record: Json, name: string): readonly Json[] => (record[name] as Json[] | null | undefined) ?? []
