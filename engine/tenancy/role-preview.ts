import type { Catalogue } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import type { Query, Rows, Transaction } from '../database/types.ts'
import { accessFor } from '../records/access.ts'
import { sqlState } from '../database/errors.ts'
import { countQuery, differencesOf, expressionsOf, isForEverybody, markQuery, readBeyond } from '../records/compare-access.ts'
import type { Differences, Marked, Pair } from '../records/compare-access.ts'
import type { Access, Actor, EntityAccess } from '../records/types.ts'

/** What a change of a role would mean: for each person who has it, what they gain and lose. */
export interface RolePreview {
  readonly role: string
  /** How many people have it. */
  readonly people: number
  /** People for whom it means the same are told of once; those for whom it changes nothing are left out. */
  readonly changes: readonly PreviewedChange[]
  /** Of how many people nothing was counted, because it would have taken too long. */
  readonly uncounted: number
}
interface PreviewedChange {
  readonly roles: readonly string[]
  readonly members: readonly { readonly id: string; readonly name: string }[]
  readonly entities: readonly PreviewedEntity[]
}
interface GainedAndLost<T> {
  readonly gained: T
  readonly lost: T
}
interface PreviewedEntity {
  readonly entity: string
  /** What they may do of some record, and could not or can no more. */
  readonly actions: GainedAndLost<readonly string[]>
  /** Names of fields that they may know of. */
  readonly fields: GainedAndLost<readonly string[]>
  /** Of those that they may write. */
  readonly writable: GainedAndLost<readonly string[]>
  /** Records that are not deleted, by action or transition; where nothing changes, nothing stands. */
  readonly rows: Readonly<Record<string, GainedAndLost<number>>>
  /** Values in records that they read before and after, by field. */
  readonly cells: Readonly<Record<string, GainedAndLost<number>>>
  /** Not every record was looked at: it may be more than these numbers say. */
  readonly more?: true
}

export interface PreviewedRole {
  readonly role: string
  readonly before: Catalogue
  readonly after: Catalogue
  /** Taken from everybody. */
  readonly isGone: boolean
}
interface Person {
  readonly id: string
  readonly name: string
  readonly roles: readonly string[]
}

/**
 * Counts within the transaction that makes the change, which the caller then leaves without a commit. `change` are its writes: what each
 * person reaches is asked under the one state or the other, as `bos_read`, with the settings that their own requests would have.
 */
export async function previewRoles(
  tx: Transaction,
  actor: Actor,
  asked: PreviewedRole,
  change: readonly Query[],
  withinMs: number = limits.previewMs,
): Promise<RolePreview> {
  const [found] = await tx.send({ role: 'bos_read', queries: [peopleQuery(actor, asked.role)] })
  const everybody = found!.rows.map((row) => ({ id: String(row['id']), name: String(row['name']), roles: row['roles'] as string[] }))
  const until = Date.now() + withinMs
  const subjects = subjectsOf(everybody, asked)
  const counter = new Counter(tx, actor.tenant, until)
  const first = new Map<Subject, ReadonlyMap<Pair, Marked>>()
  for (const subject of subjects) {
    const marked = await counter.inTime(() => markedBefore(counter, subject))
    if (marked === null) break
    first.set(subject, marked)
  }
  await counter.inTime(() => tx.send({ role: 'bos_write', queries: change }))
  const changes: PreviewedChange[] = []
  let uncounted = 0
  for (const subject of subjects) {
    const marked = first.get(subject)
    const entities = marked ? await counter.inTime(() => entitiesOf(counter, subject, marked)) : null
    if (entities === null) {
      uncounted += subject.people.length
      continue
    }
    if (entities.length === 0) continue
    const members = subject.people.map(({ id, name }) => ({ id, name }))
    const same = changes.findIndex((each) => sameText(each.roles, subject.roles) && sameText(each.entities, entities))
    if (same >= 0) changes[same] = { ...changes[same]!, members: [...changes[same]!.members, ...members] }
    else changes.push({ roles: subject.roles, members, entities })
  }
  return { role: asked.role, people: everybody.length, changes, uncounted }
}

