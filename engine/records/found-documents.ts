import { sql } from 'kysely'
import type { Catalogue } from '../catalogue/types.ts'
import type { Query, Transaction } from '../database/types.ts'
import type { Stored } from './change.ts'
import type { Documents, Origin, Sought } from './decide-touched.ts'
import { documentQueries, readDocuments } from './documents.ts'
import type { Ties } from './decide-removal.ts'
import { keyQuery } from './load.ts'
import { loadWake } from './load-removal.ts'
import { toQuery } from './sql.ts'
import { keyOver, soughtText } from './unique-keys.ts'
import type { Actor } from './types.ts'

/** Documents that the engine itself changes, besides those a request names: locked, and read as they are then, with sight of the whole tenant. */
export class FoundDocuments implements Documents {
  readonly #catalogue: Catalogue
  readonly #actor: Actor
  readonly #documents = new Map<string, Stored | null>()
  readonly #keys = new Map<string, string | null>()
  readonly #created = new Map<string, readonly { readonly entity: string; readonly id: string }[]>()
  readonly #wakes = new Map<string, Ties>()

  constructor(catalogue: Catalogue, actor: Actor) {
    this.#catalogue = catalogue
    this.#actor = actor
  }

  readonly byId = (entity: string, id: string): Stored | null | undefined => this.#documents.get(`${entity} ${id}`)
  readonly byKey = (entity: string, values: ReadonlyMap<string, unknown>): string | null | undefined =>
    this.#keys.get(this.#soughtText(entity, values))
  readonly createdBy = (record: string, transition: string) => this.#created.get(`${record} ${transition}`)
  readonly wakeOf = (record: string, transition: string) => this.#wakes.get(`${record} ${transition}`)

  /** One trip, but for what hangs on records that go. Documents are locked in the order of entity and id. */
  async seek(tx: Transaction, sought: readonly Sought[]): Promise<void> {
    for (const each of sought)
      if (each.kind === 'wake')
        this.#wakes.set(`${each.record} ${each.transition}`, await loadWake(tx, this.#catalogue, this.#actor, each.records))
    const steps: { readonly queries: readonly Query[]; readonly read: (rows: readonly (readonly Record<string, unknown>[])[]) => void }[] =
      []
    const byEntity = Map.groupBy(
      sought.flatMap((each) => (each.kind === 'id' ? [each] : [])),
      (each) => each.entity,
    )
    for (const [id, wanted] of [...byEntity].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const entity = this.#catalogue.entities.get(id)!
      const ids = [...new Set(wanted.map((each) => each.id))].sort()
      steps.push({
        queries: documentQueries(this.#catalogue, entity, this.#actor.tenant, ids),
        read: ([, rows]) => {
          const stored = readDocuments(this.#catalogue, entity, rows!)
          for (const each of ids) this.#documents.set(`${id} ${each}`, stored.get(each) ?? null)
        },
      })
    }
    for (const each of sought) {
      if (each.kind === 'key')
        steps.push({
          queries: [this.#keyQuery(each.entity, each.values)],
          read: ([rows]) => this.#keys.set(this.#soughtText(each.entity, each.values), (rows![0]?.['id'] as string | undefined) ?? null),
        })
      if (each.kind === 'created')
        steps.push({
          queries: [createdQuery(this.#actor, each.record, each.transition)],
          read: ([rows]) =>
            this.#created.set(
              `${each.record} ${each.transition}`,
              rows!.map((row) => ({ entity: String(row['target_entity']), id: String(row['target_id']) })),
            ),
        })
    }
    if (steps.length === 0) return
    const answers = await tx.send({ role: 'bos_write', queries: steps.flatMap((step) => step.queries) })
    let at = 0
    for (const { queries, read } of steps) read(answers.slice(at, (at += queries.length)).map((each) => each.rows))
  }

  #keyQuery(id: string, values: ReadonlyMap<string, unknown>): Query {
    const entity = this.#catalogue.entities.get(id)!
    const fields = [...values.keys()].map((each) => entity.fieldById.get(each)!)
    return keyQuery(entity, fields, keyOver(entity, [...values.keys()])?.ignoreCase === true, this.#actor, [...values.values()])
  }

  #soughtText(id: string, values: ReadonlyMap<string, unknown>): string {
    return soughtText(this.#catalogue.entities.get(id)!, values)
  }
}

const createdQuery = ({ tenant }: Actor, record: string, transition: string): Query =>
  toQuery(sql`select target_entity, target_id from bos.effect
    where tenant_id = ${tenant}::uuid and record_id = ${record}::uuid and transition = ${transition}::text and not taken_back order by target_id`)

/** Keeps what transitions created, and that it was taken back. Runs as bos_write. */
export function originQueries(origins: readonly Origin[], { tenant }: Actor): Query[] {
  return origins.map(({ record, transition, targets, isTakenBack }) => {
    const rows = JSON.stringify(targets)
    return isTakenBack
      ? toQuery(
          sql`update bos.effect set taken_back = true
            where tenant_id = ${tenant}::uuid and record_id = ${record}::uuid and transition = ${transition}::text and not taken_back`,
        )
      : toQuery(sql`insert into bos.effect (tenant_id, record_id, transition, target_entity, target_id)
          select ${tenant}::uuid, ${record}::uuid, ${transition}::text, r.entity, r.id from json_to_recordset(${rows}::json) as r(entity text, id uuid)`)
  })
}
