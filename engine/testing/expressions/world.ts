/** A small world for expressions: entities with fields of every type and relations of every kind, random rows, in memory and in PostgreSQL. */
import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Client } from 'pg'
import type { ValueType } from '../../fields/type.ts'
import type { RecordView } from '../../expressions/evaluate.ts'
import type { Tables } from '../../expressions/sql-tables.ts'
import { bind, sqlType } from '../../expressions/sql-types.ts'
import type { Random } from '../random.ts'
import { sample } from './samples.ts'

interface ReferenceOf {
  readonly id: string
  readonly entities: readonly string[]
}
export interface EntityOf {
  readonly id: string
  readonly values: readonly { readonly id: string; readonly type: ValueType }[]
  readonly references: readonly ReferenceOf[]
  /** Field id → entity. */
  readonly lines: ReadonlyMap<string, string>
  readonly links: ReadonlyMap<string, string>
  /** Of a line. */
  readonly document: string | null
}

const plain: readonly ValueType[] = [
  { kind: 'boolean' },
  { kind: 'number', whole: true },
  { kind: 'number', whole: false },
  { kind: 'text' },
  { kind: 'date' },
  { kind: 'dateTime' },
  { kind: 'time' },
  { kind: 'duration' },
]
const options: ValueType = { kind: 'text', options: ['new', 'won', 'lost'].map((id) => ({ id, name: id })) }
const nameOf = (type: ValueType, n: number): string =>
  `${type.kind === 'list' ? `list_${type.of.kind}` : type.kind}${'whole' in type && type.whole ? '_whole' : ''}${'options' in type ? '_option' : ''}${n}`.toLowerCase()

const special: readonly ValueType[] = [
  ...plain.map((of): ValueType => ({ kind: 'list', of })),
  options,
  { kind: 'composite', members: ['city', 'country'] },
  { kind: 'money', currency: { kind: 'own' } },
  { kind: 'json' },
]

/** A deal has everything: it stands in a tree of deals, its lines refer to members, and these to tags. */
function randomSchema(random: Random): ReadonlyMap<string, EntityOf> {
  const values = (least: number, most: number, more: readonly ValueType[]) =>
    [...plain.flatMap((type) => Array.from({ length: random.between(least, most) }, () => type)), ...more].map((type, n) => ({
      id: nameOf(type, n),
      type,
    }))
  const entity = (id: string, given: Partial<EntityOf>): [string, EntityOf] => [
    id,
    { id, values: values(1, 1, []), references: [], lines: new Map(), links: new Map(), document: null, ...given },
  ]
  return new Map([
    entity('fuzz.deal', {
      values: [...values(1, 2, special), { id: 'path', type: { kind: 'text' } }],
      references: [
        { id: 'company', entities: ['core.member'] },
        { id: 'above', entities: ['fuzz.deal'] },
        { id: 'about', entities: ['core.member', 'fuzz.tag'] },
      ],
      lines: new Map([['lines', 'fuzz.line']]),
      links: new Map([['tags', 'fuzz.tag']]),
    }),
    entity('fuzz.line', {
      document: 'fuzz.deal',
      values: values(1, 1, [options]),
      references: [{ id: 'company', entities: ['core.member'] }],
    }),
    entity('core.member', {
      values: values(1, 1, [{ kind: 'list', of: { kind: 'text' } }]),
      references: [{ id: 'tag', entities: ['fuzz.tag'] }],
      links: new Map([['related', 'fuzz.tag']]),
    }),
    entity('fuzz.tag', { values: values(0, 1, [{ kind: 'number', whole: true }]) }),
  ])
}

export interface Row {
  readonly id: string
  readonly entity: string
  readonly isDeleted: boolean
  readonly document: string | null
  readonly position: number
  /** Canonical; of a reference the id (several targets: {entity, id}), of links the ids. */
  readonly values: ReadonlyMap<string, unknown>
}

export const tenant = '00000000-0000-4000-8000-000000000001'
const uuid = (random: Random): string => {
  const hex = (digits: number) => Array.from({ length: digits }, () => random.below(16).toString(16)).join('')
  return `${hex(8)}-${hex(4)}-7${hex(3)}-a${hex(3)}-${hex(12)}`
}

const counts: Readonly<Record<string, readonly [least: number, most: number]>> = {
  'fuzz.deal': [5, 7],
  'core.member': [4, 5],
  'fuzz.tag': [3, 4],
}

export class World {
  readonly schema: ReadonlyMap<string, EntityOf>
  readonly rows = new Map<string, Row>()

