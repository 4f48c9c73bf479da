import type { CatalogueView, Entity as EntityView } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { systemFields } from '../../engine/catalogue/system-fields.ts'
import type { Entity, Field } from '../../engine/catalogue/types.ts'
import type { Change, LineChange, Stored, StoredLine } from '../../engine/records/change.ts'
import { derive } from '../../engine/records/decide-derive.ts'
import { after, draftDocument, pointerOf, rowsOf, same } from '../../engine/records/decide-draft.ts'
import type { Draft } from '../../engine/records/decide-draft.ts'
import { Formulas } from '../../engine/records/decide-formulas.ts'
import { judgeRules } from '../../engine/records/decide-rules.ts'
import type { Expression, Needs } from '../../engine/expressions/types.ts'
import { fieldOf } from '../../engine/fields/index.ts'
import { wallClock } from '../fields/dates.ts'
import { expressionOf, formCatalogue } from './form-catalogue.ts'
import { answerFrom, type KnownRecords } from './known-records.ts'
import { same as sameJson } from './same.ts'
import { emptyRow, type FormLogic, type Message, type RowLogic } from './row-logic.ts'

type Row = Readonly<Record<string, unknown>>

/** What a form is about. */
export interface FormSituation {
  readonly catalogue: CatalogueView
  readonly entity: EntityView
  /** As it was when editing began; null: it is new. */
  readonly record: RecordData | null
  readonly now: Date
  readonly read: KnownRecords['read']
}

/**
 * A form as the server would decide on it: the same functions on the same document, made of what is typed. A value that nobody can know
 * here (records that are not read yet, searches) is pending, as is all that hangs on it.
 */
export function formLogic(situation: FormSituation, data: Row): FormLogic {
  const { draft, formulas, faults, warnings, unclear, unknown, reads, open } = derived(situation, data)
  judgeRules(
    { formulas, report: tell(faults), lack: tell(faults), warn: tell(warnings), event: situation.record ? 'update' : 'create' },
    draft,
  )
  const rows = [...rowsOf(draft)].filter((row) => !row.entity.link)
  for (const row of rows)
    for (const field of row.entity.fields)
      if (isMissing(formulas, row, field)) tell(faults)(pointerOf(row, field), `${field.title} is required.`)
  const logics = rows.map((row) => rowLogic(formulas, row, unclear, unknown))
  return {
    document: logics[0] ?? emptyRow,
    lines: Object.fromEntries(rows.slice(1).map((row, i) => [row.id, logics[i + 1]!])),
    faults,
    warnings,
    reads: [...reads.values()],
    waits: open.waits,
    question: open.isAsked ? JSON.stringify([unknown.size > 0 ? data : null, formulas.hangsOn()]) : null,
  }
}

/** Something would have given it a value, and gave none; what has no such help, the form knows to be missing by its schema. */
const isMissing = (formulas: Formulas, row: Draft, field: Field): boolean =>
  row.stored === null &&
  field.required &&
  !field.readOnly &&
  (field.logic?.derivation ?? field.logic?.default ?? null) !== null &&
  after(row, field.id) === null &&
  !formulas.isPending(row, field.id)

/** Whether the guard of a transition holds of a record; undefined: it hangs on what is not known here. */
export function guardHolds(
  situation: FormSituation & { readonly record: RecordData },
  { name, field, to }: { readonly name: string; readonly field: string; readonly to: string },
): boolean | undefined {
  const { draft, formulas } = derived(situation, { ...situation.record, [field]: to })
  const transition = situation.entity.lifecycles.flatMap(({ transitions }) => transitions).find((each) => each.name === name)
  const guard = expressionOf(transition?.guard ?? null)
  return guard ? formulas.holds(guard, draft) : undefined
}

const tell =
  (to: Message[]) =>
  (pointer: string, detail: string): void =>
    void to.push({ path: pointer.split('/').slice(1), detail })

