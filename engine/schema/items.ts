import type { Entity, Field, UniqueKey } from '../catalogue/types.ts'
import { fieldOf } from '../fields/index.ts'
import { canonicalType } from './columnType.ts'
import { fieldNamed, foldedColumn, searchColumn, searchedText } from './columns.ts'
import { objectName, quoteName, quoteTable, quoteText } from './names.ts'
import type { TableName } from './names.ts'
import { tablePolicies } from './policies.ts'
import type { Version } from './policies.ts'
import { rowCondition } from './row-condition.ts'
import { refusal } from './types.ts'
import type { Item, Refusal } from './types.ts'

/** Schema of pg_trgm, whose operator class is not found by type. */
const trigram = 'public.gin_trgm_ops'

/** Constraint and index names that errors speak of (meaning.ts reads them back). */
export const nameOf = {
  primaryKey: (table: TableName) => objectName(table, 'pkey'),
  parent: (table: TableName) => objectName(table, 'parent_id', 'fkey'),
  reference: (table: TableName, column: string) => objectName(table, column, 'fkey'),
  targets: (table: TableName, field: Field) => objectName(table, field.id, 'check'),
  unique: (table: TableName, key: UniqueKey) => objectName(table, key.id, key.noOverlap ? 'excl' : 'key'),
  single: (table: TableName) => objectName(table, 'single'),
  link: (table: TableName) => objectName(table, 'link'),
}

/** Constraints, indexes, triggers and policies of the table that serves all versions of an entity. */
export function tableItems(versions: readonly Version[], refusals: Refusal[]): Item[] {
  const { entity } = versions[0]!
  const items = [
    ...structure(entity),
    ...agreed(versions, references, refusals),
    ...targetChecks(versions),
    ...demandedByAll(versions, refusals),
    ...referenceIndexes(versions),
    ...fieldIndexes(versions),
    ...searchIndexes(versions),
    ...agreed(versions, treeTriggers, refusals),
    ...tablePolicies(versions),
  ]
  return items.sort((a, b) => (a.name < b.name ? -1 : 1))
}

const item = (kind: Item['kind'], name: string, definition: string, field: string | null = null): Item => ({
  kind,
  name,
  definition,
  field,
})
/** Deleted records hold no place: lines go for good. */
const live = (entity: Entity, ...conditions: readonly string[]): string => {
  const all = [...(entity.kind === 'line' ? [] : ['deleted_at is null']), ...conditions]
  return all.length === 0 ? '' : ` where (${all.join(' and ')})`
}

function structure(entity: Entity): Item[] {
  const { table } = entity
  const items = [item('primary key', nameOf.primaryKey(table), 'primary key (tenant_id, id)')]
  if (entity.kind === 'line') items.push(item('index', objectName(table, 'lines'), 'using btree (tenant_id, parent_id, "position")'))
  else {
    items.push(item('index', objectName(table, 'created'), 'using btree (tenant_id, created_at, id)'))
    // What was deleted is little: this finds it for the list of deleted records, and what one deletion took along for restore.
    items.push(item('index', objectName(table, 'deleted'), 'using btree (tenant_id, deletion_id) where (deleted_at is not null)'))
  }
  if (entity.kind === 'single') items.push(item('unique', nameOf.single(table), `using btree (tenant_id)${live(entity)}`))
  const target = entity.fields[0]
  if (entity.link && target?.reference) {
    items.push(item('unique', nameOf.link(table), `using btree (tenant_id, parent_id, ${oneColumn(target)})`, target.id))
  }
  return items
}

/** A reference as one key: of several targets at most one is set. */
const oneColumn = (field: Field): string => {
  const columns = field.reference!.targets.map((target) => quoteName(target.column))
  return columns.length === 1 ? columns[0]! : `coalesce(${columns.join(', ')})`
}

/** None of a reference that is worked out when it is read. */
const storedTargets = ({ reference, columns }: Field): NonNullable<Field['reference']>['targets'] =>
  columns.length > 0 ? (reference?.targets ?? []) : []

function references({ catalogue, entity }: Version, refusals: Refusal[]): Item[] {
  const { table } = entity
  const parent = entity.parent && catalogue.entities.get(entity.parent.entity)
  const keys = (name: string, column: string, target: Entity | undefined, field: Field | null): Item[] => {
    if (target)
      return [
        item(
          'foreign key',
          name,
          `foreign key (tenant_id, ${quoteName(column)}) references ${quoteTable(target.table)} (tenant_id, id)`,
          field?.id,
        ),
      ]
    refusals.push(
      refusal(entity.id, field?.id ?? null, 'no such entity in the catalogue', `a reference in ${column}`, 'the reference leads nowhere.'),
    )
    return []
  }
  const items = parent ? keys(nameOf.parent(table), 'parent_id', parent, null) : []
  for (const field of entity.fields) {
    for (const { entity: target, column } of storedTargets(field)) {
      items.push(...keys(nameOf.reference(table, column), column, catalogue.entities.get(target), field))
    }
  }
  return items
}

