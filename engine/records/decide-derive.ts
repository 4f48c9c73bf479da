import type { Catalogue, Field } from '../catalogue/types.ts'
import type { Expression } from '../expressions/types.ts'
import { fieldOf } from '../fields/index.ts'
import type { Money } from '../fields/money.ts'
import type { Report } from '../problems.ts'
import { Members } from './change.ts'
import { after, before, isChanged, pointerOf, rowsOf, same } from './decide-draft.ts'
import type { Draft } from './decide-draft.ts'
import type { Formulas } from './decide-formulas.ts'
import { inputsChanged } from './decide-views.ts'

export interface Deriving {
  readonly catalogue: Catalogue
  readonly formulas: Formulas
  readonly report: Report
  /** `entity/field` of values to be worked out although nothing in the document has changed: what they read elsewhere has. */
  readonly anew: ReadonlySet<string>
}

/** Works out defaults, copies, computes and rollups of a document, each after all that it needs. */
export function derive(deriving: Deriving, document: Draft): void {
  const steps = document.entity.derivations
  if (steps.length === 0) return
  const rows = Map.groupBy(rowsOf(document), (draft) => draft.entity.id)
  for (const { entity, field: id } of steps) {
    const field = deriving.catalogue.entities.get(entity)!.fieldById.get(id)!
    for (const draft of rows.get(entity) ?? []) deriveField(deriving, draft, field)
  }
}

function deriveField(deriving: Deriving, draft: Draft, field: Field): void {
  const isAsked = draft.change?.set.has(field.id) === true
  // Whether something else than what there was is asked for shows once it is whole.
  if (isAsked) giveCurrency(deriving, draft, field)
  const expression = dueExpression(deriving, draft, field)
  if (!expression) return isAsked ? undefined : giveCurrency(deriving, draft, field)
  const value = deriving.formulas.value(expression, draft)
  if (value === undefined) return deriving.formulas.postpone(draft, field.id)
  deriving.formulas.settle(draft, field.id)
  draft.values.set(field.id, value === null ? null : fitted(field, value, expression, pointerOf(draft, field), deriving.report))
}

/** The currency that the record gives its amounts, now and whenever what says so changes; whoever sends one may only repeat it. */
function giveCurrency({ formulas, report, anew }: Deriving, draft: Draft, field: Field): void {
  const expression = field.logic?.currency
  const value = after(draft, field.id) as Money | null
  if (!expression || value === null) return
  const asked = draft.change?.set.get(field.id)
  const isDue = draft.stored === null || asked !== undefined || anew.has(`${draft.entity.id}/${field.id}`)
  if (!isDue && !inputsChanged(expression.dependencies.roots.get('self'), draft)) return
  const currency = formulas.value(expression, draft) as string | null | undefined
  if (currency === undefined) return formulas.postpone(draft, field.id)
  const at = pointerOf(draft, field)
  const sent = asked instanceof Members ? asked.members['currency'] : (asked as Money | null | undefined)?.currency
  if (currency !== null && sent !== undefined && sent !== currency && !same(value, before(draft, field.id)))
    return report(`${at}/currency`, `must be ${currency}`)
  const given = inCurrency(field, { amount: value.amount, currency }, at, report)
  if (given !== undefined) draft.values.set(field.id, given)
}

/** Undefined: there is none, or one that nobody uses; that is reported. */
function inCurrency(field: Field, { amount, currency }: { amount: string; currency: string | null }, at: string, report: Report): unknown {
  if (currency === null) return report(at, `${field.title}: the record says no currency for it yet.`)
  return fieldOf(field.type).parse({ amount, currency }, field.settings, (pointer, detail) => report(at + pointer, detail))
}

/** What gives the value now; null: it stays as it is. */
function dueExpression({ anew }: Deriving, draft: Draft, field: Field): Expression | null {
  const { derivation, default: given } = field.logic!
  const asked = draft.change?.set.get(field.id)
  const isNew = draft.stored === null
  // What a transition has set since is no less a value than what was asked for.
  if (!derivation) return isNew && after(draft, field.id) === null && (asked === undefined || field.required) ? given : null
  const { expression, kind, overridable } = derivation
  // What a body only repeats is no wish of its own.
  if (overridable && asked !== undefined && (isNew || isChanged(draft, field.id))) return null
  const isDue = isNew || (kind !== 'copy' && anew.has(`${draft.entity.id}/${field.id}`))
  return isDue || inputsChanged(expression.dependencies.roots.get('self'), draft) ? expression : null
}

/** A derived value as the field keeps it: rounded to its scale; what it cannot hold is reported. */
export function fitted(field: Field, value: unknown, { type }: Expression, at: string, report: Report): unknown {
  const kind = fieldOf(field.type)
  const target = field.reference
  if (target) return target.several && type.kind === 'record' ? { entity: type.entities[0], id: value } : value
  const rounded = kind.rounded?.(value, field.settings) ?? value
  if (field.logic?.currency) {
    const money = rounded as { amount: string; currency: string | null }
    // Nothing of an unknown currency is the total of an order that nobody has filled in yet.
    if (money.currency === null && Number(money.amount) === 0) return null
    return inCurrency(field, money, at, report) ?? null
  }
  const parsed = kind.parse(rounded, field.settings, (pointer, detail) => report(at + pointer, `${field.title}: ${detail}`))
  return parsed === undefined ? null : parsed
}
