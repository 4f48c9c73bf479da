import type { RawBuilder, Sql } from 'kysely'
import { quoted } from './compare.ts'
import { composite } from './composite.ts'
import type { ColumnRef } from './type.ts'

const parts = ['prefix', 'given', 'middle', 'family', 'suffix'] as const

/** "Ada King" or "King, Ada" → its parts; one word is the family name. */
function whole(cell: string): Readonly<Record<string, string>> {
  const comma = cell.indexOf(',')
  if (comma > 0) return { family: cell.slice(0, comma).trim(), given: cell.slice(comma + 1).trim() }
  const space = cell.lastIndexOf(' ')
  return space < 0 ? { family: cell } : { given: cell.slice(0, space).trim(), family: cell.slice(space + 1) }
}

const byFamily = (sql: Sql, at: ColumnRef): RawBuilder<unknown> => sql`(coalesce(${at('__family')}, ${at('__given')}) collate "und-x-icu")`

/** Never null: keys behind the first may be null only where the first is. */
const byGiven = (sql: Sql, at: ColumnRef): RawBuilder<unknown> => sql`(coalesce(${at('__given')}, '') collate "und-x-icu")`

/** The name of a person, in the parts that letters and lists need. Sorted by family name, then given name. */
export const personName = composite(
  'personName',
  { prefix: 40, given: 100, middle: 100, family: 100, suffix: 40 },
  {
    text: (sql, at) => sql`nullif(concat_ws(' ', ${sql.join(parts.map((part) => at(`__${part}`)))}), '')`,
    sort: (sql, at) => [
      { key: byFamily(sql, at), keyType: 'text' },
      { key: byGiven(sql, at), keyType: 'text' },
    ],
    index: (name) => [
      `(coalesce(${quoted(`${name}__family`)}, ${quoted(`${name}__given`)}) collate "und-x-icu")`,
      `(coalesce(${quoted(`${name}__given`)}, '') collate "und-x-icu")`,
    ],
    whole,
  },
)