/**
 * One for each column of a reference. Where a scope goes by the reference, the ids stand behind it, and so in order: the newest rows of a
 * person who owns half of a tenant are the first entries of a scan. (By the reference alone PostgreSQL reads and sorts all that they own, and
 * expects few: it takes owner and tenant for independent. Measured: bench, list under scope own, 0.21 of a list of everything.) Elsewhere
 * equal entries share their place, which the ids would cost.
 */
function referenceIndexes(versions: readonly Version[]): Item[] {
  const scoped = new Set(
    versions.flatMap(({ entity }) => entity.scopes.map(({ predicate }) => (predicate.kind === 'among' ? predicate.field : null))),
  )
  const found = new Map<string, Item>()
  for (const { entity } of versions) {
    for (const field of entity.fields) {
      for (const { column } of storedTargets(field)) {
        const keys = ['tenant_id', quoteName(column), ...(scoped.has(field.id) ? ['id'] : [])]
        // One of several targets: empty in most rows.
        const some = column.includes('__') ? ` where (${quoteName(column)} is not null)` : ''
        const name = objectName(entity.table, column, 'ref')
        found.set(name, item('index', name, `using btree (${keys.join(', ')})${some}`, field.id))
      }
    }
  }
  return [...found.values()]
}

/** Of several targets at most one is set: over the columns of all versions, since a row of one version has nulls in the others' columns. */
function targetChecks(versions: readonly Version[]): Item[] {
  const targets = new Map<string, { field: Field; columns: Set<string> }>()
  for (const { entity } of versions) {
    for (const field of entity.fields) {
      const { columns } = targets.get(field.id) ?? { columns: new Set() }
      for (const target of storedTargets(field)) columns.add(target.column)
      targets.set(field.id, { field, columns })
    }
  }
  return [...targets.values()]
    .filter(({ columns }) => columns.size > 1)
    .map(({ field, columns }) => {
      // As an array: a call takes 100 arguments, and any number of entities may use a trait that appends them here.
      const names = [...columns].sort().map(quoteName).join(', ')
      return item(
        'check',
        nameOf.targets(versions[0]!.entity.table, field),
        `check (num_nonnulls(variadic array[${names}]) <= 1)`,
        field.id,
      )
    })
}

/** Items that every version which has them must define alike. */
function agreed(versions: readonly Version[], itemsOf: (version: Version, refusals: Refusal[]) => Item[], refusals: Refusal[]): Item[] {
  const found = new Map<string, Item>()
  for (const version of versions) {
    for (const each of itemsOf(version, refusals)) {
      const other = found.get(each.name)
      if (!other) found.set(each.name, each)
      else if (other.definition !== each.definition) {
        refusals.push(
          refusal(version.entity.id, each.field, other.definition, each.definition, 'two versions in use define it differently.'),
        )
      }
    }
  }
  return [...found.values()]
}

/** Unique keys that hold for every row: a version which lacks one of the fields leaves it empty and so cannot break the key. */
function demandedByAll(versions: readonly Version[], refusals: Refusal[]): Item[] {
  const keys = new Map(versions.flatMap(({ entity }) => entity.unique.map((key) => [nameOf.unique(entity.table, key), { entity, key }])))
  return [...keys].flatMap(([name, { entity, key }]) => {
    const fields = keyFields(entity, key).map((each) => fieldNamed(entity, each)?.id ?? each)
    const concerned = versions.filter((version) => fields.every((id) => version.entity.fieldById.has(id)))
    const definitions = concerned.map((version) => {
      const own = version.entity.unique.find((each) => nameOf.unique(version.entity.table, each) === name)
      return own && uniqueItem(version, own, refusals)
    })
    const [first, ...others] = definitions
    return first && others.every((other) => other?.definition === first.definition) ? [first] : []
  })
}

/** In a line's key `parent` means the document. */
const isParent = (entity: Entity, name: string): boolean => entity.kind === 'line' && name === 'parent'
const keyFields = (entity: Entity, key: UniqueKey): string[] =>
  [...key.fields, ...(key.noOverlap ?? [])].filter((name) => !isParent(entity, name))

