import { sql } from 'kysely'
import type { Catalogue, Entity, PathStep } from '../catalogue/types.ts'
import type { Query } from '../database/types.ts'
import { linesFields, referenceOf } from './change.ts'
import { changesOf } from './changed.ts'
import type { EventDraft } from './decide.ts'
import { and, column, remember, Slot, tableOf, toTemplate } from './sql.ts'
import { documentOf } from './tables.ts'
import { Way } from './way.ts'
import type { Place } from './way.ts'

/**
 * Documents that stay as they are until commit, because stored values are made of them. Whoever changes a record finds all that hangs on it; what is
 * only just coming to hang on it they cannot find, nor can that see the change. So whoever sets a reference through which stored values read
 * holds what it leads to; of the two one waits, and sees the other.
 */
export interface Held {
  /** Where the way begins: entity id of the records (`from`), or of what leads to them (`to`). */
  readonly entity: string
  readonly path: readonly PathStep[]
  readonly direction: 'from' | 'to'
  readonly ids: readonly string[]
  readonly strength: Strength
}

/** Shared; or as by who changes the document, where the request itself will come to that: two that share would wait for each other. */
type Strength = 'share' | 'change'

/** What is read through a reference. */
interface Reading {
  /** Entity id of what it leads to. */
  readonly target: string
  /** From there as far as single records lead. */
  readonly paths: readonly (readonly PathStep[])[]
  readonly strength: Strength
}

/** A reference that is set. */
export interface SetReference {
  readonly entity: string
  readonly field: string
  readonly target: { readonly entity: string; readonly id: string }
}

/** By `entity/field` (of a list of references: of its links). */
function readingsOf(catalogue: Catalogue): ReadonlyMap<string, readonly Reading[]> {
  return remember(catalogue, 'readings', () => {
    const found = new Map<string, Map<string, Reading>>()
    const add = (key: string, target: string, strength: Strength, paths: Reading['paths']): void => {
      const readings = found.get(key) ?? new Map<string, Reading>()
      found.set(key, readings)
      const known = readings.get(target)
      const all = new Map([...(known?.paths ?? []), ...paths].map((each) => [JSON.stringify(each), each]))
      readings.set(target, { target, paths: [...all.values()], strength: known?.strength === 'change' ? 'change' : strength })
    }
    for (const { entity, path } of [...catalogue.dependants.values()].flat())
      path.forEach((step, i) => {
        const here = path[i - 1]?.entity ?? entity
        if (step.kind === 'inverse') add(`${step.entity}/${step.field}`, here, 'change', [[]])
        const key = referenceAlong(catalogue, here, step)
        if (key !== null) add(key, step.entity, 'share', beginnings(path.slice(i + 1)))
      })
    return new Map([...found].map(([key, readings]) => [key, [...readings.values()]]))
  })
}

/** The reference that a step goes along; null: none. */
function referenceAlong(catalogue: Catalogue, entity: string, step: PathStep): string | null {
  if (step.kind === 'hop') return `${entity}/${step.field}`
  if (step.kind !== 'links') return null
  const { lines } = catalogue.entities.get(entity)!.fieldById.get(step.field)!
  const link = lines?.linkField ? catalogue.entities.get(lines.entity)!.fieldByName.get(lines.linkField) : undefined
  return link ? `${lines!.entity}/${link.id}` : null
}

/** Nothing, the first step, the first two…: as long as each leads to one record. */
function beginnings(path: readonly PathStep[]): readonly (readonly PathStep[])[] {
  const many = path.findIndex(({ kind }) => kind !== 'hop' && kind !== 'document')
  const end = many < 0 ? path.length : many
  return Array.from({ length: end + 1 }, (_, i) => path.slice(0, i))
}

/** References that events say were set. */
export function referencesIn(catalogue: Catalogue, events: readonly EventDraft[]): SetReference[] {
  return changesOf(catalogue, events).flatMap(({ entity, to }) =>
    [...to].flatMap(([id, value]) => {
      const field = entity.fieldById.get(id)
      const target = field ? referenceOf(field, value) : null
      return target ? [{ entity: entity.id, field: id, target }] : []
    }),
  )
}

/** What has to be held so that these references may be set. */
export function heldBySetting(catalogue: Catalogue, references: readonly SetReference[]): Held[] {
  const readings = readingsOf(catalogue)
  const held = new Map<string, Held & { readonly ids: string[] }>()
  for (const { entity, field, target } of references)
    for (const { target: to, paths, strength } of readings.get(`${entity}/${field}`) ?? []) {
      if (to !== target.entity) continue
      for (const path of paths) {
        const key = JSON.stringify([to, path, strength])
        const known = held.get(key) ?? { entity: to, path, direction: 'from', ids: [], strength }
        held.set(key, known)
        known.ids.push(target.id)
      }
    }
  return [...held.values()]
}

/** What has to be held so that documents come back: whatever they and their lines refer to. */
export const heldByReturning = (catalogue: Catalogue, entity: Entity, ids: readonly string[]): Held[] =>
  heldByReferring(catalogue, entity, ids, () => true)

