import type { Report } from '../problems.ts'
import { emptiness, quoted } from './compare.ts'
import { define, inside, isObject } from './define.ts'
import type { Definition } from './define.ts'
import { suggestion } from './nearest.ts'
import { lineSchema, parseLine, text } from './text.ts'
import type { TextSettings } from './text.ts'
import type { FieldType, Member } from './type.ts'

type Parts = Readonly<Record<string, string>>
interface Own extends Pick<Definition<object>, 'text' | 'sort' | 'index'> {
  /** What a cell of plain text means. */
  readonly whole: (text: string) => Parts
}

/**
 * A value of several named texts, each a column `${name}__part` that filters and sorts by itself. `parts` gives the longest length of each.
 * A part that is absent, null or only white space is not set; a value without any part is null.
 */
export function composite(id: string, parts: Readonly<Record<string, number>>, own: Own): FieldType<object> {
  const { whole, ...rest } = own
  const names = Object.keys(parts)
  const members: ReadonlyMap<string, Member> = new Map(
    names.map((name) => [
      name,
      { type: 'text', settings: text.compile({ maxLength: parts[name] }, () => {}) satisfies TextSettings, suffix: `__${name}` },
    ]),
  )

  function parse(input: unknown, _settings: unknown, report: Report): Parts | null | undefined {
    if (!isObject(input)) {
      report('', `must be an object such as {"${names[0]}": "…", "${names[1]}": "…"}`)
      return undefined
    }
    let faults = 0
    const at = (name: string): Report =>
      inside((pointer, detail) => {
        faults++
        report(pointer, detail)
      }, name)
    for (const key of Object.keys(input)) if (!names.includes(key)) at(key)('', `is not a part of ${id}.${suggestion(key, names)}`)
    const value: Record<string, string> = {}
    for (const name of names) {
      const part = input[name]
      if (part === undefined || part === null) continue
      const read = parseLine(part, { minLength: 0, maxLength: parts[name]! }, at(name))
      if (read !== undefined && read.trim() !== '') value[name] = read
    }
    if (faults > 0) return undefined
    return Object.keys(value).length === 0 ? null : value
  }

  return define<object>({
    ...rest,
    id,
    valueType: () => ({ kind: 'composite', members: names }),
    json: ['object'],
    keywords: ['default'],
    compile: () => ({}),
    columns: (name) => names.map((part) => ({ name: `${name}__${part}`, type: 'text', collation: 'C' })),
    schema: (_settings, mode) => ({
      type: 'object',
      properties: Object.fromEntries(
        Object.entries(parts).map(([name, maxLength]) => [
          name,
          { type: mode === 'read' ? 'string' : ['string', 'null'], maxLength, ...lineSchema(mode) },
        ]),
      ),
      additionalProperties: false,
    }),
    parse,
    store: (value) => names.map((name) => (value as Parts | null)?.[name] ?? null),
    render: (sql, at) => {
      const pairs = names.map((name) => sql`${sql.lit(name)}, ${at(`__${name}`)}`)
      return sql`nullif(json_strip_nulls(json_build_object(${sql.join(pairs)}))::text, '{}')::json`
    },
    operators: {
      null: emptiness(
        (sql, at) =>
          sql`${sql.join(
            names.map((name) => sql`${at(`__${name}`)} is null`),
            sql` and `,
          )}`,
      ),
    },
    members: () => members,
    searched: (name) => names.map((part) => `coalesce(${quoted(`${name}__${part}`)}, '')`).join(" || ' ' || "),
    fromText(cell, settings, report) {
      if (!cell.trimStart().startsWith('{')) return parse(whole(cell.trim()), settings, (_, detail) => report('', detail))
      try {
        return parse(JSON.parse(cell), settings, report)
      } catch {
        report('', 'must be text, or a JSON object')
        return undefined
      }
    },
    toText: (value) => JSON.stringify(value),
  })
}
