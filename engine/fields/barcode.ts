import { define } from './define.ts'
import { lineSchema, lineOfText, parseLine, textSettings } from './text.ts'
import type { TextSettings } from './text.ts'
import type { FieldType } from './type.ts'

export interface BarcodeSettings extends TextSettings {
  readonly symbology: Symbology
}
export type Symbology = keyof typeof kinds

/** The last digit of a GTIN makes the sum of all, weighted 1 and 3 from the right, a multiple of ten. */
function isGtin(text: string, digits: number): boolean {
  if (text.length !== digits || !/^[0-9]+$/.test(text)) return false
  let sum = 0
  for (let i = 0; i < digits; i++) sum += Number(text[digits - 1 - i]) * (i % 2 === 0 ? 1 : 3)
  return sum % 10 === 0
}

/** Printable ASCII without spaces around it. */
const isPlain = (text: string): boolean => /^[ -~]+$/.test(text) && text === text.trim()

const kinds = {
  any: { check: isPlain, says: 'must be a code of plain letters, digits and signs' },
  code128: { check: isPlain, says: 'must be a code of plain letters, digits and signs' },
  code39: {
    check: (text: string) => /^[0-9A-Z\-. $/+%]+$/.test(text) && text === text.trim(),
    says: 'must be capital letters, digits or - . $ / + %',
  },
  ean13: { check: (text: string) => isGtin(text, 13), says: 'must be 13 digits of which the last one checks the others' },
  ean8: { check: (text: string) => isGtin(text, 8), says: 'must be 8 digits of which the last one checks the others' },
  upca: { check: (text: string) => isGtin(text, 12), says: 'must be 12 digits of which the last one checks the others' },
  qr: { check: (text: string) => text.trim() !== '' && text === text.trim(), says: 'must not be empty or begin or end with a space' },
} as const

/** What a scanner reads. Compared exactly, as scanners do. */
export const barcode: FieldType<BarcodeSettings> = define<BarcodeSettings>({
  ...lineOfText,
  id: 'barcode',
  keywords: ['default', 'maxLength'],
  settings: ['symbology'],
  compile(node, report, use) {
    const symbology = node['x-bos']?.['symbology'] ?? 'any'
    const known = typeof symbology === 'string' && Object.hasOwn(kinds, symbology)
    if (!known) report('/x-bos/symbology', `must be one of ${Object.keys(kinds).join(', ')}`)
    return { ...textSettings(node, report, use, { fallback: 80, ceiling: 300 }), symbology: known ? (symbology as Symbology) : 'any' }
  },
  schema: ({ maxLength }, mode) => ({ type: 'string', minLength: 1, maxLength, ...lineSchema(mode) }),
  parse(input, settings, report) {
    const value = parseLine(input, settings, report)
    if (value === undefined || kinds[settings.symbology].check(value)) return value
    report('', kinds[settings.symbology].says)
    return undefined
  },
  fromText: (text, settings, report) => barcode.parse(text.trim(), settings, report),
})