/**
 * What documents refer to now by references that are to be set: a sum is taken out of one and put into the other, and whoever moves something
 * the other way must not hold the one that the first still needs.
 */
export function heldByMoving(catalogue: Catalogue, entity: Entity, ids: readonly string[], references: readonly SetReference[]): Held[] {
  const set = new Set(references.map((each) => `${each.entity}/${each.field}`))
  return ids.length === 0 ? [] : heldByReferring(catalogue, entity, ids, (key, { strength }) => strength === 'change' && set.has(key))
}

function heldByReferring(
  catalogue: Catalogue,
  entity: Entity,
  ids: readonly string[],
  isWanted: (key: string, reading: Reading) => boolean,
  down: readonly PathStep[] = [],
): Held[] {
  const readings = readingsOf(catalogue)
  const here = catalogue.entities.get(down.at(-1)?.entity ?? entity.id)!
  const along = (key: string, kind: 'hop' | 'links', field: string): Held[] =>
    (readings.get(key) ?? [])
      .filter((each) => isWanted(key, each))
      .flatMap(({ target, paths, strength }) =>
        paths.map((path): Held => {
          const steps: PathStep[] = [...down, { kind, field, entity: target }, ...path]
          return { entity: entity.id, path: steps, direction: 'from', ids, strength }
        }),
      )
  return [
    ...here.fields.flatMap((field) => (field.reference ? along(`${here.id}/${field.id}`, 'hop', field.id) : [])),
    ...linesFields(here).flatMap((field): Held[] => {
      const key = referenceAlong(catalogue, here.id, { kind: 'links', field: field.id, entity: '' })
      if (key !== null) return along(key, 'links', field.id)
      const line: PathStep = { kind: 'lines', field: field.id, entity: field.lines!.entity }
      return heldByReferring(catalogue, entity, ids, isWanted, [...down, line])
    }),
  ]
}

/**
 * What has to be held when records at the end of a dependant's path change: wherever the path goes from a record that is referred to, to many. Who sets a
 * reference to that one holds it, and nothing of what lies behind it.
 */
export function heldByChanging(entity: string, path: readonly PathStep[], ids: readonly string[]): Held[] {
  return path.flatMap((step, i): Held[] => {
    const before = path[i - 1]
    const isReferredTo =
      before !== undefined && before.kind !== 'lines' && path.slice(0, i).some(({ kind }) => kind === 'hop' || kind === 'links')
    if (!isReferredTo || step.kind === 'hop' || step.kind === 'document') return []
    return [{ entity: before.entity, path: path.slice(i), direction: 'to', ids, strength: 'change' }]
  })
}

interface Ids {
  readonly tenant: string
  readonly ids: readonly (readonly string[])[]
}

/** Locks the documents, in the order of entity and id. Runs as bos_write: what a value is made of does not hang on who may see it. */
export function holdQueries(catalogue: Catalogue, tenant: string, held: readonly Held[]): Query[] {
  const byDocument = Map.groupBy(held, (each) => documentHeld(catalogue, each).id)
  return [...byDocument]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([document, all]) => {
      const shape = all.map(({ entity, path, direction, strength }) => [entity, path, direction, strength])
      const template = remember(catalogue, `hold ${document} ${JSON.stringify(shape)}`, () => holdTemplate(catalogue, document, all))
      return template({ tenant, ids: all.map(({ ids }) => [...ids].sort()) })
    })
}

/** The entity of the documents that are held. */
export const documentHeld = (catalogue: Catalogue, { entity, path, direction }: Held): Entity =>
  documentOf(catalogue, catalogue.entities.get((direction === 'from' && path.at(-1)?.entity) || entity)!)

function holdTemplate(catalogue: Catalogue, document: string, all: readonly Held[]) {
  const tenant = sql`${new Slot<Ids>((values) => values.tenant)}`
  const found = all.map(({ entity, path, direction }, i) => {
    const start: Place = { alias: 'p', entity: catalogue.entities.get(entity)! }
    const way = new Way(catalogue, tenant)
    const end = way.along(start, path, 's')
    const [known, sought] = direction === 'from' ? [start, end] : [end, start]
    const top = way.up(sought, 'u')
    return sql`select ${column(top.alias, 'id')} from ${tableOf(start.entity)} p ${way.joins}
      where ${column('p', 'tenant_id')} = ${tenant}::uuid and ${column(known.alias, 'id')} = any(${new Slot<Ids>((values) => values.ids[i])}::uuid[])`
  })
  const strength = all.some((each) => each.strength === 'change') ? sql`no key update` : sql`share`
  const conditions = [
    sql`${column('t', 'tenant_id')} = ${tenant}::uuid`,
    // An array is found once, whatever the planner thinks of how many there are.
    sql`${column('t', 'id')} = any(array(${sql.join(found, sql` union all `)}))`,
  ]
  return toTemplate<Ids>(sql`select ${column('t', 'id')} from ${tableOf(catalogue.entities.get(document)!)} t
    where ${and(conditions)} order by ${column('t', 'id')} for ${strength} of t`)
}