  constructor(random: Random) {
    this.schema = randomSchema(random)
    const ids = new Map<string, string[]>()
    for (const id of this.schema.keys())
      ids.set(
        id,
        random.many(...(counts[id] ?? [0, 0]), () => uuid(random)),
      )
    const documents = new Map<string, { document: string; position: number }>()
    for (const deal of ids.get('fuzz.deal')!) {
      for (let position = random.below(4); position > 0; position--) {
        const id = uuid(random)
        ids.get('fuzz.line')!.push(id)
        documents.set(id, { document: deal, position: random.below(3) })
      }
    }
    for (const [entity, all] of ids) for (const id of all) this.rows.set(id, this.#row(random, entity, id, ids, documents.get(id)))
    const deals = ids.get('fuzz.deal')!
    for (const id of deals) (this.rows.get(id)!.values as Map<string, unknown>).set('path', this.#path(id))
  }

  #row(
    random: Random,
    entity: string,
    id: string,
    ids: ReadonlyMap<string, readonly string[]>,
    line: { document: string; position: number } | undefined,
  ): Row {
    const { values, references, links } = this.schema.get(entity)!
    const found = new Map<string, unknown>()
    for (const field of values) found.set(field.id, random.chance(0.12) ? null : sample(random, field.type))
    for (const { id: field, entities } of references) {
      const target = random.pick(entities)
      // A tree has no circles: a deal stands below one that came before it.
      const all = field === 'above' ? ids.get(target)!.slice(0, ids.get(target)!.indexOf(id)) : ids.get(target)!
      const to = all.length === 0 || random.chance(0.15) ? null : random.pick(all)
      found.set(field, to === null || entities.length === 1 ? to : { entity: target, id: to })
    }
    for (const [field, target] of links) found.set(field, [...new Set(random.many(0, 3, () => random.pick(ids.get(target)!)))])
    const composite = values.filter(({ type }) => type.kind === 'composite')
    for (const { id: field } of composite) if (Object.keys(found.get(field) ?? {}).length === 0) found.set(field, null)
    return {
      id,
      entity,
      isDeleted: line === undefined && random.chance(0.15),
      document: line?.document ?? null,
      position: line?.position ?? 0,
      values: found,
    }
  }

  #path(id: string): string {
    const above = this.rows.get(id)!.values.get('above')
    return `${typeof above === 'string' ? this.#path(above) : ''}${id}/`
  }

  live(id: unknown): Row | null {
    const row = typeof id === 'string' ? this.rows.get(id) : undefined
    if (row === undefined || row.isDeleted) return null
    return row.document === null || this.live(row.document) ? row : null
  }

  of(entity: string): Row[] {
    return [...this.rows.values()].filter((row) => row.entity === entity).sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  readonly #views = new Map<string, RecordView>()

  view(row: Row): RecordView {
    const known = this.#views.get(row.id)
    if (known) return known
    const made = this.#view(row)
    this.#views.set(row.id, made)
    return made
  }

  #view(row: Row): RecordView {
    const maybe = (found: Row | null): RecordView | null => (found === null ? null : this.view(found))
    const { values } = row
    const points = (other: Row, field: string): boolean => {
      const value = other.values.get(field)
      return Array.isArray(value) ? value.includes(row.id) : idOf(value) === row.id
    }
    return {
      get: (field) => (field === 'id' ? row.id : field === 'position' ? row.position : values.get(field)),
      related: (field) => maybe(this.live(idOf(values.get(field)))),
      document: () => maybe(this.rows.get(row.document ?? '') ?? null),
      rows: (via, field, entity) => {
        const found =
          via === 'links'
            ? ((values.get(field) as string[]) ?? []).flatMap((id) => this.live(id) ?? [])
            : via === 'lines'
              ? this.of(entity)
                  .filter((each) => each.document === row.id)
                  .sort((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1))
              : this.of(entity).filter((each) => this.live(each.id) && points(each, field))
        return found.map((each) => this.view(each))
      },
    }
  }

  /** Tables of schema fuzz, made anew and filled. */
  async store(client: Client): Promise<void> {
    await client.query('drop schema if exists fuzz cascade; create schema fuzz')
    for (const { id, values, references, links } of this.schema.values()) {
      const columns = [
        ...values.flatMap(({ id: field, type }) => columnsOf(field, type)),
        ...references.flatMap(({ id: field, entities }) =>
          entities.map((target) => ({ name: referenceColumn(field, entities, target), type: 'uuid' })),
        ),
        ...[...links.keys()].map((field) => ({ name: field, type: 'uuid[]' })),
      ]
      await client.query(
        `create table fuzz."${id}" (tenant_id uuid not null, id uuid not null, deleted_at timestamptz, parent_id uuid, position integer not null,
          ${columns.map(({ name, type }) => `"${name}" ${type}`).join(', ')}, primary key (tenant_id, id))`,
      )
      for (const row of this.of(id)) {
        const stored = [tenant, row.id, row.isDeleted ? new Date(0) : null, row.document, row.position, ...this.#columnValues(row)]
        await client.query(`insert into fuzz."${id}" values (${stored.map((_, i) => `$${i + 1}`).join(', ')})`, stored)
      }
    }
    await client.query('analyze')
  }

  #columnValues({ entity, values }: Row): unknown[] {
    const { values: fields, references, links } = this.schema.get(entity)!
    return [
      ...fields.flatMap(({ id, type }) => {
        const value = values.get(id) ?? null
        const part = (name: string) => (value as Record<string, unknown> | null)?.[name] ?? null
        if (type.kind === 'composite') return type.members.map(part)
        return type.kind === 'money' ? [part('amount'), part('currency')] : [bind(type, value)]
      }),
      ...references.flatMap(({ id, entities }) => {
        const value = values.get(id)
        if (entities.length === 1) return [value ?? null]
        return entities.map((target) => ((value as { entity: string } | null)?.entity === target ? idOf(value) : null))
      }),
      ...[...links.keys()].map((id) => values.get(id) ?? null),
    ]
  }

