import { Menu } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconCopy, IconDots, IconTrash } from '@tabler/icons-react'
import { memo } from 'react'
import { kindOf } from '../fields/registry.ts'
import { shownOf } from '../model/use-logic.ts'
import { LineCell, useLeft, type RowProps } from './line-cell.tsx'

/** Only the edited row renders again: handlers are stable and other rows keep their identity. */
export const Row = memo(function Row({
  id,
  row: typedRow,
  index,
  last,
  columns,
  submits,
  growing,
  onAct,
  ...cells
}: RowProps & { readonly id: string; readonly last: number }) {
  const { shows, onLeave } = useLeft(submits)
  const row = shownOf(typedRow, cells.logic)
  return (
    <tr data-line={index}>
      <td className="line-number num faint">{index + 1}</td>
      {columns.map((field, column) => {
        const cellId = `${id}-${row.id}-${field.id}`
        // The column stays: a table whose columns come and go cannot be read.
        if (cells.logic?.hidden.includes(field.name))
          return (
            <td key={field.id} data-column={column} className="cell-away">
              <span className="sr-only">{field.title} does not apply</span>
            </td>
          )
        return (
          <LineCell
            key={field.id}
            id={cellId}
            field={field}
            row={row}
            {...cells}
            shows={shows(field.name)}
            label={`${field.title}, line ${index + 1}`}
            // The column says what every line needs, the cell what this one needs besides.
            {...(!field.required && { marked: `${cellId}-required` })}
          >
            {({ fault, demanded, control, locked, asked, warned, told }) => (
              <td
                data-column={column}
                data-align={kindOf(field).align}
                data-required={(demanded && !field.required) || undefined}
                className={fault === null ? undefined : 'cell-fault'}
                onBlur={(event) => onLeave(field.name, event)}
              >
                {demanded && !field.required && (
                  <span className="cell-required" id={`${cellId}-required`}>
                    <span aria-hidden>*</span>
                    <span className="sr-only">Required</span>
                  </span>
                )}
                {control}
                {locked}
                {asked}
                {warned}
                {told}
              </td>
            )}
          </LineCell>
        )
      })}
      <td className="line-menu">{growing && <RowMenu row={row} index={index} last={last} onAct={onAct} />}</td>
    </tr>
  )
})

const RowMenu = ({ row, index, last, onAct }: Pick<RowProps, 'row' | 'index' | 'onAct'> & { readonly last: number }) => (
  <Menu width={180} position="bottom-end" zIndex={420}>
    <Menu.Target>
      <button type="button" className="icon-btn small" aria-label={`Line ${index + 1}: actions`}>
        <IconDots size={16} stroke={1.5} aria-hidden />
      </button>
    </Menu.Target>
    <Menu.Dropdown>
      <Menu.Item leftSection={<IconCopy size={16} stroke={1.5} />} onClick={() => onAct(row.id, 'copy')}>
        Duplicate
      </Menu.Item>
      <Menu.Item leftSection={<IconArrowUp size={16} stroke={1.5} />} disabled={index === 0} onClick={() => onAct(row.id, 'up')}>
        Move up
      </Menu.Item>
      <Menu.Item leftSection={<IconArrowDown size={16} stroke={1.5} />} disabled={index === last} onClick={() => onAct(row.id, 'down')}>
        Move down
      </Menu.Item>
      <Menu.Divider />
      <Menu.Item data-danger leftSection={<IconTrash size={16} stroke={1.5} />} onClick={() => onAct(row.id, 'delete')}>
        Delete line
      </Menu.Item>
    </Menu.Dropdown>
  </Menu>
)
