import { readsOf } from '../catalogue/settle-logic.ts'
import type { Field } from '../catalogue/types.ts'
import type { Expression, Node, Type } from '../expressions/types.ts'
import type { Access, EntityAccess } from '../records/types.ts'

/** An expression for the browser: the tree that the engine itself evaluates. It names nothing that its caller may not know of. */
export interface ExpressionView {
  readonly type: Type
  readonly root: Node
}
/** What expressions say of a field; what reads something that is hidden from the caller is null: the server alone judges it. */
export interface FieldLogicView {
  readonly derivation: {
    readonly kind: 'compute' | 'rollup' | 'lookup' | 'copy'
    readonly expression: ExpressionView | null
    readonly overridable: boolean
  } | null
  readonly default: ExpressionView | null
  readonly visibleWhen: ExpressionView | null
  readonly requiredWhen: ExpressionView | null
  readonly readOnlyWhen: ExpressionView | null
  /** `self` is the record that has the reference; what is chosen is reached along it. */
  readonly where: ExpressionView | null
}
export interface RuleView {
  readonly id: string
  readonly when: ExpressionView | null
  readonly assert: ExpressionView
  readonly message: string
  /** Path of names; null: the record as a whole. */
  readonly at: string | null
  readonly severity: 'error' | 'warning'
  readonly on: readonly ('create' | 'update' | 'delete')[]
}

/** The whole expression, or null: a value that the caller may not see must not be told from what it makes of others. */
function expressionView(access: Access, expression: Expression | null): ExpressionView | null {
  if (!expression) return null
  const isSeen = readsOf(expression.dependencies).every((read) => {
    const [entity = '', field = ''] = read.split('/')
    const here = access.entities.get(entity)
    const known = here?.entity.fieldById.has(field)
    return here !== undefined && (!known || here.visible.some((each) => each.id === field))
  })
  return isSeen ? { type: expression.type, root: expression.root } : null
}

export function fieldLogicView(access: Access, { logic }: Field): FieldLogicView | null {
  if (!logic) return null
  const view = (expression: Expression | null): ExpressionView | null => expressionView(access, expression)
  const { derivation } = logic
  return {
    derivation: derivation && {
      kind: derivation.kind,
      expression: view(derivation.expression),
      overridable: derivation.overridable,
    },
    default: view(logic.default),
    visibleWhen: view(logic.visibleWhen),
    requiredWhen: view(logic.requiredWhen),
    readOnlyWhen: view(logic.readOnlyWhen),
    where: view(logic.where),
  }
}

export const rulesView = (access: Access, { entity }: EntityAccess): RuleView[] =>
  entity.rules.flatMap(({ id, when, assert, message, at, severity, on }) => {
    const shown = expressionView(access, assert)
    const condition = expressionView(access, when)
    if (!shown || (when && !condition)) return []
    const [first = '', ...rest] = at?.split('.') ?? []
    const place = at === null ? null : [entity.fieldById.get(first)?.name ?? first, ...rest].join('.')
    return [{ id, when: condition, assert: shown, message, at: place, severity, on: [...on] }]
  })