/** The document as it will be, everything derived. */
export function derived(situation: FormSituation, data: Row) {
  const { catalogue: view, record, now, read } = situation
  const catalogue = formCatalogue(view)
  const entity = catalogue.entities.get(situation.entity.id)!
  const reads = new Map<string, { entity: string; id: string }>()
  const known: KnownRecords = {
    catalogue: view,
    read: (each, id) => {
      reads.set(`${each}/${id}`, { entity: each, id })
      return read(each, id)
    },
  }
  const open = { waits: false, isAsked: false }
  const parameter = (name: string): unknown => parameterOf(view, now, name)
  const formulas = new Watched(
    {
      zone: view.tenant.timeZone,
      parameter,
      answer({ question, inputs }) {
        const answer = answerFrom(known, question, inputs, parameter)
        if (answer === 'missing') open.waits = true
        if (answer === 'elsewhere') open.isAsked = true
        return typeof answer === 'string' ? undefined : answer.value
      },
    },
    () => open.isAsked,
  )
  const unclear = new Set<string>()
  const unknown = new Set<string>()
  const reading = { entities: catalogue.entities, unclear }
  const stored = record && storedOf(reading, entity, record)
  const change = changeOf(reading, entity, data, record, '', 'document')
  const faults: Message[] = []
  const warnings: Message[] = []
  const ignore = (): void => undefined
  const draft = draftDocument(
    { catalogue, member: view.me.member, report: ignore },
    { entity, id: record?.id ?? 'document', pointer: '' },
    stored,
    change,
  )
  const isSame = record !== null && change.set.size === 0 && change.lines.size === 0
  for (const row of rowsOf(draft))
    for (const field of row.entity.fields) {
      const key = keyOf(row, field)
      if (unclear.has(key)) formulas.postpone(row, field.id)
      if (isSame || !isUnknown(view, row, field)) continue
      open.isAsked = true
      unknown.add(key)
      formulas.postpone(row, field.id)
    }
  derive({ catalogue, formulas, report: tell(faults), anew: new Set() }, draft)
  return { draft, formulas, faults, warnings, unclear, unknown, reads, open }
}

/** Remembers what could not be worked out, and on which values of the document it hangs. */
class Watched extends Formulas {
  readonly #open: { readonly expression: Expression; readonly draft: Draft }[] = []
  readonly #isAsked: () => boolean

  constructor(surroundings: ConstructorParameters<typeof Formulas>[0], isAsked: () => boolean) {
    super(surroundings)
    this.#isAsked = isAsked
  }

