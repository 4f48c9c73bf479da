import { checkRecordAmong, checkRecordIn } from './check-among.ts'
import { checkCall, isResolved } from './check-calls.ts'
import { checkForm } from './check-forms.ts'
import { checkLoop } from './check-loops.ts'
import { checkMember, checkName } from './check-members.ts'
import { checkMoneyBranches, checkMoneyCall, checkMoneyMade, checkMoneyOperator } from './check-money.ts'
import { branchesOf, isPending, listOf, noScalar, unified } from './coerce.ts'
import { dependenciesOf } from './dependencies.ts'
import { fitted } from './expected.ts'
import { limits } from './limits.ts'
import { parse } from './parse.ts'
import { boolean, constant, described, faulty, number, text, valued } from './terms.ts'
import type { Checked, Checker, Context, Scope, Term } from './terms.ts'
import type { Expression, ExpressionFault, Node, Syntax, Type } from './types.ts'
import { workOf } from './work.ts'

export type { Context, Root } from './terms.ts'

export type Outcome =
  | { readonly expression: Expression; readonly faults?: undefined }
  /** At least one, in the order of the text. */
  | { readonly expression?: undefined; readonly faults: readonly ExpressionFault[] }

/** Text → an expression, or everything that is wrong with it. */
export function compileExpression(source: string, context: Context, expected?: Type): Outcome {
  const { syntax, faults } = parse(source)
  return syntax === undefined ? { faults } : check(syntax, context, expected)
}

/** Gives every part of a tree its type and meaning. `expected`: what the place takes. */
export function check(syntax: Syntax, context: Context, expected?: Type): Outcome {
  const faults: ExpressionFault[] = []
  const { checker, scope } = checkerFor(context, faults)
  const checked = fitted(checker, checkSyntax(checker, syntax, scope), scope, expected)
  if (checked === null || faults.length > 0) return { faults: sorted(faults) }
  const { type, root, canonical } = checked
  if (workOf(root) > limits.steps) return { faults: [{ start: syntax.start, end: syntax.end, detail: tooMuchWork }] }
  return { expression: frozen({ type, root, canonical, dependencies: dependenciesOf(root) }) }
}

const tooMuchWork =
  'this may take too long for each record: a text has up to 10,000 parts, and loops inside each other multiply. Go over fewer, or take long texts and lists out of the loop'

/** A canonical tree with the names of today. What no longer exists keeps its id. */
export function named(canonical: Syntax, context: Context): Syntax {
  const { checker, scope } = checkerFor({ ...context, isCanonical: true }, [], 'names')
  return checkSyntax(checker, canonical, scope).canonical
}

/** What a part of an expression is, for completion; faults of it are nobody's business there. */
export function termOf(syntax: Syntax, context: Context, variables: ReadonlyMap<string, Term>): Term {
  const { checker, scope } = checkerFor(context, [])
  return checkSyntax(checker, syntax, { ...scope, variables }).term
}

function checkerFor(
  context: Context,
  faults: ExpressionFault[],
  writes: Checker['writes'] = 'ids',
): { readonly checker: Checker; readonly scope: Scope } {
  let variables = 0
  let loops = 0
  const checker: Checker = {
    context,
    writes,
    sources: new Map(),
    following: 0,
    check: (part, scope) => checkSyntax(checker, part, scope),
    refuse: (part, detail, { start, end } = part) => {
      faults.push({ start, end, detail })
      return faulty(part)
    },
    nextVariable: () => variables++,
    quietly: (changes) => quiet(checker, changes),
    enterLoop(part, scope) {
      loops++
      if (loops <= limits.loops && scope.loops < limits.nestedLoops) return true
      const detail =
        loops > limits.loops
          ? `an expression has at most ${limits.loops} loops`
          : `at most ${limits.nestedLoops} loops stand inside each other`
      checker.refuse(part, detail)
      return false
    },
  }
  const self = context.self === null ? null : ({ kind: 'root', root: 'self', entity: context.self } as const)
  return { checker, scope: { variables: new Map(), loops: 0, self } }
}

function quiet(loud: Checker, changes: Pick<Checker, 'context' | 'following'>): Checker {
  const checker: Checker = {
    ...loud,
    ...changes,
    check: (part, scope) => checkSyntax(checker, part, scope),
    refuse: faulty,
    quietly: (more) => quiet(checker, more),
    enterLoop: () => true,
  }
  return checker
}

const sorted = (faults: readonly ExpressionFault[]): readonly ExpressionFault[] =>
  [...faults].sort((a, b) => a.start - b.start || a.end - b.end).slice(0, limits.faults)

