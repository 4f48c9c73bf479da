import { Menu } from '@mantine/core'
import { IconCode, IconPlus, IconX } from '@tabler/icons-react'
import { useRef, useState, type ReactNode } from 'react'
import { useCatalogue, type Entity, type Operator } from '../api/catalogue.ts'
import { Layer } from '../fields/layer.tsx'
import { OptionList } from '../fields/option-list.tsx'
import { columnOf } from '../model/entity.ts'
import { OperandEditor, useOperandWords } from './operand.tsx'
import { complete, filterable, filteredBy, operatorsFor, type Condition } from './view-state.ts'

interface Props {
  readonly entity: Entity
  readonly conditions: readonly Condition[]
  readonly onChange: (conditions: readonly Condition[]) => void
  /** The chip whose operand is being chosen. */
  readonly editing: number | null
  readonly onEditing: (index: number | null) => void
  /** Opens the field in which an expression is written. */
  readonly onExpression: () => void
}

/** The conditions of a list as chips, `Stage · is any of · Open, Won ×`; each part opens its own menu. They join with “and”. */
export function FilterChips({
  entity,
  conditions,
  onChange,
  editing,
  onEditing,
  onExpression,
  onClear,
  children,
}: Props & { readonly onClear: (() => void) | null; readonly children: ReactNode }) {
  const replace = (index: number, condition: Condition | null): void =>
    onChange(condition === null ? conditions.filter((_, i) => i !== index) : conditions.map((each, i) => (i === index ? condition : each)))
  return (
    <div className="filters" role="group" aria-label="Filters">
      {conditions.map((condition, index) => (
        <FilterChip
          key={`${condition.path}.${conditions.slice(0, index).filter((each) => each.path === condition.path).length}`}
          entity={entity}
          condition={condition}
          open={editing === index}
          onOpen={(open) => {
            onEditing(open ? index : null)
            if (open || complete(condition)) return
            replace(index, null)
            document.querySelector<HTMLElement>('[data-filter-button]')?.focus()
          }}
          onChange={(next) => replace(index, next)}
        />
      ))}
      {children}
      <AddFilter entity={entity} conditions={conditions} onChange={onChange} onEditing={onEditing} onExpression={onExpression} small />
      {onClear && (
        <button className="btn quiet" onClick={onClear}>
          Clear
        </button>
      )}
    </div>
  )
}

/** Last in the list of fields: everything that conditions cannot say. */
const expressionEntry = {
  id: '()',
  text: 'Expression',
  content: (
    <span className="row expression-entry">
      <IconCode size={16} stroke={1.5} aria-hidden />
      Expression
    </span>
  ),
}

export function AddFilter({
  entity,
  conditions,
  onChange,
  onEditing,
  onExpression,
  small = false,
  on = false,
  children,
}: Omit<Props, 'editing'> & {
  readonly small?: boolean
  /** The list is filtered. */
  readonly on?: boolean
  readonly children?: ReactNode
}) {
  const [opened, setOpened] = useState(false)
  return (
    <Layer
      opened={opened}
      onClose={() => setOpened(false)}
      title="Filter by"
      width={240}
      position={small ? 'bottom-start' : 'bottom-end'}
      target={
        <button
          className={small ? 'icon-btn small' : on ? 'btn quiet on' : 'btn quiet'}
          onClick={() => setOpened(!opened)}
          aria-label={small ? 'Add a filter' : undefined}
          aria-haspopup="dialog"
          aria-expanded={opened}
          data-filter-button={small ? undefined : ''}
        >
          {children ?? <IconPlus size={14} stroke={1.5} aria-hidden />}
        </button>
      }
    >
      <OptionList
        label="Filter by"
        options={[...filterable(entity).map((field) => ({ id: field.name, text: field.title })), expressionEntry]}
        onPick={(name) => {
          const field = filterable(entity).find((each) => each.name === name)
          setOpened(false)
          // The layer gives the focus back to its button first.
          if (name === expressionEntry.id) setTimeout(onExpression, 30)
          if (!field) return
          const next = filteredBy(entity, conditions, field.name)
          if (next.conditions !== conditions) onChange(next.conditions)
          onEditing(next.at)
        }}
      />
    </Layer>
  )
}

const choicesOf = (
  id: Operator,
  title: string,
): readonly { readonly id: Operator; readonly title: string; readonly value: string | null }[] =>
  id === 'null'
    ? [
        { id, title, value: 'true' },
        { id, title: 'is not empty', value: 'false' },
      ]
    : [{ id, title, value: null }]

function FilterChip({
  entity,
  condition,
  open,
  onOpen,
  onChange,
}: {
  readonly entity: Entity
  readonly condition: Condition
  readonly open: boolean
  readonly onOpen: (open: boolean) => void
  readonly onChange: (condition: Condition | null) => void
}) {
  const catalogue = useCatalogue()
  const column = columnOf(catalogue, entity, condition.path)
  const words = useOperandWords(column?.field ?? null, condition)
  const opener = useRef<HTMLButtonElement>(null)
  /** The layer gives the focus back to what had it before; where that was a list that is gone, nothing would have it. */
  const close = (): void => {
    onOpen(false)
    setTimeout(() => document.activeElement === document.body && opener.current?.focus(), 30)
  }
  if (!column) {
    return (
      <span className="filter">
        <span className="filter-part">{condition.path}</span>
        <button className="filter-x" aria-label={`Remove the filter ${condition.path}`} onClick={() => onChange(null)}>
          <IconX size={13} stroke={1.5} aria-hidden />
        </button>
      </span>
    )
  }
  const offered = operatorsFor(column.field)
  const operator = offered.find(([id]) => id === condition.operator)?.[1] ?? condition.operator
  return (
    <span className="filter">
      <span className="filter-part filter-field">{column.title}</span>
      <Menu width={180} position="bottom-start">
        <Menu.Target>
          <button className="filter-part" aria-label={`${column.title}: ${operator}. Change the comparison`}>
            {condition.operator === 'null' && condition.value === 'false' ? 'is not empty' : operator}
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {offered
            .flatMap(([id, title]) => choicesOf(id, title))
            .map(({ id, title, value }) => (
              <Menu.Item
                key={`${id}${value}`}
                onClick={() => {
                  const kept =
                    condition.operator === 'null' || id === 'null'
                      ? ''
                      : id === 'in'
                        ? condition.value
                        : (condition.value.split(',')[0] ?? '')
                  onChange({ ...condition, operator: id, value: value ?? kept })
                  if (value === null && kept === '') onOpen(true)
                }}
              >
                {title}
              </Menu.Item>
            ))}
        </Menu.Dropdown>
      </Menu>
      {condition.operator !== 'null' && (
        <Layer
          opened={open}
          onClose={close}
          title={column.title}
          width={280}
          target={
            <button
              ref={opener}
              className="filter-part filter-value"
              onClick={() => onOpen(!open)}
              aria-haspopup="dialog"
              aria-expanded={open}
            >
              <span className="ellipsis">{words || '…'}</span>
            </button>
          }
        >
          <OperandEditor
            field={column.field}
            condition={condition}
            onChange={(value) => onChange({ ...condition, value })}
            onDone={close}
          />
        </Layer>
      )}
      <button className="filter-x" aria-label={`Remove the filter on ${column.title}`} onClick={() => onChange(null)}>
        <IconX size={13} stroke={1.5} aria-hidden />
      </button>
    </span>
  )
}
