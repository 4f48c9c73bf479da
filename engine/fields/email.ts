import { define } from './define.ts'
import { lineOfText, parseLine, textSettings } from './text.ts'
import type { TextSettings } from './text.ts'
import type { FieldType } from './type.ts'

/** RFC 5321's limits; one class of characters per part, so that the check is linear. */
const local = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const label = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/

function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@')
  const labels = text.slice(at + 1).split('.')
  if (at < 1 || at > 64 || text.length > 254 || labels.length < 2) return false
  return local.test(text.slice(0, at)) && labels.every((each) => label.test(each))
}

/** One e-mail address, kept as written; domains in other scripts in their ASCII form (xn--…). */
export const email: FieldType<TextSettings> = define<TextSettings>({
  ...lineOfText,
  /** Plain ASCII. */
  keyBytes: ({ maxLength }) => maxLength,
  id: 'email',
  titles: true,
  format: 'email',
  keywords: ['default', 'maxLength'],
  compile: (node, report, use) => textSettings(node, report, use, { fallback: 254, ceiling: 254 }),
  schema: ({ maxLength }) => ({ type: 'string', format: 'email', maxLength }),
  parse(input, settings, report) {
    const value = parseLine(input, settings, report)
    if (value === undefined || isEmail(value)) return value
    report('', 'must be an e-mail address such as ada@example.com')
    return undefined
  },
  fromText: (text, settings, report) => email.parse(text.trim(), settings, report),
})
