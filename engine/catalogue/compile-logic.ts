import type { Property, Rule as RuleNode } from '../../metadata/entity.d.ts'
import { compileExpression, check as checkSyntax } from '../expressions/check.ts'
import type { Root } from '../expressions/check.ts'
import { currencyRoots } from '../expressions/check-members.ts'
import { parse } from '../expressions/parse.ts'
import { dependenciesOf } from '../expressions/dependencies.ts'
import { call, memberOf, withNames, word } from '../expressions/syntax.ts'
import { exchange, lastVariable } from '../expressions/transform.ts'
import type { Expression, Member, Names, Node, RecordNode, Source, Syntax, Type } from '../expressions/types.ts'
import { nearest } from '../fields/nearest.ts'
import type { Reporter } from './check.ts'
import { boolean, changeRoots, contextOf, expressionOf, tell, typeOf, valueRoots } from './compile-expression.ts'
import type { Place, Report } from './compile-expression.ts'
import type { Logic } from './expression-places.ts'
import { keyWords } from './key-words.ts'
import { lifecyclesOf } from './compile-lifecycle.ts'
import { numberingOf } from './compile-numbering.ts'
import { permissionWords } from './permission-words.ts'
import { scopeWords } from './scope-words.ts'
import { quote } from './shape-faults.ts'
import { fieldTypeOf } from './compile-field.ts'
import type { EntityDraft, PropertyDraft, Symbols } from './symbols.ts'
import type { Derivation, FieldLogic, Rule } from './types.ts'

/** What the expressions of one entity's files say. Derivations are as written: `settleLogic` works out which of them are stored, and in what order. */
export interface EntityLogic extends Logic {
  readonly draft: EntityDraft
}

/** Compiles every expression of an entity, and reports what is wrong with them. Undefined where one was wrong. */
export function logicOf(draft: EntityDraft, names: Names, settings: string | null, symbols: Symbols, report: Reporter): EntityLogic {
  const shape = names.shape(draft.id)!
  const fields = new Map<string, FieldLogic>()
  for (const property of draft.properties.values()) {
    const logic = fieldLogic({ draft, shape, names, settings, report }, property)
    if (logic) fields.set(property.id, logic)
  }
  const rules = [draft, ...draft.traits].flatMap(({ file, node }) =>
    (node['x-bos']?.rules ?? []).flatMap((rule, index) => ruleOf({ draft, shape, names, settings, report }, rule, file, index) ?? []),
  )
  const ids = [draft, ...draft.traits].flatMap(({ node }) => (node['x-bos']?.rules ?? []).map((rule) => rule.id))
  const twice = ids.find((id, index) => ids.indexOf(id) < index)
  if (twice !== undefined) report(draft.file, '/x-bos/rules', `there are two rules with the id ${quote(twice)}`)
  const place = { draft, shape, names, settings, report }
  return {
    draft,
    fields,
    rules,
    lifecycles: lifecyclesOf(place, symbols),
    permissions: permissionWords(place, symbols),
    scopes: scopeWords(place),
    keys: keyWords(place),
  }
}

function fieldLogic(place: Place, property: PropertyDraft): FieldLogic | null {
  const own = property.node['x-bos'] ?? {}
  const at =
    (keyword: string): Report =>
    (detail, meant) =>
      place.report(property.file, `${property.pointer}/x-bos/${keyword}`, detail, meant)
  const when = (keyword: 'visibleWhen' | 'requiredWhen' | 'readOnlyWhen'): Expression | null =>
    own[keyword] === undefined ? null : expressionOf(place, own[keyword], changeRoots, at(keyword), boolean)
  const type = typeOf(place.shape.byName(property.name))
  const logic: FieldLogic = {
    derivation: derivationOf(place, property.node, type, at),
    default: own.default === undefined ? null : expressionOf(place, own.default, valueRoots, at('default'), type),
    visibleWhen: when('visibleWhen'),
    requiredWhen: when('requiredWhen'),
    readOnlyWhen: when('readOnlyWhen'),
    where: own.where === undefined ? null : whereOf(place, property, own.where, at('where')),
    currency: currencyOf(place, property, type, at('currency')),
    numbering: numberingOf(place, property, at),
  }
  if (own.visibleWhen !== undefined && property.required)
    at('visibleWhen')('a property that is not always visible cannot always be required: use requiredWhen')
  if (own.default !== undefined && fieldTypeOf(property)?.formula) at('default')('a formula has no default')
  if (own.default !== undefined && property.node.default !== undefined) at('default')('there is a literal default already')
  return Object.values(logic).some((each) => each !== null) ? logic : null
}

/** Of money whose currency is neither its own nor fixed. */
function currencyOf(place: Place, { node }: PropertyDraft, type: Type | undefined, report: Report): Expression | null {
  if (type?.kind !== 'money' || type.currency.kind !== 'path' || node['x-bos']?.lookup !== undefined) return null
  return expressionOf(place, type.currency.path, [...currencyRoots], report, { kind: 'text' })
}

const kinds = ['compute', 'rollup', 'lookup', 'copy'] as const

function derivationOf(place: Place, node: Property, type: Type | undefined, at: (keyword: string) => Report): Derivation | null {
  const own = node['x-bos'] ?? {}
  const [kind, other] = kinds.filter((each) => own[each] !== undefined)
  if (kind === undefined) return null
  if (other !== undefined) at(other)(`a value has one origin: ${kind} or ${other}`)
  if (type === undefined) at(kind)('lines, lists of references and formulas are not derived')
  if (own.default !== undefined || node.default !== undefined) at('default')(`what has ${kind} takes no default`)
  const expression = expressionFor(place, kind, own, type, at)
  return expression && { kind, expression, stored: kind !== 'lookup', overridable: kind === 'copy' && own.copy?.overridable === true }
}

