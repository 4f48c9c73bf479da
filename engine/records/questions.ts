import { sql } from 'kysely'
import type { Catalogue } from '../catalogue/types.ts'
import type { Query, Transaction } from '../database/types.ts'
import { bind, sqlType } from '../expressions/sql-types.ts'
import { toSql } from '../expressions/sql.ts'
import type { Question } from '../expressions/split.ts'
import type { Type } from '../expressions/types.ts'
import { dateOfLocal, localOf } from '../expressions/zones.ts'
import { fieldOf } from '../fields/index.ts'
import type { Asked, Surroundings } from './decide-formulas.ts'
import { tablesOf } from './expression-tables.ts'
import { column, comma, remember, Slot, toTemplate } from './sql.ts'
import type { Fragment, Template } from './sql.ts'
import type { Actor } from './types.ts'

/**
 * What the database answers to expressions of one request. The engine asks, with sight of the whole tenant (bos_write): a rule
 * that everybody must keep does not hang on who sees what.
 */
export class Answers {
  readonly #catalogue: Catalogue
  readonly #actor: Actor
  readonly #now: string
  readonly #known = new Map<Question, Map<string, unknown>>()

  constructor(catalogue: Catalogue, actor: Actor, now: Date) {
    this.#catalogue = catalogue
    this.#actor = actor
    this.#now = now.toISOString()
  }

  get surroundings(): Surroundings {
    return {
      zone: this.#actor.timeZone,
      parameter: (name) => parameterOf(name, this.#actor, this.#now),
      answer: ({ question, inputs }) => this.#known.get(question)?.get(JSON.stringify(inputs)),
    }
  }

  /** What was true before others were waited for. */
  forget(): void {
    this.#known.clear()
  }

  /** Asks everything in one trip: one statement per question, however many inputs it comes with. */
  async ask(tx: Transaction, asked: readonly Asked[]): Promise<void> {
    const byQuestion = Map.groupBy(asked, (each) => each.question)
    const sent = [...byQuestion].map(([question, each]) => ({
      question,
      inputs: [...new Map(each.map(({ inputs }) => [JSON.stringify(inputs), inputs])).entries()],
    }))
    const queries = sent.map(({ question, inputs }) =>
      this.#query(
        question,
        inputs.map(([, values]) => values),
      ),
    )
    const rows = await tx.send({ role: 'bos_write', queries })
    sent.forEach(({ question, inputs }, i) => {
      const known = this.#known.get(question) ?? new Map<string, unknown>()
      this.#known.set(question, known)
      for (const row of rows[i]!.rows) {
        const [key] = inputs[Number(row['n'])]!
        known.set(key, row['value'] === null ? null : JSON.parse(row['value'] as string))
      }
    })
  }

  #query(question: Question, inputs: readonly (readonly unknown[])[]): Query {
    const rows = inputs.map((values, n) => ({
      n,
      ...Object.fromEntries(values.map((value, i) => [`i${i}`, bind(question.inputs[i]!.type, value)])),
    }))
    const template = remember(question, 'question', () => questionTemplate(this.#catalogue, question))
    return template({ rows: JSON.stringify(rows), actor: this.#actor, now: this.#now })
  }
}

interface Values {
  readonly rows: string
  readonly actor: Actor
  readonly now: string
}

function questionTemplate(catalogue: Catalogue, { node, inputs }: Question): Template<Values> {
  const rows = new Slot<Values>((values) => values.rows)
  const columns = inputs.map(({ type }, i) => sql`${sql.id(`i${i}`)} ${sql.raw(sqlType(type))}`)
  const value = toSql(sql, node, {
    tables: tablesOf(catalogue),
    zone: sql`${new Slot<Values>(({ actor }) => actor.timeZone)}::text`,
    tenant: sql`${new Slot<Values>(({ actor }) => actor.tenant)}::uuid`,
    roots: {},
    parameter(name, type) {
      const input = /^input:(\d+)$/.exec(name)?.[1]
      if (input !== undefined) return type.kind === 'text' ? sql`(${column('i', `i${input}`)} collate "C")` : column('i', `i${input}`)
      const given = new Slot<Values>(({ actor, now }) => bind(type, parameterOf(name, actor, now)))
      return type.kind === 'text' ? sql`(${given}::text collate "C")` : sql`${given}::${sql.raw(sqlType(type))}`
    },
  })
  return toTemplate(sql`select i.n, ${canonicalJson(node.type, value)}::text as value
    from json_to_recordset(${rows}::json) as i(${comma([sql`n int`, ...columns])})`)
}

/** SQL whose JSON is the canonical value. */
function canonicalJson(type: Type, value: Fragment): Fragment {
  switch (type.kind) {
    case 'number':
    case 'duration':
      return sql`to_json((${value})::numeric::text)`
    case 'dateTime':
      return sql`to_json(${fieldOf('dateTime').render!(sql, () => sql`(${value})`, {})})`
    case 'list':
      return type.of.kind === 'number' ? sql`to_json((${value})::text[])` : sql`to_json(${value})`
    default:
      return sql`to_json(${value})`
  }
}

/** The canonical value of a parameter; those of who acts, of the tenant, and the moment. */
function parameterOf(name: string, actor: Actor, now: string): unknown {
  switch (name) {
    case 'now':
      return now
    case 'today':
      return dateOfLocal(localOf(Date.parse(now), actor.timeZone))
    case 'user.id':
      return actor.member
    case 'user.roles':
      return actor.roles
    case 'tenant.id':
      return actor.tenant
    case 'tenant.slug':
      return actor.tenantSlug
    case 'tenant.name':
      return actor.tenantName
    case 'tenant.locale':
      return actor.locale
    case 'tenant.time_zone':
      return actor.timeZone
    case 'tenant.currency':
      return actor.currency
    default:
      throw new Error(`there is no parameter ${name}`)
  }
}