  override value(expression: Expression, draft: Draft, as: 'will be' | 'stored' = 'will be'): unknown {
    const value = super.value(expression, draft, as)
    if (value === undefined && this.#isAsked()) this.#open.push({ expression, draft })
    return value
  }

  hangsOn(): unknown {
    return this.#open.map(({ expression, draft }) => readIn(expression.dependencies.roots.get('self'), draft))
  }
}

/** The values in the document that an expression reads. */
function readIn(needs: Needs | undefined, draft: Draft): unknown {
  if (!needs) return null
  const fields = [...needs.values, ...needs.hops.keys(), ...needs.links.keys()].map((id) => {
    const list = draft.lists.find(({ field }) => field.id === id)
    return list ? list.rows.map((row) => [...row.values.values()]) : after(draft, id)
  })
  const lines = [...needs.lines].map(([id, below]) =>
    draft.lists.find(({ field }) => field.id === id)?.rows.map((row) => readIn(below, row)),
  )
  return [draft.id, fields, needs.document && draft.parent && readIn(needs.document, draft.parent), lines]
}

const keyOf = (row: Draft, field: Field): string => `${row.parent ? row.id : 'document'}/${field.id}`

function rowLogic(formulas: Watched, row: Draft, unclear: ReadonlySet<string>, unknown: ReadonlySet<string>): RowLogic {
  const { entity, stored, change, values } = row
  const found = { values: {} as Record<string, unknown>, pending: [] as string[], hidden: [] as string[], required: [] as string[] }
  const locked: Record<string, readonly string[]> = {}
  for (const field of entity.fields) {
    const { logic, name } = field
    if (!logic) continue
    const isGiven = change?.set.has(field.id) === true
    const key = keyOf(row, field)
    const isDerived = logic.derivation !== null || unknown.has(key) || (logic.default !== null && !stored)
    if (isDerived && !isGiven && !unclear.has(key)) {
      if (formulas.isPending(row, field.id)) found.pending.push(name)
      else found.values[name] = values.get(field.id) ?? null
    }
    const shows = logic.visibleWhen ? formulas.holds(logic.visibleWhen, row) : true
    // Until it is known, a value is not put away.
    if (shows === false || (shows === undefined && after(row, field.id) === null)) found.hidden.push(name)
    else if (logic.requiredWhen && formulas.holds(logic.requiredWhen, row)) found.required.push(name)
    const { readOnlyWhen } = logic
    if (stored && readOnlyWhen && isClear(readOnlyWhen, row, unclear) && formulas.holds(readOnlyWhen, row, 'stored'))
      locked[name] = namesRead(readOnlyWhen, entity)
  }
  return { ...found, locked }
}

const isClear = ({ dependencies }: Expression, row: Draft, unclear: ReadonlySet<string>): boolean => {
  const self = dependencies.roots.get('self')
  return [...(self?.values ?? []), ...(self?.hops.keys() ?? [])].every((id) => !unclear.has(`${row.parent ? row.id : 'document'}/${id}`))
}

const namesRead = ({ dependencies }: Expression, entity: Entity): readonly string[] => {
  const self = dependencies.roots.get('self')
  const ids = [...(self?.values ?? []), ...(self?.hops.keys() ?? []), ...(self?.lines.keys() ?? [])]
  return [...new Set(ids)].flatMap((id) => entity.fieldById.get(id)?.name ?? [])
}

/** What reads something that is hidden from this person, the server alone works out. */
const isUnknown = (view: CatalogueView, row: Draft, field: Field): boolean =>
  view.entities[row.entity.id]?.fields.find((each) => each.id === field.id)?.logic?.derivation?.expression === null

// ── The document that is typed, in the engine's terms ───────────────────────────────────────────────────────────────────────────────

interface Reading {
  readonly entities: ReadonlyMap<string, Entity>
  /** `line/field` of what has no value to go by: it is half typed, or the record was read without it. */
  readonly unclear: Set<string>
}

const rowsAt = (value: unknown): readonly (Row & { readonly id: string })[] =>
  Array.isArray(value) ? value.filter((row) => typeof row === 'object' && row !== null && typeof (row as Row)['id'] === 'string') : []
const idsAt = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((id) => typeof id === 'string') : [])

function storedOf(reading: Reading, entity: Entity, record: RecordData): Stored {
  const { values, lines } = storedRow(reading, entity, record, 'document')
  const { id, version = 1, revision = 1 } = record
  const system = Object.fromEntries(systemFields.map(({ name }) => [name, record[name]]))
  return { id, version, revision, deleted: false, deletionId: null, system, values, lines }
}

function storedRow({ entities, unclear }: Reading, entity: Entity, record: Row, key: string): Pick<StoredLine, 'values' | 'lines'> {
  const values = new Map<string, unknown>()
  const lines = new Map<string, readonly StoredLine[]>()
  for (const field of entity.fields) {
    const value = record[field.name]
    if (value === undefined) unclear.add(`${key}/${field.id}`)
    if (!field.lines) values.set(field.id, value ?? null)
    else if (field.lines.linkField !== null) lines.set(field.id, linksOf(entities, field, value))
    else {
      const line = entities.get(field.lines.entity)
      const rows = line ? rowsAt(value) : []
      lines.set(
        field.id,
        rows.map((row, i) => ({
          id: row.id,
          position: typeof row['position'] === 'number' ? row['position'] : i + 1,
          ...storedRow({ entities, unclear }, line!, row, row.id),
        })),
      )
    }
  }
  return { values, lines }
}