async function markedBefore(counter: Counter, subject: Subject): Promise<ReadonlyMap<Pair, Marked>> {
  const marked = new Map<Pair, Marked>()
  for (const pair of subject.pairs.filter(({ apart }) => apart)) marked.set(pair, await counter.mark(subject, pair, 'before'))
  return marked
}

async function entitiesOf(counter: Counter, subject: Subject, marked: ReadonlyMap<Pair, Marked>): Promise<PreviewedEntity[]> {
  const entities: PreviewedEntity[] = []
  for (const pair of subject.pairs) {
    const before = marked.get(pair)
    const differences = before ? differencesOf(before, await counter.mark(subject, pair, 'after')) : await counter.count(subject, pair)
    const told = toldOf(pair, differences)
    if (told) entities.push(told)
  }
  return entities
}

const sameText = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** People of whom counting once says everything. */
interface Subject {
  readonly roles: readonly string[]
  readonly people: readonly Person[]
  readonly before: Access
  readonly after: Access
  readonly pairs: readonly ComparedPair[]
}
interface ComparedPair extends Pair {
  /** The two sides would see different records of others while they look at one: they are asked one after the other. */
  readonly apart: boolean
}

function subjectsOf(people: readonly Person[], { role, before, after, isGone }: PreviewedRole): Subject[] {
  const groups = Map.groupBy(people, ({ roles }) => roles.join(' '))
  return [...groups.values()].flatMap((group): Subject[] => {
    const { roles } = group[0]!
    const sides = {
      roles,
      before: accessFor(before, roles),
      after: accessFor(after, isGone ? roles.filter((each) => each !== role) : roles),
    }
    const pairs = pairsOf(sides.before, sides.after, role, isGone)
    const alike = pairs.every(({ before: was, after: is }) => isForEverybody(was.here) && isForEverybody(is.here))
    return alike ? [{ ...sides, people: group, pairs }] : group.map((each) => ({ ...sides, people: [each], pairs }))
  })
}

/** Entities in which the change may be felt. */
function pairsOf(before: Access, after: Access, role: string, isGone: boolean): ComparedPair[] {
  const ids = [...new Set([...before.entities.keys(), ...after.entities.keys()])]
  const document = (id: string): string => {
    const entity = before.catalogue.entities.get(id)
    return entity?.parent ? document(entity.parent.entity) : id
  }
  const permission = ({ catalogue }: Access, id: string) => catalogue.entities.get(document(id))?.permissions.get(role)
  const scopes = ({ scopes: all }: Access, id: string): string => all.filter((each) => each.startsWith(`${id}:`)).join()
  const touched = new Set(ids.filter((id) => (isGone ? permission(before, id) : permission(before, id) !== permission(after, id))))
  const seenAnew = new Set([...touched].filter((id) => scopes(before, document(id)) !== scopes(after, document(id))))
  const asksRoles = isGone
  return ids.flatMap((id): ComparedPair[] => {
    const [was, is] = [before.entities.get(id), after.entities.get(id)]
    const apart = [...expressionsOf(was), ...expressionsOf(is)].some(
      ({ dependencies }) =>
        [...readBeyond(dependencies)].some((each) => seenAnew.has(each)) || (asksRoles && dependencies.parameters.has('user.roles')),
    )
    // What is derived from what they may no longer know of is hidden with it, in other entities too.
    if (!touched.has(id) && !apart && shapeOf(was) === shapeOf(is)) return []
    return [{ entity: id, before: { access: before, here: was }, after: { access: after, here: is }, apart }]
  })
}

const shapeOf = (here: EntityAccess | undefined): string =>
  here ? [...here.visible.map(({ id }) => id), '/', ...here.masks.keys()].join(' ') : ''

class Counter {
  readonly #tx: Transaction
  readonly #tenant: string
  readonly #until: number
  /** A statement was cut off: the transaction takes no more, and needs to take none, since it is never committed. */
  #isStopped = false

  constructor(tx: Transaction, tenant: string, until: number) {
    this.#tx = tx
    this.#tenant = tenant
    this.#until = until
  }

