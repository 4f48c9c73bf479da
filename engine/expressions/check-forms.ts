import { calling } from './check-calls.ts'
import { memberTerm } from './check-members.ts'
import { coerced, isPending } from './coerce.ts'
import { calendar, holiday } from './core.ts'
import { boolean, described, faulty, nodeOf, valued } from './terms.ts'
import type { Checked, Checker, Term } from './terms.ts'
import type { Node, RecordNode, Source, Syntax, Type } from './types.ts'

type Call = Syntax & { kind: 'call' }
type Outcome = readonly [term: Term, args: readonly Checked[]]

const forms = new Map<string, (checker: Checker, syntax: Call, args: readonly Checked[]) => Outcome | string>([
  ['isUnder', isUnder],
  ['workdays', workdays],
  ['businessTime', businessTime],
])

/** Functions over records, which mean something simpler. Null: it is none. */
export function checkForm(checker: Checker, syntax: Call, args: readonly Checked[]): Checked | null {
  if (syntax.name === 'desc') return checker.refuse(syntax, 'desc(…) stands only where first and filter are told an order')
  const form = forms.get(syntax.name)
  // With days, hours and holidays as lists they are functions like others.
  if (form === undefined || args.length > 3) return null
  if (args.some(({ term }) => term.is === 'fault')) return faulty(syntax)
  const found = form(checker, syntax, args)
  if (typeof found === 'string') return found === '' ? faulty(syntax) : checker.refuse(syntax, found)
  const [term, parts] = found
  return { term, syntax, canonical: { ...syntax, args: parts.map((each) => each.canonical) } }
}

/** Whether a is b or stands below it in a tree: paths of ids, each closed by a sign, so that a prefix is an ancestor. */
function isUnder(checker: Checker, _syntax: Call, args: readonly Checked[]): Outcome | string {
  const { names } = checker.context
  const [a, b] = args
  if (a === undefined || b === undefined || args.length > 2) return 'write isUnder(a, b)'
  const paths = [a, b].map(({ term }) => {
    const path = term.is === 'record' && term.record !== null ? names.shape(term.record.entity)?.treePath : null
    return term.is !== 'record' || term.record === null || !path ? null : fieldOf(checker, term.record, path)
  })
  const odd = [a, b].find((_, i) => !paths[i])
  if (odd !== undefined) {
    checker.refuse(odd.syntax, `isUnder takes records of a tree; this is ${described(odd.term, names)}`)
    return ''
  }
  const entities = [a, b].map(({ term }) => (term.is === 'record' ? term.entities[0] : null))
  if (entities[0] !== entities[1]) return `${described(a.term, names)} never stands below ${described(b.term, names)}`
  return [valued(boolean, calling('startsWith', [nodeOf(paths[0]!), nodeOf(paths[1]!)])), args]
}

const fieldOf = (checker: Checker, record: RecordNode, id: string): Term | null => {
  const found = memberTerm(checker, record, id)
  return found?.is === 'value' || found?.is === 'rows' ? found : null
}

/** What is known of a calendar, by the ids of its fields. */
function calendarOf(checker: Checker, checked: Checked): { readonly holidays: Node; field(id: string): Node } | null {
  const { term } = checked
  const record = term.is === 'record' ? term.record : null
  const holidays = record && fieldOf(checker, record, calendar.holidays)
  const days = record && fieldOf(checker, record, calendar.workingDays)
  if (record === null || days?.is !== 'value' || holidays?.is !== 'rows') {
    checker.refuse(
      checked.syntax,
      `the calendar must be a record with working days and holidays; this is ${described(term, checker.context.names)}`,
    )
    return null
  }
  return {
    holidays: closedDays(checker, holidays.source, holidays.entity),
    field: (id) => nodeOf(fieldOf(checker, record, id) ?? { is: 'null' }),
  }
}

/** The days on which nobody works: a day of which half is free is a working day. */
function closedDays(checker: Checker, lines: Source, entity: string): Node {
  const [condition, body] = [checker.nextVariable(), checker.nextVariable()]
  const element = (variable: number): RecordNode => ({ kind: 'element', variable, entity })
  const half = fieldOf(checker, element(condition), holiday.halfDay)
  const source: Source =
    half === null ? lines : { kind: 'filter', source: lines, variable: condition, where: notTrue(nodeOf(half)), order: [] }
  const type: Type = { kind: 'list', of: { kind: 'date' } }
  const day = fieldOf(checker, element(body), holiday.day)
  return { kind: 'aggregate', type, operation: 'list', source, variable: body, body: nodeOf(day ?? { is: 'null' }) }
}

/** True where a condition is false or unknown. */
const notTrue = (condition: Node): Node => ({
  kind: 'if',
  type: boolean,
  condition,
  then: { kind: 'constant', type: boolean, value: false },
  otherwise: { kind: 'constant', type: boolean, value: true },
})

/** Two moments or days, and a calendar. */
function period(checker: Checker, { name }: Call, args: readonly Checked[], kind: 'date' | 'dateTime'): readonly Checked[] | string {
  if (args.length !== 3) return `write ${name}(from, to, calendar)`
  const type = { kind } as const
  const read = args.map((arg, i) => (i < 2 && isPending(arg) ? coerced(checker, arg, type) : arg))
  if (read.some(({ term }) => term.is === 'fault')) return ''
  const odd = read.slice(0, 2).find(({ term }) => term.is !== 'null' && !(term.is === 'value' && term.type.kind === kind))
  if (odd === undefined) return read
  const wanted = kind === 'date' ? 'a date; write date(…) for the day of a moment' : 'a date with a time'
  checker.refuse(odd.syntax, `this is ${described(odd.term, checker.context.names)}, ${name} takes ${wanted}`)
  return ''
}

function workdays(checker: Checker, syntax: Call, args: readonly Checked[]): Outcome | string {
  const read = period(checker, syntax, args, 'date')
  if (typeof read === 'string') return read
  const at = calendarOf(checker, read[2]!)
  if (at === null) return ''
  const call = calling('workdays', [nodeOf(read[0]!.term), nodeOf(read[1]!.term), at.field(calendar.workingDays), at.holidays])
  return [valued({ kind: 'number', whole: true }, call), read]
}

function businessTime(checker: Checker, syntax: Call, args: readonly Checked[]): Outcome | string {
  const read = period(checker, syntax, args, 'dateTime')
  if (typeof read === 'string') return read
  const at = calendarOf(checker, read[2]!)
  if (at === null) return ''
  const { field, holidays } = at
  const moments = [nodeOf(read[0]!.term), nodeOf(read[1]!.term)]
  const hours = [field(calendar.workingDays), holidays, field(calendar.startsAt), field(calendar.endsAt), field(calendar.timeZone)]
  return [valued({ kind: 'duration' }, calling('businessTime', [...moments, ...hours])), read]
}
