import type { Report } from '../problems.ts'
import { anyOf, comparisons, isNull, quoted, sign } from './compare.ts'
import type { Comparison, ReadOperand } from './compare.ts'
import { define, wholeNumber } from './define.ts'
import type { Definition } from './define.ts'
import { escapeLike, fold } from './fold.ts'
import type { FieldType, FieldUse, JsonSchema, Operator, OperatorName, PropertyNode, SchemaMode } from './type.ts'

/** In code points, as PostgreSQL and JSON Schema count. */
interface Lengths {
  readonly minLength: number
  readonly maxLength: number
}
export interface TextSettings extends Lengths {
  readonly indexed: boolean
  /** The folded column `${name}__f` exists: the field is searched. */
  readonly folded: boolean
  /** The path of a tree: ASCII, sorted by code points, so that a prefix is a range. */
  readonly tree: boolean
}

/** Order of people: ICU's root collation. It is deterministic: equal under it means the same code points. */
const displayOrder = '"und-x-icu"'
/** A syllable of Hangul, three bytes, folds to three letters of three bytes each. */
const foldedBytes = 9
/** An index row holds 2.7 kB and the key stands in it twice, at up to four bytes per code point. */
const indexedLimit = 300
const treeLimit = 2000

/**
 * What does not belong on one line: breaks, tabs and other control characters, and the controls that turn the direction of text around,
 * with which a name or an address can be made to look like another.
 */
const unseen = '\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069'
const unseenCharacter = new RegExp(`[${unseen}]`, 'u')
/** The same for JSON Schema, after what the text begins with. */
export const lineAfter = (beginning = ''): string => `^${beginning}[^${unseen}]*$`

/** Of answers nothing is promised: rows may be older than the rule. */
export const lineSchema = (mode: SchemaMode): JsonSchema => (mode === 'read' ? {} : { pattern: lineAfter() })

/** Text of several lines with its length checked; NUL and halves of surrogate pairs cannot be stored. */
const parseText = (input: unknown, lengths: Lengths, report: Report): string | undefined => checked(input, lengths, characterFault, report)

/** The same for one line of text. */
export const parseLine = (input: unknown, lengths: Lengths, report: Report): string | undefined =>
  checked(input, lengths, (text) => characterFault(text) ?? lineFault(text), report)

function checked(
  input: unknown,
  { minLength, maxLength }: Lengths,
  faultOf: (text: string) => string | null,
  report: Report,
): string | undefined {
  if (typeof input !== 'string') {
    report('', 'must be text')
    return undefined
  }
  const length = codePoints(input)
  const fault =
    length > maxLength
      ? `has ${length} characters; at most ${maxLength} are taken`
      : (faultOf(input) ?? (length < minLength ? `has ${length} characters; at least ${minLength} are needed` : null))
  if (fault === null) return input
  report('', fault)
  return undefined
}

