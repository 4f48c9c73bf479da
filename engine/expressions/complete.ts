import type { ValueType } from '../fields/type.ts'
import { signatureOf } from './check-calls.ts'
import { memberNames } from './check-members.ts'
import { termOf } from './check.ts'
import { quoted } from './format.ts'
import { functions, isCallable } from './functions.ts'
import { parse } from './parse.ts'
import { isLoop, specialForms } from './special-forms.ts'
import { described, rootNames } from './terms.ts'
import type { Context, Root, Term } from './terms.ts'
import { tokensOf } from './tokens.ts'
import type { Token } from './tokens.ts'

export interface Completion {
  /** Where what is inserted begins: it replaces the text from here to the caret. */
  readonly from: number
  readonly items: readonly CompletionItem[]
}
export interface CompletionItem {
  readonly insert: string
  readonly label: string
  /** What it is: its title and type, a signature. */
  readonly detail: string
  readonly kind: 'root' | 'variable' | 'field' | 'function' | 'option' | 'entity' | 'word'
}

const most = 200

/** What may stand at a place of a text that is being written: it need not be right, only what stands before the place is looked at. */
export function complete(text: string, offset: number, context: Context): Completion {
  const before = text.slice(0, offset)
  const tokens = tokensOf(before).tokens.slice(0, -1)
  const last = tokens.at(-1)
  if (last?.kind === 'number' && last.end === offset) return { from: offset, items: [] }
  const isOpen = last?.kind === 'text' && last.end === offset
  const isBegun = isOpen || (last?.kind === 'name' && last.end === offset)
  const from = isBegun ? last.start : offset
  const begun = before.slice(from).replace(/^['"]/, '').toLowerCase()
  const read = isBegun ? tokens.slice(0, -1) : tokens
  const items = possible({ before, tokens: read, context, isText: isOpen })
  return { from, items: items.filter(({ label }) => label.toLowerCase().startsWith(begun)).slice(0, most) }
}

interface Place {
  readonly before: string
  readonly tokens: readonly Token[]
  readonly context: Context
  /** Within quotes: only options can stand here. */
  readonly isText: boolean
}

function possible(place: Place): readonly CompletionItem[] {
  const { tokens, isText } = place
  const last = tokens.at(-1)
  if (last?.text === '.' && last.kind === 'sign') return isText ? [] : membersAt(place)
  const options = optionsAt(place)
  if (isText) return options
  if (last !== undefined && endsValue(last)) return []
  return [...options, ...beginnings(place)]
}

const endsValue = ({ kind, text }: Token): boolean =>
  kind === 'number' || kind === 'text' || (kind === 'name' && text !== 'in') || (kind === 'sign' && (text === ')' || text === ']'))

function beginnings({ before, tokens, context }: Place): readonly CompletionItem[] {
  const variables = [...variablesAt(before, tokens, context)].map(([name, term]) => item('variable', name, described(term, context.names)))
  const roots = rootNames
    .filter((root) => context.roots.has(root) && isThere(root, context))
    .map((root) => item('root', root, rootDetails[root]))
  const calls = [
    ...[...specialForms].filter(([name]) => name !== 'desc').map(([name, usage]) => called(name, usage)),
    ...functions
      .filter((each) => isCallable(each) && !specialForms.has(each.name))
      .map(({ name, doc, overloads }) => called(name, `${signatureOf(name, overloads[0]!)}: ${doc}`)),
  ]
  const words = ['true', 'false', 'null'].map((word) => item('word', word, ''))
  // The tables behind lists of references have names that nobody can write.
  const writable = [...context.names.entityNames].filter((name) => name.split('.').length === 2)
  const entities = writable.map((name) => item('entity', name, 'all records, for first and filter'))
  return [...variables, ...roots, ...calls, ...words, ...entities]
}

const item = (kind: CompletionItem['kind'], name: string, detail: string): CompletionItem => ({ insert: name, label: name, detail, kind })
const called = (name: string, detail: string): CompletionItem => ({ insert: `${name}(`, label: name, detail, kind: 'function' })

function isThere(root: Root, { names, self, settings, target, params }: Context): boolean {
  if (root === 'self' || root === 'old') return self !== null
  if (root === 'parent') return self !== null && (names.shape(self)?.document ?? null) !== null
  if (root === 'settings') return settings !== null
  if (root === 'params') return (params?.size ?? 0) > 0
  return root !== 'target' || target !== undefined
}

const rootDetails: Readonly<Record<Root, string>> = {
  self: 'the record',
  old: 'the record as it was before the change',
  parent: 'the document this line stands in',
  user: 'who is acting',
  tenant: 'the organisation',
  settings: 'the settings',
  now: 'this moment',
  today: 'the day of today',
  params: 'parameters',
  target: 'the record that may be chosen',
}

/** Behind a point. */
function membersAt({ before, tokens, context }: Place): readonly CompletionItem[] {
  const receiver = termBefore(before, tokens, tokens.length - 1, context)
  return receiver === null ? [] : memberNames(receiver, context).map(({ name, detail }) => item('field', name, detail))
}

/** Where an option may stand, the options: `self.stage == `, `self.stage in ['new', `. */
function optionsAt({ before, tokens, context }: Place): readonly CompletionItem[] {
  let at = tokens.length - 1
  if (tokens[at]?.text === ',' || tokens[at]?.text === '[') {
    while (at >= 0 && tokens[at]!.text !== '[') {
      const { kind, text } = tokens[at]!
      if (kind !== 'text' && text !== ',') return []
      at--
    }
    at--
  }
  const operator = tokens[at]
  if (operator === undefined || !['==', '!=', 'in'].includes(operator.text) || operator.kind === 'text') return []
  const type = optionsOf(termBefore(before, tokens, at, context))
  return (type ?? []).map(({ name }) => ({ insert: quoted(name), label: name, detail: 'option', kind: 'option' }))
}

function optionsOf(term: Term | null): Extract<ValueType, { kind: 'text' }>['options'] {
  if (term?.is !== 'value') return undefined
  const type = term.type.kind === 'list' ? term.type.of : term.type
  return type.kind === 'text' ? type.options : undefined
}

/** What the value is that ends before the token at `end`: a path with its calls. */
function termBefore(before: string, tokens: readonly Token[], end: number, context: Context): Term | null {
  const start = chainStart(tokens, end - 1)
  if (start === null) return null
  const { syntax } = parse(before.slice(tokens[start]!.start, tokens[end - 1]!.end))
  return syntax === undefined ? null : termOf(syntax, context, variablesAt(before, tokens.slice(0, start), context))
}

/** Where the chain of points and calls begins whose last token is given; null: there is none. */
function chainStart(tokens: readonly Token[], last: number): number | null {
  let at = last
  for (;;) {
    const token = tokens[at]
    if (token === undefined) return null
    if (token.kind === 'sign' && token.text === ')') {
      const opening = openingOf(tokens, at)
      if (opening === null) return null
      at = tokens[opening - 1]?.kind === 'name' ? opening - 1 : opening
    } else if (token.kind !== 'name') return null
    const point = tokens[at - 1]
    if (point?.kind !== 'sign' || point.text !== '.') return at
    at -= 2
  }
}

function openingOf(tokens: readonly Token[], closing: number): number | null {
  let depth = 0
  for (let at = closing; at >= 0; at--) {
    const { kind, text } = tokens[at]!
    if (kind !== 'sign') continue
    if (text === ')' || text === ']') depth++
    if ((text === '(' || text === '[') && --depth === 0) return at
  }
  return null
}

interface Open {
  /** Of the bracket. */
  readonly at: number
  readonly commas: number[]
}

/** What the variables of the loops are that a place stands in. */
function variablesAt(before: string, tokens: readonly Token[], context: Context): ReadonlyMap<string, Term> {
  const open: Open[] = []
  tokens.forEach(({ kind, text }, at) => {
    if (kind !== 'sign') return
    if (text === '(' || text === '[') open.push({ at, commas: [] })
    else if (text === ')' || text === ']') open.pop()
    else if (text === ',') open.at(-1)?.commas.push(at)
  })
  const variables = new Map<string, Term>()
  for (const loop of open) {
    const found = loopAt(before, tokens, loop, context, variables)
    if (found !== null) variables.set(...found)
  }
  return variables
}

function loopAt(
  before: string,
  tokens: readonly Token[],
  { at, commas }: Open,
  context: Context,
  outer: ReadonlyMap<string, Term>,
): readonly [name: string, term: Term] | null {
  const callee = tokens[at - 1]
  if (callee?.kind !== 'name' || !isLoop(callee.text)) return null
  const isMethod = tokens[at - 2]?.text === '.'
  const [first, second] = commas
  const variable = isMethod ? tokens[at + 1] : first === undefined ? undefined : tokens[first + 1]
  // Behind the comma after it the variable is known.
  if (variable?.kind !== 'name' || (isMethod ? first : second) === undefined) return null
  const start = isMethod ? chainStart(tokens, at - 3) : at + 1
  const end = isMethod ? at - 3 : first! - 1
  if (start === null || tokens[start] === undefined || tokens[end] === undefined) return null
  const source = before.slice(tokens[start].start, tokens[end].end)
  const { syntax } = parse(source)
  if (syntax === undefined) return null
  const term = termOf(syntax, context, outer)
  const variableNumber = -1 - outer.size
  if (term.is === 'rows') {
    const record = { kind: 'element', variable: variableNumber, entity: term.entity } as const
    const node = { kind: 'identity', type: { kind: 'record', entities: [term.entity] }, of: record } as const
    return [variable.text, { is: 'record', entities: [term.entity], record, node }]
  }
  if (term.is !== 'value' || term.type.kind !== 'list') return null
  const type = term.type.of
  return [variable.text, { is: 'value', type, node: { kind: 'variable', type, variable: variableNumber } }]
}
