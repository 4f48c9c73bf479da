import { useState } from 'react'
import type { CatalogueView, Entity, View } from '../api/catalogue.ts'
import { kindOf } from '../fields/registry.ts'
import { defaultColumns } from '../model/columns.ts'
import { columnOf, type Column } from '../model/entity.ts'
import { ofPerson, readStored, writeStored } from '../model/stored.ts'

export type Density = 'compact' | 'default' | 'tall'
export const rowHeights: Readonly<Record<Density, number>> = { compact: 32, default: 36, tall: 56 }

/** Widths, order and density are a person's own and saved silently; they never change the shared view. */
export interface Layout {
  readonly paths: readonly string[]
  readonly widths: Readonly<Record<string, number>>
  /** The view's widths: a start, which the person's own replace. */
  readonly given: Readonly<Record<string, number>>
  readonly density: Density
}

/** The id of the first, pinned column: the record itself. */
export const titleColumn = '_title'

/** The view's columns without the title, which always stands first and pinned. */
const pathsOf = (entity: Entity, view: View): readonly string[] =>
  [
    ...new Set([
      ...(view.group === null ? [] : [view.group]),
      ...(view.columns.length > 0 ? view.columns.map((column) => column.field) : defaultColumns(entity)),
    ]),
  ].filter((path) => path !== entity.titleField)

function readLayout(key: string, entity: Entity, view: View): Layout {
  const stored = readStored(key)
  const fresh: Layout = {
    paths: pathsOf(entity, view),
    widths: {},
    given: Object.fromEntries(
      view.columns.flatMap(({ field, width }) => (width === null ? [] : [[field === entity.titleField ? titleColumn : field, width]])),
    ),
    density: view.density,
  }
  if (typeof stored !== 'object' || stored === null) return fresh
  const { paths, widths, density } = { ...fresh, ...stored }
  return {
    paths: Array.isArray(paths) ? paths.filter((path): path is string => typeof path === 'string') : fresh.paths,
    widths: { ...widths },
    given: fresh.given,
    density: density in rowHeights ? density : 'default',
  }
}

export function useLayout(
  catalogue: CatalogueView,
  entity: Entity,
  view: View,
): readonly [Layout, (change: Partial<Layout>) => void, () => void] {
  const key = `layout.${ofPerson(catalogue)}.${entity.id}.${view.id}`
  const [held, setHeld] = useState(() => ({ key, layout: readLayout(key, entity, view) }))
  const current = held.key === key ? held.layout : readLayout(key, entity, view)
  if (held.key !== key) setHeld({ key, layout: current })
  return [
    current,
    (change) => {
      const layout = { ...current, ...change }
      writeStored(key, layout)
      setHeld({ key, layout })
    },
    () => {
      writeStored(key, null)
      setHeld({ key, layout: readLayout(key, entity, view) })
    },
  ]
}

export const columnsOf = (catalogue: CatalogueView, entity: Entity, layout: Layout): readonly Column[] =>
  layout.paths.map((path) => columnOf(catalogue, entity, path)).filter((column): column is Column => column !== null)

/** Around a column's name: the cell's padding, the button of its menu, its sort arrow and the gaps between them. */
const aroundTitle = 60

/** At least as wide as the column's name with its sort arrow, and as its values where they are known. */
export function widthOf({ path, title, field }: Column, layout: Layout): number {
  const { width, fit } = kindOf(field)
  const named = Math.max(width, Math.min(fit?.(field) ?? 0, 240), Math.min(title.length * 7 + aroundTitle, 220))
  return layout.widths[path] ?? Math.max(layout.given[path] ?? 0, named)
}

const titleWidth = 280
const widest = 360

/**
 * Widths of the title column and the others. Room that is left goes in equal parts to what is read from the start, up to a
 * bound; numbers and dates gain nothing from it, and what a person has set stays.
 */
export function widthsOf(columns: readonly Column[], layout: Layout, room: number): readonly number[] {
  const sizes = [
    layout.widths[titleColumn] ?? Math.max(layout.given[titleColumn] ?? 0, titleWidth),
    ...columns.map((column) => widthOf(column, layout)),
  ]
  const growing = [
    ...(layout.widths[titleColumn] === undefined ? [0] : []),
    ...columns.flatMap((column, at) =>
      layout.widths[column.path] === undefined && kindOf(column.field).align === 'start' && !kindOf(column.field).instant ? [at + 1] : [],
    ),
  ].sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0))
  let free = Math.max(0, room - sizes.reduce((sum, size) => sum + size, 0))
  for (const [done, at] of growing.entries()) {
    const size = sizes[at] ?? 0
    const more = Math.max(0, Math.min(Math.floor(free / (growing.length - done)), widest - size))
    sizes[at] = size + more
    free -= more
  }
  return sizes
}
