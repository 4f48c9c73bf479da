import type { ActorSet, Catalogue, Entity, RowScope, ScopePredicate } from '../catalogue/types.ts'
import { quoteName, quoteTable, quoteText } from './names.ts'
import { rowCondition } from './row-condition.ts'
import type { Item } from './types.ts'

/** Who owns every object, and who reads and writes rows (DESIGN §4). */
export const roles = { owner: 'bos_owner', read: 'bos_read', write: 'bos_write' } as const
/** Roles whose rights on module tables we settle; `public` among them. Rights of an operator's own roles are left alone: policies give them no rows. */
export const settledRoles = ['public', 'bos_read', 'bos_write', 'bos_queue', 'bos_call'] as const

/** An entity as one catalogue in use means it. */
export interface Version {
  readonly catalogue: Catalogue
  readonly entity: Entity
}

/** Rights of the serving roles. FOR UPDATE asks for the right to update one column; the policy then refuses every change. */
export function tableGrants(entity: Entity): string[] {
  const grants = [
    `${roles.read}: select`,
    `${roles.read}: update (id)`,
    ...['select', 'insert', 'update'].map((right) => `${roles.write}: ${right}`),
  ]
  // Records are marked as deleted; only parts of a document go for good.
  if (entity.kind === 'line') grants.push(`${roles.write}: delete`)
  return grants.sort()
}
export const schemaGrants = (): string[] => [`${roles.read}: usage`, `${roles.write}: usage`]

/**
 * Row-level security of one table, fail-closed: without settings `bos.tenant()` is null and every condition is not true.
 *
 * `(select …)` makes an InitPlan, evaluated once per statement; a bare call would run per row. The scope is tested as a boolean
 * InitPlan first, so that a branch which is not the actor's costs nothing per row (FACTS, row-level security).
 */
export function tablePolicies(versions: readonly Version[]): Item[] {
  const tenant = 'tenant_id = (select bos.tenant())'
  const visible = `${tenant} and (${[...new Set(versions.flatMap(visibleRows))].join(' or ')})`
  return [
    policy('bos_owner', `for all to ${roles.owner} using (true) with check (true)`),
    policy('bos_read', `for select to ${roles.read} using (${visible})`),
    // Lets FOR UPDATE lock exactly what is visible (without an update policy it finds no row) and change nothing.
    policy('bos_read_lock', `for update to ${roles.read} using (${visible}) with check (false)`),
    policy('bos_write', `for all to ${roles.write} using (${tenant}) with check (${tenant})`),
  ]
}

const policy = (name: string, definition: string): Item => ({ kind: 'policy', name, definition, field: null })
const hasScope = (entity: Entity, scope: string): string => `(select ${quoteText(`${entity.id}:${scope}`)} = any (bos.scopes()))`

/** Conditions of which one must hold for a row to be visible: one for each scope of the entity. */
const visibleRows = (version: Version): string[] => version.entity.scopes.flatMap((scope) => scopeRows(version, scope))

function scopeRows({ catalogue, entity }: Version, { id, predicate }: RowScope): string[] {
  if (predicate.kind === 'parent') return visibleLines(catalogue, entity)
  const scope = hasScope(entity, id)
  if (predicate.kind === 'all') return [scope]
  if (predicate.kind === 'where') return [`(${scope} and ${rowCondition(catalogue, predicate.expression, entity.table.name)})`]
  const { column, ids } = among(entity, predicate)
  return [`(${scope} and ${column} = ${ids})`]
}

/** `(select …)`: evaluated once per statement, and only where the scope is the actor's. */
const idsOf: { readonly [set in ActorSet]: (entity: Entity) => string } = {
  self: () => '(select bos.member())',
  team: () => '(select bos.team())',
  subtree: () => '(select bos.subtree())',
  company: () => '(select bos.company())',
  shared: ({ id }) => `(select bos.shared(${quoteText(id)}, false))`,
  sharedToUpdate: ({ id }) => `(select bos.shared(${quoteText(id)}, true))`,
}

/** SQL text of the row's id and of what it has to be equal to: row policies and Plans have both from here, so that they cannot differ. */
export function among(entity: Entity, { field, set }: ScopePredicate & { kind: 'among' }, alias?: string): { column: string; ids: string } {
  const name = quoteName(field === null ? 'id' : entity.fieldById.get(field)!.columns[0]!.name)
  const ids = idsOf[set](entity)
  return {
    column: alias === undefined ? name : `${quoteName(alias)}.${name}`,
    // The cast makes it an array to compare with, not rows of a sub-query.
    ids: set === 'self' ? ids : `any (${ids}::uuid[])`,
  }
}

/**
 * Whoever sees every document sees all their lines. Only narrower scopes pay for the look at the document, under its own policy,
 * and where a document has none there is no such look: it is a sub-plan in every statement, whoever asks.
 */
function visibleLines(catalogue: Catalogue, line: Entity): string[] {
  const parent = parentOf(catalogue, line)
  const document = rootOf(catalogue, line)
  const self = quoteTable(line.table)
  const ofEvery = document.scopes.filter(({ predicate }) => predicate.kind === 'all').map(({ id }) => hasScope(document, id))
  const ofVisible = `exists (select from ${quoteTable(parent.table)} document where document.tenant_id = ${self}.tenant_id and document.id = ${self}.parent_id)`
  return ofEvery.length === document.scopes.length ? ofEvery : [...ofEvery, ofVisible]
}

function parentOf(catalogue: Catalogue, line: Entity): Entity {
  const parent = line.parent && catalogue.entities.get(line.parent.entity)
  if (!parent) throw new Error(`${line.id} hangs on nothing that its catalogue has`)
  return parent
}

const rootOf = (catalogue: Catalogue, entity: Entity): Entity => (entity.parent ? rootOf(catalogue, parentOf(catalogue, entity)) : entity)
