/** What a list must answer, said once more in plain JavaScript over whole records: no SQL, no code of the pipeline. */
import type { Catalogue, Entity, Field } from '../catalogue/types.ts'
import { compareText } from '../fields/decimals.ts'
import { fold } from '../fields/fold.ts'
import { fieldOf } from '../fields/index.ts'

export type Row = Readonly<Record<string, unknown>> & { readonly id: string }
/** What a path leads to in one record. */
export interface Reached {
  readonly type: string
  readonly settings: unknown
  readonly value: unknown
}
export interface Asked {
  readonly conditions: readonly { readonly path: string; readonly operator: string; readonly operand: string }[]
  readonly sort: readonly { readonly path: string; readonly descending: boolean }[]
  readonly search: string | null
}

const codePoints = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
const plain = (a: never, b: never): number => (a < b ? -1 : a > b ? 1 : 0)
const seconds = (value: unknown): number => fieldOf('duration').store!(value, {})[0] as number
const exact: ReadonlySet<string> = new Set(['decimal', 'percent', 'money'])
const system: Readonly<Record<string, string>> = {
  version: 'integer',
  created_at: 'dateTime',
  created_via: 'text',
  updated_at: 'dateTime',
  id: 'reference',
}

export class ListOracle {
  readonly #catalogue: Catalogue
  /** Every live record of every entity that paths lead to, by id. */
  readonly #records: ReadonlyMap<string, Row>
  /** Place of each text in the order of people, as PostgreSQL has it. */
  readonly #places: ReadonlyMap<string, number>

  constructor(catalogue: Catalogue, records: ReadonlyMap<string, Row>, places: ReadonlyMap<string, number>) {
    this.#catalogue = catalogue
    this.#records = records
    this.#places = places
  }

  reach(entity: Entity, record: Row | null, path: string): Reached {
    const [name = '', ...rest] = path.split('.')
    if (name === 'parent' && entity.parent && rest.length > 0) {
      return this.reach(
        this.#catalogue.entities.get(entity.parent.entity)!,
        record && this.#records.get(String(record['$parent']))!,
        rest.join('.'),
      )
    }
    const field = entity.fieldByName.get(name)
    const value = record?.[name] ?? null
    if (!field) return { type: system[name]!, settings: name === 'id' ? { targets: ['any'], several: false } : {}, value }
    if (rest.length === 0) return { type: field.type, settings: field.settings, value }
    if (field.reference)
      return this.reach(this.#target(field), value === null ? null : (this.#records.get(value as string) ?? null), rest.join('.'))
    const member = fieldOf(field.type).members!(field.settings).get(rest[0]!)!
    return { type: member.type, settings: member.settings, value: (value as Record<string, unknown> | null)?.[rest[0]!] ?? null }
  }

  #target(field: Field): Entity {
    return this.#catalogue.entities.get(field.reference!.targets[0]!.entity)!
  }

