import { dependenciesOf } from '../expressions/dependencies.ts'
import { about, exchange, lastVariable, sizeOf } from '../expressions/transform.ts'
import type { Dependencies, Expression, Needs, Node, RecordNode } from '../expressions/types.ts'
import { pointerSegment } from '../problems.ts'
import type { Reporter } from './check.ts'
import type { EntityLogic } from './compile-logic.ts'
import { eachOf } from './permission-words.ts'
import type { PermissionWords } from './permission-words.ts'
import { checkScopeWords } from './scope-words.ts'
import type { EntityDraft, PropertyDraft } from './symbols.ts'
import { numberingExpressions } from './types.ts'
import type { Derivation, DerivationStep, FieldLogic, Lifecycle, Numbering, Rule } from './types.ts'

/** The logic of a whole set of modules, settled: what is stored, in what order values are derived, and nothing that refers to what is not stored. */
export interface SettledLogic {
  /** By entity id, then field id. */
  readonly fields: ReadonlyMap<string, ReadonlyMap<string, FieldLogic>>
  readonly rules: ReadonlyMap<string, readonly Rule[]>
  readonly lifecycles: ReadonlyMap<string, readonly Lifecycle[]>
  /** By entity id, then role. */
  readonly permissions: ReadonlyMap<string, ReadonlyMap<string, PermissionWords>>
  /** By entity id, then id of the scope. */
  readonly scopes: ReadonlyMap<string, ReadonlyMap<string, Expression>>
  /** Every step in an order in which none needs a later one, defaults included. */
  readonly steps: readonly DerivationStep[]
}

/** An expression that grew beyond this by putting others into it costs too much wherever it is used. */
const mostNodes = 2_000

interface Step {
  readonly key: string
  readonly entity: string
  readonly draft: EntityDraft
  readonly property: PropertyDraft
  readonly keyword: string
  readonly expression: Expression
  /** Keys of what it needs. */
  readonly reads: readonly string[]
}

/**
 * Puts the derived values of all entities in order. A value that would need itself is reported where it is written. What depends on the
 * time or on who asks is not stored, nor is a lookup; whoever uses such a value gets its expression in its place, so that nothing after
 * this stage ever reads a value that is not there.
 */
export function settleLogic(logics: readonly EntityLogic[], report: Reporter): SettledLogic {
  const steps = new Map<string, Step>()
  for (const { draft, fields } of logics)
    for (const [name, logic] of fields) {
      const property = draft.properties.get(name)!
      const numbering = logic.numbering ? numberingExpressions(logic.numbering) : []
      const expression = logic.derivation?.expression ?? logic.default ?? logic.currency ?? numbering[0]
      const keyword = logic.derivation?.kind ?? (logic.default ? 'default' : logic.currency ? 'currency' : 'pattern')
      const key = keyOf(draft.id, property.id)
      const reads = [expression, logic.currency, ...numbering].flatMap((each) => (each ? readsOf(each.dependencies) : []))
      if (expression) steps.set(key, { key, entity: draft.id, draft, property, keyword, expression, reads })
    }
  const order = inOrder(steps, report)
  const inlined = new Map<string, Node>()
  const isVolatile = new Set<string>()
  const settled = new Map<string, Derivation>()
  const derivations = new Map(
    logics.flatMap(({ draft, fields }) =>
      [...fields].map(([name, { derivation }]) => [keyOf(draft.id, draft.properties.get(name)!.id), derivation] as const),
    ),
  )
  const insert = (expression: Expression, tooLarge: () => void): Expression => insertInto(expression, inlined, tooLarge)
  for (const step of order) {
    const { key, expression, draft, property, keyword } = step
    const derivation = derivations.get(key)
    if (!derivation) continue
    const tooLarge = (): void =>
      report(
        property.file,
        `${property.pointer}/x-bos/${keyword}`,
        `with all that it is derived from it is too large: ${mostNodes} parts at most`,
      )
    if (
      derivation.kind !== 'copy' &&
      (needsMoment(expression.dependencies) || readsOf(expression.dependencies).some((each) => isVolatile.has(each)))
    )
      isVolatile.add(key)
    const stored = derivation.kind === 'copy' || (derivation.stored && !isVolatile.has(key))
    const full = insert(expression, tooLarge)
    if (!stored) inlined.set(key, full.root)
    settled.set(key, { ...derivation, stored, expression: full })
    if (!stored) refuseUses(draft, property, report)
  }
  return {
    fields: new Map(logics.map(({ draft, fields }) => [draft.id, settledFields(draft, fields, settled, insert, report)])),
    rules: new Map(logics.map(({ draft, rules }) => [draft.id, rules.map((rule) => settledRule(rule, insert))])),
    lifecycles: new Map(logics.map(({ draft, lifecycles }) => [draft.id, lifecycles.map((each) => settledLifecycle(each, insert))])),
    permissions: new Map(logics.map(({ draft, permissions }) => [draft.id, settledWords(draft, permissions, insert, report)])),
    scopes: new Map(logics.map(({ draft, scopes }) => [draft.id, settledScopes(draft, scopes, insert, report)])),
    // Numbers come last of all.
    steps: order
      .filter(({ key, keyword }) => settled.get(key)?.stored !== false && keyword !== 'pattern')
      .map(({ entity, property }) => ({ entity, field: property.id })),
  }
}

