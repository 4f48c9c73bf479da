import { widerType } from './columnType.ts'
import { describeColumn } from './columns.ts'
import type { Inspection, TableMemory } from './inspect.ts'
import { tableKey } from './names.ts'
import { addItem, alterColumns, createSchema, createTable, dropItem, grantSchema, grantTable, secureTable } from './statements.ts'
import { itemKinds, refusal } from './types.ts'
import type { ColumnShape, Item, Refusal, Shape, Step, TableShape } from './types.ts'

export interface Difference {
  /** In the order in which they must run. */
  readonly steps: readonly Step[]
  /** What a start may not do. With any of these nothing at all is done. */
  readonly refusals: readonly Refusal[]
  /** Tables and columns that no catalogue in use wants any more: `crm.deal`, `crm.deal.notes`. Kept, with their data. */
  readonly retired: readonly string[]
  /** What somebody else made on our tables and may keep: `crm.deal: index by_hand`. */
  readonly foreign: readonly string[]
}

interface Draft {
  readonly before: Step[]
  readonly tables: Step[]
  readonly items: Step[]
  readonly links: Step[]
  readonly refusals: Refusal[]
  readonly retired: string[]
  readonly foreign: string[]
}

/** What must be done so that the database has the desired shape. Pure. */
export function diffShapes(desired: Shape, { actual, memory }: Pick<Inspection, 'actual' | 'memory'>): Difference {
  const draft: Draft = { before: [], tables: [], items: [], links: [], refusals: [], retired: [], foreign: [] }
  diffSchemas(desired, actual, draft)
  const there = new Map(actual.tables.map((table) => [tableKey(table), table]))
  for (const want of desired.tables) {
    const found = there.get(tableKey(want))
    there.delete(tableKey(want))
    const known = memory?.tables[tableKey(want)]
    if (found) diffTable(want, found, known, draft)
    else if (known)
      draft.refusals.push(
        refusal(want.entity, null, 'nothing', `table ${tableKey(want)}`, 'its table was dropped or renamed by hand; put it back.'),
      )
    else newTable(want, draft)
  }
  for (const table of there.values()) {
    if (memory?.tables[tableKey(table)]) draft.retired.push(tableKey(table))
    else draft.foreign.push(`${table.schema}: table ${table.name}`)
  }
  const { before, tables, items, links, refusals, retired, foreign } = draft
  return { steps: [...before, ...tables, ...items, ...links], refusals, retired, foreign }
}

function diffSchemas(desired: Shape, actual: Shape, { before, refusals }: Draft): void {
  for (const want of desired.schemas) {
    const found = actual.schemas.find((schema) => schema.name === want.name)
    const about = { entity: want.name, field: null, name: want.name }
    if (!found) before.push({ kind: 'create schema', ...about, sql: createSchema(want) })
    else if (found.owner !== want.owner) {
      refusals.push(
        refusal(
          want.name,
          null,
          `a schema of ${found.owner}`,
          `a schema of ${want.owner}`,
          'the name of the module is taken in the database.',
        ),
      )
    } else if (!sameList(found.grants, want.grants)) before.push({ kind: 'grant schema', ...about, sql: grantSchema(want) })
  }
}

const sameList = (one: readonly string[], other: readonly string[]): boolean => one.join('\n') === other.join('\n')
const isLink = (item: Item): boolean => item.kind === 'foreign key' || item.kind === 'policy'
const inOrder = (items: readonly Item[]): Item[] => [...items].sort((a, b) => itemKinds.indexOf(a.kind) - itemKinds.indexOf(b.kind))

function newTable(want: TableShape, { tables, links }: Draft): void {
  const about = { entity: want.entity, field: null, name: tableKey(want) }
  const items = inOrder(want.items)
  tables.push({
    kind: 'create table',
    ...about,
    sql: createTable(
      want,
      items.filter((item) => !isLink(item)),
    ),
  })
  links.push({
    kind: 'link table',
    ...about,
    sql: items
      .filter(isLink)
      .map((item) => addItem(want, item))
      .join(';\n'),
  })
}

function diffTable(want: TableShape, found: TableShape, known: TableMemory | undefined, draft: Draft): void {
  const about = { entity: want.entity, field: null, name: tableKey(want) }
  if (found.owner !== want.owner) {
    draft.refusals.push(
      refusal(want.entity, null, `a table of ${found.owner}`, `a table of ${want.owner}`, 'its table belongs to somebody else.'),
    )
    return
  }
  if (known && isLine(known.columns) !== isLine(Object.fromEntries(want.columns.map(({ name }) => [name, null])))) {
    const [is, was] = isLine(known.columns) ? ['a record', 'a line'] : ['a line', 'a record']
    draft.refusals.push(refusal(want.entity, null, was, is, 'the rows of its table would have to become something else.'))
    return
  }
  const remade = diffColumns(want, found, known, draft)
  if (found.rowSecurity !== 'forced') draft.tables.push({ kind: 'secure table', ...about, sql: secureTable(want) })
  if (!sameList(found.grants, want.grants)) draft.tables.push({ kind: 'grant table', ...about, sql: grantTable(want) })
  diffItems(want, found, known, remade, draft)
}

/** Records have a version and lines have their document's; no property can take the name. */
const isLine = (columns: TableMemory['columns']): boolean => !Object.hasOwn(columns, 'version')

