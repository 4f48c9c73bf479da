import { Menu } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconCopy, IconDots, IconTrash } from '@tabler/icons-react'
import { memo, useState, type FocusEvent } from 'react'
import type { Entity, Field } from '../api/catalogue.ts'
import { Edit } from '../fields/field.tsx'
import { kindOf } from '../fields/registry.ts'
import { Warning, Why } from '../fields/told.tsx'
import { faultAt, isMasked, type FaultTree } from '../fields/type.ts'
import { whenReleased } from '../model/pointer.ts'
import type { RowLogic } from '../model/row-logic.ts'
import { shownOf } from '../model/use-logic.ts'
import { LineWhy, type LinePlace } from '../record/line-value.tsx'
import type { Line } from './lines-change.ts'

export type RowAction = 'up' | 'down' | 'copy' | 'delete'
export interface RowProps {
  readonly line: Entity
  /** As it was typed. */
  readonly row: Line
  readonly logic: RowLogic | undefined
  readonly warnings: FaultTree | undefined
  readonly index: number
  readonly columns: readonly Field[]
  /** Where the lines are stored; null: nowhere yet, or in lines. */
  readonly at: LinePlace | null
  readonly faults: FaultTree | undefined
  readonly submits: number
  readonly onEdit: (key: string, name: string, value: unknown) => void
  readonly onAct: (key: string, action: RowAction) => void
  readonly onTyped: (key: string, name: string, fault: string | null) => void
}

/** A new line is not wrong yet: a cell shows its fault once it was left, or when saving was tried since the line is there. */
export function useLeft(submits: number) {
  const [since] = useState(submits)
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  return {
    shows: (name: string): boolean => submits > since || left.has(name),
    onLeave: (name: string, event: FocusEvent<HTMLElement>): void => {
      const next = event.relatedTarget
      const inside = next instanceof Element && (event.currentTarget.contains(next) || next.closest('[data-layer]') !== null)
      if (!inside) whenReleased(() => setLeft((old) => (old.has(name) ? old : new Set(old).add(name))))
    },
  }
}

/** Where somebody can ask why the line's value stays as it is: of a line that is stored. */
export const askedAt = (at: LinePlace | null, row: Line, stays: boolean): LinePlace | null =>
  stays && !row.id.startsWith('new:') ? at : null

/** Only the edited row renders again: handlers are stable and other rows keep their identity. */
export const Row = memo(function Row({
  id,
  line,
  row: typedRow,
  logic,
  warnings,
  index,
  last,
  columns,
  at,
  faults,
  submits,
  onEdit,
  onAct,
  onTyped,
}: RowProps & { readonly id: string; readonly last: number }) {
  const { shows, onLeave } = useLeft(submits)
  const [typed, setTyped] = useState<Readonly<Record<string, string | null>>>({})
  const row = shownOf(typedRow, logic)
  return (
    <tr data-line={index}>
      <td className="line-number num faint">{index + 1}</td>
      {columns.map((field, column) => {
        const fault = typed[field.name] ?? (shows(field.name) ? faultAt(faults, field.name)?.__errors?.[0] : null) ?? null
        const cellId = `${id}-${row.id}-${field.id}`
        const warning = fault === null ? faultAt(warnings, field.name)?.__errors?.[0] : undefined
        const causes = logic?.locked[field.name]
        const masked = isMasked(row, field.name)
        const place = askedAt(at, row, causes !== undefined || masked)
        // The column says what every line needs, the cell what this one needs besides.
        const demanded = !field.required && !masked && causes === undefined && logic?.required.includes(field.name) === true
        const described = [
          demanded ? `${cellId}-required` : null,
          fault !== null ? `${cellId}-fault` : warning !== undefined ? `${cellId}-warning` : null,
        ].filter((each) => each !== null)
        // The column stays: a table whose columns come and go cannot be read.
        if (logic?.hidden.includes(field.name))
          return (
            <td key={field.id} data-column={column} className="cell-away">
              <span className="sr-only">{field.title} does not apply</span>
            </td>
          )
        return (
          <td
            key={field.id}
            data-column={column}
            data-align={kindOf(field).align}
            data-required={demanded || undefined}
            className={fault === null ? undefined : 'cell-fault'}
            onBlur={(event) => onLeave(field.name, event)}
          >
            {demanded && (
              <span className="cell-required" id={`${cellId}-required`}>
                <span aria-hidden>*</span>
                <span className="sr-only">Required</span>
              </span>
            )}
            <Edit
              id={cellId}
              field={field}
              coming={logic?.pending.includes(field.name) === true}
              readOnly={field.readOnly || causes !== undefined || masked}
              value={row[field.name]}
              record={row}
              label={`${field.title}, line ${index + 1}`}
              invalid={fault !== null}
              describedBy={described.join(' ') || undefined}
              onChange={(value) => onEdit(row.id, field.name, value)}
              onFault={(next) => {
                setTyped((old) => ({ ...old, [field.name]: next }))
                onTyped(row.id, field.name, next)
              }}
            />
            {causes && <Why entity={line} names={causes} record={row} />}
            {place && <LineWhy field={field} row={row} at={place} action="update" />}
            {warning !== undefined && <Warning id={`${cellId}-warning`}>{warning}</Warning>}
            {fault !== null && (
              <span className="field-fault" id={`${cellId}-fault`}>
                {fault}
              </span>
            )}
          </td>
        )
      })}
      <td className="line-menu">
        <RowMenu row={row} index={index} last={last} onAct={onAct} />
      </td>
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