const keyOf = (entity: string, field: string): string => `${entity}/${field}`

function settledFields(
  draft: EntityDraft,
  fields: EntityLogic['fields'],
  settled: ReadonlyMap<string, Derivation>,
  insert: (expression: Expression, tooLarge: () => void) => Expression,
  report: Reporter,
): ReadonlyMap<string, FieldLogic> {
  return new Map(
    [...fields].map(([name, logic]) => {
      const { id, file, pointer } = draft.properties.get(name)!
      const full = (keyword: keyof FieldLogic): Expression | null => {
        const expression = logic[keyword] as Expression | null
        return expression && insert(expression, () => report(file, `${pointer}/x-bos/${keyword}`, 'with all that it reads it is too large'))
      }
      const currency = full('currency')
      if (currency && needsMoment(currency.dependencies))
        report(file, `${pointer}/x-bos/currency`, 'it depends on the time or on who asks: the currency of what is stored does not')
      return [
        id,
        {
          derivation: settled.get(keyOf(draft.id, id)) ?? null,
          default: full('default'),
          visibleWhen: full('visibleWhen'),
          requiredWhen: full('requiredWhen'),
          readOnlyWhen: full('readOnlyWhen'),
          where: full('where'),
          currency,
          numbering: logic.numbering && settledNumbering(logic.numbering, (each) => insert(each, () => undefined)),
        },
      ]
    }),
  )
}

function settledNumbering({ prefix, suffix, scope, at }: Numbering, full: (expression: Expression) => Expression): Numbering {
  const parts = (all: Numbering['prefix']): Numbering['prefix'] => all.map((each) => (typeof each === 'string' ? each : full(each)))
  return { prefix: parts(prefix), suffix: parts(suffix), scope: scope.map(full), at }
}

function settledRule(rule: Rule, insert: (expression: Expression, tooLarge: () => void) => Expression): Rule {
  const full = (expression: Expression): Expression => insert(expression, () => undefined)
  return { ...rule, when: rule.when && full(rule.when), assert: full(rule.assert) }
}

function settledLifecycle(lifecycle: Lifecycle, insert: (expression: Expression, tooLarge: () => void) => Expression): Lifecycle {
  const full = (expression: Expression): Expression => insert(expression, () => undefined)
  const transitions = lifecycle.transitions.map((each) => ({
    ...each,
    guard: each.guard && full(each.guard),
    set: each.set.map(({ field, expression }) => ({ field, expression: full(expression) })),
  }))
  return { ...lifecycle, transitions }
}

function settledWords(
  draft: EntityDraft,
  permissions: EntityLogic['permissions'],
  insert: (expression: Expression, tooLarge: () => void) => Expression,
  report: Reporter,
): ReadonlyMap<string, PermissionWords> {
  return new Map(
    [...permissions].map(([role, words]) => {
      const at = `/x-bos/permissions/${pointerSegment(role)}`
      const full = (expression: Expression): Expression =>
        insert(expression, () => report(draft.file, at, 'a condition, with all that it reads, is too large'))
      return [role, eachOf(words, full)]
    }),
  )
}

function settledScopes(
  draft: EntityDraft,
  scopes: EntityLogic['scopes'],
  insert: (expression: Expression, tooLarge: () => void) => Expression,
  report: Reporter,
): ReadonlyMap<string, Expression> {
  const settled = new Map(
    [...scopes].map(([id, each]) => [
      id,
      insert(each, () => report(draft.file, '/x-bos/scopes', `the scope ${id}, with all that it reads, is too large`)),
    ]),
  )
  checkScopeWords(draft, settled, report)
  return settled
}

/** Words of a role that came after the rest was settled, in terms of what is stored: `inlined` by `entity/field`. */
export function settleWords(words: PermissionWords, inlined: ReadonlyMap<string, Node>, tooLarge: () => void): PermissionWords {
  return eachOf(words, (expression) => insertInto(expression, inlined, tooLarge))
}

