import type { Catalogue, Entity, Field, Transition } from '../catalogue/types.ts'
import type { Database } from '../database/types.ts'
import type { Explanation } from '../expressions/explain.ts'
import type { Expression } from '../expressions/types.ts'
import type { Report } from '../problems.ts'
import { contextOf } from './access.ts'
import type { Change, Stored } from './change.ts'
import { derive } from './decide-derive.ts'
import { draftDocument, rowsOf } from './decide-draft.ts'
import type { Draft } from './decide-draft.ts'
import { Formulas } from './decide-formulas.ts'
import { frozenBy, leads, runTransitions, titleOf } from './decide-lifecycle.ts'
import { Unanswered } from './decide-refusals.ts'
import { decideNow } from './deciding.ts'
import { documentQueries, readDocuments } from './documents.ts'
import type { Explained, FieldPath } from './explain-request.ts'
import { masksOf } from './grants.ts'
import { isReadable } from './explain-reader.ts'
import type { ReaderOf } from './explain-reader.ts'
import type { Access, Actor, EntityAccess, Grant } from './types.ts'

/** An expression that has a say, with what it says of the record. */
export interface ConditionExplained {
  readonly kind: 'guard' | 'rule' | 'visibleWhen' | 'requiredWhen' | 'readOnlyWhen'
  /** Name of the field of which it is a condition, or at which the message of a rule stands. */
  readonly field?: string
  /** Id of a rule. */
  readonly rule?: string
  readonly message?: string
  readonly severity?: 'error' | 'warning'
  /** Absent: not everybody concerned may read what it reads. */
  readonly holds?: boolean
  readonly why: Explanation
}
export interface ConditionsExplained {
  readonly expressions: readonly ConditionExplained[]
  /** Of the words of roles. */
  readonly grants: ReadonlyMap<Grant, Explanation>
  /** What roles ask before they show the field that is asked about, by role; absent: nothing. */
  readonly masks: ReadonlyMap<string, readonly MaskExplained[]>
  /** Title of the state that keeps the field that is asked about as it is; null: none does. */
  readonly frozen: { readonly title: string; readonly state: Field } | null
  /** If it is a state: how it goes on from the one that the record is in. */
  readonly onward: Onward | null
  /** If it is worked out: of what; of a column of lines it would be another thing in each. */
  readonly made: Explanation | undefined
  /** Of that field: whether its conditions hold, which whoever may change it would find out by trying. */
  readonly truth: Readonly<Record<'requiredWhen' | 'readOnlyWhen', boolean>>
  /** If it is a column: in which of the lines its conditions hold, where everybody concerned may read what they read. */
  readonly inLines: readonly LinesExplained[]
}

export interface Onward {
  /** Title of the state. */
  readonly from: string
  readonly ways: readonly {
    readonly transition: Transition
    /** Whether its guard keeps it from being run, which whoever runs it would find out by trying. */
    readonly isRefused: boolean
    /** What the guard says of the record. */
    readonly why: Explanation | undefined
  }[]
}

export interface LinesExplained {
  readonly kind: FieldCondition
  readonly holds: number
  readonly count: number
}
type FieldCondition = (typeof fieldConditions)[number]
const fieldConditions = ['visibleWhen', 'requiredWhen', 'readOnlyWhen'] as const

interface MaskExplained {
  readonly holds: boolean
  readonly why: Explanation | null
}

export interface Explaining {
  readonly access: Access
  readonly here: EntityAccess
  /** What the one who asks may know of. */
  readonly asker: EntityAccess
  readonly what: Explained
  readonly field: FieldPath | null
  readonly id: string
  readonly grants: readonly Grant[]
  readonly roles: readonly string[]
  readonly readerOf: ReaderOf
}

const nothing: ConditionsExplained = {
  expressions: [],
  grants: new Map(),
  masks: new Map(),
  frozen: null,
  onward: null,
  made: undefined,
  truth: { requiredWhen: false, readOnlyWhen: false },
  inLines: [],
}
const ignore: Report = () => undefined