  /** The rows of the list, in order. */
  list(entity: Entity, rows: readonly Row[], asked: Asked): Row[] {
    const found = rows.filter(
      (row) =>
        asked.conditions.every(({ path, operator, operand }) => matches(this.reach(entity, row, path), operator, operand)) &&
        (asked.search === null || this.#found(entity, row, asked.search)),
    )
    return found.sort((a, b) => this.#compare(entity, a, b, asked.sort))
  }

  #found(entity: Entity, row: Row, search: string): boolean {
    const texts = entity.search.flatMap((field) =>
      typeof row[field.name] === 'object' ? Object.values(row[field.name] ?? {}) : [row[field.name]],
    )
    const words = texts.flatMap((text) => (typeof text === 'string' ? fold(text).split(/\s+/) : []))
    return fold(search)
      .split(' ')
      .every((wanted) => words.some((word) => word.startsWith(wanted)))
  }

  #compare(entity: Entity, a: Row, b: Row, sort: Asked['sort']): number {
    for (const { path, descending } of sort) {
      const [left, right] = [this.#keys(this.reach(entity, a, path)), this.#keys(this.reach(entity, b, path))]
      for (const [i, x] of left.entries()) {
        const order = nullsLast(x, right[i] ?? null, descending)
        if (order !== 0) return order
      }
    }
    return codePoints(a.id, b.id) * ((sort.at(-1)?.descending ?? true) ? -1 : 1)
  }

  /** Comparable keys; numbers beyond doubles are padded texts of their units. */
  #keys({ type, settings, value }: Reached): (string | number | boolean | null)[] {
    // Nobody's name has no family name either: it stands among the names of which only a title is known.
    if (value === null && type !== 'personName') return [null]
    const place = (text: string): number => this.#places.get(text)!
    if (type === 'money') return [units((value as { amount: string }).amount)]
    if (exact.has(type)) return [units(value as string)]
    if (type === 'duration') return [seconds(value)]
    if (type === 'select') return [(settings as { options: { id: string }[] }).options.findIndex((each) => each.id === value)]
    if (type === 'personName') {
      const { family, given } = (value ?? {}) as { family?: string; given?: string }
      const first = family ?? given
      return [first === undefined ? null : place(first), place(given ?? '')]
    }
    if (['text', 'email', 'phone', 'url', 'barcode'].includes(type)) return [place(value as string)]
    return [value as string | number | boolean]
  }
}

/** Shifted above zero and padded: texts of one length have the order of their numbers. */
const units = (text: string): string => {
  const [whole = '', fraction = ''] = text.replace('-', '').split('.')
  const size = BigInt(whole + fraction.padEnd(10, '0'))
  return String((text.startsWith('-') ? -size : size) + 10n ** 45n).padStart(47, '0')
}

function nullsLast(a: string | number | boolean | null, b: string | number | boolean | null, descending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
  return plain(a as never, b as never) * (descending ? -1 : 1)
}

function matches({ type, value }: Reached, operator: string, operand: string): boolean {
  if (Array.isArray(value) || ['list', 'multiSelect'].includes(type)) return matchesItems((value ?? []) as unknown[], operator, operand)
  if (operator === 'null') return (value === null) === (operand === 'true')
  if (value === null) return false
  if (type === 'money') return matchesMoney(value as { amount: string; currency: string }, operator, operand)
  if (type === 'reference')
    return referenceOperands(operator, operand).some((each) =>
      typeof value === 'string' ? value === each : Object.values(value as object).join(':') === each || (value as Row).id === each,
    )
  if (operator === 'in') return (JSON.parse(operand) as string[]).some((each) => compare(type, value, each) === 0)
  if (operator === 'contains') return fold(value as string).includes(fold(operand))
  if (operator === 'startsWith') return fold(value as string).startsWith(fold(operand))
  return holds(compare(type, value, operand), operator)
}

const referenceOperands = (operator: string, operand: string): string[] =>
  operator === 'in' ? (JSON.parse(operand) as string[]) : [operand]

function matchesItems(items: readonly unknown[], operator: string, operand: string): boolean {
  if (operator === 'null') return (items.length === 0) === (operand === 'true')
  return operator === 'contains' ? items.includes(operand) : (JSON.parse(operand) as unknown[]).some((each) => items.includes(each))
}

function matchesMoney({ amount, currency }: { amount: string; currency: string }, operator: string, operand: string): boolean {
  const [digits = '', wanted] = operand.split(' ')
  const holdsAmount = holds(compareText(amount, digits), operator)
  const isSame = wanted === undefined || wanted === currency
  return operator === 'ne' ? holdsAmount || !isSame : holdsAmount && isSame
}

function compare(type: string, value: unknown, operand: string): number {
  if (exact.has(type)) return compareText(value as string, operand)
  if (type === 'duration') return seconds(value) - seconds(operand)
  if (typeof value === 'number') return value - Number(operand)
  if (typeof value === 'boolean') return plain(value as never, (operand === 'true') as never)
  return codePoints(value as string, operand)
}

const holds = (order: number, operator: string): boolean =>
  ({ eq: order === 0, ne: order !== 0, gt: order > 0, gte: order >= 0, lt: order < 0, lte: order <= 0 })[operator] ?? false