/** Answers the generated columns that are dropped or made anew: what is built on them must be built again. */
function diffColumns(want: TableShape, found: TableShape, known: TableMemory | undefined, draft: Draft): string[] {
  const actual = new Map(found.columns.map((column) => [column.name, column]))
  const add: ColumnShape[] = []
  const widen: ColumnShape[] = []
  const settle: ColumnShape[] = []
  const remake = new Set<string>()
  for (const column of want.columns) {
    const there = actual.get(column.name)
    actual.delete(column.name)
    const refuse = (why: string): unknown =>
      draft.refusals.push(
        refusal(want.entity, column.field, there ? describeColumn(there) : 'nothing', `${column.name} ${describeColumn(column)}`, why),
      )
    if (!there) {
      if (column.generated === null && known && column.name in known.columns)
        refuse('its column was dropped or renamed by hand; put it back.')
      else add.push(column)
    } else if ((column.generated === null) !== (there.generated === null))
      refuse('a computed column and a stored value cannot replace each other.')
    else if (column.generated !== null) {
      if (column.generated !== there.generated || column.type !== there.type || column.collation !== there.collation)
        remake.add(column.name)
    } else if (column.collation !== there.collation) refuse('the order of a text cannot change under its data.')
    else {
      const wider = widerType(there.type, column.type)
      if (wider === null) refuse('the type of a stored value cannot change while the engine starts.')
      else if (wider !== there.type) widen.push(column)
      if (column.default !== there.default || column.notNull !== there.notNull) settle.push(column)
    }
  }
  const gone = leftovers(want, [...actual.values()], known, draft)
  // PostgreSQL refuses to change the type of a column that another is generated from.
  for (const column of want.columns) {
    if (column.generated !== null && widen.some((each) => mentions(column.generated!, each.name))) remake.add(column.name)
  }
  const remade = want.columns.filter((column) => remake.has(column.name))
  const drop = [...gone, ...found.columns.filter((column) => remake.has(column.name))]
  const changes = { drop, widen, add: [...add, ...remade], settle }
  if (Object.values(changes).some((columns) => columns.length > 0)) {
    const names = [
      ...new Set(
        Object.values(changes)
          .flat()
          .map((column) => column.name),
      ),
    ]
    const field = names.length === 1 ? (want.columns.find((column) => column.name === names[0])?.field ?? null) : null
    draft.tables.push({ kind: 'alter columns', entity: want.entity, field, name: names.join(', '), sql: alterColumns(want, changes) })
  }
  return drop.map((column) => column.name)
}

/** Columns that no version wants: computed ones of ours go, stored ones stay. */
function leftovers(want: TableShape, columns: readonly ColumnShape[], known: TableMemory | undefined, draft: Draft): ColumnShape[] {
  const gone: ColumnShape[] = []
  for (const column of columns) {
    const [field = '', ...suffix] = column.name.split('__')
    const wanted = want.columns.filter((each) => each.field === field && each.generated === null)
    if (column.generated !== null && known?.columns[column.name]) gone.push(column)
    else if (column.generated !== null) draft.foreign.push(`${tableKey(want)}: column ${column.name}`)
    else if (wanted.length === 0 || (suffix.length === 2 && wanted.every((each) => each.name.split('__').length === 3))) {
      draft.retired.push(`${tableKey(want)}.${column.name}`)
    } else {
      const there = `${column.name} ${describeColumn(column)}`
      draft.refusals.push(
        refusal(want.entity, field, there, wanted.map((each) => each.name).join(', '), 'its values would have to move to other columns.'),
      )
    }
  }
  return gone
}

const mentions = (definition: string, column: string): boolean => new RegExp(`(^|[^\\w$])${column}($|[^\\w$])`).test(definition)

function diffItems(want: TableShape, found: TableShape, known: TableMemory | undefined, remade: readonly string[], draft: Draft): void {
  const actual = new Map(found.items.map((item) => [item.name, item]))
  for (const item of inOrder(want.items)) {
    const there = actual.get(item.name)
    actual.delete(item.name)
    if (there && isSame(there, item) && !remade.some((column) => mentions(item.definition, column))) continue
    if (there?.kind === 'primary key') {
      draft.refusals.push(refusal(want.entity, null, there.definition, item.definition, 'its primary key was changed by hand.'))
      continue
    }
    if (there) draft.before.push(dropStep(want, there, item.field))
    ;(isLink(item) ? draft.links : draft.items).push({
      kind: `add ${item.kind}`,
      entity: want.entity,
      field: item.field,
      name: item.name,
      sql: addItem(want, item),
    })
  }
  for (const item of actual.values()) {
    // A policy that we did not write could open what ours close.
    if (item.kind === 'policy' || known?.items[item.name]) draft.before.push(dropStep(want, item, null))
    else draft.foreign.push(`${tableKey(want)}: ${item.kind} ${item.name}`)
  }
}

/** A primary key is reported as it was written, in capitals; it never needs the memory, and everything else hangs on it. */
const isSame = (there: Item, want: Item): boolean =>
  there.kind === want.kind &&
  (there.definition === want.definition || (want.kind === 'primary key' && there.definition.toLowerCase() === want.definition))

const dropStep = (table: TableShape, item: Item, field: string | null): Step => ({
  kind: `drop ${item.kind}`,
  entity: table.entity,
  field,
  name: item.name,
  sql: dropItem(table, item),
})
