import type { Assignment, Catalogue, Each, Effect, Entity } from '../catalogue/types.ts'
import type { Expression } from '../expressions/types.ts'
import type { Report } from '../problems.ts'
import { storedFields } from './change.ts'
import type { Change, LineChange, Stored } from './change.ts'
import type { Consequences, EventDraft, RowWrite } from './decide.ts'
import { derive, fitted } from './decide-derive.ts'
import { after, draftDocument, pointerOf, rowsOf } from './decide-draft.ts'
import type { Draft } from './decide-draft.ts'
import { emit } from './decide-emit.ts'
import { Formulas } from './decide-formulas.ts'
import type { Given } from './decide-formulas.ts'
import { judge } from './decide-judge.ts'
import type { Run } from './decide-lifecycle.ts'
import type { Numbered } from './decide-numbers.ts'
import { marked } from './decide-removal.ts'
import { judgeRules } from './decide-rules.ts'
import { viewOf } from './decide-views.ts'

/** What effects ask of the database: documents by id or by key, and what a transition has created. Undefined: it was not asked yet. */
export interface Documents {
  byId(this: void, entity: string, id: string): Stored | null | undefined
  byKey(this: void, entity: string, values: ReadonlyMap<string, unknown>): string | null | undefined
  createdBy(this: void, record: string, transition: string): readonly { readonly entity: string; readonly id: string }[] | undefined
}
export type Sought =
  | { readonly kind: 'id'; readonly entity: string; readonly id: string }
  | { readonly kind: 'key'; readonly entity: string; readonly values: ReadonlyMap<string, unknown> }
  | { readonly kind: 'created'; readonly record: string; readonly transition: string }

/** What a transition created, to be remembered; or (`isTakenBack`) that it is remembered no longer. */
export interface Origin {
  readonly record: string
  readonly transition: string
  readonly targets: readonly { readonly entity: string; readonly id: string }[]
  readonly isTakenBack: boolean
}
/** A document that nobody has stored yet: what a person may go on with. */
export interface Produced {
  readonly entity: string
  readonly data: Readonly<Record<string, unknown>>
  /** What its values come from, by name; of its lines, `lines.name`. Never told. */
  readonly from?: ReadonlyMap<string, readonly Expression[]>
}
export interface Effected extends Consequences {
  readonly produced: readonly Produced[]
  readonly places: ReadonlyMap<string, string>
}

export interface Effecting {
  readonly catalogue: Catalogue
  readonly formulas: Formulas
  readonly documents: Documents
  readonly newId: () => string
  readonly report: Report
  readonly numbered: Numbered
  readonly seek: (sought: Sought) => void
}

/** Works out what the transitions of a document do elsewhere: with the engine's authority, and judged by the rules of whatever they touch. */
export function decideEffects(effecting: Effecting, source: Draft, runs: readonly Run[]): Effected {
  const made = new Effects(effecting, source)
  for (const { lifecycle, transition } of runs) {
    for (const effect of transition.effects) made.run(effect, transition.id)
    if (transition.amends !== null) made.amend(transition.amends, lifecycle.field, lifecycle.initial, transition.id)
  }
  return made.end()
}

/** One element that an effect is repeated for. */
interface Element {
  readonly draft: Draft
  readonly given: Given
}
interface Target {
  readonly draft: Draft
  readonly stored: Stored | null
  readonly pointer: string
}

class Effects {
  readonly #with: Effecting
  readonly #source: Draft
  readonly #targets = new Map<string, Target>()
  readonly #origins: Origin[] = []
  readonly #created = new Map<string, { entity: string; id: string }[]>()
  readonly #produced: Produced[] = []
  readonly #removed: { write: RowWrite; event: EventDraft }[] = []

  constructor(effecting: Effecting, source: Draft) {
    this.#with = effecting
    this.#source = source
  }

