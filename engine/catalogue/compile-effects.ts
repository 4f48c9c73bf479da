import type { Assignments, Effect as EffectNode, EffectWrite } from '../../metadata/entity.d.ts'
import { check as checkSyntax, compileExpression } from '../expressions/check.ts'
import type { Context } from '../expressions/check.ts'
import { parse } from '../expressions/parse.ts'
import { call, memberOf, nowhere, withNames, word } from '../expressions/syntax.ts'
import type { Expression, Shape, Source, Syntax, Type } from '../expressions/types.ts'
import { nearest } from '../fields/nearest.ts'
import type { ValueType } from '../fields/type.ts'
import { pointerSegment } from '../problems.ts'
import { boolean, changeRoots, tell, typeOf } from './compile-expression.ts'
import type { Place, Report } from './compile-expression.ts'
import { quote } from './shape-faults.ts'
import type { Symbols } from './symbols.ts'
import type { Assignment, Each, Effect } from './types.ts'

type At = (keyword: string) => Report

/** What a transition does to other records. In its expressions `self` is the record, or the line that `each` is at (`params.each`: the value). */
export function effectsOf(
  place: Place,
  symbols: Symbols,
  nodes: readonly EffectNode[],
  known: readonly string[],
  at: At,
): readonly Effect[] {
  return nodes.flatMap((node, index) => {
    const here: At = (keyword) => at(`/${index}/${keyword}`)
    const [kind = 'create'] = Object.keys(node)
    const make: Making = { place, symbols, at: (keyword) => here(`${kind}${keyword}`) }
    if (node.create) return writeEffect(make, 'create', node.create) ?? []
    if (node.update) return writeEffect(make, 'update', node.update) ?? []
    if (node.produce) return produceEffect(make, node.produce) ?? []
    if (node.allocate) return allocateEffect(make, node.allocate) ?? []
    const transition = node.reverse ?? ''
    if (known.includes(transition)) return { kind: 'reverse' as const, transition }
    make.at('')(`there is no transition ${quote(transition)}`, nearest(transition, known))
    return []
  })
}

interface Making {
  readonly place: Place
  readonly symbols: Symbols
  readonly at: At
}

/** Where the inner expressions of an effect stand. */
interface Inner {
  readonly self: string
  readonly params: ReadonlyMap<string, ValueType>
  readonly target?: string
}

function targetOf({ place, symbols, at }: Making, name: string): Shape | null {
  const draft = symbols.entities.get(name)
  const shape = draft && place.names.shape(draft.id)
  if (draft && shape && draft.kind !== 'line') return shape
  const known = [...symbols.entities.values()]
    .filter((each) => each.kind !== 'line' && place.names.shape(each.id))
    .map((each) => each.fullName)
  at('/entity')(
    draft?.kind === 'line' ? `${name} is a line: its document would have to be named` : `there is no entity ${quote(name)}`,
    nearest(name, known),
  )
  return null
}

function writeEffect(make: Making, kind: 'create' | 'update', node: EffectWrite): Effect | null {
  const shape = targetOf(make, node.entity)
  const each = node.each === undefined ? null : eachOf(make, node.each, make.at('/each'))
  if (!shape || (node.each !== undefined && !each)) return null
  const inner = innerOf(make, each)
  const when = node.when === undefined ? null : compile(make, node.when, inner, make.at('/when'), boolean)
  const set = assignments(make, shape, node.set, kind === 'update' ? { ...inner, target: shape.entity } : inner, 'set')
  if (kind === 'create') {
    if (node.key) make.at('/key')('what is created is not looked for: use update')
    return { kind, entity: shape.entity, each, when, set }
  }
  const key = assignments(make, shape, node.key, inner, 'key')
  const wanted = key.map(({ field }) => field).sort()
  const isKey = (fields: readonly string[]): boolean => fields.toSorted().join() === wanted.join()
  if (!shape.uniqueKeys?.some(isKey)) {
    make.at('/key')(`the properties of a unique key of ${node.entity} are expected`)
    return null
  }
  return { kind, entity: shape.entity, each, when, key, set }
}

function produceEffect(make: Making, node: NonNullable<EffectNode['produce']>): Effect | null {
  const shape = targetOf(make, node.entity)
  if (!shape) return null
  const set = assignments(make, shape, node.set, innerOf(make, null), 'set')
  if (!node.lines) return { kind: 'produce', entity: shape.entity, set, lines: null }
  const each = eachOf(make, node.lines.each, make.at('/lines/each'))
  const into = shape.byName(node.lines.into)
  if (into?.kind !== 'rows' || into.via !== 'lines') {
    make.at('/lines/into')(`${node.entity} has no lines ${quote(node.lines.into)}`)
    return null
  }
  const line = make.place.names.shape(into.entity)
  if (!each || !line) return null
  const inner = innerOf(make, each)
  const whole: Type = { kind: 'number', whole: false }
  const remaining =
    node.lines.remaining === undefined ? null : compile(make, node.lines.remaining, inner, make.at('/lines/remaining'), whole)
  const params = new Map<string, ValueType>([
    ...inner.params,
    ...(remaining ? [['remaining', { kind: 'number', whole: false }] as const] : []),
  ])
  const lineSet = assignments(make, line, node.lines.set, { ...inner, params }, 'lines/set')
  return { kind: 'produce', entity: shape.entity, set, lines: { each, into: into.id, remaining, set: lineSet } }
}

