import { useState } from 'react'
import type { Field } from '../api/catalogue.ts'
import { hueStyle } from './icons.tsx'
import { Layer } from './layer.tsx'
import { OptionList, type Option } from './option-list.tsx'
import { PickerFace } from './picker-face.tsx'
import { settingsOf, type EditProps, type FieldKind, type OperandProps, type ShowProps } from './type.ts'

export interface Choice {
  readonly id: string
  readonly title: string
  readonly hue: number
}

/** The options of a select; one that the metadata no longer names is shown by its id. */
function choicesOf(field: Field): readonly Choice[] {
  const options = settingsOf(field)['options']
  if (!Array.isArray(options)) return []
  return options.flatMap((option: unknown) => {
    if (typeof option === 'string') return [{ id: option, title: option, hue: 260 }]
    if (typeof option !== 'object' || option === null || !('id' in option) || typeof option.id !== 'string') return []
    const { id } = option
    return [
      {
        id,
        title: 'title' in option && typeof option.title === 'string' ? option.title : id,
        hue: 'hue' in option && typeof option.hue === 'number' ? option.hue : 260,
      },
    ]
  })
}
const choiceOf = (field: Field, id: string): Choice => choicesOf(field).find((each) => each.id === id) ?? { id, title: id, hue: 260 }

const Chip = ({ title, hue }: { readonly title: string; readonly hue: number }) => (
  <span className="chip hue" style={hueStyle(hue)} title={title}>
    <span className="ellipsis">{title}</span>
  </span>
)

const listOf = (value: unknown): readonly string[] =>
  Array.isArray(value)
    ? value.filter((each): each is string => typeof each === 'string')
    : typeof value === 'string' && value !== ''
      ? [value]
      : []

function ShowChips({ value, field, roomy }: ShowProps) {
  const ids = listOf(value)
  const shown = roomy ? ids : ids.slice(0, 3)
  return (
    <span className={roomy ? 'chips wrap' : 'chips'}>
      {shown.map((id) => (
        <Chip key={id} {...choiceOf(field, id)} />
      ))}
      {ids.length > shown.length && <span className="caption muted">+{ids.length - shown.length}</span>}
    </span>
  )
}

const optionsOf = (field: Field): readonly Option[] =>
  choicesOf(field).map((choice) => ({ id: choice.id, text: choice.title, content: <Chip {...choice} /> }))

function edit(multi: boolean) {
  return function EditChoice(props: EditProps) {
    const { value, field, onChange, onCommit } = props
    const [opened, setOpened] = useState<string | null>(props.openWith ?? null)
    const ids = listOf(value)
    const pick = (id: string): void => {
      if (multi) {
        const next = ids.includes(id) ? ids.filter((each) => each !== id) : [...ids, id]
        onChange(
          next.length === 0
            ? null
            : choicesOf(field)
                .map((choice) => choice.id)
                .filter((each) => next.includes(each)),
        )
        return
      }
      onChange(id)
      setOpened(null)
      onCommit?.()
    }
    return (
      <Layer
        opened={opened !== null}
        title={field.title}
        width="target"
        onClose={() => {
          setOpened(null)
          props.onCancel?.()
        }}
        target={
          <div>
            <PickerFace
              {...props}
              open={opened !== null}
              onOpen={setOpened}
              label={props.label ?? field.title}
              required={field.required}
              onClear={ids.length > 0 && !(field.required && !multi) ? () => onChange(null) : null}
              placeholder={multi ? 'Choose any' : 'Choose'}
            >
              {ids.length > 0 ? (
                <span className="chips">
                  {ids.map((id) => (
                    <Chip key={id} {...choiceOf(field, id)} />
                  ))}
                </span>
              ) : null}
            </PickerFace>
          </div>
        }
      >
        <OptionList
          label={field.title}
          options={optionsOf(field)}
          selected={new Set(ids)}
          multi={multi}
          onPick={pick}
          initialQuery={opened ?? ''}
        />
      </Layer>
    )
  }
}

/** One operator takes several options (`any of`), the others one. */
function Operand({ field, operator, value, onChange, onDone }: OperandProps) {
  const ids = value === '' ? [] : value.split(',')
  const several = operator === 'in'
  return (
    <OptionList
      label={field.title}
      options={optionsOf(field)}
      selected={new Set(ids)}
      multi={several}
      onPick={(id) => {
        onChange(several ? (ids.includes(id) ? ids.filter((each) => each !== id) : [...ids, id]).join(',') : id)
        if (!several) onDone()
      }}
    />
  )
}

const format = (value: unknown, field: Field): string =>
  listOf(value)
    .map((id) => choiceOf(field, id).title)
    .join(', ')

const find = (field: Field, text: string): string | undefined => {
  const word = text.trim().toLowerCase()
  return choicesOf(field).find((choice) => choice.id === word || choice.title.toLowerCase() === word)?.id
}
const fault = (field: Field): string =>
  `Choose one of: ${choicesOf(field)
    .slice(0, 6)
    .map((choice) => choice.title)
    .join(', ')}`

const select: FieldKind = {
  Show: ShowChips,
  Edit: edit(false),
  format,
  Operand,
  fromOperand: (id) => id,
  align: 'start',
  width: 140,
  fit: (field) => Math.max(...choicesOf(field).map(({ title }) => title.length), 0) * 7 + 44,
  parse: (text, field) => {
    if (text.trim() === '') return { value: null }
    const id = find(field, text)
    return id === undefined ? { fault: fault(field) } : { value: id }
  },
  filterOps: [
    ['in', 'is any of'],
    ['eq', 'is'],
    ['ne', 'is not'],
    ['null', 'is empty'],
  ],
}
const multiSelect: FieldKind = {
  ...select,
  Edit: edit(true),
  width: 180,
  fromOperand: (id) => [id],
  filterOps: [
    ['in', 'has any of'],
    ['contains', 'has'],
    ['eq', 'is'],
    ['null', 'is empty'],
  ],
  parse: (text, field) => {
    const words = text.split(/[,;]/).filter((word) => word.trim() !== '')
    const ids = words.map((word) => find(field, word))
    return ids.every((id) => id !== undefined) ? { value: ids.length === 0 ? null : ids } : { fault: fault(field) }
  },
}

export const choiceKinds = { select, multiSelect } as const