  run(effect: Effect, transition: string): void {
    switch (effect.kind) {
      case 'create':
        for (const element of this.#elements(effect.each))
          if (this.#holds(effect.when, element))
            this.#create(effect.entity, this.#values(effect.entity, effect.set, element), element, transition)
        return
      case 'update':
        for (const element of this.#elements(effect.each)) if (this.#holds(effect.when, element)) this.#update(effect, element, transition)
        return
      case 'reverse':
        return this.#reverse(effect.transition)
      case 'produce':
        return this.#produce(effect)
      case 'allocate':
        for (const element of this.#elements(effect.each)) this.#allocate(effect, element, transition)
    }
  }

  #entity(id: string): Entity {
    return this.#with.catalogue.entities.get(id)!
  }

  #elements(each: Each | null): Element[] {
    if (!each) return [{ draft: this.#source, given: {} }]
    const values = this.#with.formulas.value(each.kind === 'lines' ? each.ids : each.list, this.#source) as
      readonly unknown[] | null | undefined
    if (!values) return []
    if (each.kind === 'values') return values.map((value) => ({ draft: this.#source, given: { params: { each: value } } }))
    const rows = new Map([...rowsOf(this.#source)].map((row) => [row.id, row]))
    return values.flatMap((id) => {
      const draft = rows.get(String(id))
      return draft ? [{ draft, given: {} }] : []
    })
  }

  #value(expression: Expression, { draft, given }: Element): unknown {
    return this.#with.formulas.value(expression, draft, 'will be', given)
  }

  #holds(when: Expression | null, element: Element): boolean {
    return when === null || this.#value(when, element) === true
  }

  /** Field id → canonical value; what hangs on an open question is left out, and everything is worked out anew once it is answered. */
  #values(entity: string, set: readonly Assignment[], element: Element): Map<string, unknown> {
    const { report } = this.#with
    const values = new Map<string, unknown>()
    for (const { field: id, expression } of set) {
      const value = this.#value(expression, element)
      const field = this.#entity(entity).fieldById.get(id)!
      if (value !== undefined) values.set(id, value === null ? null : fitted(field, value, expression, element.draft.pointer, report))
    }
    return values
  }

  #create(
    entity: string,
    values: ReadonlyMap<string, unknown>,
    { draft }: Element,
    transition: string,
    lines: Change['lines'] = new Map(),
  ): Draft {
    const made = this.#draft(this.#entity(entity), { set: values, lines, echo: new Map() }, draft.pointer)
    this.#created.set(transition, [...(this.#created.get(transition) ?? []), { entity, id: made.id }])
    return made
  }

  #draft(entity: Entity, change: Change, pointer: string): Draft {
    const { catalogue, newId, report } = this.#with
    const made = draftDocument({ catalogue, member: null, report }, { entity, id: newId(), pointer }, null, change)
    this.#targets.set(made.id, { draft: made, stored: null, pointer })
    return made
  }

  /** The draft of a stored document, as earlier effects have left it; null: it is not there, undefined: not known yet. */
  #document(entity: string, id: string, pointer: string): Draft | null | undefined {
    const known = this.#targets.get(id)
    if (known) return known.draft
    const { catalogue, documents, report, seek } = this.#with
    const stored = documents.byId(entity, id)
    if (stored === undefined) seek({ kind: 'id', entity, id })
    if (!stored || stored.deleted) return stored && null
    const draft = draftDocument({ catalogue, member: null, report }, { entity: this.#entity(entity), id, pointer }, stored, null)
    this.#targets.set(id, { draft, stored, pointer })
    return draft
  }

  #update(effect: Effect & { kind: 'update' }, element: Element, transition: string): void {
    const { entity } = effect
    const key = this.#values(entity, effect.key, element)
    if (key.size < effect.key.length) return
    const same = (draft: Draft): boolean => draft.entity.id === entity && [...key].every(([field, value]) => after(draft, field) === value)
    const begun = [...this.#targets.values()].find((each) => same(each.draft))?.draft
    const id = begun?.id ?? this.#with.documents.byKey(entity, key)
    if (id === undefined) return this.#with.seek({ kind: 'key', entity, values: key })
    const found = id === null ? null : this.#document(entity, id, element.draft.pointer)
    if (found === undefined) return
    const target = found ?? this.#create(entity, key, element, transition)
    const given = { ...element.given, target: found && viewOf(target, () => undefined) }
    for (const [field, value] of this.#values(entity, effect.set, { ...element, given })) target.values.set(field, value)
  }

  #reverse(transition: string): void {
    const { documents, seek } = this.#with
    const created = documents.createdBy(this.#source.id, transition)
    if (created === undefined) return seek({ kind: 'created', record: this.#source.id, transition })
    for (const { entity, id } of created) {
      const stored = documents.byId(entity, id)
      if (stored === undefined) seek({ kind: 'id', entity, id })
      if (!stored || stored.deleted) continue
      if (this.#entity(entity).kind === 'ledger') this.#oppose(this.#entity(entity), stored)
      else
        this.#removed.push(
          marked({ entity: this.#entity(entity), id, version: stored.version, revision: stored.revision }, this.#with.newId()),
        )
    }
    if (created.length > 0) this.#origins.push({ record: this.#source.id, transition, targets: created, isTakenBack: true })
  }

  /** What was posted stays; its opposite is posted besides. */
  #oppose(entity: Entity, { values }: Stored): void {
    const kept = storedFields(entity).filter((field) => !field.readOnly || field.measure)
    const change = new Map(kept.map((field) => [field.id, field.measure ? opposite(values.get(field.id)) : (values.get(field.id) ?? null)]))
    this.#draft(entity, { set: change, lines: new Map(), echo: new Map() }, this.#source.pointer)
  }

  #produce({ entity, set, lines }: Effect & { kind: 'produce' }): void {
    const data = this.#named(entity, this.#values(entity, set, { draft: this.#source, given: {} }))
    const from = new Map(set.map((each) => [this.#entity(entity).fieldById.get(each.field)!.name, [each.expression]]))
    if (lines) {
      const field = this.#entity(entity).fieldById.get(lines.into)!
      const line = this.#entity(field.lines!.entity)
      for (const each of lines.set)
        from.set(`${field.name}.${line.fieldById.get(each.field)!.name}`, [each.expression, ...(lines.remaining ? [lines.remaining] : [])])
      data[field.name] = this.#elements(lines.each).flatMap((element) => {
        const remaining = lines.remaining && this.#value(lines.remaining, element)
        if (lines.remaining && !isPositive(remaining)) return []
        const given = { ...element.given, params: { ...element.given.params, ...(lines.remaining && { remaining }) } }
        return [this.#named(field.lines!.entity, this.#values(field.lines!.entity, lines.set, { ...element, given }))]
      })
    }
    this.#produced.push({ entity, data, from })
  }

  #named(entity: string, values: ReadonlyMap<string, unknown>): Record<string, unknown> {
    return Object.fromEntries([...values].map(([id, value]) => [this.#entity(entity).fieldById.get(id)!.name, value]))
  }

  #allocate(effect: Effect & { kind: 'allocate' }, element: Element, transition: string): void {
    const amount = this.#value(effect.amount, element)
    const candidates = this.#value(effect.candidates, element) as readonly string[] | null | undefined
    if (amount === undefined || candidates === undefined) return
    let open = unitsOf(amount)
    let isKnown = true
    for (const id of candidates ?? []) {
      if (open <= 0n) break
      const candidate = this.#document(effect.from, id, element.draft.pointer)
      if (candidate === undefined) isKnown = false
      if (!candidate) continue
      const available = this.#with.formulas.value(effect.available, candidate)
      if (available === undefined) isKnown = false
      const taken = least(open, unitsOf(available) - (this.#taken.get(id) ?? 0n))
      if (taken <= 0n) continue
      open -= taken
      this.#taken.set(id, (this.#taken.get(id) ?? 0n) + taken)
      const given = { params: { ...element.given.params, amount: textOf(taken) }, target: viewOf(candidate, () => undefined) }
      this.#create(effect.entity, this.#values(effect.entity, effect.set, { ...element, given }), element, transition)
    }
    if (open > 0n && isKnown) {
      const title = this.#entity(effect.from).pluralTitle
      this.#with.report(element.draft.pointer, `${textOf(open)} more than ${title.toLowerCase()} have left.`)
    }
  }
  /** What this request has taken from candidates already. */
  readonly #taken = new Map<string, bigint>()

  /** A copy in the first state that names what it succeeds. */
  amend(link: string, field: string, initial: string, transition: string): void {
    const { entity, lists } = this.#source
    const skipped = (each: { noCopy: boolean; readOnly: boolean; id: string }): boolean =>
      each.noCopy || each.readOnly || each.id === link || each.id === field
    const copied = storedFields(entity).filter((each) => !skipped(each))
    const values = new Map([
      ...copied.map((each) => [each.id, after(this.#source, each.id)] as const),
      [link, this.#source.id],
      [field, initial],
    ])
    const lines: Change['lines'] = new Map(
      lists.map((list) => [list.field.id, { mode: 'replace', lines: list.rows.map((row) => copyOf(row, this.#with.newId)) }]),
    )
    this.#create(entity.id, values, { draft: this.#source, given: {} }, transition, lines)
  }

  /** Derives, judges and writes what was touched. */
  end(): Effected {
    const { catalogue, formulas, numbered } = this.#with
    const writes: RowWrite[] = this.#removed.map((each) => each.write)
    const events: EventDraft[] = this.#removed.map((each) => each.event)
    const places = new Map<string, string>()
    for (const { draft, stored, pointer } of this.#targets.values()) {
      // Whatever is wrong with what an effect makes, its cause stands in the request.
      const report: Report = (at, detail) => this.#with.report(pointer, `${draft.entity.title}${fieldAt(draft, at)}: ${detail}`)
      const deriving = { catalogue, formulas, report, anew: new Set<string>() }
      if (!stored) numbered.holdNew(draft, report, true)
      derive(deriving, draft)
      if (numbered.write()) derive(deriving, draft)
      judge({ catalogue, exists: () => true, report }, draft)
      judgeRules({ formulas, report, warn: () => undefined, event: stored ? 'update' : 'create' }, draft)
      const { row, writes: lines, changed, body } = emit(catalogue, draft)
      if (stored && changed.length === 0) continue
      const { entity, id } = draft
      const version = (stored?.version ?? 0) + 1
      const revision = (stored?.revision ?? 0) + 1
      writes.push({ kind: stored ? 'update' : 'insert', entity, row: { id, version, revision, ...row } }, ...lines)
      events.push({ entity, record: id, type: stored ? 'updated' : 'created', version, revision, changed, body })
      places.set(id, pointer)
      for (const each of rowsOf(draft)) places.set(each.id, pointer)
    }
    const created = [...this.#created].map(([transition, targets]): Origin => ({
      record: this.#source.id,
      transition,
      targets,
      isTakenBack: false,
    }))
    return { writes, events, origins: [...this.#origins, ...created], produced: this.#produced, places }
  }
}

const fieldAt = (draft: Draft, at: string): string => {
  const field = draft.entity.fields.find((each) => pointerOf(draft, each) === at)
  return field ? `, ${field.title}` : ''
}

function copyOf(row: Draft, newId: () => string): LineChange {
  const copied = storedFields(row.entity).filter((each) => !each.noCopy && !each.readOnly)
  return {
    id: newId(),
    isNew: true,
    pointer: row.pointer,
    change: {
      set: new Map(copied.map((each) => [each.id, after(row, each.id)])),
      lines: new Map(row.lists.map((list) => [list.field.id, { mode: 'replace', lines: list.rows.map((each) => copyOf(each, newId)) }])),
      echo: new Map(),
    },
  }
}

// Amounts are compared and taken in units of 10^-20, the finest that expressions answer.
const scale = 20
const unitsOf = (value: unknown): bigint => {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : '0'
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.')
  const units = BigInt(whole + fraction.padEnd(scale, '0').slice(0, scale))
  return text.startsWith('-') ? -units : units
}
const textOf = (units: bigint): string => {
  const digits = units.toString().padStart(scale + 1, '0')
  const fraction = digits.slice(-scale).replace(/0+$/, '')
  return `${digits.slice(0, -scale)}${fraction === '' ? '' : `.${fraction}`}`
}
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const isPositive = (value: unknown): boolean => value !== null && value !== undefined && unitsOf(value) > 0n

/** Of a measure. */
function opposite(value: unknown): unknown {
  if (typeof value === 'number') return value === 0 ? 0 : -value
  if (typeof value === 'string') return /^-?0(\.0+)?$/.test(value) ? value : value.startsWith('-') ? value.slice(1) : `-${value}`
  if (typeof value === 'object' && value !== null && 'amount' in value) return { ...value, amount: opposite(value.amount) }
  return value ?? null
}