  /** How the SQL compiler reaches the tables. */
  readonly tables: Tables = {
    table: (entity) => sql`${sql.id('fuzz', entity)}`,
    tenant: (alias) => sql`${sql.id(alias, 'tenant_id')}`,
    id: (alias) => sql`${sql.id(alias, 'id')}`,
    parent: (alias) => sql`${sql.id(alias, 'parent_id')}`,
    position: (alias) => sql`${sql.id(alias, 'position')}`,
    live: (entity, alias) => this.#live(entity, alias),
    column: (entity, field, member, alias) => this.#column(entity, field, member, alias),
    reference: (entity, field, target, alias) => {
      const { entities } = this.schema.get(entity)!.references.find((each) => each.id === field)!
      return sql`${sql.id(alias, referenceColumn(field, entities, target))}`
    },
    links: (_entity, field, alias) => sql`${sql.id(alias, field)}`,
    pointsAt: (entity, field, alias, id) => {
      const { references, links } = this.schema.get(entity)!
      if (links.has(field)) return sql`${id} = any(${sql.id(alias, field)})`
      const { entities } = references.find((each) => each.id === field)!
      const columns = entities.map((target) => sql`${sql.id(alias, referenceColumn(field, entities, target))}`)
      return sql`${id} in (${sql.join(columns)})`
    },
  }

  #live(entity: string, alias: string): RawBuilder<unknown> {
    const { document } = this.schema.get(entity)!
    if (document === null) return sql`${sql.id(alias, 'deleted_at')} is null`
    const outer = `${alias}p`
    return sql`exists (select from ${sql.id('fuzz', document)} ${sql.id(outer)} where ${sql.id(outer, 'tenant_id')} = ${sql.id(alias, 'tenant_id')}
      and ${sql.id(outer, 'id')} = ${sql.id(alias, 'parent_id')} and ${sql.id(outer, 'deleted_at')} is null)`
  }

  #column(entity: string, field: string, member: string | null, alias: string): RawBuilder<unknown> {
    const { values, references, links } = this.schema.get(entity)!
    const reference = references.find((each) => each.id === field)
    if (reference)
      return sql`coalesce(${sql.join(reference.entities.map((target) => sql.id(alias, referenceColumn(field, reference.entities, target))))})`
    const type = values.find((each) => each.id === field)?.type
    if (type?.kind === 'composite' && member === null) {
      const parts = type.members.map((part) => sql.id(alias, `${field}__${part}`))
      return sql`nullif(jsonb_strip_nulls(jsonb_build_array(${sql.join(parts)})), ${JSON.stringify(type.members.map(() => null))}::jsonb)`
    }
    if (links.has(field)) return sql`${sql.id(alias, field)}`
    return sql`${sql.id(alias, member === null || member === 'amount' ? field : `${field}__${member}`)}`
  }
}

const idOf = (value: unknown): string | null => (typeof value === 'string' ? value : ((value as { id?: string } | null)?.id ?? null))
const referenceColumn = (field: string, entities: readonly string[], target: string): string =>
  entities.length === 1 ? field : `${field}__${target.replace('.', '_')}`

function columnsOf(name: string, type: ValueType): { name: string; type: string }[] {
  if (type.kind === 'composite') return type.members.map((member) => ({ name: `${name}__${member}`, type: 'text collate "C"' }))
  if (type.kind === 'money')
    return [
      { name, type: 'numeric' },
      { name: `${name}__currency`, type: 'text collate "C"' },
    ]
  return [{ name, type: columnType(type) }]
}

function columnType(type: ValueType): string {
  if (type.kind === 'list') return `${columnType(type.of).replace(' collate "C"', '')}[]${type.of.kind === 'text' ? ' collate "C"' : ''}`
  if (type.kind === 'duration') return 'bigint'
  if (type.kind === 'dateTime') return 'timestamptz(3)'
  if (type.kind === 'time') return 'time(0)'
  return type.kind === 'text' ? 'text collate "C"' : sqlType(type)
}
