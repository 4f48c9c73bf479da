import { useLocale } from './locale.ts'
import { formatDecimal } from './numbers.ts'
import { useTypedText } from './typed-text.ts'
import { isEmpty, type EditProps, type FieldKind, type Parsed } from './type.ts'

/** JSON as text; a small preview where there is one line. */
const readJson = (text: string): Parsed => {
  if (text.trim() === '') return { value: null }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return { fault: 'Enter JSON, such as {"key": "value"}' }
  }
}
const writeJson = (value: unknown): string => (isEmpty(value) ? '' : JSON.stringify(value, null, 2))
function EditJson({ id, value, onChange, onFault, onBlur, invalid, describedBy, label, autoFocus }: EditProps) {
  const { text, setText, meant } = useTypedText({ value, write: writeJson, onFault })
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
        if (!('value' in parsed)) return
        meant(parsed.value)
        onChange(parsed.value)
      }}
    />
  )
}
export const json: FieldKind = {
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
export const geo: FieldKind = {
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
