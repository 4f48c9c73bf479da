import { sql } from 'kysely'
import type { Entity, Field } from '../catalogue/types.ts'
import type { Query, Rows, Transaction } from '../database/types.ts'
import { formatSequence } from '../fields/sequence.ts'
import type { NumberGiver, WantedNumber } from './decide-numbers.ts'
import { toQuery } from './sql.ts'
import type { Actor } from './types.ts'

/** Takes `count` numbers of a sequence, last of all locks: others wait from here to commit, and a rollback leaves no gap. Runs as bos_write. */
export function takeQuery(actor: Actor, { entity, field, scope }: Counter, count: number): Query {
  return toQuery(sql`insert into bos.counter (tenant_id, entity, field, scope, value) values (${actor.tenant}::uuid, ${entity}, ${field}, ${scope}, ${count}::bigint)
    on conflict (tenant_id, entity, field, scope) do update set value = bos.counter.value + excluded.value returning value::text as last`)
}

type Counter = Pick<WantedNumber, 'entity' | 'field' | 'scope'>

const giveBackQuery = (actor: Actor, entity: Entity, field: Field, count: number): Query =>
  toQuery(
    sql`update bos.counter set value = value - ${count}::bigint where tenant_id = ${actor.tenant}::uuid and entity = ${entity.id} and field = ${field.id} and scope = ''`,
  )

/** The numbers one request has taken. Only what is decided uses them up; the rest goes back before commit, so no number is ever missing. */
export class Numbers implements NumberGiver {
  readonly #entity: Entity
  readonly #taken: ReadonlyMap<Field, { readonly first: number; readonly last: number; next: number }>
  readonly #counted = new Map<string, Map<number, number>>()
  #marks: readonly number[] = []

  constructor(entity: Entity, count: number, taken: readonly { readonly field: Field; readonly rows: Rows }[]) {
    this.#entity = entity
    this.#taken = new Map(
      taken.map(({ field, rows }) => {
        const last = Number(rows.rows[0]!['last'])
        const first = last - count + 1
        return [field, { first, last, next: first }]
      }),
    )
  }

  next(field: Field): string {
    const numbers = this.#taken.get(field)!
    return formatSequence(field.sequence!, numbers.next++)
  }

  /** Counts what was asked for, in its order. Counters are locked in one order by everybody. */
  async count(tx: Transaction, actor: Actor, wanted: readonly WantedNumber[]): Promise<void> {
    const groups = [...Map.groupBy(wanted, ({ entity, field, scope }) => JSON.stringify([entity, field, scope]))]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, each]) => each)
    const rows = await tx.send({ role: 'bos_write', queries: groups.map((each) => takeQuery(actor, each[0]!, each.length)) })
    groups.forEach((each, i) => {
      const first = Number(rows[i]!.rows[0]!['last']) - each.length + 1
      each.forEach(({ operation, index }, n) => {
        const known = this.#counted.get(operation) ?? new Map<number, number>()
        this.#counted.set(operation, known.set(index, first + n))
      })
    })
  }
  counted({ operation, index }: Pick<WantedNumber, 'operation' | 'index'>): number | undefined {
    return this.#counted.get(operation)?.get(index)
  }
  isCounted(operation: string): boolean {
    return this.#counted.has(operation)
  }

  /** Before an operation is decided; `reset` undoes what a refused one took. */
  mark(): void {
    this.#marks = [...this.#taken.values()].map((each) => each.next)
  }
  restart(): void {
    for (const each of this.#taken.values()) each.next = each.first
  }
  reset(): void {
    ;[...this.#taken.values()].forEach((each, i) => (each.next = this.#marks[i]!))
  }

  giveBack(actor: Actor): readonly Query[] {
    return [...this.#taken].flatMap(([field, { last, next }]) =>
      next <= last ? [giveBackQuery(actor, this.#entity, field, last - next + 1)] : [],
    )
  }
}