function lineFault(text: string): string | null {
  const found = unseenCharacter.exec(text)?.[0]
  if (found === undefined) return null
  if (/[\n\v\f\r\u0085\u2028\u2029]/.test(found)) return 'has a line break, and takes one line'
  if (found === '\t') return 'has a tab, and takes words with spaces between them'
  const code = `U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
  return found > '\u2000' ? `has the character ${code}, which turns the direction of text around` : `has the control character ${code}`
}

/** What PostgreSQL cannot store. */
export function characterFault(text: string): string | null {
  if (text.includes('\0')) return 'contains a NUL character'
  return text.isWellFormed() ? null : 'contains half of a surrogate pair, which is not a character'
}

function codePoints(text: string): number {
  let length = text.length
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) length--
  return length
}

/** Any text may be compared with, also one that no record can have. */
const operand: ReadOperand<unknown> = (text, _settings, report) => parseText(text, { minLength: 0, maxLength: 4000 }, report)

/** The equality of code points, repeated under the collation that the field's index has, so that the index answers it. */
const equal: Operator = {
  parse: (text, settings, report) => [operand(text, settings, report)],
  where: (sql, at, [param], settings: TextSettings) =>
    settings.indexed && !settings.tree
      ? sql`(${at()} = ${param}::text and ${at()} collate ${sql.raw(displayOrder)} = ${param}::text)`
      : sql`${at()} = ${param}::text`,
}

const among: Operator = {
  ...anyOf('text', operand),
  where: (sql, at, [param], settings: TextSettings) =>
    settings.indexed && !settings.tree
      ? sql`(${at()} = any(${param}::text[]) and ${at()} collate ${sql.raw(displayOrder)} = any(${param}::text[]))`
      : sql`${at()} = any(${param}::text[])`,
}

/** Case and accents do not matter here. In the search list the folded column answers; see bos.matching(). */
const like = (before: string, after: string): Operator => ({
  parse: (text, settings, report) => {
    const folded = fold((operand(text, settings, report) as string) ?? '')
    if (folded === '') report('', 'must not be empty')
    return [`${before}${escapeLike(folded)}${after}`]
  },
  where: (sql, at, [param], settings: TextSettings) =>
    settings.folded ? sql`${at('__f')} like ${param}::text` : sql`bos.fold(${at()}) like ${param}::text`,
})

/** Ranges compare code points, as the expression language does; order on screen is `sort`. */
export const ranges: { readonly [name in OperatorName]?: Operator } = comparisons(['gt', 'gte', 'lt', 'lte'], 'text', operand)
export const exactText: { readonly [name in OperatorName]?: Operator } = {
  eq: equal,
  ne: { ...equal, where: (sql, at, [param]) => sql`${at()} ${sign(sql, 'ne' satisfies Comparison)} ${param}::text` },
  in: among,
}
const contained = { contains: like('%', '%'), startsWith: like('', '%') }

export const blankText = (value: unknown): boolean => typeof value === 'string' && value.trim() === ''

/** Settings of a text-like field: `fallback` code points unless the node says otherwise, never more than `ceiling`. */
export function textSettings(
  node: PropertyNode,
  report: Report,
  use: Required<FieldUse>,
  limits: { readonly fallback: number; readonly ceiling: number },
): TextSettings {
  const { fallback, ceiling } = limits
  const tree = node['x-bos']?.['treeOf'] !== undefined
  const maxLength = wholeNumber(node, 'maxLength', report, { min: 1, max: ceiling, fallback: tree ? treeLimit : fallback })
  const minLength = wholeNumber(node, 'minLength', report, { max: ceiling, fallback: 0 })
  if (minLength > maxLength) report('/minLength', `is more than maxLength, ${maxLength}`)
  const keyLimit = tree ? treeLimit : indexedLimit
  if (use.indexed && maxLength > keyLimit) report('/maxLength', `must be at most ${keyLimit} where the field is indexed`)
  return { minLength, maxLength, tree, ...use }
}

/** What every type stored as one text column shares. */
const textColumn = {
  valueType: () => ({ kind: 'text' }),
  json: ['string'],
  keywords: ['default', 'minLength', 'maxLength'],
  columns: (name, { folded }) => [
    { name, type: 'text', collation: 'C' },
    ...(folded ? [{ name: `${name}__f`, type: 'text', collation: 'C', generated: `bos.fold(${quoted(name)})` } as const] : []),
  ],
  schema: ({ minLength, maxLength }) => ({ type: 'string', ...(minLength > 0 && { minLength }), maxLength }),
  parse: parseText,
  blank: blankText,
  searched: quoted,
  foldable: true,
} as const satisfies Partial<Definition<TextSettings>>

/** One line of text: also sorted, compared and grouped by. */
export const lineOfText = {
  ...textColumn,
  schema: (settings, mode) => ({ ...textColumn.schema(settings), ...lineSchema(mode) }),
  parse: parseLine,
  operators: { ...exactText, ...ranges, ...contained, null: isNull },
  sort: (sql, at, { tree }) => [
    ...(tree ? [] : [{ key: sql`(${at()} collate ${sql.raw(displayOrder)})`, keyType: 'text' }]),
    { key: at(), keyType: 'text' },
  ],
  index: (name, { tree }) => [...(tree ? [] : [`(${quoted(name)} collate ${displayOrder})`]), quoted(name)],
  group: 'value',
  keyBytes: ({ maxLength }, folded) => maxLength * (folded ? foldedBytes : 4),
} as const satisfies Partial<Definition<TextSettings>>

/** Text of several lines: found by its words, not sorted by. */
export const pageOfText = { ...textColumn, operators: { ...contained, null: isNull } } as const satisfies Partial<Definition<TextSettings>>

export const text: FieldType<TextSettings> = define<TextSettings>({
  ...lineOfText,
  id: 'text',
  titles: true,
  settings: ['treeOf'],
  compile: (node, report, use) => textSettings(node, report, use, { fallback: 255, ceiling: 4000 }),
})