function checkSyntax(checker: Checker, syntax: Syntax, scope: Scope): Checked {
  switch (syntax.kind) {
    case 'literal':
      return checkLiteral(syntax)
    case 'name':
      return checkName(checker, syntax, scope)
    case 'member':
      return checkMember(checker, syntax, scope)
    case 'list':
      return checkList(checker, syntax, scope)
    case 'unary':
      return checkUnary(checker, syntax, scope)
    case 'binary':
      return checkBinary(checker, syntax, scope)
    case 'conditional':
      return checkConditional(checker, syntax, scope)
    case 'call':
      return checkLoop(checker, syntax, scope) ?? checkPlainCall(checker, syntax, scope)
  }
}

function checkLiteral(syntax: Syntax & { kind: 'literal' }): Checked {
  const as = (term: Term): Checked => ({ term, syntax, canonical: syntax })
  if (syntax.type === 'null') return as({ is: 'null' })
  if (syntax.type === 'boolean') return as(valued(boolean, constant(boolean, syntax.value)))
  if (syntax.type === 'text') return { ...as(valued(text, constant(text, syntax.value))), parts: { of: 'text', text: syntax.value } }
  return as(numberTerm(syntax.value))
}

/** Whole where a JS number holds it exactly: what it is in the database too. */
function numberTerm(digits: string): Term {
  const value = Number(digits)
  const isWhole = /^-?\d+$/.test(digits) && Number.isSafeInteger(value)
  const type = { kind: 'number', whole: isWhole } as const
  return valued(type, constant(type, isWhole ? value : digits))
}

function checkList(checker: Checker, syntax: Syntax & { kind: 'list' }, scope: Scope): Checked {
  const items = syntax.items.map((item) => checker.check(item, scope))
  const record = items.find(({ term }) => term.is === 'record')
  if (record !== undefined)
    return checker.refuse(record.syntax, 'a list of records stands only behind in, as in user in [self.owner, self.deputy]')
  const made = unified(checker, items, 'a list holds values of one kind')
  if (made === null) return faulty(syntax)
  const type = made.type === null || made.type.kind === 'null' ? text : made.type
  if (type.kind === 'record' || type.kind === 'rows' || type.kind === 'list' || type.kind === 'composite' || type.kind === 'json')
    return checker.refuse(syntax, `a list holds single values; this holds ${described(items[0]!.term, checker.context.names)}`)
  return listOf({ term: { is: 'null' }, syntax, canonical: syntax }, made.parts, type)
}

function checkUnary(checker: Checker, syntax: Syntax & { kind: 'unary' }, scope: Scope): Checked {
  const operand = checker.check(syntax.operand, scope)
  const canonical: Syntax = { ...syntax, operand: operand.canonical }
  if (operand.term.is === 'fault') return faulty(syntax)
  if (syntax.operator === '!') {
    const node = conditionOf(checker, operand, '!')
    return node === null ? faulty(syntax) : { term: valued(boolean, { kind: 'not', type: boolean, operand: node }), syntax, canonical }
  }
  const { node } = operand.term.is === 'value' ? operand.term : { node: null }
  if (syntax.operand.kind === 'literal' && syntax.operand.type === 'number' && node !== null)
    return { term: numberTerm(syntax.operand.value === '0' ? '0' : `-${syntax.operand.value}`), syntax, canonical }
  return called(checker, syntax, 'neg', [operand], () => canonical)
}

/** A condition's node; null, and reported, when it is none. */
function conditionOf(checker: Checker, checked: Checked, operator: string): Node | null {
  const { term } = checked
  if (term.is === 'fault') return null
  if (term.is === 'null') return constant(boolean, null)
  if (term.is === 'value' && term.type.kind === 'boolean') return term.node
  const test = term.is === 'record' || term.is === 'value' || term.is === 'money' ? ': compare it with something, as in … != null' : ''
  checker.refuse(checked.syntax, `${operator} takes conditions; this is ${described(term, checker.context.names)}${test}`)
  return null
}

function checkBinary(checker: Checker, syntax: Syntax & { kind: 'binary' }, scope: Scope): Checked {
  const { operator } = syntax
  const left = checker.check(syntax.left, scope)
  if (operator === 'in' && left.term.is === 'record' && syntax.right.kind === 'list') {
    const { term, parts } = checkRecordAmong(
      checker,
      syntax.right,
      left,
      syntax.right.items.map((item) => checker.check(item, scope)),
    )
    return { term, syntax, canonical: withSides(syntax, parts) }
  }
  const right = checker.check(syntax.right, scope)
  if (operator === '&&' || operator === '||') {
    const [a, b] = [conditionOf(checker, left, operator), conditionOf(checker, right, operator)]
    if (a === null || b === null) return faulty(syntax)
    const kind = operator === '&&' ? 'and' : 'or'
    return { term: valued(boolean, { kind, type: boolean, left: a, right: b }), syntax, canonical: withSides(syntax, [left, right]) }
  }
  if (left.term.is === 'fault' || right.term.is === 'fault') return faulty(syntax)
  if (operator === 'in') {
    const found = checkRecordIn(checker, syntax, left, right)
    if (found !== null) return { term: found.term, syntax, canonical: withSides(syntax, found.parts) }
  }
  if (operator === '==' || operator === '!=') {
    const tested = nullTest(checker, syntax, left, right)
    if (tested !== null) return tested
  }
  const money = checkMoneyOperator(checker, syntax, operator, left, right)
  if (money !== null) return { term: money, syntax, canonical: withSides(syntax, [left, right]) }
  if (left.term.is === 'record' || right.term.is === 'record') return checkRecords(checker, syntax, left, right)
  return called(checker, syntax, operator, [left, right], (args) => withSides(syntax, args))
}

