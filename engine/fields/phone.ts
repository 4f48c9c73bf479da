import { define } from './define.ts'
import { lineAfter, lineOfText, parseLine, textSettings } from './text.ts'
import type { TextSettings } from './text.ts'
import type { FieldType } from './type.ts'

/** Digits with the signs people write between them, and an extension at the end. Each character is read once. */
const shape = /^\+?[0-9()./ -]+(?: ?(?:x|ext\.?|#) ?[0-9]{1,8})?$/i

/** A telephone number as it was written: countries group their digits in too many ways to rewrite it. */
export const phone: FieldType<TextSettings> = define<TextSettings>({
  ...lineOfText,
  /** Plain ASCII. */
  keyBytes: ({ maxLength }) => maxLength,
  id: 'phone',
  keywords: ['default', 'maxLength'],
  compile: (node, report, use) => textSettings(node, report, use, { fallback: 40, ceiling: 60 }),
  schema: ({ maxLength }) => ({ type: 'string', pattern: lineAfter('[+0-9(]'), maxLength }),
  parse(input, settings, report) {
    const value = parseLine(input, settings, report)
    if (value === undefined) return undefined
    const digits = value.replace(/[^0-9]/g, '').length
    if (shape.test(value) && /^[+0-9(]/.test(value) && !value.endsWith(' ') && digits >= 3 && digits <= 24) return value
    report('', 'must be a telephone number such as +49 30 901820, with an extension as x123')
    return undefined
  },
  fromText: (text, settings, report) => phone.parse(text.trim(), settings, report),
})
