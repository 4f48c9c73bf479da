import { Menu } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useCatalogue, type Entity, type Field, type Operator } from '../api/catalogue.ts'
import { useTitles } from '../api/titles.ts'
import { Layer } from '../fields/layer.tsx'
import { useLocale } from '../fields/locale.ts'
import { OptionList } from '../fields/option-list.tsx'
import { kindOf } from '../fields/registry.ts'
import type { FieldKind, Locale } from '../fields/type.ts'
import { columnOf } from '../model/entity.ts'
import { complete, filterable, operatorsFor, type Condition } from './view-state.ts'

interface Props {
  readonly entity: Entity
  readonly conditions: readonly Condition[]
  readonly onChange: (conditions: readonly Condition[]) => void
  /** The chip whose operand is being chosen. */
  readonly editing: number | null
  readonly onEditing: (index: number | null) => void
}

/** The conditions of a list as chips, `Stage · is any of · Open, Won ×`; each part opens its own menu. They join with “and”. */
export function FilterChips({ entity, conditions, onChange, editing, onEditing }: Props) {
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
      <AddFilter entity={entity} conditions={conditions} onChange={onChange} onEditing={onEditing} small />
      {conditions.length > 1 && (
        <button className="btn quiet" onClick={() => onChange([])}>
          Clear
        </button>
      )}
    </div>
  )
}

const startWith = (field: Field): Condition => ({ path: field.name, operator: operatorsFor(field)[0]?.[0] ?? 'eq', value: '' })

export function AddFilter({
  entity,
  conditions,
  onChange,
  onEditing,
  small = false,
  children,
}: Omit<Props, 'editing'> & { readonly small?: boolean; readonly children?: React.ReactNode }) {
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
          className={small ? 'icon-btn small' : 'btn quiet'}
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
        options={filterable(entity).map((field) => ({ id: field.name, text: field.title }))}
        onPick={(name) => {
          const field = filterable(entity).find((each) => each.name === name)
          setOpened(false)
          if (!field) return
          onChange([...conditions, startWith(field)])
          onEditing(conditions.length)
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
          onClose={() => onOpen(false)}
          title={column.title}
          width={280}
          target={
            <button className="filter-part filter-value" onClick={() => onOpen(!open)} aria-haspopup="dialog" aria-expanded={open}>
              <span className="ellipsis">{words || '…'}</span>
            </button>
          }
        >
          <OperandEditor
            field={column.field}
            condition={condition}
            onChange={(value) => onChange({ ...condition, value })}
            onDone={() => onOpen(false)}
          />
        </Layer>
      )}
      <button className="filter-x" aria-label={`Remove the filter on ${column.title}`} onClick={() => onChange(null)}>
        <IconX size={13} stroke={1.5} aria-hidden />
      </button>
    </span>
  )
}

const textOf = (value: unknown): string =>
  value === null || value === undefined
    ? ''
    : typeof value === 'object'
      ? JSON.stringify(value)
      : typeof value === 'string'
        ? value
        : JSON.stringify(value)

/** The type as which a field is compared. */
const comparedAs = (field: Field): FieldKind => kindOf(field).filterAs ?? kindOf(field)

/** The text of a query parameter back as a value of the field, for its editor and its words. */
function valueOf(field: Field, text: string, locale: Locale): unknown {
  if (text === '') return null
  const parsed = comparedAs(field).parse?.(text, field, { ...locale, locale: 'en' })
  return parsed && 'value' in parsed ? parsed.value : text
}

interface OperandEditorProps {
  readonly field: Field
  readonly condition: Condition
  readonly onChange: (value: string) => void
  readonly onDone: () => void
}

function OperandEditor(props: OperandEditorProps) {
  const { Operand } = kindOf(props.field)
  return Operand ? (
    <Operand
      field={props.field}
      operator={props.condition.operator}
      value={props.condition.value}
      onChange={props.onChange}
      onDone={props.onDone}
    />
  ) : (
    <TypedOperand {...props} />
  )
}

/** Types without a chooser of their own take typed text; a change is applied after a short pause or with Enter. */
function TypedOperand({ field, condition, onChange, onDone }: OperandEditorProps) {
  const kind = comparedAs(field)
  const locale = useLocale()
  const isText = kind.filterOps.some(([operator]) => operator === 'contains') || condition.operator === 'in'
  const [text, setText] = useState(condition.value)
  const [value, setValue] = useState(() => (isText ? condition.value : valueOf(field, condition.value, locale)))
  const [fault, setFault] = useState<string | null>(null)
  useEffect(() => {
    if (text === condition.value || fault !== null) return undefined
    const timer = setTimeout(() => onChange(text), 400)
    return () => clearTimeout(timer)
  }, [text, fault, condition.value, onChange])
  const commit = (): void => {
    if (fault === null && text !== condition.value) onChange(text)
    onDone()
  }
  if (isText) {
    return (
      <input
        className="input"
        aria-label={field.title}
        data-autofocus
        autoFocus
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Enter' && commit()}
      />
    )
  }
  return (
    <div className="operand">
      <kind.Edit
        id="operand"
        field={{ ...field, required: false }}
        value={value}
        label={field.title}
        autoFocus
        onFault={setFault}
        invalid={fault !== null}
        onCommit={commit}
        onChange={(next) => {
          setValue(next)
          setText(textOf(next))
        }}
      />
      {fault !== null && <p className="field-fault">{fault}</p>}
    </div>
  )
}

function useOperandWords(field: Field | null, condition: Condition): string {
  const locale = useLocale()
  const target = field?.reference?.targets[0]?.entity
  const ids = target !== undefined && condition.operator !== 'null' && condition.value !== '' ? condition.value.split(',') : []
  const titles = useTitles(ids.map((id) => ({ entity: target ?? '', id })))
  if (!field) return condition.value
  if (ids.length > 0) return titles.map((title) => title ?? '…').join(', ')
  const kind = comparedAs(field)
  if (condition.operator === 'contains' || condition.operator === 'startsWith') return condition.value
  return condition.value
    .split(condition.operator === 'in' ? ',' : '\u0000')
    .map((part) => kind.format(valueOf(field, part, locale), field, locale) || part)
    .join(', ')
}
