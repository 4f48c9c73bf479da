import { define, isObject, wholeNumber } from './define.ts'
import type { FieldType } from './type.ts'

export interface LinesSettings {
  /** The line entity. */
  readonly entity: string
  readonly minItems: number
  readonly maxItems: number
}

/** Rows that belong to the document. This type knows only their shape: what stands in a line is the line entity's business. */
export const lines: FieldType<LinesSettings> = define<LinesSettings>({
  id: 'lines',
  relation: 'lines',
  json: ['array'],
  keywords: ['minItems', 'maxItems'],
  settings: ['entity'],
  compile(node, report) {
    const entity = node['x-bos']?.['entity']
    const named = typeof entity === 'string' && /^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/.test(entity)
    if (!named) report('/x-bos/entity', 'must name one line entity such as crm.deal_line')
    const maxItems = wholeNumber(node, 'maxItems', report, { min: 1, max: 5000, fallback: 1000 })
    const minItems = wholeNumber(node, 'minItems', report, { max: maxItems, fallback: 0 })
    return { entity: named ? entity : '', minItems, maxItems }
  },
  columns: () => [],
  /** The catalogue puts the line entity's own schema in place of `items`. */
  schema: ({ minItems, maxItems }) => ({ type: 'array', items: { type: 'object' }, ...(minItems > 0 && { minItems }), maxItems }),
  /** A list of lines as it stands, each still to be read by the pipeline with the line entity's fields. */
  parse(input, { minItems, maxItems }, report) {
    if (!Array.isArray(input)) report('', 'must be a list of lines')
    else if (input.length > maxItems) report('', `has ${input.length} lines; at most ${maxItems} are taken`)
    else if (input.length < minItems) report('', `has ${input.length} lines; at least ${minItems} are needed`)
    else if (!input.every(isObject)) input.forEach((each, i) => isObject(each) || report(`/${i}`, 'must be an object'))
    else return input
    return undefined
  },
  store: () => [],
  operators: {},
  blank: (value) => Array.isArray(value) && value.length === 0,
  fromText(text, settings, report) {
    try {
      return lines.parse(JSON.parse(text), settings, report)
    } catch {
      report('', 'must be a JSON list of lines')
      return undefined
    }
  },
  toText: (value) => JSON.stringify(value),
})
