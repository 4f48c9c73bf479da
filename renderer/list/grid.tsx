import { columnResizingFeature, columnSizingFeature, tableFeatures, useTable, type ColumnDef } from '@tanstack/react-table'
import { useEffect, useMemo, useRef, useState } from 'react'
import type { Entity } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import type { Column } from '../model/entity.ts'
import { rowHeights, titleColumn, widthsOf, type Layout } from './columns.ts'
import { GridBody } from './grid-body.tsx'
import { GridHeader } from './grid-header.tsx'
import { placeIn, useGridKeys, type Active, type Asked, type Editing } from './grid-keys.ts'
import type { ViewState } from './view-state.ts'

const features = tableFeatures({ columnSizingFeature, columnResizingFeature })
/** Room after the last column, for its handle. */
const filler = 24
export type GridFeatures = typeof features

export interface GridProps {
  readonly entity: Entity
  readonly rows: readonly RecordData[]
  readonly columns: readonly Column[]
  readonly layout: Layout
  readonly onLayout: (change: Partial<Layout>) => void
  readonly state: ViewState
  readonly onSort: (path: string, also: boolean) => void
  readonly onFilter: (path: string) => void
  readonly total: number | undefined
  readonly selection: ReadonlySet<string>
  readonly onSelection: (selection: ReadonlySet<string>) => void
  /** The record shown beside the grid, if any. */
  readonly open: string | null
  readonly onOpen: (record: RecordData, how: 'default' | 'panel') => void
  readonly onEnd: () => void
  readonly onEdit: ((record: RecordData, column: Column, value: unknown) => Promise<unknown>) | null
}

/**
 * The list's grid: columns and their sizes are react-table's, rows are virtual with a fixed height, ARIA and keys are ours.
 * Focus has two levels (SCREENS §6): a row, where letters are commands, and a cell.
 */
export function Grid(props: GridProps) {
  const { entity, columns, layout, onLayout, state, onSort, onFilter, total, selection, onSelection } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [editing, setEditing] = useState<Editing | null>(null)
  const [asked, setAsked] = useState<Asked | null>(null)
  const rows = editing?.rows ?? props.rows
  const [focused, setActive] = useState<Active>({ id: null, row: 0, cell: null })
  const active = placeIn(rows, focused)
  const [room, setRoom] = useState(0)
  useEffect(() => {
    const node = scroller.current
    if (!node) return undefined
    const observer = new ResizeObserver(() => setRoom(node.clientWidth))
    observer.observe(node)
    return () => observer.disconnect()
  }, [])
  const fitting = useMemo(() => widthsOf(columns, layout, room - filler), [columns, layout, room])
  const defs = useMemo<ColumnDef<GridFeatures, RecordData>[]>(
    () => [
      {
        id: titleColumn,
        accessorFn: (record) => record._title ?? '',
        header: entity.title,
        size: fitting[0] ?? 280,
        minSize: 160,
        maxSize: 800,
      },
      ...columns.map((column, at) => ({
        id: column.path,
        accessorFn: column.read,
        header: column.title,
        size: fitting[at + 1] ?? 100,
        minSize: 60,
        maxSize: 800,
      })),
    ],
    [entity.title, columns, fitting],
  )
  const data = useMemo(() => [...rows], [rows])
  const table = useTable({ features, columns: defs, data, columnResizeMode: 'onChange', getRowId: (record: RecordData) => record.id })

  // Sizes are kept once the drag has ended, not on each pixel of it.
  const { columnSizing, columnResizing } = table.state
  const dragging = columnResizing.isResizingColumn
  useEffect(() => {
    if (dragging === false && Object.keys(columnSizing).length > 0) {
      onLayout({ widths: { ...layout.widths, ...columnSizing } })
      table.resetColumnSizing(true)
    }
  }, [dragging, columnSizing, layout.widths, onLayout, table])

  const widths = table.getAllLeafColumns().map((column) => column.getSize())
  const height = rowHeights[layout.density]
  const { onKeyDown, begin } = useGridKeys({ ...props, rows, active, setActive, editing, setEditing, setAsked, scroller, height })
  const template = widths.map((width) => `${width}px`).join(' ')

  return (
    <div
      className="grid"
      role="grid"
      tabIndex={-1}
      ref={scroller}
      aria-label={entity.pluralTitle}
      aria-rowcount={(total ?? rows.length) + 1}
      aria-colcount={columns.length + 1}
      aria-multiselectable
      data-density={layout.density}
      onKeyDown={onKeyDown}
      style={{ '--columns': template, '--row': `${height}px` } as React.CSSProperties}
    >
      <div className="grid-inner" style={{ minWidth: widths.reduce((sum, width) => sum + width, 0) + filler }}>
        <GridHeader
          headers={table.getHeaderGroups()[0]?.headers ?? []}
          entity={entity}
          columns={columns}
          state={state}
          onSort={onSort}
          onFilter={onFilter}
          layout={layout}
          onLayout={onLayout}
          allSelected={rows.length > 0 && rows.every((row) => selection.has(row.id))}
          someSelected={selection.size > 0}
          onSelectAll={() => onSelection(rows.every((row) => selection.has(row.id)) ? new Set() : new Set(rows.map((row) => row.id)))}
        />
        <GridBody
          {...props}
          rows={rows}
          scroller={scroller}
          height={height}
          active={active}
          setActive={setActive}
          editing={editing}
          setEditing={setEditing}
          begin={begin}
          asked={asked}
          setAsked={setAsked}
        />
      </div>
    </div>
  )
}
