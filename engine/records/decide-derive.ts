import type { Catalogue, Field } from '../catalogue/types.ts'
import type { Expression } from '../expressions/types.ts'
import { fieldOf } from '../fields/index.ts'
import type { Report } from '../problems.ts'
import { pointerOf, rowsOf, isChanged } from './decide-draft.ts'
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
  for (const draft of rowsOf(document)) deriveEchoed(deriving, draft)
  const steps = document.entity.derivations
  if (steps.length === 0) return
  const rows = Map.groupBy(rowsOf(document), (draft) => draft.entity.id)
  for (const { entity, field: id } of steps) {
    const field = deriving.catalogue.entities.get(entity)!.fieldById.get(id)!
    for (const draft of rows.get(entity) ?? []) deriveField(deriving, draft, field)
  }
}

function deriveField(deriving: Deriving, draft: Draft, field: Field): void {
  const expression = dueExpression(deriving, draft, field)
  if (!expression) return
  const value = deriving.formulas.value(expression, draft)
  if (value === undefined) return deriving.formulas.postpone(draft, field.id)
  draft.values.set(field.id, value === null ? null : fitted(field, value, expression, pointerOf(draft, field), deriving.report))
}

/** Values that are not stored are worked out only to be compared with what a body repeats of them. */
function deriveEchoed({ formulas, report }: Deriving, draft: Draft): void {
  for (const id of draft.change?.echo.keys() ?? []) {
    const field = draft.entity.fieldById.get(id)
    const derivation = field?.logic?.derivation
    if (!field || derivation?.stored !== false) continue
    const value = formulas.value(derivation.expression, draft, 'stored') ?? formulas.value(derivation.expression, draft)
    if (value !== undefined)
      draft.values.set(id, value === null ? null : fitted(field, value, derivation.expression, pointerOf(draft, field), report))
  }
}

/** What gives the value now; null: it stays as it is. */
function dueExpression({ anew }: Deriving, draft: Draft, field: Field): Expression | null {
  const { derivation, default: given } = field.logic!
  const asked = draft.change?.set.get(field.id)
  const isNew = draft.stored === null
  if (!derivation) return isNew && (asked === undefined || (asked === null && field.required)) ? given : null
  const { expression, kind, overridable } = derivation
  // What a body only repeats is no wish of its own.
  if (overridable && asked !== undefined && (isNew || isChanged(draft, field.id))) return null
  const isDue = isNew || (kind !== 'copy' && anew.has(`${draft.entity.id}/${field.id}`))
  return isDue || inputsChanged(expression.dependencies.roots.get('self'), draft) ? expression : null
}

/** A derived value as the field keeps it: rounded to its scale; what it cannot hold is reported. */
function fitted(field: Field, value: unknown, { type }: Expression, at: string, report: Report): unknown {
  const kind = fieldOf(field.type)
  const target = field.reference
  if (target) return target.several && type.kind === 'record' ? { entity: type.entities[0], id: value } : value
  const rounded = kind.rounded?.(value, field.settings) ?? value
  const parsed = kind.parse(rounded, field.settings, (pointer, detail) => report(at + pointer, `${field.title}: ${detail}`))
  return parsed === undefined ? null : parsed
}
