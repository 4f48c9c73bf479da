import type { Report } from '../problems.ts'
import type { RawBuilder } from 'kysely'
import { emptiness, operands } from './compare.ts'
import type { ReadOperand } from './compare.ts'
import { inside, wholeNumber } from './define.ts'
import type { Operator, OperatorName, PropertyNode } from './type.ts'

/** What multiSelect and list share: one array column. */
export interface ArrayLimits {
  readonly minItems: number
  readonly maxItems: number
  readonly unique: boolean
}

/** `fallback`: how many items unless the node says so; `unique`: always, whatever it says. */
export function arrayLimits(node: PropertyNode, report: Report, fallback: number, unique: boolean): ArrayLimits {
  const maxItems = wholeNumber(node, 'maxItems', report, { min: 1, max: 1000, fallback })
  const minItems = wholeNumber(node, 'minItems', report, { max: maxItems, fallback: 0 })
  return { minItems, maxItems, unique: unique || node['uniqueItems'] === true }
}

export const arraySchema = (items: unknown, { minItems, maxItems, unique }: ArrayLimits) => ({
  type: 'array',
  items,
  ...(minItems > 0 && { minItems }),
  maxItems,
  ...(unique && { uniqueItems: true }),
})

/** Reads every item, so that all faults are reported; undefined when there was one. */
export function parseItems(
  input: unknown,
  { minItems, maxItems, unique }: ArrayLimits,
  parse: (item: unknown, report: Report) => unknown,
  report: Report,
): unknown[] | undefined {
  if (!Array.isArray(input)) report('', 'must be a list')
  else if (input.length > maxItems) report('', `has ${input.length} items; at most ${maxItems} are taken`)
  else if (input.length < minItems) report('', `has ${input.length} items; at least ${minItems} are needed`)
  else {
    let faults = 0
    const seen = new Set<unknown>()
    const items = input.map((each, i) => {
      const at: Report = (pointer, detail) => {
        faults++
        inside(report, i)(pointer, detail)
      }
      const item = parse(each, at)
      if (item !== undefined && unique && seen.has(item)) at('', 'is in the list twice')
      seen.add(item)
      return item
    })
    if (faults === 0) return items
  }
  return undefined
}

/**
 * `contains`: has the value; `in`: has one of the values; `null`: has none at all. `type` gives the SQL type of an item.
 * No index serves them: the array operators are not leakproof.
 */
export function arrayOperators<Settings>(
  type: (settings: Settings) => string,
  read: ReadOperand<Settings>,
): { readonly [name in OperatorName]?: Operator } {
  return {
    contains: {
      parse: (text, settings: Settings, report) => [read(text, settings, report)],
      where: (sql, at, [param], settings: Settings) => sql`${param}::${sql.raw(type(settings))} = any(${at()})`,
    },
    in: {
      parse: (text, settings: Settings, report) => [operands(text, report).map((each) => read(each, settings, report))],
      where: (sql, at, [param], settings: Settings): RawBuilder<unknown> => sql`${at()} && ${param}::${sql.raw(type(settings))}[]`,
    },
    null: emptiness((sql, at) => sql`coalesce(cardinality(${at()}), 0) = 0`),
  }
}

export const blankArray = (value: unknown): boolean => Array.isArray(value) && value.length === 0

/** One cell: items joined by "; ", or a JSON list where that would not read back. */
export function cellOfItems(items: readonly unknown[], toText: (item: unknown) => string): string {
  const texts = items.map(toText)
  const plain = texts.every((each) => each !== '' && each === each.trim() && !each.includes(';')) && texts[0]?.startsWith('[') === false
  return plain ? texts.join('; ') : JSON.stringify(items)
}

export function itemsOfCell(text: string, fromText: (text: string, report: Report) => unknown, report: Report): unknown[] | undefined {
  if (text.trimStart().startsWith('[')) {
    try {
      return JSON.parse(text) as unknown[]
    } catch {
      report('', 'must be values parted by semicolons, or a JSON list')
      return undefined
    }
  }
  let faults = 0
  const items = text.split(';').map((each) =>
    fromText(each.trim(), (_, detail) => {
      faults++
      report('', detail)
    }),
  )
  return faults === 0 ? items : undefined
}
