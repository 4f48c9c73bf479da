import { expect, test } from 'vitest'
import { limits } from './limits.ts'
import { parse } from './parse.ts'
import type { Syntax } from './types.ts'

/** The tree in a line: (operator left right), .member, "text". */
function sketch(node: Syntax): string {
  if (node.kind === 'literal') return node.type === 'null' ? 'null' : node.type === 'text' ? JSON.stringify(node.value) : String(node.value)
  if (node.kind === 'name') return node.name
  if (node.kind === 'member') return `${sketch(node.of)}.${node.name}`
  if (node.kind === 'list') return `[${node.items.map(sketch).join(' ')}]`
  if (node.kind === 'unary') return `(${node.operator} ${sketch(node.operand)})`
  if (node.kind === 'binary') return `(${node.operator} ${sketch(node.left)} ${sketch(node.right)})`
  if (node.kind === 'conditional') return `(? ${sketch(node.condition)} ${sketch(node.then)} ${sketch(node.otherwise)})`
  return `${node.isMethod ? '.' : ''}${node.name}(${node.args.map(sketch).join(' ')})`
}
const read = (text: string): string => {
  const { syntax, faults } = parse(text)
  return syntax === undefined ? `fault: ${faults.map((each) => each.detail).join('; ')}` : sketch(syntax)
}

