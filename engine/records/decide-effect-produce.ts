import type { Effect } from '../catalogue/types.ts'
import type { Touched } from './decide-touched.ts'
import { isPositive } from './decide-units.ts'

/** An unsaved document mapped from this record: what a person may go on with. */
export function produce(touched: Touched, { entity, set, lines }: Effect & { kind: 'produce' }): void {
  const data = named(touched, entity, touched.values(entity, set, { draft: touched.source, given: {} }))
  const from = new Map(set.map((each) => [nameOf(touched, entity, each.field), [each.expression]]))
  if (lines) {
    const field = touched.entity(entity).fieldById.get(lines.into)!
    const line = field.lines!.entity
    // Which lines there are tells of what chose them.
    from.set(field.name, [lines.each.kind === 'lines' ? lines.each.ids : lines.each.list, ...(lines.remaining ? [lines.remaining] : [])])
    for (const each of lines.set) from.set(`${field.name}.${nameOf(touched, line, each.field)}`, [each.expression])
    data[field.name] = touched.elements(lines.each).flatMap((element) => {
      const remaining = lines.remaining && touched.value(lines.remaining, element)
      if (lines.remaining && !isPositive(remaining)) return []
      const given = { ...element.given, params: { ...element.given.params, ...(lines.remaining && { remaining }) } }
      return [named(touched, line, touched.values(line, lines.set, { ...element, given }))]
    })
  }
  touched.produced.push({ entity, data, from })
}

const nameOf = (touched: Touched, entity: string, field: string): string => touched.entity(entity).fieldById.get(field)!.name

const named = (touched: Touched, entity: string, values: ReadonlyMap<string, unknown>): Record<string, unknown> =>
  Object.fromEntries([...values].map(([id, value]) => [nameOf(touched, entity, id), value]))
