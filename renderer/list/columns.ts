import { useState } from 'react'
import type { CatalogueView, Entity, View } from '../api/catalogue.ts'
import { kindOf } from '../fields/registry.ts'
import { defaultColumns } from '../model/columns.ts'
import { columnOf, type Column } from '../model/entity.ts'
import { readStored, writeStored } from '../model/stored.ts'

export type Density = 'compact' | 'default' | 'tall'
export const rowHeights: Readonly<Record<Density, number>> = { compact: 32, default: 36, tall: 56 }

/** Widths, order and density are a person's own and saved silently; they never change the shared view. */
export interface Layout {
  readonly paths: readonly string[]
  readonly widths: Readonly<Record<string, number>>
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
    widths: Object.fromEntries(
      view.columns.flatMap(({ field, width }) => (width === null ? [] : [[field === entity.titleField ? titleColumn : field, width]])),
    ),
    density: view.density,
  }
  if (typeof stored !== 'object' || stored === null) return fresh
  const { paths, widths, density } = { ...fresh, ...stored }
  return {
    paths: Array.isArray(paths) ? paths.filter((path): path is string => typeof path === 'string') : fresh.paths,
    widths: { ...fresh.widths, ...widths },
    density: density in rowHeights ? density : 'default',
  }
}

export function useLayout(
  catalogue: CatalogueView,
  entity: Entity,
  view: View,
): readonly [Layout, (change: Partial<Layout>) => void, () => void] {
  const key = `layout.${catalogue.tenant.id}.${catalogue.me.member}.${entity.id}.${view.id}`
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

/** At least as wide as the column's name with its sort arrow. */
export const widthOf = (column: Column, layout: Layout): number =>
  layout.widths[column.path] ?? Math.max(kindOf(column.field).width, Math.min(column.title.length * 7 + 52, 220))
