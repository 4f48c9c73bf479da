import { IconExternalLink } from '@tabler/icons-react'
import type { Field } from '../api/catalogue.ts'
import { isEmpty, numberSetting, type EditProps, type FieldKind, type Parsed, type ShowProps } from './type.ts'
import { usePlain } from './parts.ts'
import { TextInput } from './text-input.tsx'

const write = (value: unknown): string => (typeof value === 'string' ? value : isEmpty(value) ? '' : String(value))

const contains = [
  ['contains', 'contains'],
  ['eq', 'is'],
  ['startsWith', 'starts with'],
  ['ne', 'is not'],
  ['in', 'is any of'],
  ['null', 'is empty'],
] as const

function readText(text: string, field: Field): Parsed {
  const value = text.trim()
  const max = numberSetting(field, 'maxLength')
  if (max !== undefined && Array.from(value).length > max) return { fault: `Use at most ${max} characters` }
  return { value: value === '' ? null : value }
}

const ShowText = ({ value, roomy }: ShowProps) => (
  <span className={roomy ? 'value-text' : 'ellipsis'} title={roomy ? undefined : write(value)}>
    {write(value)}
  </span>
)

const plain: FieldKind = {
  Show: ShowText,
  Edit: (props) => <TextInput {...props} write={write} read={readText} />,
  format: write,
  parse: readText,
  filterOps: contains,
  align: 'start',
  width: 200,
}

/** A value that is also an address to go to: the text edits, the small icon opens. */
function linked(
  href: (value: string) => string,
  kind: {
    readonly inputMode: 'email' | 'tel' | 'url'
    readonly placeholder: string
    readonly read: (text: string, field: Field) => Parsed
  },
): FieldKind {
  const Show = ({ value }: ShowProps) =>
    usePlain() ? (
      <span className="ellipsis">{write(value)}</span>
    ) : (
      <span className="linked ellipsis">
        <a
          className="ellipsis link"
          href={href(write(value))}
          target={kind.inputMode === 'url' ? '_blank' : undefined}
          rel="noreferrer"
          onClick={(event) => event.stopPropagation()}
          title={write(value)}
        >
          {kind.inputMode === 'url'
            ? write(value)
                .replace(/^https?:\/\/(www\.)?/, '')
                .replace(/\/$/, '')
            : write(value)}
        </a>
        {kind.inputMode === 'url' && <IconExternalLink size={13} stroke={1.5} className="linked-icon" aria-hidden />}
      </span>
    )
  const Edit = (props: EditProps) => (
    <TextInput {...props} write={write} read={kind.read} inputMode={kind.inputMode} placeholder={kind.placeholder} />
  )
  return { ...plain, Show, Edit, parse: kind.read }
}

const checked = (field: Field, text: string, good: (value: string) => boolean, fault: string): Parsed => {
  const parsed = readText(text, field)
  return 'value' in parsed && typeof parsed.value === 'string' && !good(parsed.value) ? { fault } : parsed
}

const email = linked((value) => `mailto:${value}`, {
  inputMode: 'email',
  placeholder: 'name@company.com',
  read: (text, field) =>
    checked(field, text, (value) => /^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(value), 'Enter an address such as name@company.com'),
})
const phone = linked((value) => `tel:${value.replace(/[^\d+]/g, '')}`, {
  inputMode: 'tel',
  placeholder: '+44 20 7946 0000',
  read: (text, field) => checked(field, text, (value) => /\d/.test(value), 'Enter a phone number'),
})
const safe = (value: string): string => (/^https?:\/\//i.test(value) ? value : '#')
const url = linked(safe, {
  inputMode: 'url',
  placeholder: 'https://',
  read: (text, field) => {
    const value = text.trim()
    const full = value === '' || /^[a-z][a-z0-9+.-]*:/i.test(value) ? value : `https://${value}`
    return checked(
      field,
      full,
      (each) => /^https?:\/\/[^\s/]+\.[^\s]+$/i.test(each) || /^https?:\/\/localhost/.test(each),
      'Enter a web address such as https://company.com',
    )
  },
})

const mono: FieldKind = {
  ...plain,
  Show: ({ value }) => (
    <span className="ellipsis" title={write(value)}>
      {write(value)}
    </span>
  ),
  width: 140,
}

/** The length of a text whose author names none, as the server has it. */
const unsaidLength = 255

/** What may be a sentence, because its author gave it the length of one, gets the line to itself. */
const text: FieldKind = { ...plain, verbatim: true, wide: (field) => (numberSetting(field, 'maxLength') ?? 0) > unsaidLength }

export const textKinds = { text, email, phone, url, sequence: mono, barcode: mono, rank: { ...mono, width: 90 } } as const
