import type { Assignment, Catalogue, Each, Entity } from '../catalogue/types.ts'
import type { Expression } from '../expressions/types.ts'
import type { Report } from '../problems.ts'
import type { Change, Stored } from './change.ts'
import type { EventDraft, RowWrite } from './decide.ts'
import { fitted } from './decide-derive.ts'
import { after, draftDocument, rowsOf } from './decide-draft.ts'
import type { Draft } from './decide-draft.ts'
import type { Formulas, Given } from './decide-formulas.ts'
import type { Numbered } from './decide-numbers.ts'
import type { Ties } from './decide-removal.ts'
import { keyOver, keyText } from './unique-keys.ts'

/** What effects ask of the database: documents by id or by key, and what a transition has created. Undefined: it was not asked yet. */
export interface Documents {
  byId(this: void, entity: string, id: string): Stored | null | undefined
  byKey(this: void, entity: string, values: ReadonlyMap<string, unknown>): string | null | undefined
  createdBy(this: void, record: string, transition: string): readonly RecordRef[] | undefined
  /** What hangs on what the transition has created, should that go. */
  wakeOf(this: void, record: string, transition: string): Ties | undefined
}
export type Sought =
  | { readonly kind: 'id'; readonly entity: string; readonly id: string }
  | { readonly kind: 'key'; readonly entity: string; readonly values: ReadonlyMap<string, unknown> }
  | { readonly kind: 'created'; readonly record: string; readonly transition: string }
  | { readonly kind: 'wake'; readonly record: string; readonly transition: string; readonly records: readonly RecordRef[] }
export interface RecordRef {
  readonly entity: string
  readonly id: string
}

/** What a transition created, to be remembered; or (`isTakenBack`) that it is remembered no longer. */
export interface Origin {
  readonly record: string
  readonly transition: string
  readonly targets: readonly RecordRef[]
  readonly isTakenBack: boolean
}
/** A document that nobody has stored yet: what a person may go on with. */
export interface Produced {
  readonly entity: string
  readonly data: Readonly<Record<string, unknown>>
  /** What its values come from, by name; of its lines, `lines.name`. Never told. */
  readonly from?: ReadonlyMap<string, readonly Expression[]>
}

export interface Effecting {
  readonly catalogue: Catalogue
  readonly formulas: Formulas
  readonly documents: Documents
  readonly newId: () => string
  readonly report: Report
  readonly numbered: Numbered
  readonly seek: (sought: Sought) => void
  /** Who acts; null: the engine. */
  readonly member: string | null
}

/** One element that an effect is repeated for. */
export interface Element {
  readonly draft: Draft
  readonly given: Given
}
/** A document that is made or changed. `pointer`: where in the request the cause stands. */
interface Target {
  readonly draft: Draft
  readonly stored: Stored | null
  readonly pointer: string
}

/** The documents of one entity that were touched, by the values of a key. */
interface Keyed {
  readonly entity: string
  readonly fields: readonly string[]
  readonly ignoreCase: boolean
  readonly drafts: Map<string, Set<Draft>>
}
const textOfValues = (keyed: Keyed, valueOf: (field: string) => unknown): string =>
  keyText(
    keyed.fields.map((each) => valueOf(each) ?? null),
    keyed,
  )

/** What the effects of a document's transitions work with, and what they have touched so far: each finds what those before it left. */
export class Touched {
  readonly effecting: Effecting
  readonly source: Draft
  readonly targets = new Map<string, Target>()
  readonly produced: Produced[] = []
  /** What was taken back, with what went along or was emptied. */
  readonly removed: { writes: readonly RowWrite[]; events: readonly EventDraft[] }[] = []
  /** How much allocations have taken from each candidate. */
  readonly taken = new Map<string, bigint>()
  /** Keys that nothing had, so that a document was made: another operation must not do the same. */
  readonly keys: string[] = []
  readonly #keyed = new Map<string, Keyed>()
  /** By transition: what it created now, and what it had created that is gone. */
  readonly #created = new Map<string, RecordRef[]>()
  readonly #takenBack = new Map<string, readonly RecordRef[]>()

  constructor(effecting: Effecting, source: Draft) {
    this.effecting = effecting
    this.source = source
  }

