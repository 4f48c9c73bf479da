import { sql } from 'kysely'
import { fieldOf } from '../fields/index.ts'
import type { ColumnRef } from '../fields/type.ts'
import { settingsOf } from './parameters.ts'
import type { Condition, Path } from './parameters.ts'
import { and, column, columnsOf, tableOf } from './sql.ts'
import type { Fragment } from './sql.ts'
import { isLive } from './select.ts'
import type { Actor, EntityAccess } from './types.ts'
import type { Action, Catalogue } from '../catalogue/types.ts'

/** The FROM of one statement: the entity's table and the records that paths lead to, each joined once. */
export class Source {
  readonly alias: string
  readonly #access: EntityAccess
  readonly #catalogue: Catalogue
  readonly #joins = new Map<string, { alias: string; join: Fragment }>()

  constructor(catalogue: Catalogue, access: EntityAccess, alias = 't') {
    this.#catalogue = catalogue
    this.#access = access
    this.alias = alias
  }

  /** The alias under which the last record of a path stands. */
  reach(path: Path): string {
    let alias = this.alias
    let key = ''
    for (const hop of path.hops) {
      key += `.${hop.column}`
      let join = this.#joins.get(key)
      if (!join) {
        const next = `j${this.#joins.size}`
        join = {
          alias: next,
          join: sql`left join ${tableOf(hop.target.entity)} ${sql.id(next)} on ${column(next, 'tenant_id')} = ${column(alias, 'tenant_id')}
            and ${column(next, 'id')} = ${column(alias, hop.column)} and ${isLive(this.#catalogue, hop.target.entity, next)}`,
        }
        this.#joins.set(key, join)
      }
      alias = join.alias
    }
    return alias
  }

  columns(path: Path): ColumnRef {
    const at = columnsOf(this.reach(path), path.field)
    const suffix = path.member === null ? '' : (fieldOf(path.field.type).members?.(path.field.settings).get(path.member)?.suffix ?? '')
    return (more = '') => at(suffix + more)
  }

  from(): Fragment {
    return sql`${tableOf(this.#access.entity)} ${sql.id(this.alias)} ${sql.join([...this.#joins.values()].map((each) => each.join), sql` `)}`
  }
}

/** Rows of this tenant that `action` reaches. Row policies hold the widest readable scope; a narrower action is enforced here. */
export function reachable(source: Source, access: EntityAccess, actor: Actor, action: Action): Fragment[] {
  const conditions: Fragment[] = [sql`${column(source.alias, 'tenant_id')} = ${actor.tenant}::uuid`]
  const owner = access.entity.owner
  if (access.actions.get(action) === 'own' && owner) conditions.push(sql`${columnsOf(source.alias, owner)()} = ${actor.member}::uuid`)
  return conditions
}

/** LIKE is not leakproof, so row policies would keep its trigram index out: searched fields are matched by a definer function. */
export function conditionSql(source: Source, condition: Condition): Fragment {
  const { path, operator, values, name } = condition
  const entity = path.entity
  const folded = `${path.field.id}__f`
  if ((name === 'contains' || name === 'startsWith') && path.hops.length === 0 && entity.search.includes(path.field) && path.field.columns.some((each) => each.name === folded)) {
    return sql`${column(source.alias, 'id')} in (select bos.matching(${sql.lit(entity.table.schema)}, ${sql.lit(entity.table.name)}, ${sql.lit(folded)}, ${values[0]}::text))`
  }
  return operator.where(sql, source.columns(path), values.map((value) => sql`${value}`), settingsOf(path))
}

/** `search=`: candidates come from the entity's search index; where the caller may not see a searched field, only those that match without it. */
export function searchSql(source: Source, access: EntityAccess, text: string): Fragment {
  const { entity } = access
  const candidates = sql`${column(source.alias, 'id')} in (select bos.search(${sql.lit(entity.table.schema)}, ${sql.lit(entity.table.name)}, ${text}::text))`
  const seen = entity.search.filter((field) => access.visible.includes(field))
  if (seen.length === entity.search.length) return candidates
  const words = sql`concat_ws(' ', ${sql.join(seen.map((field) => columnsOf(source.alias, field)()), sql`, `)})`
  return and([candidates, sql`to_tsvector('simple', bos.fold(${words})) @@ bos.words(${text}::text)`])
}
