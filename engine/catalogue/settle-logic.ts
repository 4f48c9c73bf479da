import type { Expression, Node } from '../expressions/types.ts'
import type { Reporter } from './check.ts'
import type { EntityLogic } from './compile-logic.ts'
import { eachExpression, faultOfSide, placeOfStanding } from './expression-places.ts'
import type { Logic, NameOf, Standing } from './expression-places.ts'
import { readsOf } from './inputs.ts'
import { checkKeyWords } from './key-words.ts'
import { eachOf } from './permission-words.ts'
import type { PermissionWords } from './permission-words.ts'
import { refuseUses } from './refuse-uses.ts'
import { checkScopeWords } from './scope-words.ts'
import { insertInto } from './settle-insert.ts'
import type { Inlined } from './settle-insert.ts'
import type { EntityDraft, PropertyDraft } from './symbols.ts'
import { numberingExpressions } from './types.ts'
import type { Derivation, DerivationStep, FieldLogic } from './types.ts'
import { isVolatile, needsMoment } from './volatile.ts'

/** The logic of a whole set of modules, settled: what is stored, in what order values are derived, and nothing that refers to what is not stored. */
export interface SettledLogic {
  /** By entity id. */
  readonly logics: ReadonlyMap<string, Logic>
  /** Every step in an order in which none needs a later one, defaults included. */
  readonly steps: readonly DerivationStep[]
}

interface Step {
  readonly key: string
  readonly draft: EntityDraft
  readonly property: PropertyDraft
  readonly keyword: string
  readonly derivation: Derivation | null
  /** Keys of what it needs. */
  readonly reads: readonly string[]
}

/**
 * Puts the derived values of all entities in order. A value that would need itself is reported where it is written. What depends on the
 * time, on who asks or on what nobody follows is not stored, nor is a lookup; whoever uses such a value gets its expression in its place, so that
 * nothing after this stage ever reads a value that is not there.
 */
export function settleLogic(logics: readonly EntityLogic[], report: Reporter): SettledLogic {
  const order = inOrder(stepsOf(logics), report)
  const { settled, inlined } = settleDerivations(logics, order, report)
  const nameOf = namesIn(logics)
  const all = logics.map(({ draft, ...logic }): readonly [string, Logic] => {
    const tell = (standing: Standing, detail: string): void => {
      const { file, pointer } = placeOfStanding(draft, standing)
      report(file, pointer, detail)
    }
    const fields = new Map([...logic.fields].map(([id, each]) => [id, { ...each, derivation: settled.get(keyOf(draft.id, id)) ?? null }]))
    const full = eachExpression(draft.id, { ...logic, fields }, nameOf, (expression, standing) => {
      const inserted = insertInto(expression, inlined)
      const unfit = faultOfSide(inserted.expression, standing)
      for (const each of [...inserted.faults, ...(unfit === null ? [] : [unfit])]) tell(standing, each)
      if (standing.kind === 'currency' && needsMoment(inserted.expression.dependencies))
        tell(standing, 'it depends on the time or on who asks: the currency of what is stored does not')
      return inserted.expression
    })
    checkScopeWords(draft, full.scopes, report)
    checkKeyWords(draft, full.keys, report)
    return [draft.id, full]
  })
  return {
    logics: new Map(all),
    // Numbers come last of all.
    steps: order
      .filter(({ key, keyword }) => settled.get(key)?.stored !== false && keyword !== 'pattern')
      .map(({ draft, property }) => ({ entity: draft.id, field: property.id })),
  }
}

const keyOf = (entity: string, field: string): string => `${entity}/${field}`

const propertyOf = ({ properties }: EntityDraft, id: string): PropertyDraft => [...properties.values()].find((each) => each.id === id)!

function stepsOf(logics: readonly EntityLogic[]): ReadonlyMap<string, Step> {
  const steps = new Map<string, Step>()
  for (const { draft, fields } of logics)
    for (const [id, logic] of fields) {
      const { derivation, currency } = logic
      const numbering = logic.numbering ? numberingExpressions(logic.numbering) : []
      const expressions = [derivation?.expression ?? logic.default, currency, ...numbering].filter((each) => each !== null)
      if (expressions.length === 0) continue
      const reads = expressions.flatMap((each) => (each ? readsOf(each) : []))
      const key = keyOf(draft.id, id)
      steps.set(key, { key, draft, property: propertyOf(draft, id), keyword: keywordOf(logic), derivation, reads })
    }
  return steps
}

/** Under which the value of a field is spoken of. */
function keywordOf({ derivation, ...logic }: FieldLogic): string {
  if (derivation) return derivation.kind
  return logic.default ? 'default' : logic.currency ? 'currency' : 'pattern'
}

/** By `entity/field`: what is stored, and of what is not, what stands in its place. */
function settleDerivations(logics: readonly EntityLogic[], order: readonly Step[], report: Reporter) {
  const paths = new Map(
    logics.flatMap(({ draft }) =>
      [...draft.properties.values()].flatMap(({ id, node }) => (node['x-bos']?.treeOf === undefined ? [] : [[draft.id, id] as const])),
    ),
  )
  const inlined = new Map<string, Node>()
  const settled = new Map<string, Derivation>()
  for (const { key, draft, property, keyword, derivation } of order) {
    if (!derivation) continue
    const { expression, searched } = insertInto(derivation.expression, inlined)
    // What stands in it for others says what they hang on.
    const stored = derivation.kind === 'copy' || (derivation.stored && !isVolatile(expression, (entity) => paths.get(entity) ?? null))
    settled.set(key, { ...derivation, stored, expression })
    if (derivation.kind !== 'copy' && stored && searched.length > 0)
      report(
        property.file,
        `${property.pointer}/x-bos/${keyword}`,
        `it goes on from ${searched.join(', ')}, which is looked up and no path: a stored value would not follow it; make that a compute, or this a lookup`,
      )
    if (stored) continue
    inlined.set(key, expression.root)
    refuseUses(draft, property, report)
  }
  return { settled, inlined }
}

/** Names of fields, and of those of lines, of all that these are about. */
function namesIn(logics: readonly EntityLogic[]): NameOf {
  const drafts = new Map(logics.map(({ draft }) => [draft.id, draft]))
  const nameOf = (draft: EntityDraft | undefined, [id = '', ...rest]: readonly string[]): string => {
    const property = draft && propertyOf(draft, id)
    const line = property?.node['x-bos']?.entity
    if (rest.length === 0) return property?.name ?? id
    return nameOf(
      [...drafts.values()].find(({ fullName }) => fullName === line),
      rest,
    )
  }
  return (entity, ...path) => nameOf(drafts.get(entity), path)
}

/** Words of a role that came after the rest was settled, in terms of what is stored. */
export const settleWords = (words: PermissionWords, inlined: Inlined, refuse: (detail: string) => void): PermissionWords =>
  eachOf(words, (word: Expression) => {
    const { expression, faults } = insertInto(word, inlined)
    const unfit = faultOfSide(expression, { kind: 'permission' })
    for (const each of [...faults, ...(unfit === null ? [] : [unfit])]) refuse(each)
    return expression
  })

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