function uniqueItem({ catalogue, entity }: Version, key: UniqueKey, refusals: Refusal[]): Item | undefined {
  const name = nameOf.unique(entity.table, key)
  const columns = key.fields.flatMap((each) =>
    isParent(entity, each) ? ['parent_id'] : keyColumns(fieldNamed(entity, each), key.ignoreCase),
  )
  const rows = live(entity, ...(key.when ? [rowCondition(catalogue, key.when, entity.table.name)] : []))
  if (!key.noOverlap) return item('unique', name, `using btree (tenant_id, ${columns.join(', ')})${rows}`)
  const range = rangeOf(entity, key.noOverlap)
  if (range === null) {
    refusals.push(
      refusal(
        entity.id,
        key.noOverlap[0],
        'fields without an order in time or number',
        `unique "${key.id}" without overlap`,
        'no range can be made.',
      ),
    )
    return undefined
  }
  const equal = ['tenant_id', ...columns].map((column) => `${column} with =`).join(', ')
  return item('exclusion', name, `exclude using gist (${equal}, ${range} with &&)${rows}`)
}

function keyColumns(field: Field | undefined, ignoreCase: boolean): string[] {
  if (!field) return []
  if (field.reference) return [oneColumn(field)]
  const folded = ignoreCase ? foldedColumn(field) : null
  if (folded !== null) return [quoteName(folded)]
  return field.columns.filter((column) => column.generated === undefined).map((column) => quoteName(column.name))
}

/** Range type and bounds per column type: a day belongs to its period, an instant or amount that ends one begins the next. */
const ranges: Readonly<Record<string, readonly [type: string, bounds: string]>> = {
  date: ['daterange', '[]'],
  integer: ['int4range', '[]'],
  bigint: ['int8range', '[]'],
  numeric: ['numrange', '[)'],
  timestamp: ['tstzrange', '[)'],
}

/** An end that is empty is open. Ends in the wrong order make an empty range, not an error: `decide` says what is wrong there. */
function rangeOf(entity: Entity, ends: readonly [string, string]): string | null {
  const [from, to] = ends.map((end) => fieldNamed(entity, end)?.columns[0])
  if (!from || !to || canonicalType(from.type) !== canonicalType(to.type)) return null
  const range = ranges[/^[a-z]+/.exec(canonicalType(from.type))?.[0] ?? '']
  if (!range) return null
  const [type, bounds] = range
  const [a, b] = [quoteName(from.name), quoteName(to.name)]
  return `(case when ${a} > ${b} then 'empty'::${type} else ${type}(${a}, ${b}, '${bounds}') end)`
}

/** What `index` asks for: tenant, the keys of the field's type, and the id that settles ties in pages. References have theirs already. */
function fieldIndexes(versions: readonly Version[]): Item[] {
  const found = new Map<string, Item>()
  for (const { entity } of versions) {
    for (const field of entity.fields) {
      const name = objectName(entity.table, field.id, 'idx')
      if (!field.index || field.reference || field.columns.length === 0 || found.has(name)) continue
      const keys = fieldOf(field.type).index?.(field.id, field.settings) ?? [quoteName(field.columns[0]!.name)]
      if (keys.length > 0) found.set(name, item('index', name, `using btree (tenant_id, ${keys.join(', ')}, id)`, field.id))
    }
  }
  return [...found.values()]
}

/**
 * What was inserted of late waits in a list that every search reads from end to end, 4 MB of it by default: ten rows out of a million
 * then took ten times as long as the search itself. 128 kB are read in no time, and inserts still come in batches.
 */
const pending = 'with (gin_pending_list_limit=128)'

function searchIndexes(versions: readonly Version[]): Item[] {
  const { table } = versions[0]!.entity
  const searched = versions.flatMap(({ entity }) => entity.search)
  const trigrams = new Map(searched.flatMap((field) => (foldedColumn(field) === null ? [] : [[foldedColumn(field)!, field] as const])))
  const items = [...trigrams].map(([column, field]) =>
    item('index', objectName(table, column, 'trgm'), `using gin (tenant_id, ${quoteName(column)} ${trigram}) ${pending}`, field.id),
  )
  if (searched.some((field) => searchedText(field) !== null))
    items.push(item('index', objectName(table, 'search'), `using gin (tenant_id, ${searchColumn}) ${pending}`))
  return items
}

/** The path of a tree is kept in the database (bos.tree_path): moving a branch rewrites everything below it in the same statement. */
function treeTriggers({ entity }: Version): Item[] {
  const { tree, table } = entity
  if (!tree) return []
  const columns = [tree.parent, tree.path].map((field) => field.columns[0]!.name)
  const call = `bos.tree_path(${columns.map(quoteText).join(', ')})`
  return ['before', 'after'].map((when) =>
    item(
      'trigger',
      `tree_path_${when}`,
      `${when} insert or update of ${quoteName(columns[0]!)} on ${quoteTable(table)} for each row execute function ${call}`,
      tree.path.id,
    ),
  )
}