  /** Null: there was no time left, or it ran out. */
  async inTime<T>(count: () => Promise<T>): Promise<T | null> {
    if (this.#isStopped || Date.now() > this.#until) return null
    try {
      return await count()
    } catch (error) {
      if (sqlState(error) !== '57014') throw error
      this.#isStopped = true
      return null
    }
  }

  async count(subject: Subject, pair: Pair): Promise<Differences> {
    const { query, read } = countQuery(pair, this.#tenant, limits.previewRows)
    const { rows } = await this.#as(subject, [...subject.before.scopes, ...subject.after.scopes], query)
    return read(rows[0]!)
  }

  async mark(subject: Subject, pair: Pair, side: 'before' | 'after'): Promise<Marked> {
    const { query, read } = markQuery(pair, side, this.#tenant, limits.previewRowsApart)
    return read((await this.#as(subject, subject[side].scopes, query)).rows)
  }

  /**
   * One statement in the place of a person, cut off when the time is over (the embedded engine has no such limit: there it comes to its end).
   * The transaction is never committed, so nothing is left of it.
   */
  async #as({ people }: Subject, scopes: readonly string[], query: Query): Promise<Rows> {
    const left = Math.max(1, this.#until - Date.now())
    const enter: Query = {
      text: `select set_config('bos.member', $1, true), set_config('bos.scopes', $2, true), set_config('statement_timeout', $3, true)`,
      values: [people[0]!.id, [...new Set(scopes)].join(','), String(left)],
    }
    const [, rows] = await this.#tx.send({ role: 'bos_read', queries: [enter, query] })
    return rows!
  }
}

/** Null: nothing changes. */
function toldOf({ entity, before, after }: Pair, { all, more }: Differences): PreviewedEntity | null {
  const actions = compared(actionsOf(before.here), actionsOf(after.here))
  const fields = compared(fieldsOf(before.here), fieldsOf(after.here))
  const writable = compared(writableOf(before.here), writableOf(after.here))
  const differing = all.filter(({ gained, lost }) => gained + lost > 0)
  const rows = differing.filter(({ kind }) => kind === 'action' || kind === 'transition')
  const cells = differing.filter(({ kind }) => kind === 'cell')
  const fieldById = (before.here ?? after.here)!.entity.fieldById
  const nothing =
    [actions, fields, writable].every((each) => each.gained.length + each.lost.length === 0) && rows.length + cells.length === 0
  if (nothing) return null
  return {
    entity,
    actions,
    fields,
    writable,
    rows: Object.fromEntries(rows.map(({ name, gained, lost }) => [name, { gained, lost }])),
    cells: Object.fromEntries(cells.map(({ name, gained, lost }) => [fieldById.get(name)?.name ?? name, { gained, lost }])),
    ...(more && { more }),
  }
}

const compared = (before: readonly string[], after: readonly string[]): GainedAndLost<readonly string[]> => ({
  gained: after.filter((each) => !before.includes(each)),
  lost: before.filter((each) => !after.includes(each)),
})

function actionsOf(here: EntityAccess | undefined): string[] {
  if (!here || here.entity.parent) return []
  const named = here.entity.lifecycles.flatMap(({ transitions }) => transitions).filter(({ id }) => here.transitions.has(id))
  return [...here.actions.keys(), ...named.map(({ name }) => name)]
}
const fieldsOf = (here: EntityAccess | undefined): string[] => here?.visible.map(({ name }) => name) ?? []
const writableOf = (here: EntityAccess | undefined): string[] =>
  here && (here.actions.has('create') || here.actions.has('update'))
    ? here.visible.filter(({ id, readOnly }) => !readOnly && !here.readOnly.has(id)).map(({ name }) => name)
    : []

const peopleQuery = ({ tenant }: Actor, role: string): Query => ({
  text: `select m.id, m.name, array(select o.role from bos.role_assignment o where o.tenant_id = m.tenant_id and o.member_id = m.id order by o.role) as roles
    from bos.role_assignment r join core.member m on m.tenant_id = r.tenant_id and m.id = r.member_id and m.deleted_at is null
    where r.tenant_id = $1::uuid and r.role = $2 order by m.name, m.id`,
  values: [tenant, role],
})
