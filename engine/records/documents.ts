import { sql } from 'kysely'
import type { Catalogue, Entity } from '../catalogue/types.ts'
import type { Query } from '../database/types.ts'
import type { Stored } from './change.ts'
import { readStored, storedJson } from './load.ts'
import { and, column, remember, Slot, tableOf, toTemplate } from './sql.ts'
import type { Template } from './sql.ts'

/** Whole documents by id, with sight of the whole tenant. */

interface Ids {
  readonly tenant: string
  readonly ids: readonly string[]
}

/** Locks documents, then reads them as they are now. */
export function documentQueries(catalogue: Catalogue, entity: Entity, tenant: string, ids: readonly string[]): readonly Query[] {
  const template = (kind: 'lock' | 'read'): Template<Ids> =>
    remember(entity, `document ${kind}`, () => {
      const where = and([
        sql`${column('t', 'tenant_id')} = ${new Slot<Ids>((values) => values.tenant)}::uuid`,
        sql`${column('t', 'id')} = any(${new Slot<Ids>((values) => values.ids)}::uuid[])`,
      ])
      const lock = sql`select ${column('t', 'id')} from ${tableOf(entity)} t where ${where} order by ${column('t', 'id')} for no key update of t`
      const read = sql`select ${storedJson(catalogue, entity, 't', 0)}::text as data from ${tableOf(entity)} t where ${where}`
      return toTemplate(kind === 'lock' ? lock : read)
    })
  return [template('lock')({ tenant, ids }), template('read')({ tenant, ids })]
}

export const readDocuments = (
  catalogue: Catalogue,
  entity: Entity,
  rows: readonly Record<string, unknown>[],
): ReadonlyMap<string, Stored> =>
  new Map(
    [...readStored(entity, (field) => catalogue.entities.get(field.lines!.entity)!, { rows, rowCount: rows.length })].map(([id, each]) => [
      id,
      each.stored,
    ]),
  )