function expressionFor(
  place: Place,
  kind: Derivation['kind'],
  own: NonNullable<Property['x-bos']>,
  type: Type | undefined,
  at: (keyword: string) => Report,
): Expression | null {
  if (kind === 'rollup') return rollupOf(place, own.rollup!, type, at)
  if (kind === 'copy') return expressionOf(place, own.copy!.from, valueRoots, at('copy/from'), type)
  return expressionOf(place, own[kind]!, valueRoots, at(kind), type)
}

/**
 * A rollup is an aggregate in another spelling, whose `value` and `where` call each of the rows `self`. The faults of both are told as they
 * were written; what is compiled is the call.
 */
function rollupOf(
  place: Place,
  { over, measure, value, where }: NonNullable<NonNullable<Property['x-bos']>['rollup']>,
  type: Type | undefined,
  at: (keyword: string) => Report,
): Expression | null {
  const relation = place.shape.byName(over)
  if (relation?.kind !== 'rows') {
    const known = place.shape.members.filter((each) => each.kind === 'rows').map((each) => each.name)
    at('rollup/over')(`there are no lines and no relation ${quote(over)}`, nearest(over, known))
    return null
  }
  if (value === undefined && measure !== 'count') {
    at('rollup')(`"value" is missing: what ${measure} is taken of`)
    return null
  }
  const rows: Syntax[] = []
  for (const [keyword, text, expected] of [
    ['where', where, boolean],
    ['value', value, undefined],
  ] as const) {
    if (text === undefined) continue
    const { faults } = compileExpression(text, contextOf(place, rowRoots, relation.entity), expected)
    if (faults) {
      tell(text, faults, at(`rollup/${keyword}`))
      return null
    }
  }
  const source = memberOf(word('self'), over)
  const filtered = where === undefined ? source : call('filter', [source, word(row), aboutRow(where)])
  rows.push(filtered)
  if (measure !== 'count') rows.push(word(row), aboutRow(value!))
  const { expression, faults } = checkSyntax(call(measure, rows), contextOf(place, valueRoots), type)
  if (expression) return expression
  for (const { detail } of faults) at('rollup')(detail)
  return null
}

/** In `value` and `where` of a rollup `self` is the row; who asks and when have no say in what is stored. */
const rowRoots: readonly Root[] = ['self', 'parent', 'tenant', 'settings', 'today', 'now']
const row = 'row_of_rollup'
/** The text with the row in the place of `self`, and its document in that of `parent`. */
const aboutRow = (text: string): Syntax => withNames(parse(text).syntax!, { self: word(row), parent: memberOf(word(row), 'parent') })

function whereOf(place: Place, property: PropertyDraft, text: string, report: Report): Expression | null {
  const member = place.shape.byName(property.name)
  const entities = member?.kind === 'reference' ? member.entities : member?.kind === 'rows' && member.via === 'links' ? [member.entity] : []
  const [target] = entities
  if (entities.length !== 1 || target === undefined) {
    report('only a reference to one entity can be limited')
    return null
  }
  const context = { ...contextOf(place, [...valueRoots, 'target']), target }
  const { expression, faults } = compileExpression(text, context, boolean)
  if (expression) return aboutReference(expression, place.draft.id, member!, target)
  tell(text, faults, report)
  return null
}

/** `target` is what the reference of `self` leads to; of a list of references, each of them. */
function aboutReference(expression: Expression, entity: string, { id: field, kind }: Member, target: string): Expression {
  const self: RecordNode = { kind: 'root', root: 'self', entity }
  const variable = lastVariable(expression.root) + 1
  const chosen: RecordNode =
    kind === 'reference' ? { kind: 'hop', of: self, field, entity: target } : { kind: 'element', variable, entity: target }
  const about = exchange(expression.root, { record: (each) => (each.kind === 'root' && each.root === 'target' ? chosen : null) })
  const source: Source = { kind: 'links', of: self, field, entity: target }
  const root: Node = kind === 'reference' ? about : { kind: 'aggregate', type: boolean, operation: 'all', source, variable, body: about }
  return { ...expression, root, dependencies: dependenciesOf(root) }
}

function ruleOf(place: Place, node: RuleNode, file: string, index: number): Rule | null {
  const at = (keyword: string): Report => {
    const pointer = `/x-bos/rules/${index}/${keyword}`
    return (detail, meant) => place.report(file, pointer, detail, meant)
  }
  const { kind } = place.draft
  // A trait says it for all that use it.
  if (node.on?.includes('delete') && (kind === 'single' || kind === 'ledger') && file === place.draft.file)
    at('on')(`nothing deletes a record of the kind ${kind}`)
  const when = node.when === undefined ? null : expressionOf(place, node.when, changeRoots, at('when'), boolean)
  const assert = expressionOf(place, node.assert, changeRoots, at('assert'), boolean)
  const path = node.at === undefined ? null : pathOf(place, node.at, at('at'))
  if (!assert || (node.when !== undefined && !when)) return null
  return {
    id: node.id,
    when,
    assert,
    message: node.message,
    at: path,
    severity: node.severity ?? 'error',
    on: new Set(node.on ?? ['create', 'update']),
  }
}

/** `value`, `lines`, `value.amount`: ids, as far as there are fields. */
function pathOf({ shape }: Place, text: string, report: Report): string | null {
  const [first = '', ...rest] = text.split('.')
  const found = shape.byName(first)
  if (found && !(found.kind === 'rows' && found.via === 'inverse')) return [found.id, ...rest].join('.')
  report(
    `there is no property ${quote(first)}`,
    nearest(
      first,
      shape.members.map((each) => each.name),
    ),
  )
  return null
}