/** What expressions say of the stored record, also if it is to be deleted; of a transition, of the record as it would be. Stores nothing. */
export async function explainConditions(database: Database, explaining: Explaining, actor: Actor): Promise<ConditionsExplained> {
  const { access, here, what, field, id, grants } = explaining
  const { catalogue } = access
  const isAsked = what.kind === 'transition' || what.action === 'update' || what.action === 'delete' || field !== null
  if (!isAsked && grants.every(({ condition }) => condition === null)) return nothing
  return database.transaction(contextOf(actor, access), async (tx) => {
    const [, read] = documentQueries(catalogue, here.entity, actor.tenant, [id])
    const [rows] = await tx.send({ role: 'bos_write', queries: [read!] })
    const stored = readDocuments(catalogue, here.entity, rows!.rows).get(id)
    if (!stored) return nothing
    return decideNow(tx, catalogue, actor, (surroundings) => {
      const formulas = new Formulas(surroundings)
      const told = tell(explaining, formulas, stored)
      if (formulas.open.length > 0) throw new Unanswered(formulas.open)
      return told
    })
  })
}

function tell(explaining: Explaining, formulas: Formulas, stored: Stored): ConditionsExplained {
  const { access, here, asker, what, field, grants } = explaining
  const { catalogue } = access
  const { entity } = here
  const asStored = draftOf(catalogue, entity, stored, null)
  const draft = what.kind === 'transition' ? movedDraft(catalogue, entity, stored, what, formulas) : asStored
  const fields = field
    ? entity.fields.includes(field.field)
      ? [field.field]
      : []
    : what.kind === 'action' && what.action !== 'delete'
      ? asker.visible
      : []
  const rows = field ? [...rowsOf(asStored)].filter((row) => row.entity.fields.includes(field.field)) : []
  const holding = (expression: Expression): number => rows.filter((row) => formulas.holds(expression, row) === true).length
  const isTrue = (kind: 'requiredWhen' | 'readOnlyWhen'): boolean => {
    const expression = field?.field.logic?.[kind]
    return expression ? rows.length > 0 && holding(expression) === rows.length : false
  }
  const inLines = fieldConditions.flatMap((kind): LinesExplained[] => {
    const expression = field && fields.length === 0 && field.field.logic?.[kind]
    if (!expression || !isReadable(explaining.readerOf(expression), expression)) return []
    return [{ kind, holds: holding(expression), count: rows.length }]
  })
  const expressions = [
    ...fields.flatMap((each) => conditionsOf(explaining, formulas, asStored, each)),
    ...(what.kind === 'transition' ? guardOf(explaining, formulas, draft, what) : []),
    ...(what.kind === 'transition' || what.action === 'update' ? brokenRules(explaining, formulas, draft, 'update') : []),
    ...(what.kind === 'action' && what.action === 'delete' ? brokenRules(explaining, formulas, asStored, 'delete') : []),
  ]
  return {
    expressions,
    grants: new Map(grants.flatMap((grant) => (grant.condition ? pair(grant, why(explaining, formulas, asStored, grant.condition)) : []))),
    masks: field ? masksExplained(explaining, formulas, asStored, field.path) : new Map(),
    truth: { requiredWhen: isTrue('requiredWhen'), readOnlyWhen: isTrue('readOnlyWhen') },
    inLines,
    onward: field ? onwardFrom(explaining, formulas, stored, field.path) : null,
    made: fields.length > 0 && field ? madeOf(explaining, formulas, asStored, field.field) : undefined,
    frozen: field ? frozenBy(entity, stored.values, field.path.replaceAll('.', '.*.')) : null,
  }
}

function masksExplained(explaining: Explaining, formulas: Formulas, draft: Draft, path: string): Map<string, readonly MaskExplained[]> {
  const told = explaining.roles.flatMap((role) => {
    const permission = explaining.here.entity.permissions.get(role)
    const asked = permission ? masksOf(permission, path) : []
    const masks = asked.map((each) => ({
      holds: formulas.holds(each, draft) === true,
      why: why(explaining, formulas, draft, each) ?? null,
    }))
    return masks.length > 0 ? [[role, masks] as const] : []
  })
  return new Map(told)
}

const pair = <T>(grant: Grant, value: T | undefined): [Grant, T][] => (value === undefined ? [] : [[grant, value]])

const draftOf = (catalogue: Catalogue, entity: Entity, stored: Stored, change: Change | null): Draft =>
  draftDocument({ catalogue, member: null, report: ignore }, { entity, id: stored.id, pointer: '' }, stored, change)