const withSides = (syntax: Syntax & { kind: 'binary' }, [left, right]: readonly Checked[]): Syntax =>
  left === undefined || right === undefined ? syntax : { ...syntax, left: left.canonical, right: right.canonical }

/** `x == null` asks whether there is a value: it is never null itself. */
function nullTest(checker: Checker, syntax: Syntax & { kind: 'binary' }, left: Checked, right: Checked): Checked | null {
  if (left.term.is !== 'null' && right.term.is !== 'null') return null
  const tested = left.term.is === 'null' ? right : left
  if (tested.term.is === 'rows' || tested.term.is === 'space') {
    const advice =
      tested.term.is === 'rows'
        ? `these are ${described(tested.term, checker.context.names)}: write exists(…) or !exists(…)`
        : noScalar(tested.term, checker.context.names)
    return checker.refuse(tested.syntax, advice)
  }
  const overload = syntax.operator === '==' ? 'isNull' : 'isNotNull'
  const answer = checkCall(checker, syntax, overload, [
    { ...tested, term: tested.term.is === 'money' ? valued(number, tested.term.amount) : tested.term },
  ])
  return isResolved(answer) ? { term: answer.term, syntax, canonical: withSides(syntax, [left, right]) } : answer
}

/** Two records are the same when their ids are. */
function checkRecords(checker: Checker, syntax: Syntax & { kind: 'binary' }, left: Checked, right: Checked): Checked {
  const { operator } = syntax
  if (operator !== '==' && operator !== '!=') {
    const record = left.term.is === 'record' ? left : right
    return checker.refuse(
      record.syntax,
      `${operator} does not go with ${described(record.term, checker.context.names)}: name a field of it`,
    )
  }
  const made = unified(checker, [left, right], 'these are never equal')
  if (made === null) return faulty(syntax)
  return called(checker, syntax, operator, made.parts, (args) => withSides(syntax, args))
}

function checkConditional(checker: Checker, syntax: Syntax & { kind: 'conditional' }, scope: Scope): Checked {
  const condition = checker.check(syntax.condition, scope)
  const then = checker.check(syntax.then, scope)
  const otherwise = checker.check(syntax.otherwise, scope)
  const test = conditionOf(checker, condition, '?')
  if (test === null || then.term.is === 'fault' || otherwise.term.is === 'fault') return faulty(syntax)
  const canonical = (a: Checked, b: Checked): Syntax => ({
    ...syntax,
    condition: condition.canonical,
    then: a.canonical,
    otherwise: b.canonical,
  })
  const money = checkMoneyBranches(checker, syntax, test, then, otherwise)
  if (money !== null) return { term: money, syntax, canonical: canonical(then, otherwise) }
  const made = unified(checker, [then, otherwise], 'both branches must be of one kind')
  if (made === null) return faulty(syntax)
  const [a, b] = made.parts as readonly [Checked, Checked]
  const term = branchesOf(condition, a.term, b.term)
  const result = { term, syntax, canonical: canonical(a, b) }
  return isPending(a) || isPending(b) ? { ...result, parts: { of: 'branches', condition, then: a, otherwise: b } } : result
}

function checkPlainCall(checker: Checker, syntax: Syntax & { kind: 'call' }, scope: Scope): Checked {
  const args = syntax.args.map((each) => checker.check(each, scope))
  const canonical = (read: readonly Checked[]): Syntax => ({ ...syntax, args: read.map((each) => each.canonical) })
  if (syntax.name === 'money') return { term: checkMoneyMade(checker, syntax, args), syntax, canonical: canonical(args) }
  const form = checkForm(checker, syntax, args)
  if (form !== null) return form
  return called(checker, syntax, syntax.name, args, canonical)
}

function called(
  checker: Checker,
  syntax: Syntax,
  name: string,
  args: readonly Checked[],
  canonical: (args: readonly Checked[]) => Syntax,
): Checked {
  const money = checkMoneyCall(checker, syntax, name, args)
  if (money !== null) return { term: money, syntax, canonical: canonical(args) }
  const answer = checkCall(checker, syntax, name, args, syntax.kind === 'call' ? syntax.nameSpan : syntax)
  return isResolved(answer) ? { term: answer.term, syntax, canonical: canonical(answer.args) } : answer
}

/** Nobody changes an expression: catalogues share them. */
function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || value instanceof Map || value instanceof Set) return value
  Object.freeze(value)
  Object.values(value).forEach(frozen)
  return value
}