/** text · what is marked · part of what is said */
const refused: readonly (readonly [text: string, marked: string, detail: string])[] = [
  ['', '', 'write an expression'],
  ['   ', '', 'write an expression'],
  ['a = b', '=', 'write == to compare'],
  ['a === b', '===', 'write =='],
  ['a !== b', '!==', 'write !='],
  ['a <> b', '<>', 'write !='],
  ['a => b', '=>', 'write >='],
  ['a =< b', '=<', 'write <='],
  ['a ≤ b', '≤', 'write <='],
  ['a & b', '&', 'write &&'],
  ['a | b', '|', 'write ||'],
  ['a ?? b', '??', 'coalesce'],
  ['a?.b', '?.', 'point alone'],
  ['a ** 2', '**', 'power'],
  ['a // b', '//', 'no comments'],
  ['a and b', 'and', 'write &&'],
  ['a AND b', 'AND', 'write &&'],
  ['a or b', 'or', 'write ||'],
  ['not a', 'not', 'write !'],
  ['a not in b', 'not', 'write !(a in b)'],
  ['a is null', 'is', 'write =='],
  ['if a then b else c', 'if', 'a ? b : c'],
  ['a == TRUE', 'TRUE', 'write true with small letters'],
  ['a == None', 'None', 'write null'],
  ['a IN [1]', 'IN', 'small letters'],
  ['a == “won”', '“won”', 'straight quotes'],
  ['a == ‘won’', '‘won’', 'straight quotes'],
  ["a == 'won", "'won", 'does not end'],
  ["a == 'won\n' && b", "'won", 'does not end'],
  ['a == "won\'', '"won\'', 'does not end'],
  ['a +', '', 'a value is missing here'],
  ['a && ', '', 'a value is missing here'],
  ['* a', '*', 'a value is missing before *'],
  ['a < b < c', '<', 'comparisons do not chain'],
  ['a == b == c', '==', 'comparisons do not chain'],
  ['(a', '', 'here stands )'],
  ['a)', ')', 'closes nothing'],
  ['f(a', '', 'here stands a comma'],
  ['f(a,)', ')', 'an argument is missing'],
  ['[1, 2,]', ']', 'an item is missing'],
  ['f(,a)', ',', 'a value is missing before ,'],
  ['a b', 'b', 'an operator is missing'],
  ['a[0]', '[', 'no counting in lists'],
  ['(a)(b)', '(', 'only a function can be called'],
  ['a.', '', 'behind the point stands a name'],
  ["a.'b'", "'b'", 'behind the point stands a name'],
  ['a ? b', '', 'here stands :'],
  ['a ? : b', ':', 'a value is missing before :'],
  ['.5', '.5', 'write 0.5'],
  ['5.', '5.', 'behind the point'],
  ['1e6', '1e6', 'write the number out'],
  ['1_000', '1_000', 'without a sign'],
  ['12px', '12px', 'neither a number nor a name'],
  ['1.2.3', '1.2.3', 'neither a number nor a name'],
  ['007', '007', 'write 7'],
  ['a < 2026-12-01', '2026-12-01', "a date stands in quotes: write '2026-12-01'"],
  ['a < 2026-12-01T10:00:00Z', '2026-12-01T10:00:00Z', "a date stands in quotes: write '2026-12-01T10:00:00Z'"],
  ['a < 1.12.2026', '1.12.2026', "write '2026-12-01'"],
  ['a < 12/31/2026', '12/31/2026', "write '2026-12-31'"],
  ['a > 10,000.5', '10,000.5', 'write 10000.5'],
  ["a > 1'250", "1'250", 'write 1250'],
  ['f(10,000)', '10,000', 'write 10000'],
  ['a > 10,5', '10,5', 'a number has a point before its decimals: write 10.5'],
  ['a > 10.000,50', '10.000,50', 'write 10000.50'],
  ['(a > 10.000,50) && b', '10.000,50', 'write 10000.50'],
  ['a ? 10,5 : 3', '10,5', 'write 10.5'],
  ['a ? 3 : 10,5', '10,5', 'write 10.5'],
  ['a > 1.000.000', '1.000.000', 'no sign between the thousands of a number: write 1000000'],
  ['a > 1.000.000,50', '1.000.000', 'write 1000000'],
  ['f(1.000.000,2)', '1.000.000', 'write 1000000'],
  ['a > 1.000.00', '1.000.00', 'is neither a number nor a name'],
  ['a > 1000000,50', '1000000,50', 'write 1000000.50'],
  ['(a > 10,200)', ',', 'here stands ) for the ( before'],
  ['a > 10.0,50', ',', 'a comma stands between the arguments of a function'],
  ['a > 10,200', ',', 'a comma stands between the arguments of a function'],
  ['a > 50%', '50%', 'percentages are plain numbers: write 50'],
  ['a > 12.5% && b', '12.5%', 'write 12.5'],
  ['5.abs()', '5.abs', 'put the number in parentheses'],
  ['+5', '+', 'leave out the +'],
  ['in', 'in', 'a value is missing'],
  ['a; b', ';', 'leave out the ;'],
  ['{"a": 1}', '{', 'put lists in [ ]'],
  ['$a', '$', 'leave out the $'],
  ['`a`', '`a`', 'straight quotes'],
  ['a # b', '#', '"#" means nothing'],
  ['prix_é', 'é', '"é" means nothing'],
  [String.raw`'\x41'`, String.raw`\x`, 'after \\ stands'],
  [String.raw`'\u12'`, String.raw`\u`, 'after \\ stands'],
  [String.raw`'\u{110000}'`, String.raw`\u{110000}`, 'after \\ stands'],
  [String.raw`'\u0000'`, String.raw`'\u0000'`, 'U+0000'],
  ["'\0'", "'\0'", 'U+0000'],
  [String.raw`'\ud800'`, String.raw`'\ud800'`, 'surrogate'],
  ["'\udc00'", "'\udc00'", 'surrogate'],
  ['\ud83d', '\ud83d', 'this character means nothing'],
  ['\0', '\0', 'means nothing'],
]

test.each(refused)('%j is refused at %j: %s', (text, marked, detail) => {
  const [fault] = parse(text).faults ?? []
  expect(fault?.detail).toContain(detail)
  expect(text.slice(fault!.start, fault!.end)).toBe(marked)
})

test.each(['f(1,200)', '2026 - 12 - 10', 'a % 50', '50 % 7', '10%a', '10%(3)', '12/31', '[10,20,300]'])('%s is what it was', (text) => {
  expect(parse(text).faults).toBe(undefined)
})

test('several slips are told at once', () => {
  expect(parse("a = b & c <> 'x' ").faults?.map(({ start }) => start)).toEqual([2, 6, 10])
})

