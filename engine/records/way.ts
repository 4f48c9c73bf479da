import { sql } from 'kysely'
import type { Catalogue, Entity, PathStep } from '../catalogue/types.ts'
import { tablesOf } from './expression-tables.ts'
import type { Fragment } from './sql.ts'

/** A row of a statement. */
export interface Place {
  readonly alias: string
  readonly entity: Entity
}

/** The joins of a statement that goes from records to others, step by step, within one tenant. */
export class Way {
  readonly #catalogue: Catalogue
  readonly #tenant: Fragment
  readonly #tables
  readonly #joins: Fragment[] = []

  constructor(catalogue: Catalogue, tenant: Fragment) {
    this.#catalogue = catalogue
    this.#tenant = tenant
    this.#tables = tablesOf(catalogue)
  }

  get joins(): Fragment {
    return sql.join(this.#joins, sql` `)
  }

  /** Where the path ends; `name` begins the aliases on the way. */
  along(from: Place, path: readonly PathStep[], name: string): Place {
    return path.reduce((here, step, i) => {
      const there = { alias: `${name}${i}`, entity: this.#catalogue.entities.get(step.entity)! }
      return this.#join(there, this.#leads(here, step, there.alias))
    }, from)
  }

  /** The document that a row is part of. */
  up(from: Place, name: string): Place {
    const { parent } = from.entity
    if (!parent) return from
    return this.up(this.along(from, [{ kind: 'document', entity: parent.entity }], name), `${name}u`)
  }

  #join(there: Place, on: Fragment): Place {
    const { alias, entity } = there
    this.#joins.push(
      sql`join ${this.#tables.table(entity.id)} ${sql.id(alias)} on ${this.#tables.tenant(alias)} = ${this.#tenant}::uuid and ${on}`,
    )
    return there
  }

  #leads(from: Place, step: PathStep, alias: string): Fragment {
    const tables = this.#tables
    switch (step.kind) {
      case 'hop':
        return sql`${tables.id(alias)} = ${tables.reference(from.entity.id, step.field, step.entity, from.alias)}`
      case 'document':
        return sql`${tables.id(alias)} = ${tables.parent(from.alias)}`
      case 'lines':
        return sql`${tables.parent(alias)} = ${tables.id(from.alias)}`
      case 'links':
        return sql`${tables.id(alias)} = any(${tables.links(from.entity.id, step.field, from.alias)})`
      case 'inverse':
        return tables.pointsAt(step.entity, step.field, alias, tables.id(from.alias))
    }
  }
}
