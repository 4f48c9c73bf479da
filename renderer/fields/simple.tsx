import { IconStar, IconStarFilled, IconX } from '@tabler/icons-react'
import { useState } from 'react'
import { useLocale } from './locale.ts'
import { formatDecimal } from './numbers.ts'
import { isEmpty, numberSetting, type EditProps, type FieldKind, type Parsed, type ShowProps } from './type.ts'
import { TextInput } from './text-input.tsx'

/** Rating: stars; the keys are those of a radio group. */
const starsOf = (field: EditProps['field']): number => numberSetting(field, 'maximum') ?? 5

const Stars = ({ value, of }: { readonly value: number; readonly of: number }) => (
  <span className="stars" role="img" aria-label={`${value} of ${of}`}>
    {Array.from({ length: of }, (_, i) =>
      i < value ? (
        <IconStarFilled key={i} size={14} aria-hidden />
      ) : (
        <IconStar key={i} size={14} stroke={1.25} className="faint" aria-hidden />
      ),
    )}
  </span>
)
function EditRating({ id, value, field, onChange, describedBy, label, onBlur }: EditProps) {
  const of = starsOf(field)
  const at = typeof value === 'number' ? value : 0
  return (
    <span className="stars stars-edit" role="radiogroup" aria-label={label ?? field.title} aria-describedby={describedBy} onBlur={onBlur}>
      {Array.from({ length: of }, (_, i) => i + 1).map((star) => (
        <button
          key={star}
          type="button"
          role="radio"
          aria-checked={at === star}
          aria-label={`${star} of ${of}`}
          {...(star === Math.max(at, 1) && { id })}
          tabIndex={star === Math.max(at, 1) ? 0 : -1}
          onClick={() => onChange(at === star ? null : star)}
          onKeyDown={(event) => {
            const step =
              event.key === 'ArrowRight' || event.key === 'ArrowUp' ? 1 : event.key === 'ArrowLeft' || event.key === 'ArrowDown' ? -1 : 0
            if (step === 0) return
            event.preventDefault()
            const next = Math.min(Math.max(at + step, 0), of)
            onChange(next === 0 ? null : next)
            const target = event.currentTarget.parentElement?.children[Math.max(next, 1) - 1]
            if (target instanceof HTMLElement) target.focus()
          }}
        >
          {star <= at ? <IconStarFilled size={18} aria-hidden /> : <IconStar size={18} stroke={1.25} aria-hidden />}
        </button>
      ))}
    </span>
  )
}
const rating: FieldKind = {
  Show: ({ value, field }: ShowProps) => (typeof value === 'number' ? <Stars value={value} of={starsOf(field)} /> : null),
  Edit: EditRating,
  format: (value) => (isEmpty(value) ? '' : String(value)),
  align: 'start',
  width: 110,
  parse: (text, field): Parsed => {
    if (text.trim() === '') return { value: null }
    const value = Number(text)
    return Number.isInteger(value) && value >= 1 && value <= starsOf(field)
      ? { value }
      : { fault: `Enter a whole number from 1 to ${starsOf(field)}` }
  },
  filterOps: [
    ['gte', '≥'],
    ['eq', '='],
    ['lte', '≤'],
    ['null', 'is empty'],
  ],
  instant: true,
}

