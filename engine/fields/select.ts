import { pointerSegment } from '../problems.ts'
import type { Report } from '../problems.ts'
import { comparisons, plainIndex } from './compare.ts'
import { define } from './define.ts'
import { fold } from './fold.ts'
import { suggestion } from './nearest.ts'
import type { PropertyNode, ValueType } from './type.ts'

export interface Option {
  /** What is stored and travels: fixed for ever. */
  readonly id: string
  /** What the file calls it: the id until it is renamed. */
  readonly name: string
  readonly title: string
  /** Colour as a hue in degrees, or null. */
  readonly hue: number | null
}
export interface SelectSettings {
  /** In the order people see them. */
  readonly options: readonly Option[]
}

/** The options of `enum`, as `x-bos.options` describes them. `at` is where the enum stands. */
export function readOptions(node: PropertyNode, names: unknown, report: Report, at = '/enum'): readonly Option[] {
  if (!Array.isArray(names) || names.length === 0) {
    report(at, 'must be a list of options')
    return []
  }
  const described = (node['x-bos']?.['options'] ?? {}) as Readonly<Record<string, Partial<Option>>>
  const options: Option[] = []
  names.forEach((name: unknown, i) => {
    if (typeof name !== 'string' || !isOptionName(name)) {
      return report(`${at}/${i}`, 'must be a text of 1 to 100 characters without commas')
    }
    const own = Object.hasOwn(described, name) ? described[name]! : {}
    const option = Object.freeze({ id: own.id ?? name, name, title: own.title ?? titleOf(name), hue: own.hue ?? null })
    const twice = options.some((each) => each.id === option.id || each.name === name)
    if (twice) report(`${at}/${i}`, `the option "${option.id}" is there twice`)
    options.push(option)
  })
  const known = options.map((each) => each.name)
  for (const name of Object.keys(described)) {
    if (known.includes(name)) continue
    report(`/x-bos/options/${pointerSegment(name)}`, `is not an option of ${at.slice(1)}.${suggestion(name, known)}`)
  }
  return Object.freeze(options)
}

const isOptionName = (name: string): boolean =>
  name !== '' && name.length <= 100 && name === name.trim() && !/[\p{Cc},]/u.test(name) && name.isWellFormed()

/** `in_progress` → "In progress". */
const titleOf = (name: string): string => (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll('_', ' ')

export function parseOption(input: unknown, { options }: SelectSettings, report: Report): string | undefined {
  if (typeof input !== 'string') report('', 'must be text: the id of an option')
  else if (options.some((each) => each.id === input)) return input
  else
    report(
      '',
      `"${input.slice(0, 60)}" is not an option.${
        suggestion(
          input,
          options.map((each) => each.id),
        ) || listed(options)
      }`,
    )
  return undefined
}

const listed = (options: readonly Option[]): string =>
  options.length > 12 ? '' : ` The options are ${options.map((each) => `"${each.id}"`).join(', ')}.`

/** A cell holds an option's id or, as people write it, its title. */
export function optionOfText(text: string, settings: SelectSettings, report: Report): string | undefined {
  const wanted = text.trim()
  const byTitle = settings.options.filter((each) => fold(each.title) === fold(wanted))
  const known = settings.options.some((each) => each.id === wanted) || byTitle.length !== 1
  return parseOption(known ? wanted : byTitle[0]!.id, settings, report)
}

export const optionId = (name: unknown, { options }: SelectSettings): unknown => options.find((each) => each.name === name)?.id ?? name

/** In expressions an option is compared with its name. */
export const optionType = ({ options }: SelectSettings): ValueType => ({
  kind: 'text',
  options: options.map(({ id, name }) => ({ id, name })),
})

/** One of a list of options. Sorted by their order in the list; an option that is gone from it comes last. */
export const select = define<SelectSettings>({
  id: 'select',
  valueType: optionType,
  json: ['string'],
  keywords: ['enum', 'default'],
  settings: ['options'],
  compile: (node, report) => ({ options: readOptions(node, node['enum'], report) }),
  columns: (name) => [{ name, type: 'text', collation: 'C' }],
  schema: ({ options }) => ({ type: 'string', enum: options.map((each) => each.id) }),
  parse: parseOption,
  fromName: optionId,
  operators: comparisons(['eq', 'ne', 'in'], 'text', parseOption),
  sort: (sql, at, { options }) => [
    { key: sql`array_position(array[${sql.join(options.map((each) => sql.lit(each.id)))}]::text[], ${at()})`, keyType: 'integer' },
  ],
  /** Serves filters. The order of options is not in the index: it may change without touching the table. */
  index: plainIndex,
  group: 'value',
  keyBytes: () => 100,
  fromText: optionOfText,
})
