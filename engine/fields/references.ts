import { define, inside, wholeNumber } from './define.ts'
import { parseId, readTargets } from './reference.ts'
import type { FieldType } from './type.ts'

export interface ReferencesSettings {
  readonly target: string
  /** The junction entity the links go through, or null: then the engine keeps them in a table of its own. */
  readonly through: string | null
  readonly minItems: number
  readonly maxItems: number
}

/** Links to several records of one entity: a list of ids in the order given. Stored in rows of their own, not in the record's. */
export const references: FieldType<ReferencesSettings> = define<ReferencesSettings>({
  id: 'references',
  json: ['array'],
  keywords: ['minItems', 'maxItems'],
  settings: ['entity', 'through', 'inverse', 'where'],
  compile(node, report) {
    if (node['x-bos']?.['where'] !== undefined) report('/x-bos/where', 'not yet: limiting the choice needs the expression language')
    const targets = readTargets(node, report)
    if (targets.length > 1 || (targets.length === 0 && Array.isArray(node['x-bos']?.['entity']))) report('/x-bos/entity', 'not yet: a list of references to several entities')
    const maxItems = wholeNumber(node, 'maxItems', report, { min: 1, max: 1000, fallback: 200 })
    const minItems = wholeNumber(node, 'minItems', report, { max: maxItems, fallback: 0 })
    return { target: targets[0] ?? '', through: (node['x-bos']?.['through'] as string | undefined) ?? null, minItems, maxItems }
  },
  columns: () => [],
  schema: ({ minItems, maxItems }) => ({ type: 'array', items: { type: 'string', format: 'uuid' }, uniqueItems: true, ...(minItems > 0 && { minItems }), maxItems }),
  parse(input, { minItems, maxItems }, report) {
    if (!Array.isArray(input)) {
      report('', 'must be a list of ids')
      return undefined
    }
    let faults = 0
    const fault = (pointer: string, detail: string): void => {
      faults++
      report(pointer, detail)
    }
    if (input.length > maxItems) fault('', `has ${input.length} items; at most ${maxItems} are taken`)
    else if (input.length < minItems) fault('', `has ${input.length} items; at least ${minItems} are needed`)
    const seen = new Set<string>()
    const ids = input.slice(0, maxItems).map((each, i) => {
      const id = parseId(each, {}, inside(fault, i))
      if (id !== undefined && seen.has(id)) inside(fault, i)('', 'is in the list twice')
      if (id !== undefined) seen.add(id)
      return id
    })
    return faults === 0 ? ids : undefined
  },
  store: () => [],
  operators: {},
  blank: (value) => Array.isArray(value) && value.length === 0,
  fromText: (text, settings, report) => references.parse(text.split(';').map((each) => each.trim()), settings, (_, detail) => report('', detail)),
  toText: (value) => (value as readonly string[]).join('; '),
})
