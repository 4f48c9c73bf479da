import { useMemo } from 'react'
import { compileExpression } from '../../engine/expressions/check.ts'
import { fieldOf } from '../../engine/fields/index.ts'
import { useCatalogue } from '../api/catalogue.ts'
import { ExpressionInput } from '../expression/expression-input.tsx'
import { sentenceOf } from '../expression/repair.ts'
import { contextOf } from '../model/names.ts'
import { usePhone } from './layer.tsx'
import type { EditProps } from './type.ts'
import { useTypedText } from './typed-text.ts'

const write = (value: unknown): string => (typeof value === 'string' ? value : '')
const anything = { entity: null, result: { kind: 'json' } } as const

/** A formula is written as the expression of a list is: completed and checked as the server will check it. Only what means something is a value. */
export function EditFormula(props: EditProps) {
  const { id, value, field, onChange, onFault, onBlur, onCommit, onCancel, invalid = false, describedBy, autoFocus = false } = props
  const catalogue = useCatalogue()
  const phone = usePhone()
  const { entity, result } = fieldOf(field.type).formula?.(field.settings) ?? anything
  const context = useMemo(() => contextOf(catalogue, entity ?? ''), [catalogue, entity])
  const { text, setText, meant } = useTypedText({ value, write, openWith: props.openWith, onFault })
  const put = (next: string): void => {
    setText(next)
    const whole = next.trim()
    const [fault] = (whole === '' ? undefined : compileExpression(next, context, result).faults) ?? []
    onFault?.(fault ? sentenceOf(fault.detail) : null)
    if (fault) return
    const meaning = whole === '' ? null : whole
    meant(meaning)
    onChange(meaning)
  }
  return (
    <ExpressionInput
      label={props.label ?? field.title}
      context={context}
      expected={result}
      text={text}
      onText={put}
      onApply={() => onCommit?.()}
      onCancel={() => onCancel?.()}
      inline={phone}
      control={{ id, autoFocus, required: field.required, describedBy, invalid, onBlur }}
    />
  )
}
