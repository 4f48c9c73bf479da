import { split } from '../expressions/split.ts'
import type { Expression } from '../expressions/types.ts'
import { pointerSegment } from '../problems.ts'
import { eachOf } from './permission-words.ts'
import type { PermissionWords } from './permission-words.ts'
import { declaredScopes } from './scopes.ts'
import type { EntityDraft } from './symbols.ts'
import type { Assignment, Derivation, Each, Effect, FieldLogic, Lifecycle, Numbering, Rule, Transition } from './types.ts'

/**
 * Every place of an entity's files where an expression stands. Whatever is done with all of them (what is not stored is put into them, checks,
 * warnings) goes through `eachExpression`, so that a new place is either here or nowhere.
 */

/** What the expressions of one entity say, with its lines' apart. */
export interface Logic {
  /** By field id; fields of which no expression speaks are absent. */
  readonly fields: ReadonlyMap<string, FieldLogic>
  readonly rules: readonly Rule[]
  readonly lifecycles: readonly Lifecycle[]
  /** By role. */
  readonly permissions: ReadonlyMap<string, PermissionWords>
  /** By id of the scope. */
  readonly scopes: ReadonlyMap<string, Expression>
  /** By id of the unique key: of which records it is. */
  readonly keys: ReadonlyMap<string, Expression>
}

/**
 * Who works it out. write: whoever decides a change, on the document; other records are questions to the database. both: that one, and statements
 * that read rows. row: row policies and indexes, of the row alone.
 */
type Side = 'write' | 'both' | 'row'

const sides = {
  // What is not stored is read by statements; a form works it out while it is typed.
  compute: 'both',
  rollup: 'both',
  lookup: 'both',
  copy: 'write',
  default: 'write',
  visibleWhen: 'write',
  requiredWhen: 'write',
  readOnlyWhen: 'write',
  where: 'write',
  currency: 'write',
  pattern: 'write',
  rule: 'write',
  guard: 'write',
  set: 'write',
  effect: 'write',
  permission: 'both',
  scope: 'row',
  key: 'row',
} as const satisfies Readonly<Record<string, Side>>
type Kind = keyof typeof sides

/** One place. */
export interface Standing {
  readonly kind: Kind
  /** What it is said of: a field, a rule, a scope or a unique key (id), or the entity. */
  readonly of: 'field' | 'rule' | 'scope' | 'key' | 'entity'
  readonly id: string
  /** Below that. */
  readonly pointer: string
  /** As people call it: `rule "cheap"`, `guard of "win"`. */
  readonly what: string
}

type Turn = (expression: Expression, standing: Standing) => Expression
/** The same, of one thing: what a place of it is called, and where it stands below it. */
type At = (expression: Expression, kind: Kind, pointer: string, what?: string) => Expression
/** Name of a field, or of one of its lines, by ids. */
export type NameOf = (entity: string, ...path: readonly string[]) => string

/** The logic with each expression exchanged. */
export function eachExpression(entity: string, logic: Logic, nameOf: NameOf, turn: Turn): Logic {
  const at =
    (of: Standing['of'], id: string, called: string | null = null): At =>
    (expression, kind, pointer, what = called ?? kind) =>
      turn(expression, { kind, of, id, pointer, what })
  const roles = [...logic.permissions].map(([role, words]) => {
    const pointer = `/x-bos/permissions/${pointerSegment(role)}`
    return [role, eachOf(words, (each) => at('entity', entity)(each, 'permission', pointer, `condition of ${role}`))] as const
  })
  return {
    fields: new Map([...logic.fields].map(([id, each]) => [id, ofField(each, at('field', id))])),
    rules: logic.rules.map((rule) => ofRule(rule, at('rule', rule.id, `rule ${JSON.stringify(rule.id)}`))),
    lifecycles: logic.lifecycles.map((each) => ofLifecycle(entity, each, nameOf, at('field', each.field))),
    permissions: new Map(roles),
    scopes: new Map([...logic.scopes].map(([id, each]) => [id, at('scope', id)(each, 'scope', '/where', `the scope ${id}`)])),
    keys: new Map([...logic.keys].map(([id, each]) => [id, at('key', id)(each, 'key', '/when', `the key ${id}`)])),
  }
}

function ofField(logic: FieldLogic, at: At): FieldLogic {
  const one = (keyword: Exclude<keyof FieldLogic, 'derivation' | 'numbering'>): Expression | null => {
    const expression = logic[keyword]
    return expression && at(expression, keyword, `/x-bos/${keyword}`)
  }
  return {
    derivation: logic.derivation && ofDerivation(logic.derivation, at),
    default: one('default'),
    visibleWhen: one('visibleWhen'),
    requiredWhen: one('requiredWhen'),
    readOnlyWhen: one('readOnlyWhen'),
    where: one('where'),
    currency: one('currency'),
    numbering: logic.numbering && ofNumbering(logic.numbering, at),
  }
}

const ofDerivation = (derivation: Derivation, at: At): Derivation => ({
  ...derivation,
  expression: at(derivation.expression, derivation.kind, `/x-bos/${derivation.kind}`),
})

