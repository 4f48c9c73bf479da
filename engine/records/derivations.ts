import { createHash } from 'node:crypto'
import type { Expression } from '../expressions/types.ts'
import { readsOf } from '../catalogue/inputs.ts'
import type { Catalogue, Entity, Field } from '../catalogue/types.ts'
import { documentOf } from './tables.ts'

/**
 * Stored values that the engine keeps true: computes, rollups, and the currency that a record gives its amounts. Copies are not among
 * them: they hold what stood elsewhere when they were taken. Keys are `entity/field`.
 */
export interface StoredDerivation {
  readonly entity: Entity
  /** The document's that it is part of. */
  readonly document: Entity
  readonly field: Field
  readonly expression: Expression
  /** Of what gives the value: equal ones make equal values of equal records. */
  readonly fingerprint: string
  /** It looks for records (`first(core.exchange_rate, …)`): its value is as it was found when the record was written, not as it would be found now. */
  readonly isSearched: boolean
}

export interface Derivations {
  readonly all: ReadonlyMap<string, StoredDerivation>
  /** Of everything together, as bos.derived_digest has it. */
  readonly digest: string
}

/** One pass over the records of an entity: these values of them are worked out, all that they need is right by then. */
export interface Pass {
  readonly document: Entity
  readonly anew: ReadonlySet<string>
}

/** Is part of every fingerprint: to be raised when the engine itself comes to work values out differently. */
const semantics = 1

const known = new WeakMap<Catalogue, Derivations>()

/** Every stored derivation of a catalogue, worked out once. */
export function derivationsOf(catalogue: Catalogue): Derivations {
  const made = known.get(catalogue) ?? collect(catalogue)
  known.set(catalogue, made)
  return made
}

function collect(catalogue: Catalogue): Derivations {
  const all = new Map<string, StoredDerivation>()
  for (const entity of catalogue.entities.values())
    for (const field of entity.fields) {
      const expression = derivedBy(field)
      if (!expression) continue
      const key = `${entity.id}/${field.id}`
      const document = documentOf(catalogue, entity)
      const isSearched = expression.dependencies.searched.size > 0
      all.set(key, { entity, document, field, expression, isSearched, fingerprint: fingerprintOf(field, expression) })
    }
  return { all, digest: digestOf([...all].map(([key, { fingerprint }]) => [key, fingerprint])) }
}

function derivedBy({ logic }: Field): Expression | null {
  const derivation = logic?.derivation
  if (derivation && derivation.kind !== 'copy') return derivation.stored ? derivation.expression : null
  return logic?.currency ?? null
}

/** By content: what the nodes are about and do, and into which columns their value is rounded. Titles, spaces and names are no content. */
function fingerprintOf({ columns, logic }: Field, { root }: Expression): string {
  const content = [semantics, root, logic?.derivation ? (logic.currency?.root ?? null) : null, columns.map(({ type }) => type)]
  return hash(JSON.stringify(content, (name, value: unknown) => (name === 'type' && typeof value === 'object' ? undefined : value)))
}

const hash = (text: string): string => createHash('md5').update(text).digest('hex')

/** As PostgreSQL makes it of what it keeps: in the order of the keys' bytes. */
const digestOf = (entries: readonly (readonly [key: string, fingerprint: string])[]): string =>
  hash(
    [...entries]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, fingerprint]) => `${key} ${fingerprint}`)
      .join('\n'),
  )

/** These, and all that is made of them, however indirectly. */
export function withDependants(catalogue: Catalogue, keys: Iterable<string>): ReadonlySet<string> {
  const readers = new Map<string, string[]>()
  for (const [key, { expression }] of derivationsOf(catalogue).all)
    for (const read of readsOf(expression)) readers.set(read, [...(readers.get(read) ?? []), key])
  const found = new Set(keys)
  // A set can grow while it is gone through.
  for (const key of found) for (const reader of readers.get(key) ?? []) found.add(reader)
  return found
}

/** The passes that work these values out, each after those that make what it reads of other documents. */
export function passesFor(catalogue: Catalogue, keys: ReadonlySet<string>): readonly Pass[] {
  const { all } = derivationsOf(catalogue)
  const outside = outsideReads(catalogue)
  const levels = new Map<string, number>()
  const levelOf = (key: string): number => {
    const done = levels.get(key)
    if (done !== undefined) return done
    const { document, expression } = all.get(key)!
    const below = readsOf(expression).flatMap((read) => {
      const source = all.get(read)
      if (!source || read === key) return []
      const isInside = source.document === document && outside.get(key)?.has(read) !== true
      return [levelOf(read) + (isInside ? 0 : 1)]
    })
    const level = Math.max(0, ...below)
    levels.set(key, level)
    return level
  }
  const passes = new Map<string, { document: Entity; level: number; anew: Set<string> }>()
  for (const key of keys) {
    const { document } = all.get(key)!
    const level = levelOf(key)
    const at = `${level} ${document.id}`
    const pass = passes.get(at) ?? { document, level, anew: new Set<string>() }
    passes.set(at, pass)
    pass.anew.add(key)
  }
  return [...passes.values()].sort((a, b) => a.level - b.level || (a.document.id < b.document.id ? -1 : 1))
}

/** What each value reads of other documents, be they of its own entity; what it looks for can be any. */
function outsideReads(catalogue: Catalogue): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  const add = (reader: string, read: string): void => void found.set(reader, (found.get(reader) ?? new Set()).add(read))
  for (const [read, dependants] of catalogue.dependants) for (const { entity, field } of dependants) add(`${entity}/${field}`, read)
  for (const [key, { expression }] of derivationsOf(catalogue).all)
    for (const read of readsOf({ dependencies: { ...expression.dependencies, roots: new Map() } })) add(key, read)
  return found
}
