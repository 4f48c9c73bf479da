import { define } from './define.ts'
import type { SequenceSettings } from './type.ts'
import { blankText, exactText, lineSchema, parseLine, ranges } from './text.ts'
import { isNull, quoted } from './compare.ts'

const pattern = /^((?:[^{}]|\{(?!n[:}])[^{}]+\})*)\{n(?::([0-9]{1,2}))?\}((?:[^{}]|\{(?!n[:}])[^{}]+\})*)$/
const expressions = /\{([^{}]+)\}/g
const longest = 100
/** Of the pattern, expressions left out. */
const longestPattern = 60

/** The text of the n-th number. */
export const formatSequence = (
  { prefix, digits, suffix }: Pick<SequenceSettings, 'prefix' | 'digits' | 'suffix'>,
  n: number | bigint,
): string => `${prefix}${String(n).padStart(digits, '0')}${suffix}`

/** Prefix, digits and suffix of a pattern; null: it is none. */
export function readPattern(text: string): Pick<SequenceSettings, 'prefix' | 'digits' | 'suffix'> | null {
  const match = pattern.exec(text)
  return match && { prefix: match[1] ?? '', digits: Number(match[2] ?? 1), suffix: match[3] ?? '' }
}

/** A prefix or suffix in its order: texts, and expressions between them at the odd places. */
export const partsOfPattern = (text: string): readonly string[] => text.split(expressions)

/** A number the engine gives, on create or at a transition. Sorted by length first, so that PO-100000 follows PO-99999. */
export const sequence = define<SequenceSettings>({
  id: 'sequence',
  valueType: () => ({ kind: 'text' }),
  json: ['string'],
  settings: ['pattern', 'scope', 'assign', 'gapless'],
  compile(node, report) {
    const own = node['x-bos'] ?? {}
    const { pattern: text, scope, assign } = own
    const read = typeof text === 'string' ? readPattern(text) : null
    if (typeof text !== 'string') report('/x-bos/pattern', 'must be a text such as PO-{n:5}')
    else if (read === null) report('/x-bos/pattern', 'must have one {n} or {n:digits}, such as PO-{n:5}')
    else if (read.digits < 1 || read.digits > 15) report('/x-bos/pattern', 'must ask for 1 to 15 digits')
    else if (text.replace(expressions, (each) => (each.startsWith('{n') ? each : '')).length > longestPattern)
      report('/x-bos/pattern', `must have at most ${longestPattern} characters beside its expressions`)
    return {
      ...(read ?? { prefix: '', digits: 1, suffix: '' }),
      scope: Array.isArray(scope) ? scope.map(String) : [],
      assign: typeof assign === 'string' && assign !== 'create' ? assign : null,
    }
  },
  columns: (name) => [{ name, type: 'text', collation: 'C' }],
  schema: (_settings, mode) => ({ type: 'string', minLength: 1, maxLength: longest, ...lineSchema(mode) }),
  parse: (input, _settings, report) => parseLine(input, { minLength: 1, maxLength: longest }, report),
  operators: {
    ...exactText,
    ...ranges,
    eq: { ...exactText.eq!, where: (sql, at, [param]) => sql`${at()} = ${param}::text` },
    in: { ...exactText.in!, where: (sql, at, [param]) => sql`${at()} = any(${param}::text[])` },
    startsWith: { parse: exactText.eq!.parse, where: (sql, at, [param]) => sql`starts_with(${at()}, ${param}::text)` },
    null: isNull,
  },
  sort: (sql, at) => [
    { key: sql`length(${at()})`, keyType: 'integer' },
    { key: at(), keyType: 'text' },
  ],
  index: (name) => [`(length(${quoted(name)}))`, quoted(name)],
  group: 'value',
  keyBytes: () => longest * 4,
  numbering: (settings) => settings,
  conceal: (settings) => ({ ...settings, prefix: '', suffix: '', scope: [] }),
  titles: true,
  blank: blankText,
  searched: quoted,
})
