import { define } from './define.ts'
import { notBuilt } from './notYet.ts'
import type { SequenceSettings } from './type.ts'
import { blankText, exactText, lineSchema, parseLine, ranges } from './text.ts'
import { isNull, quoted } from './compare.ts'

const pattern = /^([^{}]*)\{n(?::([0-9]{1,2}))?\}([^{}]*)$/
const otherPlaceholder = /\{(?!n[:}])[^{}]+\}/
const longest = 100

/** The text of the n-th number. */
export const formatSequence = ({ prefix, digits, suffix }: SequenceSettings, n: number | bigint): string =>
  `${prefix}${String(n).padStart(digits, '0')}${suffix}`

/** A number the engine gives on create. Sorted by length first, so that PO-100000 follows PO-99999. */
export const sequence = define<SequenceSettings>({
  id: 'sequence',
  valueType: () => ({ kind: 'text' }),
  json: ['string'],
  settings: ['pattern', 'scope', 'assign', 'gapless'],
  compile(node, report) {
    const own = node['x-bos'] ?? {}
    const onCreate = own['assign'] === undefined || own['assign'] === 'create'
    if (!onCreate) report('/x-bos/assign', notBuilt('a number taken at a transition', 'the lifecycle'))
    const text = own['pattern']
    const match = typeof text === 'string' ? pattern.exec(text) : null
    const [, prefix = '', digits = '1', suffix = ''] = match ?? []
    if (typeof text !== 'string') report('/x-bos/pattern', 'must be a text such as PO-{n:5}')
    else if (match === null && otherPlaceholder.test(text)) {
      report('/x-bos/pattern', notBuilt(`the placeholder ${otherPlaceholder.exec(text)![0]}`, 'the expression language'))
    } else if (match === null) report('/x-bos/pattern', 'must have one {n} or {n:digits}, such as PO-{n:5}')
    else if (Number(digits) < 1 || Number(digits) > 15) report('/x-bos/pattern', 'must ask for 1 to 15 digits')
    else if (text.length > 60) report('/x-bos/pattern', 'must have at most 60 characters')
    return { prefix, digits: Number(digits), suffix }
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
  titles: true,
  blank: blankText,
  searched: quoted,
})
