import { useEffect, useState } from 'react'
import type { Field } from '../api/catalogue.ts'
import { useTitles } from '../api/titles.ts'
import { useLocale } from '../fields/locale.ts'
import { kindOf } from '../fields/registry.ts'
import type { FieldKind, Locale } from '../fields/type.ts'
import type { Condition } from './view-state.ts'

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

/** Chooses or types what a field is compared with. */
export function OperandEditor(props: OperandEditorProps) {
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

/** A condition's operand in words, as its chip says it. */
export function useOperandWords(field: Field | null, condition: Condition): string {
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