/** Colour: a swatch with its code. */
const colorText = (value: unknown): string => (typeof value === 'string' ? value : '')
const readColor = (text: string): Parsed => {
  const value = text
    .trim()
    .toLowerCase()
    .replace(/^#?([0-9a-f])([0-9a-f])([0-9a-f])$/, '#$1$1$2$2$3$3')
    .replace(/^([0-9a-f]{6})$/, '#$1')
  if (value === '') return { value: null }
  return /^#[0-9a-f]{6}$/.test(value) ? { value } : { fault: 'Enter a colour such as #3552c9' }
}
const color: FieldKind = {
  Show: ({ value }) =>
    isEmpty(value) ? null : (
      <span className="row">
        <span className="swatch" style={{ background: colorText(value) }} aria-hidden />
        <span className="num">{colorText(value)}</span>
      </span>
    ),
  Edit: (props) => (
    <span className="joined">
      <input
        type="color"
        className="swatch-edit"
        aria-label={`${props.label ?? props.field.title}: pick a colour`}
        value={colorText(props.value) || '#808080'}
        onChange={(event) => props.onChange(event.currentTarget.value)}
        tabIndex={-1}
      />
      <TextInput {...props} write={colorText} read={readColor} placeholder="#3552c9" />
    </span>
  ),
  format: colorText,
  parse: readColor,
  filterOps: [
    ['eq', 'is'],
    ['null', 'is empty'],
  ],
  align: 'start',
  width: 110,
}

/** Duration: an ISO 8601 text, typed as `1h 30m`. Hours are the largest unit shown, so that 40 hours of work do not read as days. */
const units: readonly (readonly [letter: string, seconds: number])[] = [
  ['w', 604_800],
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
]
export const secondsOf = (value: unknown): number | null => {
  const match = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(colorText(value))
  return match ? units.reduce((sum, [, size], index) => sum + Number(match[index + 1] ?? 0) * size, 0) : null
}
const partsOf = (seconds: number): readonly (readonly [number, string])[] =>
  (
    [
      [Math.floor(seconds / 3600), 'h'],
      [Math.floor((seconds % 3600) / 60), 'm'],
      [seconds % 60, 's'],
    ] as const
  ).filter(([count]) => count > 0)
const writeDuration = (value: unknown): string => {
  const seconds = secondsOf(value)
  return seconds === null
    ? ''
    : partsOf(seconds)
        .map(([count, letter]) => `${count}${letter}`)
        .join(' ') || '0m'
}
export function readDuration(text: string): Parsed {
  const typed = text.trim().toLowerCase()
  if (typed === '') return { value: null }
  const clock = /^(\d+):(\d{2})$/.exec(typed)
  const found = [...typed.matchAll(/(\d+(?:[.,]\d+)?)\s*([wdhms])[a-z]*/g)]
  const understood =
    found
      .map((part) => part[0])
      .join('')
      .replace(/\s/g, '') === typed.replace(/\s/g, '')
  if (!clock && (found.length === 0 || !understood)) return { fault: 'Enter a duration, such as 1h 30m' }
  const seconds = clock
    ? Number(clock[1]) * 3600 + Number(clock[2]) * 60
    : found.reduce(
        (sum, part) => sum + Number((part[1] ?? '0').replace(',', '.')) * (units.find(([letter]) => letter === part[2])?.[1] ?? 0),
        0,
      )
  const parts = partsOf(Math.round(seconds))
  return { value: `PT${parts.map(([count, letter]) => `${count}${letter.toUpperCase()}`).join('') || '0S'}` }
}
const duration: FieldKind = {
  Show: ({ value }) => <span className="num">{writeDuration(value)}</span>,
  Edit: (props) => <TextInput {...props} write={writeDuration} read={readDuration} placeholder="1h 30m" />,
  format: writeDuration,
  parse: readDuration,
  filterOps: [
    ['gte', '≥'],
    ['lte', '≤'],
    ['eq', '='],
    ['null', 'is empty'],
  ],
  align: 'end',
  width: 100,
}

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
const list: FieldKind = {
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

/** JSON as text; a small preview where there is one line. */
const readJson = (text: string): Parsed => {
  if (text.trim() === '') return { value: null }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return { fault: 'Enter JSON, such as {"key": "value"}' }
  }
}
function EditJson({ id, value, onChange, onFault, onBlur, invalid, describedBy, label, autoFocus }: EditProps) {
  const [text, setText] = useState(() => (isEmpty(value) ? '' : JSON.stringify(value, null, 2)))
  return (
    <textarea
      id={id}
      className="input mono"
      rows={5}
      value={text}
      autoFocus={autoFocus}
      aria-label={label}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      spellCheck={false}
      onBlur={onBlur}
      onChange={(event) => {
        setText(event.currentTarget.value)
        const parsed = readJson(event.currentTarget.value)
        onFault?.('fault' in parsed ? parsed.fault : null)
        if ('value' in parsed) onChange(parsed.value)
      }}
    />
  )
}
const json: FieldKind = {
  Show: ({ value, roomy }) =>
    isEmpty(value) ? null : roomy ? (
      <pre className="json">{JSON.stringify(value, null, 2)}</pre>
    ) : (
      <code className="ellipsis">{JSON.stringify(value)}</code>
    ),
  Edit: EditJson,
  format: (value) => (isEmpty(value) ? '' : JSON.stringify(value)),
  parse: readJson,
  filterOps: [['null', 'is empty']],
  align: 'start',
  width: 200,
  tall: true,
  wordy: true,
}

/** A position on the map, read only until maps join. */
const geo: FieldKind = {
  ...json,
  wordy: false,
  Show: ({ value }) => {
    const { locale } = useLocale()
    if (typeof value !== 'object' || value === null) return null
    const { lat, lon } = value as { readonly lat?: unknown; readonly lon?: unknown }
    return (
      <span className="num">
        {formatDecimal(String(lat), locale, 0)}, {formatDecimal(String(lon), locale, 0)}
      </span>
    )
  },
}

export const simpleKinds = { rating, color, duration, list, json, geo } as const
