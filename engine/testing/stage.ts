import type { Catalogue, Entity } from '../catalogue/types.ts'
import { creationOrder, specimen } from './specimen.ts'
import { ok, type Person, type World } from './world.ts'

export const pathOf = (entity: Entity): string => `/api/${entity.module}/${entity.plural}`

/** The records made for this file, and every id that belongs to the other tenant. */
export class Stage {
  readonly #world: World
  readonly #catalogue: Catalogue
  readonly own = new Map<string, Record<string, unknown>>()
  readonly foreign = new Map<string, Record<string, unknown>>()
  readonly foreignIds = new Set<string>()
  #serial = 0

  constructor(world: World, catalogue: Catalogue) {
    this.#world = world
    this.#catalogue = catalogue
  }

  async fill(): Promise<void> {
    for (const [person, records] of [
      ['admin@acme', this.own],
      ['admin@globex', this.foreign],
    ] as const) {
      for (const entity of creationOrder(this.#catalogue)) records.set(entity.id, await this.create(person, entity, records))
    }
    for (const rows of Object.values(await this.foreignRows())) for (const id of Object.keys(rows)) this.foreignIds.add(id)
  }

  /** Every row of the other tenant: table → id → row. */
  async foreignRows(): Promise<Record<string, Record<string, unknown>>> {
    const tables = await this.#world.sql<{ name: string }>(
      `select format('%I.%I', table_schema, table_name) as name from information_schema.columns
       where column_name = 'tenant_id' and table_schema = any($1) order by 1`,
      [[...this.#catalogue.modules.keys()]],
    )
    const all: Record<string, Record<string, unknown>> = {}
    for (const { name } of tables) {
      const rows = await this.#world.sql<{ id: string; row: unknown }>(
        `select id, to_jsonb(t) as row from ${name} t where tenant_id = $1`,
        [this.#world.globex.id],
      )
      all[name] = Object.fromEntries(rows.map(({ id, row }) => [id, row]))
    }
    return all
  }

  body(entity: Entity, records: ReadonlyMap<string, Record<string, unknown>>): Record<string, unknown> {
    return specimen(this.#catalogue, entity, (id) => (records.get(id)?.['id'] as string | undefined) ?? null, this.#serial++)
  }

  async create(person: Person, entity: Entity, records: ReadonlyMap<string, Record<string, unknown>>): Promise<Record<string, unknown>> {
    const created = ok(await this.#world.call(person, 'POST', pathOf(entity), { body: this.body(entity, records) }))
    return ok(await this.#world.call(person, 'GET', `${pathOf(entity)}/${String(created['id'])}`))
  }

  id(records: ReadonlyMap<string, Record<string, unknown>>, entity: string): string {
    const id = records.get(entity)?.['id']
    if (typeof id !== 'string') throw new Error(`there is no record of ${entity} to try with`)
    return id
  }

  /** A new record of one's own, for attempts that would use it up. */
  async another(entity: Entity): Promise<Record<string, unknown>> {
    return this.create('admin@acme', entity, this.own)
  }
}
