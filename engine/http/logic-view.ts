import type { Field } from '../catalogue/types.ts'
import type { Expression, Node, Type } from '../expressions/types.ts'
import { isRead } from '../records/access.ts'
import type { Access, EntityAccess } from '../records/types.ts'

/** An expression for the browser: the tree that the engine itself evaluates. It names nothing that its caller may not know of. */
export interface ExpressionView {
  readonly type: Type
  readonly root: Node
}
/** What expressions say of a field; what reads something that is hidden from the caller, or masked somewhere, is null: the server alone judges it. */
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
  /** Of money: gives the currency. */
  readonly currency: ExpressionView | null
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

/** The transitions that the caller may run of some record; whether of this one, the record's own state and rows decide. */
export interface LifecycleView {
  /** Name of the select. */
  readonly field: string
  /** The state of a new record. */
  readonly initial: string
  readonly states: Readonly<
    Record<string, { readonly frozen: boolean; readonly except: readonly string[]; readonly required: readonly string[] }>
  >
  readonly transitions: readonly {
    readonly name: string
    readonly title: string
    readonly from: readonly string[] | null
    readonly to: string
    /** Null: none, or one whose inputs are hidden: then only trying tells. */
    readonly guard: ExpressionView | null
    readonly message: string | null
  }[]
}

export const lifecyclesView = (access: Access, { entity, visible, transitions: granted }: EntityAccess): LifecycleView[] =>
  entity.lifecycles.flatMap(({ field: id, initial, states, transitions }) => {
    const field = visible.find((each) => each.id === id)
    if (!field) return []
    const nameOf = (each: string): string[] => visible.filter((other) => other.id === each).map((other) => other.name)
    return [
      {
        field: field.name,
        initial,
        states: Object.fromEntries(
          [...states].map(([state, { frozen, except, required }]) => [
            state,
            { frozen, except: except.filter((path) => nameOf(path.split('.')[0] ?? '').length > 0), required: required.flatMap(nameOf) },
          ]),
        ),
        transitions: transitions
          .filter((each) => granted.has(each.id))
          .map(({ name, title, from, to, guard, message }) => ({ name, title, from, to, guard: expressionView(access, guard), message })),
      },
    ]
  })

/** The whole expression, or null: a value that the caller may not see must not be told from what it makes of others. */
const expressionView = (access: Access, expression: Expression | null): ExpressionView | null =>
  expression && isRead(access, expression) ? { type: expression.type, root: expression.root } : null

export function fieldLogicView(access: Access, { logic }: Field): FieldLogicView | null {
  if (!logic) return null
  const view = (expression: Expression | null): ExpressionView | null => expressionView(access, expression)
  const { derivation } = logic
  return {
    derivation: derivation && { kind: derivation.kind, expression: view(derivation.expression), overridable: derivation.overridable },
    default: view(logic.default),
    visibleWhen: view(logic.visibleWhen),
    requiredWhen: view(logic.requiredWhen),
    readOnlyWhen: view(logic.readOnlyWhen),
    where: view(logic.where),
    currency: view(logic.currency),
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