test.each([
  ['parentheses', '('.repeat(4_000)],
  ['closed parentheses', `${'('.repeat(1_900)}1${')'.repeat(1_900)}`],
  ['negations', `${'!'.repeat(3_000)}a`],
  ['signs', `${'-'.repeat(3_000)}1`],
  ['lists', '['.repeat(3_000)],
  ['calls', 'f('.repeat(1_500)],
  ['branches', `${'a ? b : '.repeat(400)}c`],
  ['middle branches', `${'a ? '.repeat(400)}c`],
  ['too many signs', '= '.repeat(1_900)],
  ['too long', 'a'.repeat(4_001)],
  ['points', `a${'.a'.repeat(1_000)}`],
  ['a long sum', `1${' + 1'.repeat(900)}`],
  ['a long list', `[${'1,'.repeat(1_900)}1]`],
  ['5,000 items', `[${'1,'.repeat(4_999)}1]`],
  ['lists in lists', `[${'[1,1,1,1,1,1],'.repeat(100)}1]`],
  ['a number of 1,000 digits', '9'.repeat(1_000)],
  ['a fraction of 1,000 digits', `0.${'9'.repeat(1_000)}`],
  ['an exponent', '1e999999999'],
])('%s: a fault with a place, no exception', (_, text) => {
  const { faults } = parse(text)
  expect(faults?.length).toBeGreaterThan(0)
  expect(faults!.length).toBeLessThanOrEqual(limits.faults)
  for (const { start, end } of faults!) {
    expect(start).toBeGreaterThanOrEqual(0)
    expect(end).toBeGreaterThanOrEqual(start)
    expect(end).toBeLessThanOrEqual(text.length)
  }
})

test('what is within the limits is read', () => {
  const depth = limits.depth - 1
  expect(read(`${'('.repeat(depth)}1${')'.repeat(depth)}`)).toBe('1')
  expect(read(`${'('.repeat(depth + 1)}1${')'.repeat(depth + 1)}`)).toMatch(/levels deep/)
  expect(parse(`x in [${'1,'.repeat(limits.listItems - 1)}1]`).faults).toBeUndefined()
  expect(parse(`1${' + 1'.repeat(limits.nodes / 2 - 1)}`).faults).toBeUndefined()
  expect(read('9'.repeat(limits.digits))).toBe('9'.repeat(limits.digits))
})

test.each([
  ['a || b && c', '(|| a (&& b c))'],
  ['a && b || c', '(|| (&& a b) c)'],
  ['a + b * c - d', '(- (+ a (* b c)) d)'],
  ['a - b - c', '(- (- a b) c)'],
  ['(a + b) * c', '(* (+ a b) c)'],
  ['a / b % c', '(% (/ a b) c)'],
  ['!a == b', '(== (! a) b)'],
  ['-a * b', '(* (- a) b)'],
  ['- -a', '(- (- a))'],
  ['-a.b', '(- a.b)'],
  ['a < b && b < c', '(&& (< a b) (< b c))'],
  ['(a < b) == c', '(== (< a b) c)'],
  ['a in [1, 2] || b', '(|| (in a [1 2]) b)'],
  ['a ? b : c ? d : e', '(? a b (? c d e))'],
  ['a ? b ? c : d : e', '(? a (? b c d) e)'],
  ['a || b ? c : d', '(? (|| a b) c d)'],
  ['self.company.region', 'self.company.region'],
  ['self.in.true.null', 'self.in.true.null'],
  ['a.f(b).c', '.f(a b).c'],
  ['f()', 'f()'],
  ['sum(self.lines, l, l.quantity * l.price)', 'sum(self.lines l (* l.quantity l.price))'],
  ['(5).abs()', '.abs(5)'],
  ['[]', '[]'],
  ['null == true', '(== null true)'],
  ['12.50', '12.5'],
  ['12.000', '12'],
  ['0.0', '0'],
  [String.raw`'a\'b\\ "c" \n\t\r'`, JSON.stringify('a\'b\\ "c" \n\t\r')],
  [String.raw`"\u0041\u{1F600}\ud83d\ude00"`, '"A😀😀"'],
  ["'😀; drop table bos.tenant; --'", '"😀; drop table bos.tenant; --"'],
  ['a\u00a0==\n\tb', '(== a b)'],
  ['__proto__.constructor', '__proto__.constructor'],
])('%s', (text, tree) => {
  expect(read(text)).toBe(tree)
})

test('spans reach over parentheses and whole calls', () => {
  const text = ' (a + b) * f(c).d '
  const { syntax } = parse(text)
  if (syntax?.kind !== 'binary' || syntax.right.kind !== 'member') throw new Error('not what was written')
  expect(text.slice(syntax.start, syntax.end)).toBe('(a + b) * f(c).d')
  expect(text.slice(syntax.right.nameSpan.start, syntax.right.nameSpan.end)).toBe('d')
})
