import type { Field, Rule } from '../catalogue/types.ts'
import type { Expression } from '../expressions/types.ts'
import type { Report } from '../problems.ts'
import { after, isChanged, pointerOf, rowsOf } from './decide-draft.ts'
import type { Draft } from './decide-draft.ts'
import type { Formulas } from './decide-formulas.ts'
import { isEmpty } from './decide-judge.ts'
import { inputsChanged } from './decide-views.ts'

export interface RuleJudging {
  readonly formulas: Formulas
  readonly report: Report
  /** Is told what is required and missing. */
  readonly lack: Report
  /** Told, and the record is stored. */
  readonly warn: Report
  readonly event: 'create' | 'update'
}

/**
 * What expressions demand of a document. What an edit does not touch is not judged again: a rule whose inputs in the document are as they
 * were blocks nobody, even where the stored record breaks it.
 */
export function judgeRules(judging: RuleJudging, document: Draft): void {
  for (const draft of rowsOf(document)) {
    for (const field of draft.entity.fields) if (field.logic) judgeConditions(judging, draft, field, field.logic)
    for (const rule of draft.entity.rules) judgeRule(judging, draft, rule)
    for (const { gone } of draft.lists) for (const line of gone) judgeGone(judging, line, () => line.pointer)
  }
}

/**
 * What rules say of a document, or of a line, that goes with all that is in it. They speak of what is stored, whatever else the request changes; and since nothing
 * of it is left as it was, all of them are judged.
 */
export function judgeGone(
  { formulas, report, warn }: Pick<RuleJudging, 'formulas' | 'report' | 'warn'>,
  document: Draft,
  place: (draft: Draft, rule: Rule) => string = pointerOfRule,
): void {
  for (const draft of rowsOf(document))
    for (const rule of draft.entity.rules) {
      const { when, assert } = rule
      if (!rule.on.has('delete') || (when && !formulas.holds(when, draft, 'stored'))) continue
      if (formulas.holds(assert, draft, 'stored') === false) (rule.severity === 'error' ? report : warn)(place(draft, rule), rule.message)
    }
}

type Logic = NonNullable<Field['logic']>

function judgeConditions({ formulas, report, lack }: RuleJudging, draft: Draft, field: Field, logic: Logic): void {
  const { requiredWhen, readOnlyWhen, visibleWhen, where, derivation } = logic
  const at = pointerOf(draft, field)
  const changes = isChanged(draft, field.id)
  const isDue = (expression: Expression): boolean => draft.stored === null || changes || isTouched(expression, draft)
  if (requiredWhen && isDue(requiredWhen) && isEmpty(field, after(draft, field.id)) && formulas.holds(requiredWhen, draft)) {
    // Nobody can fill in what is not shown.
    if (!visibleWhen || formulas.holds(visibleWhen, draft)) lack(at, `${field.title} is required.`)
  }
  const isWish = changes && derivation?.overridable !== false && draft.change?.set.has(field.id)
  if (readOnlyWhen && isWish && draft.stored && formulas.holds(readOnlyWhen, draft, 'stored'))
    report(at, `${field.title} cannot be changed now.`)
  if (where && ((changes && after(draft, field.id) !== null) || listChanges(draft, field)) && formulas.holds(where, draft) === false)
    report(at, `${field.title}: this one cannot be chosen here.`)
}

/** Lists of references do not stand among the values. */
const listChanges = (draft: Draft, field: Field): boolean => {
  const list = draft.lists.find((each) => each.field === field)
  return list !== undefined && (list.removed.length > 0 || list.rows.some((row) => row.stored === null))
}

function judgeRule({ formulas, report, warn, event }: RuleJudging, draft: Draft, rule: Rule): void {
  if (!rule.on.has(event)) return
  const { when, assert } = rule
  if (draft.stored !== null && !isTouched(assert, draft) && !(when && isTouched(when, draft))) return
  if (when && !formulas.holds(when, draft)) return
  if (formulas.holds(assert, draft) !== false) return
  const tell = rule.severity === 'error' ? report : warn
  tell(pointerOfRule(draft, rule), rule.message)
}

/** Whether anything that it reads of the document is about to change. What reads nothing of it is judged with every edit. */
function isTouched({ dependencies }: Expression, draft: Draft): boolean {
  const self = dependencies.roots.get('self')
  const old = dependencies.roots.get('old')
  return (self === undefined && old === undefined) || inputsChanged(self, draft) || inputsChanged(old, draft)
}

function pointerOfRule({ entity, pointer }: Draft, { at }: Rule): string {
  if (at === null) return pointer
  const [id = '', ...rest] = at.split('.')
  return [pointer, entity.fieldById.get(id)?.name ?? id, ...rest].join('/')
}
