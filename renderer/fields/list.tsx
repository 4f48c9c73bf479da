import { IconX } from '@tabler/icons-react'
import { useState } from 'react'
import type { EditProps, FieldKind } from './type.ts'

/** A list of scalars: tags typed one by one; Enter or a comma ends each. */
const items = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])
function EditList({ id, value, field, onChange, onBlur, invalid, describedBy, label, autoFocus }: EditProps) {
  const [text, setText] = useState('')
  const list = items(value)
  const addAll = (typed: string): void => {
    const next = typed
      .split(/[,;\n]/)
      .map((each) => each.trim())
      .filter((each) => each !== '' && !list.includes(each))
    if (next.length > 0) onChange([...list, ...next])
    setText('')
  }
  const remove = (index: number): void => {
    const next = list.filter((_, i) => i !== index)
    onChange(next.length === 0 ? null : next)
  }
  return (
    <span className={invalid ? 'input tags invalid' : 'input tags'}>
      {list.map((item, index) => (
        <span key={item} className="tag">
          {item}
          <button type="button" aria-label={`Remove ${item}`} onClick={() => remove(index)}>
            <IconX size={12} stroke={1.5} aria-hidden />
          </button>
        </span>
      ))}
      <input
        id={id}
        value={text}
        autoFocus={autoFocus}
        aria-label={label}
        aria-describedby={describedBy}
        aria-invalid={invalid || undefined}
        placeholder={list.length === 0 ? 'Type, then Enter' : ''}
        autoComplete="off"
        aria-required={field.required || undefined}
        onChange={(event) =>
          /[,;]$/.test(event.currentTarget.value) ? addAll(event.currentTarget.value) : setText(event.currentTarget.value)
        }
        onKeyDown={(event) => {
          if (event.key === 'Enter' && text.trim() !== '' && !event.metaKey && !event.ctrlKey) {
            event.preventDefault()
            addAll(text)
          } else if (event.key === 'Backspace' && text === '' && list.length > 0) remove(list.length - 1)
        }}
        onBlur={() => {
          addAll(text)
          onBlur?.()
        }}
      />
    </span>
  )
}
export const list: FieldKind = {
  Show: ({ value, roomy }) => {
    const all = items(value)
    const shown = roomy ? all : all.slice(0, 3)
    return (
      <span className={roomy ? 'chips wrap' : 'chips'}>
        {shown.map((item) => (
          <span key={item} className="tag ellipsis">
            {item}
          </span>
        ))}
        {all.length > shown.length && <span className="caption muted">+{all.length - shown.length}</span>}
      </span>
    )
  },
  Edit: EditList,
  format: (value) => items(value).join(', '),
  align: 'start',
  width: 180,
  parse: (text) => {
    const all = text
      .split(/[,;]/)
      .map((each) => each.trim())
      .filter((each) => each !== '')
    return { value: all.length === 0 ? null : all }
  },
  filterOps: [
    ['contains', 'has'],
    ['in', 'has any of'],
    ['eq', 'is'],
    ['null', 'is empty'],
  ],
}