function allocateEffect(make: Making, node: NonNullable<EffectNode['allocate']>): Effect | null {
  const { at } = make
  const each = node.each === undefined ? null : eachOf(make, node.each, at('/each'))
  const inner = innerOf(make, each)
  const number: Type = { kind: 'number', whole: false }
  const amount = compile(make, node.amount, inner, at('/amount'), number)
  const from = candidatesOf(make, node.from, node.order ?? [], inner)
  const shape = node.entity === undefined ? null : targetOf(make, node.entity)
  if (node.entity === undefined) at('/entity')('"entity" is missing: the records that say how much was taken of each')
  if (node.available === undefined) at('/available')('"available" is missing: how much of a candidate (`self`) is there to take')
  if (!amount || !from || !shape || node.available === undefined) return null
  const available = compile(make, node.available, { self: from.entity, params: new Map() }, at('/available'), number)
  const params = new Map<string, ValueType>([...inner.params, ['amount', { kind: 'number', whole: false }]])
  const set = assignments(make, shape, node.set, { ...inner, params, target: from.entity }, 'set')
  return available && { kind: 'allocate', each, amount, candidates: from.ids, from: from.entity, available, entity: shape.entity, set }
}

const innerOf = ({ place }: Making, each: Each | null): Inner =>
  each?.kind === 'lines'
    ? { self: each.entity, params: new Map() }
    : { self: place.draft.id, params: each ? new Map([['each', each.type]]) : new Map() }

const contextOf = ({ place }: Making, { self, params, target }: Inner): Context => ({
  names: place.names,
  self,
  roots: new Set([...changeRoots, 'params', ...(target === undefined ? [] : (['target'] as const))]),
  params,
  settings: place.settings,
  ...(target !== undefined && { target }),
})

function compile(make: Making, text: string, inner: Inner, report: Report, expected?: Type): Expression | null {
  const { expression, faults } = compileExpression(text, contextOf(make, inner), expected)
  if (expression) return expression
  tell(text, faults, report)
  return null
}

function assignments(make: Making, shape: Shape, nodes: Assignments | undefined, inner: Inner, keyword: string): Assignment[] {
  return Object.entries(nodes ?? {}).flatMap(([name, text]) => {
    const report = make.at(`/${keyword}/${pointerSegment(name)}`)
    const member = shape.byName(name)
    const type = typeOf(member)
    if (!member || type === undefined) {
      report(
        `${shape.title} has no property ${quote(name)}`,
        nearest(
          name,
          shape.members.map((each) => each.name),
        ),
      )
      return []
    }
    const expression = compile(make, text, inner, report, type)
    return expression ? [{ field: member.id, expression }] : []
  })
}

const element = 'element_of_effect'
const idOf = memberOf(word(element), 'id')

/** The ids of the rows that an expression names, in their order; null: it names none. */
function idsOf(make: Making, source: Syntax, inner: Inner): { readonly ids: Expression; readonly source: Source } | null {
  const { expression } = checkSyntax(call('list', [source, word(element), idOf]), contextOf(make, inner))
  return expression?.root.kind === 'aggregate' ? { ids: expression, source: expression.root.source } : null
}

const baseOf = (source: Source): Source => (source.kind === 'filter' ? baseOf(source.source) : source)

/** Lines of the record (all, or those that a filter lets through), or a list of values. */
function eachOf(make: Making, text: string, report: Report): Each | null {
  const { syntax, faults } = parse(text)
  if (!syntax) {
    tell(text, faults, report)
    return null
  }
  const inner: Inner = { self: make.place.draft.id, params: new Map() }
  const rows = idsOf(make, syntax, inner)
  const base = rows && baseOf(rows.source)
  if (rows && base?.kind === 'lines' && base.of.kind === 'root') return { kind: 'lines', entity: base.entity, ids: rows.ids }
  if (rows && base?.kind !== 'values') {
    report('the lines of the record itself are expected, or a list of values')
    return null
  }
  const list = compile(make, text, inner, report)
  if (!list) return null
  if (list.type.kind === 'list') return { kind: 'values', list, type: list.type.of }
  report('a list is expected: lines, or values')
  return null
}

function candidatesOf(make: Making, text: string, order: readonly string[], inner: Inner): { ids: Expression; entity: string } | null {
  const report = make.at('/from')
  const { syntax, faults } = parse(text)
  if (!syntax) {
    tell(text, faults, report)
    return null
  }
  // The order is of the candidates, each of them `self`.
  const keys = order.map((each) => parse(each).syntax).filter((each) => each !== undefined)
  const always: Syntax = { ...nowhere, kind: 'literal', type: 'boolean', value: true }
  const sorted =
    keys.length === 0
      ? syntax
      : call('filter', [syntax, word(element), always, ...keys.map((key) => withNames(key, { self: word(element) }))])
  const rows = idsOf(make, sorted, inner)
  const base = rows && baseOf(rows.source)
  if (rows && base && 'entity' in base) return { ids: rows.ids, entity: base.entity }
  const plain = checkSyntax(call('list', [sorted, word(element), idOf]), contextOf(make, inner))
  for (const { detail } of plain.faults ?? []) report(detail)
  if (!plain.faults) report('records are expected: an inverse relation, or filter(an entity, x, …)')
  return null
}
