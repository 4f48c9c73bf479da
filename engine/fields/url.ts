import { define } from './define.ts'
import { lineAfter, lineOfText, parseLine, textSettings } from './text.ts'
import type { TextSettings } from './text.ts'
import type { FieldType } from './type.ts'

/** Only what is safe as the target of a link: never javascript:, data: or file:. */
const scheme = /^(?:https?:\/\/|mailto:|tel:)[^/?#\s]/i
/** The same for JSON Schema, which has no flags. */
const linkable = lineAfter('(?:[Hh][Tt][Tt][Pp][Ss]?://|[Mm][Aa][Ii][Ll][Tt][Oo]:|[Tt][Ee][Ll]:)[^/?#]')
/** The characters of RFC 3986; anything else is written with per cent signs. */
const plain = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/

/** The address as given where it is plain ASCII, in its encoded form where it is not; null when it is none. */
function normalise(text: string): string | null {
  if (!scheme.test(text) || /\s/.test(text) || !URL.canParse(text)) return null
  const { href, username, password } = new URL(text)
  // A name before the host makes an address look like another: https://bank.example@evil.example
  if (username !== '' || password !== '') return null
  if (plain.test(text)) return text
  return plain.test(href) ? href : null
}

/** A web, mail or telephone address. */
export const url: FieldType<TextSettings> = define<TextSettings>({
  ...lineOfText,
  /** Plain ASCII. */
  keyBytes: ({ maxLength }) => maxLength,
  id: 'url',
  format: 'uri',
  keywords: ['default', 'maxLength'],
  compile(node, report, use) {
    const wanted = use.indexed ? 300 : 2000
    return textSettings(node, report, use, { fallback: wanted, ceiling: 2000 })
  },
  schema: ({ maxLength }) => ({ type: 'string', format: 'uri', pattern: linkable, maxLength }),
  parse(input, settings, report) {
    const value = parseLine(input, settings, report)
    if (value === undefined) return undefined
    const address = normalise(value)
    if (address === null) report('', 'must be an address that begins with https://, http://, mailto: or tel:')
    return address === null ? undefined : parseLine(address, settings, report)
  },
  fromText: (text, settings, report) => url.parse(text.trim(), settings, report),
})
