import { notBuilt } from './notYet.ts'
import { arraySchema, blankArray, cellOfItems, itemsOfCell, parseItems } from './array.ts'
import { define, wholeNumber } from './define.ts'
import { parseId, readTargets } from './reference.ts'
import type { FieldType } from './type.ts'

export interface ReferencesSettings {
  readonly target: string
  /** The junction entity the links go through, or null: then the engine keeps them in a table of its own. */
  readonly through: string | null
  readonly minItems: number
  readonly maxItems: number
}

/**
 * Links to several records of one entity: a list of ids in the order given. Each link is a row, with its foreign key, for filters and
 * for the other end. The list stands in the record's row as well, written with those: readers of a page of records would otherwise
 * pay for a sub-plan under row security per record and list. Through a junction entity there are only its records.
 */
export const references: FieldType<ReferencesSettings> = define<ReferencesSettings>({
  id: 'references',
  relation: 'many',
  json: ['array'],
  keywords: ['minItems', 'maxItems'],
  settings: ['entity', 'through', 'inverse', 'where'],
  compile(node, report) {
    const targets = readTargets(node, report)
    const several = targets.length > 1 || (targets.length === 0 && Array.isArray(node['x-bos']?.['entity']))
    if (several) report('/x-bos/entity', notBuilt('a list of references to several entities'))
    const maxItems = wholeNumber(node, 'maxItems', report, { min: 1, max: 1000, fallback: 200 })
    const minItems = wholeNumber(node, 'minItems', report, { max: maxItems, fallback: 0 })
    return { target: targets[0] ?? '', through: (node['x-bos']?.['through'] as string | undefined) ?? null, minItems, maxItems }
  },
  columns: (name, { through }) => (through === null ? [{ name, type: 'uuid[]' }] : []),
  schema: ({ minItems, maxItems }) => arraySchema({ type: 'string', format: 'uuid' }, { minItems, maxItems, unique: true }),
  parse: (input, { minItems, maxItems }, report) =>
    parseItems(input, { minItems, maxItems, unique: true }, (each, at) => parseId(each, {}, at), report),
  store: (value) => [value],
  render: (sql, at) => sql`coalesce(${at()}, '{}')`,
  operators: {},
  blank: blankArray,
  fromText(text, settings, report) {
    const items = itemsOfCell(text, (each, at) => parseId(each, {}, at), report)
    return items === undefined ? undefined : references.parse(items, settings, (_, detail) => report('', detail))
  },
  toText: (value) => cellOfItems(value as readonly string[], String),
})
