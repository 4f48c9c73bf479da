import { Menu } from '@mantine/core'
import {
  IconArrowDown,
  IconArrowUp,
  IconArrowLeft,
  IconArrowRight,
  IconChevronDown,
  IconEyeOff,
  IconFilter,
  IconSortAscending,
  IconSortDescending,
} from '@tabler/icons-react'
import type { Header } from '@tanstack/react-table'
import { useState } from 'react'
import { fieldOf, type Entity } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { kindOf } from '../fields/registry.ts'
import type { Column } from '../model/entity.ts'
import { titleColumn, type Layout } from './columns.ts'
import type { GridFeatures } from './grid.tsx'
import { operatorsFor, sortOf, type ViewState } from './view-state.ts'

interface Props {
  readonly headers: readonly Header<GridFeatures, RecordData>[]
  readonly entity: Entity
  readonly columns: readonly Column[]
  readonly state: ViewState
  readonly onSort: (path: string, also: boolean) => void
  readonly onFilter: (path: string) => void
  readonly layout: Layout
  readonly onLayout: (change: Partial<Layout>) => void
  readonly allSelected: boolean
  readonly someSelected: boolean
  readonly onSelectAll: () => void
}

/** Column heads: a click sorts (with Shift it adds to the order), the arrow opens the column's menu, the edge resizes. */
export function GridHeader(props: Props) {
  const { headers, entity, columns, allSelected, someSelected, onSelectAll } = props
  return (
    <div role="row" aria-rowindex={1} className="grid-row grid-head" data-header>
      {headers.map((header, index) => {
        const column = columns[index - 1]
        const title = index === 0 ? (entity.titleField === null ? null : fieldOf(entity, entity.titleField)) : null
        return (
          <Head
            key={header.id}
            {...props}
            header={header}
            index={index}
            column={column}
            path={index === 0 ? title?.name : column?.path}
            sortable={(title ?? column?.field)?.sortable === true && !column?.path.includes('.')}
          >
            {index === 0 && (
              <input
                type="checkbox"
                className="check"
                aria-label="Select all loaded rows"
                checked={allSelected}
                onChange={onSelectAll}
                ref={(node) => {
                  if (node) node.indeterminate = someSelected && !allSelected
                }}
              />
            )}
          </Head>
        )
      })}
    </div>
  )
}

function Head({
  header,
  index,
  column,
  path,
  sortable,
  state,
  onSort,
  onFilter,
  layout,
  onLayout,
  children,
  entity,
}: Props & {
  readonly header: Header<GridFeatures, RecordData>
  readonly index: number
  readonly column: Column | undefined
  readonly path: string | undefined
  readonly sortable: boolean
  readonly children: React.ReactNode
}) {
  const [menu, setMenu] = useState(false)
  const name = String(header.column.columnDef.header)
  const order = path === undefined ? null : sortOf(state.sort, path)
  const at = column ? layout.paths.indexOf(column.path) : -1
  const field = column?.field ?? (path === undefined ? null : fieldOf(entity, path))
  const resize = header.getResizeHandler()
  const swap = (by: number): void => {
    const paths = [...layout.paths]
    const [moved] = paths.splice(at, 1)
    if (moved !== undefined) paths.splice(at + by, 0, moved)
    onLayout({ paths })
  }
  const autoFit = (): void => {
    const cells = document.querySelectorAll<HTMLElement>(`.grid [data-cell="${index}"] > *`)
    const widest = Math.max(80, ...[...cells].map((cell) => cell.scrollWidth + 28))
    onLayout({ widths: { ...layout.widths, [column?.path ?? titleColumn]: Math.min(widest, 480) } })
  }
  return (
    <div
      role="columnheader"
      aria-label={name}
      aria-colindex={index + 1}
      aria-sort={order ?? (sortable ? 'none' : undefined)}
      className="grid-cell head-cell"
      data-pinned={index === 0 || undefined}
      data-align={column ? kindOf(column.field).align : 'start'}
    >
      {children}
      <button
        className="head-title"
        disabled={!sortable}
        onClick={(event) => path !== undefined && onSort(path, event.shiftKey)}
        title={column?.field.help || name}
      >
        <span className="ellipsis">{name}</span>
        {order === 'ascending' && <IconArrowUp size={13} stroke={1.75} aria-hidden />}
        {order === 'descending' && <IconArrowDown size={13} stroke={1.75} aria-hidden />}
      </button>
      <Menu opened={menu} onChange={setMenu} position="bottom-end" width={200} withinPortal>
        <Menu.Target>
          <button className="head-menu" aria-label={`${name}: column menu`}>
            <IconChevronDown size={13} stroke={1.5} aria-hidden />
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {sortable && path !== undefined && order !== 'ascending' && (
            <Menu.Item leftSection={<IconSortAscending size={16} stroke={1.5} />} onClick={() => onSort(path, false)}>
              Sort ascending
            </Menu.Item>
          )}
          {sortable && path !== undefined && order === 'ascending' && (
            <Menu.Item leftSection={<IconSortDescending size={16} stroke={1.5} />} onClick={() => onSort(path, false)}>
              Sort descending
            </Menu.Item>
          )}
          {field && path !== undefined && operatorsFor(field).length > 0 && (
            <Menu.Item leftSection={<IconFilter size={16} stroke={1.5} />} onClick={() => onFilter(path)}>
              Filter by this
            </Menu.Item>
          )}
          {at >= 0 && (
            <>
              <Menu.Divider />
              <Menu.Item leftSection={<IconArrowLeft size={16} stroke={1.5} />} disabled={at === 0} onClick={() => swap(-1)}>
                Move left
              </Menu.Item>
              <Menu.Item
                leftSection={<IconArrowRight size={16} stroke={1.5} />}
                disabled={at === layout.paths.length - 1}
                onClick={() => swap(1)}
              >
                Move right
              </Menu.Item>
              <Menu.Item
                leftSection={<IconEyeOff size={16} stroke={1.5} />}
                onClick={() => onLayout({ paths: layout.paths.filter((each) => each !== column?.path) })}
              >
                Hide column
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <div
        className="head-resize"
        data-active={header.column.getIsResizing() || undefined}
        onMouseDown={resize}
        onTouchStart={resize}
        onDoubleClick={autoFit}
        aria-hidden
      />
    </div>
  )
}