const linkFieldOf = (entities: Reading['entities'], field: Field): Field =>
  entities.get(field.lines!.entity)!.fieldByName.get(field.lines!.linkField!)!

const linksOf = (entities: Reading['entities'], field: Field, value: unknown): readonly StoredLine[] =>
  idsAt(value).map((id, i) => ({
    id: `${field.id}/${id}`,
    position: i + 1,
    values: new Map([[linkFieldOf(entities, field).id, id]]),
    lines: new Map(),
  }))

/** What saving would ask for. A value is given where it was typed; of a record, where it is another one. */
function changeOf(reading: Reading, entity: Entity, data: Row, record: Row | null, pointer: string, key: string): Change {
  const set = new Map<string, unknown>()
  const lines = new Map<string, Change['lines'] extends ReadonlyMap<string, infer L> ? L : never>()
  for (const field of entity.fields) {
    const value = data[field.name]
    const at = `${pointer}/${field.name}`
    if (record ? sameJson(record[field.name], value) : value === undefined || value === '') continue
    if (field.lines) {
      if (field.lines.through) continue
      const asked = field.lines.linkField === null ? lineChanges(reading, field, value, record, at) : linkChanges(reading, field, value, at)
      lines.set(field.id, { mode: 'replace', lines: asked })
    } else if (!field.readOnly) {
      const canonical = value === null || value === undefined ? null : canonicalOf(field, value)
      if (canonical === undefined) reading.unclear.add(`${key}/${field.id}`)
      else {
        reading.unclear.delete(`${key}/${field.id}`)
        if (!record || !same(canonical, record[field.name] ?? null)) set.set(field.id, canonical)
      }
    }
  }
  return { set, lines, echo: new Map() }
}

/** As the server would keep it; undefined: it would not. */
function canonicalOf(field: Field, value: unknown): unknown {
  let isFaulty = false
  const parsed = fieldOf(field.type).parse(value, field.settings, () => {
    isFaulty = true
  })
  return isFaulty ? undefined : parsed
}

function lineChanges(reading: Reading, field: Field, value: unknown, record: Row | null, at: string): LineChange[] {
  const line = reading.entities.get(field.lines!.entity)
  if (!line) return []
  const known = new Map(rowsAt(record?.[field.name]).map((row) => [row.id, row]))
  return rowsAt(value).map((row, i) => {
    const stored = known.get(row.id) ?? null
    const pointer = `${at}/${i}`
    return { id: row.id, isNew: stored === null, pointer, change: changeOf(reading, line, row, stored, pointer, row.id) }
  })
}

const linkChanges = ({ entities }: Reading, field: Field, value: unknown, at: string): LineChange[] =>
  idsAt(value).map((id, i) => ({
    id: `${field.id}/${id}`,
    isNew: true,
    pointer: `${at}/${i}`,
    change: { set: new Map([[linkFieldOf(entities, field).id, id]]), lines: new Map(), echo: new Map() },
  }))

function parameterOf({ me, tenant }: CatalogueView, now: Date, name: string): unknown {
  switch (name) {
    case 'now':
      return now.toISOString()
    case 'today':
      return wallClock(now.toISOString(), tenant.timeZone).date
    case 'user.id':
      return me.member
    case 'user.roles':
      return me.roles
    case 'tenant.id':
      return tenant.id
    case 'tenant.slug':
      return tenant.slug
    case 'tenant.name':
      return tenant.name
    case 'tenant.locale':
      return tenant.locale
    case 'tenant.time_zone':
      return tenant.timeZone
    case 'tenant.currency':
      return tenant.currency
    default:
      return null
  }
}