  get origins(): readonly Origin[] {
    const told = (of: ReadonlyMap<string, readonly RecordRef[]>, isTakenBack: boolean): Origin[] =>
      [...of].map(([transition, targets]) => ({ record: this.source.id, transition, targets, isTakenBack }))
    return [...told(this.#takenBack, true), ...told(this.#created, false)]
  }

  entity(id: string): Entity {
    return this.effecting.catalogue.entities.get(id)!
  }

  /** What an effect is repeated for, as far as it is known; without `each`, the record itself. */
  elements(each: Each | null): Element[] {
    if (!each) return [{ draft: this.source, given: {} }]
    const values = this.effecting.formulas.value(each.kind === 'lines' ? each.ids : each.list, this.source) as
      readonly unknown[] | null | undefined
    if (!values) return []
    if (each.kind === 'values') return values.map((value) => ({ draft: this.source, given: { params: { each: value } } }))
    const rows = new Map([...rowsOf(this.source)].map((row) => [row.id, row]))
    return values.flatMap((id) => {
      const draft = rows.get(String(id))
      return draft ? [{ draft, given: {} }] : []
    })
  }

  value(expression: Expression, { draft, given }: Element): unknown {
    return this.effecting.formulas.value(expression, draft, 'will be', given)
  }

  /** Field id → canonical value; what hangs on an open question is left out, and everything is worked out anew once it is answered. */
  values(entity: string, set: readonly Assignment[], element: Element): Map<string, unknown> {
    const { report } = this.effecting
    const values = new Map<string, unknown>()
    for (const { field: id, expression } of set) {
      const value = this.value(expression, element)
      const field = this.entity(entity).fieldById.get(id)!
      const tell: Report = (at, detail) => report(at, detail, { entity, field: id })
      if (value !== undefined) values.set(id, value === null ? null : fitted(field, value, expression, element.draft.pointer, tell))
    }
    return values
  }

  /** A new document, which is none of what the transition is remembered to have created. */
  post(entity: string, change: Pick<Change, 'set' | 'lines'>, pointer: string): Draft {
    const { catalogue, newId, report } = this.effecting
    const place = { entity: this.entity(entity), id: newId(), pointer }
    const made = draftDocument({ catalogue, member: null, report }, place, null, { ...change, echo: new Map() })
    this.#touch({ draft: made, stored: null, pointer })
    return made
  }

  /** A new document, remembered as what the transition of this record created. */
  create(
    entity: string,
    set: ReadonlyMap<string, unknown>,
    { draft }: Element,
    transition: string,
    lines: Change['lines'] = new Map(),
  ): Draft {
    const made = this.post(entity, { set, lines }, draft.pointer)
    const created = this.#created.get(transition) ?? []
    this.#created.set(transition, created)
    created.push({ entity, id: made.id })
    return made
  }

  /** The touched document that has the key by now. Found by a map: an effect may be repeated for thousands. */
  withKey(entity: string, key: ReadonlyMap<string, unknown>): Draft | undefined {
    const fields = [...key.keys()]
    const name = JSON.stringify([entity, fields])
    let keyed = this.#keyed.get(name)
    if (!keyed) {
      keyed = { entity, fields, ignoreCase: keyOver(this.entity(entity), fields)?.ignoreCase === true, drafts: new Map() }
      this.#keyed.set(name, keyed)
      for (const { draft } of this.targets.values()) if (draft.entity.id === entity) enter(keyed, draft)
    }
    const [found] = keyed.drafts.get(textOfValues(keyed, (field) => key.get(field))) ?? []
    return found
  }

  assign(draft: Draft, values: ReadonlyMap<string, unknown>): void {
    const moved = [...this.#keyed.values()].filter(
      ({ entity, fields }) => entity === draft.entity.id && fields.some((each) => values.has(each)),
    )
    for (const each of moved) each.drafts.get(textOfValues(each, (field) => after(draft, field)))?.delete(draft)
    for (const [field, value] of values) draft.values.set(field, value)
    for (const each of moved) enter(each, draft)
  }

  #touch(target: Target): void {
    const { draft } = target
    this.targets.set(draft.id, target)
    for (const each of this.#keyed.values()) if (each.entity === draft.entity.id) enter(each, draft)
  }

  /** What a transition created is remembered no longer. */
  forget(transition: string, created: readonly RecordRef[]): void {
    if (created.length > 0) this.#takenBack.set(transition, created)
  }

  /** The draft of a stored document, as earlier effects have left it; null: it is not there, undefined: not known yet. */
  document(entity: string, id: string, pointer: string): Draft | null | undefined {
    const known = this.targets.get(id)
    if (known) return known.draft
    const stored = this.stored(entity, id)
    if (!stored) return stored
    const { catalogue, report } = this.effecting
    const draft = draftDocument({ catalogue, member: null, report }, { entity: this.entity(entity), id, pointer }, stored, null)
    this.#touch({ draft, stored, pointer })
    return draft
  }

  /** Null: it is not there (any more); undefined: not known yet. */
  stored(entity: string, id: string): Stored | null | undefined {
    const stored = this.effecting.documents.byId(entity, id)
    if (stored === undefined) this.effecting.seek({ kind: 'id', entity, id })
    return stored?.deleted ? null : stored
  }
}

function enter(keyed: Keyed, draft: Draft): void {
  const text = textOfValues(keyed, (field) => after(draft, field))
  const same = keyed.drafts.get(text)
  if (same) same.add(draft)
  else keyed.drafts.set(text, new Set([draft]))
}