function onwardFrom(explaining: Explaining, formulas: Formulas, stored: Stored, path: string): Onward | null {
  const { catalogue } = explaining.access
  const { entity } = explaining.here
  const lifecycle = entity.lifecycles.find((each) => each.field === path)
  if (!lifecycle) return null
  const state = entity.fieldById.get(path)!
  const from = stored.values.get(path) ?? null
  const ways = lifecycle.transitions.flatMap((transition) => {
    if (!leads(transition, from) || transition.to === from) return []
    const { guard } = transition
    const open = { transition, isRefused: false, why: undefined }
    if (!guard) return [open]
    const moved = movedDraft(catalogue, entity, stored, { kind: 'transition', transition, state }, formulas)
    if (formulas.holds(guard, moved) !== false) return [open]
    return [{ transition, isRefused: true, why: why(explaining, formulas, moved, guard) }]
  })
  return { from: titleOf(state, from), ways }
}

/** The document as its transition makes it. */
function movedDraft(
  catalogue: Catalogue,
  entity: Entity,
  stored: Stored,
  { transition, state }: Explained & { kind: 'transition' },
  formulas: Formulas,
): Draft {
  const draft = draftOf(catalogue, entity, stored, { set: new Map([[state.id, transition.to]]), lines: new Map(), echo: new Map() })
  const deriving = { catalogue, formulas, report: ignore, anew: new Set<string>() }
  derive(deriving, draft)
  runTransitions({ formulas, report: ignore, mayRun: () => true, asked: transition.id, isEngine: false }, draft)
  if (transition.set.length > 0) derive(deriving, draft)
  return draft
}

const why = ({ readerOf }: Explaining, formulas: Formulas, draft: Draft, expression: Expression): Explanation | undefined =>
  formulas.explain(expression, draft, readerOf(expression))

/** Of what a value is made, where everybody concerned may read the value. */
function madeOf(explaining: Explaining, formulas: Formulas, draft: Draft, { id, logic }: Field): Explanation | undefined {
  const expression = logic?.derivation?.expression
  const isTold = expression && explaining.readerOf(expression).mayRead(draft.entity.id, id)
  return isTold ? why(explaining, formulas, draft, expression) : undefined
}

type Told = Omit<ConditionExplained, 'holds' | 'why'>

function explained(explaining: Explaining, formulas: Formulas, draft: Draft, expression: Expression, told: Told): ConditionExplained[] {
  const explanation = why(explaining, formulas, draft, expression)
  if (!explanation) return []
  const isTold = isReadable(explaining.readerOf(expression), expression) && 'value' in explanation
  return [{ ...told, ...(isTold && { holds: explanation.value === true }), why: explanation }]
}

function conditionsOf(explaining: Explaining, formulas: Formulas, draft: Draft, { name, logic }: Field): ConditionExplained[] {
  if (!logic) return []
  return fieldConditions.flatMap((kind) => {
    const expression = logic[kind]
    return expression ? explained(explaining, formulas, draft, expression, { kind, field: name }) : []
  })
}

function guardOf(
  explaining: Explaining,
  formulas: Formulas,
  draft: Draft,
  { transition: { guard, message }, state }: Explained & { kind: 'transition' },
): ConditionExplained[] {
  return guard
    ? explained(explaining, formulas, draft, guard, { kind: 'guard', field: state.name, ...(message !== null && { message }) })
    : []
}

/** Rules that the record breaks, where everybody concerned may read all that they read. */
function brokenRules(explaining: Explaining, formulas: Formulas, draft: Draft, event: 'update' | 'delete'): ConditionExplained[] {
  return draft.entity.rules.flatMap(({ id, when, assert, message, at, severity, on }) => {
    const isReadHere = [when, assert].every((each) => each === null || isReadable(explaining.readerOf(each), each))
    if (!isReadHere || !on.has(event) || (when && formulas.holds(when, draft) !== true)) return []
    const told = explained(explaining, formulas, draft, assert, {
      kind: 'rule',
      rule: id,
      message,
      severity,
      ...(at !== null && { field: nameAt(draft.entity, at) }),
    })
    return told.filter((each) => each.holds === false && each.why.value === false)
  })
}

const nameAt = (entity: Entity, at: string): string => entity.fieldById.get(at.split('.')[0]!)?.name ?? at
