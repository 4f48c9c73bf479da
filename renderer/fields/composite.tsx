import type { Field } from '../api/catalogue.ts'
import { isEmpty, type EditProps, type FieldKind, type ShowProps } from './type.ts'

type Members = Readonly<Record<string, unknown>>
const members = (value: unknown): Members => (typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {})
const text = (value: unknown): string => (typeof value === 'string' ? value : '')

interface Part {
  readonly name: string
  readonly title: string
  readonly width: 'full' | 'half' | 'third'
}

/** A value of several texts, edited side by side and shown as lines. */
function composite(
  parts: readonly Part[],
  lines: (value: Members) => readonly string[],
  width: number,
  all: NonNullable<FieldKind['members']>,
): FieldKind {
  const shown = (value: unknown): readonly string[] =>
    lines(members(value))
      .map((line) => line.trim())
      .filter((line) => line !== '')
  const Show = ({ value, roomy }: ShowProps) =>
    roomy ? (
      <span className="value-text">
        {shown(value).map((line) => (
          <span key={line} className="block">
            {line}
          </span>
        ))}
      </span>
    ) : (
      <span className="ellipsis" title={shown(value).join(', ')}>
        {shown(value).join(', ')}
      </span>
    )
  const Edit = ({ id, value, field, onChange, onBlur, invalid, describedBy, autoFocus, label }: EditProps) => (
    <span className="composite" role="group" aria-label={label ?? field.title} aria-describedby={describedBy}>
      {parts.map((part, index) => (
        <input
          key={part.name}
          id={index === 0 ? id : `${id}-${part.name}`}
          className={`input composite-${part.width}`}
          placeholder={part.title}
          aria-label={`${label ?? field.title}: ${part.title}`}
          value={text(members(value)[part.name])}
          autoFocus={autoFocus === true && index === 0}
          aria-invalid={invalid || undefined}
          autoComplete="off"
          onBlur={onBlur}
          onChange={(event) => {
            const typed = event.currentTarget.value
            const next = { ...members(value), [part.name]: typed === '' ? null : typed }
            onChange(Object.values(next).every(isEmpty) ? null : next)
          }}
        />
      ))}
    </span>
  )
  return {
    Show,
    Edit,
    format: (value: unknown, _field: Field) => shown(value).join(', '),
    filterOps: [
      ['contains', 'contains'],
      ['null', 'is empty'],
    ],
    align: 'start',
    width,
    members: all,
    tall: true,
  }
}

const address = composite(
  [
    { name: 'street', title: 'Street and number', width: 'full' },
    { name: 'street2', title: 'Apartment, floor', width: 'full' },
    { name: 'postal_code', title: 'Postcode', width: 'third' },
    { name: 'city', title: 'City', width: 'half' },
    { name: 'region', title: 'Region', width: 'half' },
    { name: 'country', title: 'Country', width: 'half' },
  ],
  (value) => [
    text(value['street']),
    text(value['street2']),
    `${text(value['postal_code'])} ${text(value['city'])}`,
    text(value['region']),
    text(value['country']),
  ],
  220,
  [
    ['street', 'street'],
    ['street2', 'second line'],
    ['postal_code', 'postcode'],
    ['city', 'city'],
    ['region', 'region'],
    ['country', 'country'],
  ],
)

const personName: FieldKind = {
  ...composite(
    [
      { name: 'given', title: 'First name', width: 'half' },
      { name: 'family', title: 'Last name', width: 'half' },
    ],
    (value) => [
      [value['prefix'], value['given'], value['middle'], value['family'], value['suffix']]
        .map(text)
        .filter((each) => each !== '')
        .join(' '),
    ],
    180,
    [
      ['given', 'first name'],
      ['family', 'last name'],
      ['prefix', 'title'],
      ['middle', 'middle name'],
      ['suffix', 'suffix'],
    ],
  ),
  composed: true,
}

export const compositeKinds = { address, personName } as const
