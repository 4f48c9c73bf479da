import type { Report } from '../problems.ts'
import { arrayLimits, arrayOperators, arraySchema, blankArray, cellOfItems, itemsOfCell, parseItems } from './array.ts'
import type { ArrayLimits } from './array.ts'
import { define } from './define.ts'
import { optionId, optionOfText, optionType, parseOption, readOptions } from './select.ts'
import type { SelectSettings } from './select.ts'

export interface MultiSelectSettings extends SelectSettings, ArrayLimits {}

/** A set: the canonical order is that of the options. */
function parseOptions(input: unknown, settings: MultiSelectSettings, report: Report): string[] | undefined {
  const chosen = parseItems(input, settings, (item, at) => parseOption(item, settings, at), report)
  return chosen && settings.options.filter((each) => chosen.includes(each.id)).map((each) => each.id)
}

/** Some of a list of options. */
export const multiSelect = define<MultiSelectSettings>({
  id: 'multiSelect',
  valueType: (settings) => ({ kind: 'list', of: optionType(settings) }),
  json: ['array'],
  keywords: ['items', 'default', 'minItems', 'maxItems', 'uniqueItems', 'enum'],
  settings: ['options'],
  compile(node, report) {
    const items = node['items'] as { readonly enum?: unknown } | undefined
    const at = items?.enum === undefined && node['enum'] !== undefined ? '/enum' : '/items/enum'
    const options = readOptions(node, items?.enum ?? node['enum'], report, at)
    return { options, ...arrayLimits(node, report, Math.max(1, options.length), true) }
  },
  columns: (name) => [{ name, type: 'text[]', collation: 'C' }],
  schema: (settings) => arraySchema({ type: 'string', enum: settings.options.map((each) => each.id) }, settings),
  parse: parseOptions,
  fromName: (literal, settings) => (Array.isArray(literal) ? literal.map((each) => optionId(each, settings)) : literal),
  operators: arrayOperators(() => 'text', parseOption),
  blank: blankArray,
  fromText(text, settings, report) {
    const items = itemsOfCell(text, (each, at) => optionOfText(each, settings, at), report)
    return items === undefined ? undefined : parseOptions(items, settings, report)
  },
  toText: (value) => cellOfItems(value as readonly string[], String),
})
