import type { Catalogue } from '../catalogue/types.ts'
import { tableColumns } from './columns.ts'
import { tableItems } from './items.ts'
import { tableKey } from './names.ts'
import { roles, schemaGrants, tableGrants } from './policies.ts'
import type { Version } from './policies.ts'
import { refusal } from './types.ts'
import type { Refusal, Shape, TableShape } from './types.ts'

export interface Desired {
  readonly shape: Shape
  /** Where the catalogues in use cannot share one table. */
  readonly refusals: readonly Refusal[]
}

/**
 * The tables that serve all catalogues in use at once: columns and indexes of any version; NOT NULL, checks and unique keys
 * that every version demands. Required values, options, lengths and rules are the pipeline's, per catalogue. Pure, and the
 * same for every order of the catalogues.
 */
export function desiredShape(catalogues: Iterable<Catalogue>): Desired {
  const refusals: Refusal[] = []
  const tables = new Map<string, TableShape>()
  for (const versions of versionsInUse(catalogues)) {
    const table = tableShape(versions, refusals)
    const other = tables.get(tableKey(table))
    if (other)
      refusals.push(refusal(table.entity, null, `the table of ${other.entity}`, 'a table of its own', `${tableKey(table)} is taken.`))
    tables.set(tableKey(table), table)
  }
  const names = [...new Set([...tables.values()].map((table) => table.schema))].sort()
  return {
    shape: {
      schemas: names.map((name) => ({ name, owner: roles.owner, grants: schemaGrants() })),
      tables: [...tables.keys()].sort().map((key) => tables.get(key)!),
    },
    refusals,
  }
}

/** Every entity with the versions of it that are in use, by id. Catalogues that share an entity value count once. */
function versionsInUse(catalogues: Iterable<Catalogue>): Version[][] {
  const entities = new Map<string, Version[]>()
  for (const catalogue of [...catalogues].sort((a, b) => (a.hash < b.hash ? -1 : 1))) {
    for (const entity of catalogue.entities.values()) {
      const versions = entities.get(entity.id) ?? []
      if (!versions.some((version) => version.entity === entity)) versions.push({ catalogue, entity })
      entities.set(entity.id, versions)
    }
  }
  return [...entities.values()]
}

function tableShape(versions: readonly Version[], refusals: Refusal[]): TableShape {
  const { entity } = versions[0]!
  const place = ({ entity: each }: Version): string =>
    `${each.kind === 'line' ? `line of ${each.parent?.entity}` : each.kind} in ${tableKey(each.table)}`
  for (const version of versions) {
    if (place(version) === place(versions[0]!)) continue
    refusals.push(refusal(entity.id, null, place(versions[0]!), place(version), 'two versions in use keep it differently.'))
  }
  return {
    ...entity.table,
    entity: entity.id,
    owner: roles.owner,
    rowSecurity: 'forced',
    columns: tableColumns(versions, refusals),
    items: tableItems(versions, refusals),
    grants: tableGrants(entity),
  }
}
