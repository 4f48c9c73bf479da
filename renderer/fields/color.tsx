import { TextInput } from './text-input.tsx'
import { isEmpty, type FieldKind, type Parsed } from './type.ts'

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
export const color: FieldKind = {
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
