import { useState, type FocusEvent, type ReactNode } from 'react'
import type { Entity, Field } from '../api/catalogue.ts'
import { Edit } from '../fields/field.tsx'
import { Warning, Why } from '../fields/told.tsx'
import { faultAt, isMasked, type FaultTree } from '../fields/type.ts'
import { editableLine, isNew, type LinesAt } from '../model/editable.ts'
import { whenReleased } from '../model/pointer.ts'
import type { RowLogic } from '../model/row-logic.ts'
import { LineWhy } from '../record/line-value.tsx'
import type { Line } from './lines-change.ts'

export interface RowProps {
  readonly line: Entity
  /** As it was typed. */
  readonly row: Line
  readonly logic: RowLogic | undefined
  readonly warnings: FaultTree | undefined
  readonly index: number
  readonly columns: readonly Field[]
  /** Where the lines are stored; null: nowhere yet. */
  readonly at: LinesAt | null
  /** Lines may come and go, and change places. */
  readonly growing: boolean
  readonly faults: FaultTree | undefined
  readonly submits: number
  readonly onEdit: (key: string, name: string, value: unknown) => void
  readonly onAct: (key: string, action: 'up' | 'down' | 'copy' | 'delete') => void
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

interface Cell {
  readonly fault: string | null
  /** This line needs a value, and one may be typed. */
  readonly demanded: boolean
  readonly open: boolean
  readonly control: ReactNode
  /** Why it cannot be changed now, and where the reason can be asked for. */
  readonly locked: ReactNode
  readonly asked: ReactNode
  readonly warned: ReactNode
  readonly told: ReactNode
}

/** A value of a line, to type into where that may be: the same in a table and in a sheet, which lay its parts out as they need. */
export function LineCell({
  id,
  field,
  line,
  row,
  logic,
  at,
  warnings,
  faults,
  shows,
  label,
  from,
  marked,
  onEdit,
  onTyped,
  children,
}: Pick<RowProps, 'line' | 'row' | 'logic' | 'at' | 'warnings' | 'faults' | 'onEdit' | 'onTyped'> & {
  readonly id: string
  readonly field: Field
  readonly shows: boolean
  readonly label?: string
  readonly from?: string
  /** Names what says that a value is demanded, where the label does not. */
  readonly marked?: string
  readonly children: (cell: Cell) => ReactNode
}) {
  const { name } = field
  const [typed, setTyped] = useState<string | null>(null)
  const open = editableLine(at, field, row, logic)
  const fault = typed ?? (shows ? faultAt(faults, name)?.__errors?.[0] : null) ?? null
  const warning = fault === null ? faultAt(warnings, name)?.__errors?.[0] : undefined
  const causes = logic?.locked[name]
  const demanded = open && logic?.required.includes(name) === true
  const isKept = !open && !field.readOnly && at !== null && !isNew(row)
  const described = [
    demanded ? marked : undefined,
    fault !== null ? `${id}-fault` : warning !== undefined ? `${id}-warning` : undefined,
  ].filter((each) => each !== undefined)
  return children({
    fault,
    demanded: demanded && !isMasked(row, name),
    open,
    control: (
      <Edit
        id={id}
        field={field}
        coming={logic?.pending.includes(name) === true}
        readOnly={!open}
        from={from}
        value={row[name]}
        record={row}
        {...(label !== undefined && { label })}
        invalid={fault !== null}
        describedBy={described.join(' ') || undefined}
        onChange={(value) => onEdit(row.id, name, value)}
        onFault={(next) => {
          setTyped(next)
          onTyped(row.id, name, next)
        }}
      />
    ),
    locked: causes && <Why entity={line} names={causes} record={row} />,
    asked: isKept && (
      <LineWhy
        field={field}
        row={row}
        at={{ entity: at.entity, record: at.record, path: at.lists.map((each) => each.name).join('.') }}
        action="update"
      />
    ),
    warned: warning !== undefined && <Warning id={`${id}-warning`}>{warning}</Warning>,
    told: fault !== null && (
      <p className="field-fault" id={`${id}-fault`}>
        {fault}
      </p>
    ),
  })
}
