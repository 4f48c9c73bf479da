import { calling } from './check-calls.ts'
import { keyFault } from './check-keys.ts'
import { recordTerm } from './check-members.ts'
import { unified } from './coerce.ts'
import { boolean, described, refused, faulty, nodeOf, nothing, valued } from './terms.ts'
import type { Checked, Checker, Meaning } from './terms.ts'
import type { Node, Syntax } from './types.ts'

/** `x in records`. Null: there are no records on the right. */
export function checkRecordIn(checker: Checker, syntax: Syntax & { kind: 'binary' }, left: Checked, right: Checked): Meaning | null {
  if (right.term.is !== 'rows') return null
  if (left.term.is !== 'record')
    return refused(checker, syntax.left, `only a record can be among records; this is ${described(left.term, checker.context.names)}`)
  const { entity, source } = right.term
  if (source.kind === 'entity') return refused(checker, syntax.right, keyFault(checker, source, null)!)
  if (!left.term.entities.includes(entity))
    return refused(
      checker,
      syntax,
      `${described(left.term, checker.context.names)} is never among ${described(right.term, checker.context.names)}`,
    )
  const variable = checker.nextVariable()
  const element = recordTerm({ kind: 'element', variable, entity })
  const body = calling('==', [nodeOf(element), left.term.node])
  return { term: valued(boolean, { kind: 'aggregate', type: boolean, operation: 'exists', source, variable, body }), parts: [left, right] }
}

/** A record among records that are written out. */
export function checkRecordAmong(checker: Checker, syntax: Syntax & { kind: 'list' }, left: Checked, given: readonly Checked[]): Meaning {
  const made = unified(checker, [left, ...given], 'a list holds values of one kind')
  if (made === null) return { term: { is: 'fault' }, parts: [] }
  const [value, ...items] = made.parts
  const tests = items.map(({ term }) => (term.is === 'null' ? nothing : calling('==', [nodeOf(value!.term), nodeOf(term)])))
  return {
    term: valued(boolean, anyOf(tests)),
    parts: [value!, { ...faulty(syntax), canonical: { ...syntax, items: items.map((each) => each.canonical) } }],
  }
}

function anyOf(tests: readonly Node[]): Node {
  if (tests.length <= 1) return tests[0] ?? { kind: 'constant', type: boolean, value: false }
  const half = tests.length >> 1
  return { kind: 'or', type: boolean, left: anyOf(tests.slice(0, half)), right: anyOf(tests.slice(half)) }
}
