import { limits } from '../expressions/limits.ts'
import type { Syntax } from '../expressions/types.ts'
import { isNull } from './compare.ts'
import { define } from './define.ts'
import { characterFault } from './text.ts'
import type { FieldType, ValueType } from './type.ts'

/** A formula as it is stored: by ids, so that no rename touches it. Answers show its text in the names of whoever reads it. */
export interface StoredFormula {
  /** The canonical tree, without places. */
  readonly syntax: Syntax
  /** Everything it read when it was written, by ids: `sales.order`, `sales.order/stage`. Who may not know of one is not shown it. */
  readonly reads: readonly string[]
  /** In its writer's names: all that is left to show when it no longer compiles. */
  readonly text: string
}

/** Types of what a formula may answer. Money would have to say in which currency. */
const results: Readonly<Record<string, ValueType>> = {
  boolean: { kind: 'boolean' },
  text: { kind: 'text' },
  integer: { kind: 'number', whole: true },
  decimal: { kind: 'number', whole: false },
  date: { kind: 'date' },
  dateTime: { kind: 'dateTime' },
}

export interface ExpressionSettings {
  /** Id of the entity whose records it is evaluated on; null: one that the caller may not know of. */
  readonly entity: string | null
  /** Id of a field type. */
  readonly result: string
}

/**
 * A formula over records of a declared entity, written by people. It comes in and goes out as text; what it may name is its writer's and its
 * readers' business, so reading and showing one takes a caller: records/formulas.ts. It has no value in other expressions.
 */
export const expression: FieldType<ExpressionSettings> = define<ExpressionSettings>({
  id: 'expression',
  json: ['string'],
  settings: ['entity', 'result'],
  compile(node, report) {
    const { entity, result } = node['x-bos'] ?? {}
    if (typeof entity !== 'string')
      report(entity === undefined ? '' : '/x-bos/entity', 'needs "entity": the one whose records the formula is about')
    if (typeof result !== 'string' || !Object.hasOwn(results, result))
      report('/x-bos/result', `must be one of ${Object.keys(results).join(', ')}`)
    return { entity: String(entity), result: String(result) }
  },
  columns: (name) => [{ name, type: 'jsonb' }],
  schema: ({ result }) => ({
    type: 'string',
    minLength: 1,
    maxLength: limits.characters,
    examples: [answers[result]?.example ?? 'null'],
    description: `A formula that answers ${answers[result]?.kind ?? 'a value'}, in the expression language. Kept by what it means: it is answered in today's names.`,
  }),
  parse(input, _settings, report) {
    const fault = typeof input === 'string' ? characterFault(input) : 'must be text: a formula'
    if (fault === null) return input
    report('', fault)
    return undefined
  },
  store: (value) => [value === null ? null : JSON.stringify(value)],
  operators: { null: isNull },
  formula: ({ entity, result }) => ({ entity, result: results[result]! }),
  equal: (a, b) => isStored(a) && isStored(b) && JSON.stringify(sorted(a.syntax)) === JSON.stringify(sorted(b.syntax)),
  narrow: (settings, knows) => (settings.entity !== null && !knows(settings.entity) ? { ...settings, entity: null } : settings),
})

/** What is told of a result, and the least that has it, whatever the entity. */
const answers: Readonly<Record<string, { readonly kind: string; readonly example: string }>> = {
  boolean: { kind: 'true or false', example: 'self.id != null' },
  text: { kind: 'text', example: 'self.id' },
  integer: { kind: 'a whole number', example: '5 * 2' },
  decimal: { kind: 'a number', example: '12.5 * 2' },
  date: { kind: 'a date', example: 'today + 14' },
  dateTime: { kind: 'a date with a time', example: 'now' },
}

/** `Characters 6–9`, as people count. */
export const spanText = ({ start, end }: { readonly start: number; readonly end: number }): string =>
  end - start > 1 ? `Characters ${start + 1}–${end}` : `Character ${start + 1}`

export const isStored = (value: unknown): value is StoredFormula => typeof value === 'object' && value !== null && 'syntax' in value

/** PostgreSQL keeps members of an object in an order of its own. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  )
}
