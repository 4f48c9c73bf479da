import type { ValueType } from '../fields/type.ts'
import type { ListType, Names, Node, RecordNode, Source, Span, Syntax, Type } from './types.ts'

export const rootNames = ['self', 'old', 'parent', 'user', 'tenant', 'settings', 'now', 'today', 'params', 'target'] as const
export type Root = (typeof rootNames)[number]

/** Where an expression stands: what it may name, and what that is. */
export interface Context {
  readonly names: Names
  /** Entity of `self` and `old`; null: there is no record. */
  readonly self: string | null
  readonly roots: ReadonlySet<Root>
  readonly params?: ReadonlyMap<string, ValueType>
  /** Entity of the one record that `settings` means; null: there is none. */
  readonly settings: string | null
  /** Entity of the record that a reference may choose. */
  readonly target?: string
  /** The tree holds ids: members and entities are found by them, whatever they are called today. */
  readonly isCanonical?: boolean
}

/** What a part of an expression is while it is checked. */
export type Term =
  | { readonly is: 'value'; readonly type: ValueType; readonly node: Node }
  | { readonly is: 'null' }
  /** `record` is null where it may be of several entities, or was chosen by a condition: then only its identity is known. */
  | { readonly is: 'record'; readonly entities: readonly string[]; readonly record: RecordNode | null; readonly node: Node }
  /** `currency` is null where nobody may read it. */
  | { readonly is: 'money'; readonly amount: Node; readonly currency: Node | null }
  | { readonly is: 'rows'; readonly entity: string; readonly source: Source }
  /** Nothing by itself: `core` of `core.exchange_rate`, `tenant`, `params`. */
  | { readonly is: 'space'; readonly name: string }
  /** A fault was reported already. */
  | { readonly is: 'fault' }

export interface Checked {
  readonly term: Term
  readonly syntax: Syntax
  /** With ids in the place of names; see `Checker.writes`. */
  readonly canonical: Syntax
  /** What a text literal in it may still turn into, once it is known what it is compared with. */
  readonly parts?: Parts
}
export type Parts =
  | { readonly of: 'text'; readonly text: string }
  | { readonly of: 'branches'; readonly condition: Checked; readonly then: Checked; readonly otherwise: Checked }
  | { readonly of: 'items'; readonly items: readonly Checked[] }

export interface Scope {
  /** What the variables of the loops around are. */
  readonly variables: ReadonlyMap<string, Term>
  readonly loops: number
  /** The record that `self` is. */
  readonly self: RecordNode | null
}

/** What the parts of the checker share. */
export interface Checker {
  readonly context: Context
  check(this: void, syntax: Syntax, scope: Scope): Checked
  /** Reports, and answers a part that nothing more is said about. */
  refuse(this: void, syntax: Syntax, detail: string, at?: Span): Checked
  nextVariable(this: void): number
  /** What the loops go over, by their variables. */
  readonly sources: Map<number, Source>
  /** What `Checked.canonical` holds in the place of what can be renamed. */
  readonly writes: 'ids' | 'names'
  /** How many paths of currencies are being followed. */
  readonly following: number
  /** Another one that reports nothing, for texts that were checked where they stand. */
  quietly(this: void, changes: Pick<Checker, 'context' | 'following'>): Checker
  /** Counts a loop; false, and reported, when there are too many. */
  enterLoop(this: void, syntax: Syntax, scope: Scope): boolean
}

export const boolean = { kind: 'boolean' } as const
export const text = { kind: 'text' } as const
export const number = { kind: 'number', whole: false } as const
export const whole = { kind: 'number', whole: true } as const
export const nothing: Node = { kind: 'constant', type: { kind: 'null' }, value: null }

/** A part with a fault in it that was told already. */
export const faulty = (syntax: Syntax): Checked => ({ term: { is: 'fault' }, syntax, canonical: syntax })
/** What a part means, and its own parts as they came to be read. */
export interface Meaning {
  readonly term: Term
  readonly parts: readonly Checked[]
}
export const refused = ({ refuse }: Checker, syntax: Syntax, detail: string): Meaning => ({ term: refuse(syntax, detail).term, parts: [] })
export const constant = (type: ValueType, value: unknown): Node => ({ kind: 'constant', type, value })
export const valued = (type: ValueType, node: Node): Term => ({ is: 'value', type, node })

/** A node that no text says, as a part. */
export function unwritten(node: Node): Checked {
  const { type } = node
  const syntax: Syntax = { kind: 'literal', type: 'null', start: 0, end: 0 }
  const as = (term: Term): Checked => ({ term, syntax, canonical: syntax })
  if (type.kind === 'null' || type.kind === 'rows') return as({ is: 'null' })
  return as(type.kind === 'record' ? { is: 'record', entities: type.entities, record: null, node } : valued(type, node))
}

/** The node of a part as an argument. Money has two: see `check-money.ts`. */
export function nodeOf(term: Term): Node {
  if (term.is === 'value' || term.is === 'record') return term.node
  return term.is === 'money' ? term.amount : nothing
}

export function typeOf(term: Term): Type {
  if (term.is === 'value') return term.type
  if (term.is === 'record') return { kind: 'record', entities: term.entities }
  if (term.is === 'rows') return { kind: 'rows', entity: term.entity }
  if (term.is === 'money') return { kind: 'money', currency: currencyOf(term.currency) }
  return { kind: 'null' }
}

export const currencyOf = (node: Node | null): { kind: 'own' } | { kind: 'code'; code: string } =>
  node?.kind === 'constant' && typeof node.value === 'string' ? { kind: 'code', code: node.value } : { kind: 'own' }

const kinds: Readonly<Record<ValueType['kind'], string>> = {
  boolean: 'true or false',
  number: 'a number',
  text: 'text',
  date: 'a date',
  dateTime: 'a date with a time',
  time: 'a time of the day',
  duration: 'a duration',
  money: 'an amount of money',
  list: 'a list',
  composite: 'a value of several parts',
  json: 'JSON',
}
export const kindName = (kind: ValueType['kind'] | 'record'): string => (kind === 'record' ? 'a record' : kinds[kind])

/** A part in words, as the end of "this is …". */
export function described(term: Term, names: Names): string {
  if (term.is === 'value') return term.type.kind === 'list' ? listName(term.type) : kinds[term.type.kind]
  if (term.is === 'record') return recordName(term.entities, names)
  if (term.is === 'money') return kinds.money
  if (term.is === 'rows') return `records of ${titleOf(term.entity, names)}`
  return term.is === 'null' ? 'null' : 'no value'
}
export const listName = ({ of }: ListType): string => `a list of ${plural(of)}`
/** Lists may hold records, too. */
const plural = (type: Type): string =>
  (type.kind in kinds ? kindName((type as ValueType).kind) : 'a record')
    .replace(/^an? /, '')
    .replace(/^(number|date|duration|record)$/, '$1s')

export const titleOf = (entity: string, names: Names): string => names.shape(entity)?.title ?? 'another entity'
export const recordName = (entities: readonly string[], names: Names): string =>
  `a record of ${entities.map((entity) => titleOf(entity, names)).join(' or ')}`

/** Whether anything in a tree depends on the element of a loop. */
export function mentions(tree: unknown, variable: number): boolean {
  if (typeof tree !== 'object' || tree === null) return false
  const { kind, variable: own } = tree as { readonly kind?: unknown; readonly variable?: unknown }
  if (own === variable && (kind === 'element' || kind === 'variable')) return true
  return Object.values(tree).some((each) => mentions(each, variable))
}