function ofNumbering({ prefix, suffix, scope, at: assigned }: Numbering, at: At): Numbering {
  const parts = (all: Numbering['prefix']): Numbering['prefix'] =>
    all.map((each) => (typeof each === 'string' ? each : at(each, 'pattern', '/x-bos/pattern')))
  return {
    prefix: parts(prefix),
    suffix: parts(suffix),
    scope: scope.map((each, index) => at(each, 'pattern', `/x-bos/scope/${index}`)),
    at: assigned,
  }
}

const ofRule = (rule: Rule, at: At): Rule => ({
  ...rule,
  when: rule.when && at(rule.when, 'rule', '/when'),
  assert: at(rule.assert, 'rule', '/assert'),
})

function ofLifecycle(entity: string, lifecycle: Lifecycle, nameOf: NameOf, at: At): Lifecycle {
  const transitions = lifecycle.transitions.map((transition): Transition => {
    const here = `/x-bos/lifecycle/transitions/${pointerSegment(transition.name)}`
    const of = `of ${JSON.stringify(transition.name)}`
    return {
      ...transition,
      guard: transition.guard && at(transition.guard, 'guard', `${here}/guard`, `guard ${of}`),
      set: assignments(
        transition.set,
        (field) => nameOf(entity, field),
        (each, pointer) => at(each, 'set', `${here}/set${pointer}`, `set ${of}`),
      ),
      effects: transition.effects.map((effect, index) =>
        ofEffect(effect, nameOf, (each, pointer) =>
          at(each, 'effect', `${here}/effects/${index}/${effect.kind}${pointer}`, `effect ${of}`),
        ),
      ),
    }
  })
  return { ...lifecycle, transitions }
}

type Within = (expression: Expression, pointer: string) => Expression

const assignments = (all: readonly Assignment[], nameOf: (field: string) => string, at: Within): Assignment[] =>
  all.map(({ field, expression }) => ({ field, expression: at(expression, `/${pointerSegment(nameOf(field))}`) }))

function ofEffect(effect: Effect, nameOf: NameOf, at: Within): Effect {
  const maybe = (expression: Expression | null, pointer: string): Expression | null => expression && at(expression, pointer)
  const set = (all: readonly Assignment[], keyword: string, entity: string, ...path: readonly string[]): Assignment[] =>
    assignments(
      all,
      (field) => nameOf(entity, ...path, field),
      (each, pointer) => at(each, `/${keyword}${pointer}`),
    )
  switch (effect.kind) {
    case 'reverse':
      return effect
    case 'create':
    case 'update': {
      const common = {
        each: effect.each && ofEach(effect.each, '/each', at),
        when: maybe(effect.when, '/when'),
        set: set(effect.set, 'set', effect.entity),
      }
      return effect.kind === 'create' ? { ...effect, ...common } : { ...effect, ...common, key: set(effect.key, 'key', effect.entity) }
    }
    case 'produce': {
      const { lines } = effect
      return {
        ...effect,
        set: set(effect.set, 'set', effect.entity),
        lines: lines && {
          ...lines,
          each: ofEach(lines.each, '/lines/each', at),
          remaining: maybe(lines.remaining, '/lines/remaining'),
          set: set(lines.set, 'lines/set', effect.entity, lines.into),
        },
      }
    }
    case 'allocate':
      return {
        ...effect,
        each: effect.each && ofEach(effect.each, '/each', at),
        amount: at(effect.amount, '/amount'),
        candidates: at(effect.candidates, '/from'),
        available: at(effect.available, '/available'),
        set: set(effect.set, 'set', effect.entity),
      }
  }
}

const ofEach = (each: Each, pointer: string, at: Within): Each =>
  each.kind === 'lines' ? { ...each, ids: at(each.ids, pointer) } : { ...each, list: at(each.list, pointer) }

/** Where it is written: a trait's words stand in the trait's file. */
export function placeOfStanding(draft: EntityDraft, { of, id, pointer }: Standing): { readonly file: string; readonly pointer: string } {
  const property = of === 'field' ? [...draft.properties.values()].find((each) => each.id === id) : undefined
  if (property) return { file: property.file, pointer: property.pointer + pointer }
  if (of === 'scope') {
    const scope = declaredScopes(draft).find(({ node }) => node.id === id)
    if (scope) return { file: scope.file, pointer: scope.pointer + pointer }
  }
  if (of === 'key') {
    const index = draft.node['x-bos']?.unique?.findIndex((key) => key.id === id) ?? -1
    return { file: draft.file, pointer: `/x-bos/unique/${index}${pointer}` }
  }
  if (of === 'rule')
    for (const { file, node } of [draft, ...draft.traits]) {
      const index = node['x-bos']?.rules?.findIndex((rule) => rule.id === id) ?? -1
      if (index >= 0) return { file, pointer: `/x-bos/rules/${index}${pointer}` }
    }
  return { file: draft.file, pointer }
}

/** What is wrong with an expression for whoever works it out; null: nothing. What is asked of a row alone is checked apart. */
export const faultOfSide = (expression: Expression, { kind }: Pick<Standing, 'kind'>): string | null =>
  sides[kind] === 'row' || split(expression.root)
    ? null
    : 'a loop over lines of this document cannot stand inside a loop over other records: turn them round'