/** Depth first: what a step needs comes before it. */
function inOrder(steps: ReadonlyMap<string, Step>, report: Reporter): Step[] {
  const order: Step[] = []
  const state = new Map<string, 'open' | 'done'>()
  const visit = (step: Step, path: readonly Step[]): void => {
    state.set(step.key, 'open')
    const below = [...path, step]
    for (const key of step.reads) {
      const next = steps.get(key)
      if (!next || state.get(key) === 'done') continue
      if (state.get(key) === 'open') reportCircle(below.slice(below.indexOf(next)), report)
      else visit(next, below)
    }
    state.set(step.key, 'done')
    order.push(step)
  }
  for (const step of steps.values()) if (!state.has(step.key)) visit(step, [])
  return order
}

function reportCircle(circle: readonly Step[], report: Reporter): void {
  const names = [...circle, circle[0]!].map(({ draft, property }) => `${draft.name}.${property.name}`)
  for (const { property, keyword } of circle)
    report(property.file, `${property.pointer}/x-bos/${keyword}`, `needs itself: ${names.join(' → ')}`)
}

/** Everything an expression reads, as `entity/field`, wherever it reads it. */
export function readsOf({ roots, searched }: Dependencies): string[] {
  const found = new Set<string>()
  const visit = (needs: Needs): void => {
    for (const field of [...needs.values, ...needs.hops.keys()]) found.add(keyOf(needs.entity, field))
    for (const each of [needs.hops, needs.lines, needs.links, needs.inverse]) for (const below of each.values()) visit(below)
    if (needs.document) visit(needs.document)
  }
  for (const needs of [...roots.values(), ...searched.values()]) visit(needs)
  return [...found]
}

/** Its answer changes though no record does. */
const needsMoment = ({ roots, parameters }: Dependencies): boolean =>
  roots.has('user') || [...parameters].some((each) => each === 'now' || each === 'today' || each.startsWith('user.'))

/** The expression with those of values that are not stored in the places where it reads them. */
function insertInto(expression: Expression, inlined: ReadonlyMap<string, Node>, tooLarge: () => void): Expression {
  let isSame = true
  let next = lastVariable(expression.root) + 1
  let size = 0
  const record = (of: RecordNode): RecordNode | null => {
    if (of.kind !== 'hop') return null
    const found = inlined.get(keyOf(of.of.entity, of.field))
    if (!found) return null
    isSame = false
    // A reference that is looked up: the path goes on from where it was found.
    const reference = placed(found, of.of)
    return reference.kind === 'field' ? { kind: 'hop', of: reference.of, field: reference.field, entity: of.entity } : null
  }
  const placed = (found: Node, of: RecordNode): Node => {
    const node = about(found, of, next)
    next = Math.max(next, lastVariable(node) + 1)
    size += sizeOf(node)
    return node
  }
  const root = exchange(expression.root, {
    node: (each) => {
      if (each.kind !== 'field' || size > mostNodes) return null
      const found = inlined.get(keyOf(each.entity, each.field))
      if (!found) return null
      isSame = false
      return partOf(placed(found, each.of), each.member)
    },
    record,
  })
  if (size > mostNodes) tooLarge()
  return isSame ? expression : { ...expression, root, dependencies: dependenciesOf(root) }
}

/** A member of what an expression answers. */
function partOf(node: Node, member: string | null): Node {
  if (member === null) return node
  if (node.kind === 'money') return member === 'amount' ? node.amount : node.currency
  if (node.kind === 'field')
    return { ...node, member, type: { kind: member === 'amount' ? 'number' : 'text', whole: false } as Node['type'] }
  return node
}

/** What is not in the row cannot do what only a column can. */
function refuseUses(draft: EntityDraft, { name, file, pointer, node }: PropertyDraft, report: Reporter): void {
  const own = draft.node['x-bos'] ?? {}
  const why = `${name} is not stored: it is looked up or depends on the time or on who asks`
  if (node['x-bos']?.index === true) report(file, `${pointer}/x-bos/index`, `${why}, so it has no index`)
  own.unique?.forEach((key, index) => {
    if (key.fields.includes(name)) report(draft.file, `/x-bos/unique/${index}/fields`, `${why}, so it cannot be unique`)
  })
  const searched = own.search?.indexOf(name) ?? -1
  if (searched >= 0) report(draft.file, `/x-bos/search/${searched}`, `${why}, so it cannot be searched`)
  if (own.titleField === name) report(draft.file, '/x-bos/titleField', `${why}, so it cannot be the title`)
}
