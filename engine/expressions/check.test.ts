import { expect, test } from 'vitest'
import { check, compileExpression } from './check.ts'
import type { Context, Root } from './check.ts'
import { business, namesOf, valueTypeNamed } from '../testing/expressions/business.ts'
import { functions } from './functions.ts'
import type { Expression, ExpressionFault, Type } from './types.ts'

const everything: readonly Root[] = ['self', 'old', 'parent', 'user', 'tenant', 'settings', 'now', 'today', 'params']
const context = (self: string | null = 'crm.deal', roots = everything): Context => ({
  names: namesOf(business),
  self,
  roots: new Set(roots),
  settings: 'core.settings',
  params: new Map([['from', { kind: 'date' }]]),
})
const faultsOf = (text: string, where = context(), expected?: Type): readonly ExpressionFault[] =>
  compileExpression(text, where, expected).faults ?? []
const compiled = (text: string, where = context(), expected?: Type): Expression => {
  const { expression, faults } = compileExpression(text, where, expected)
  if (expression === undefined) throw new Error(`${text}: ${JSON.stringify(faults)}`)
  return expression
}
const id = '0192f0c1-7a3b-7def-8123-456789abcde0'

/** text · what is marked · part of what is said */
const refused: readonly (readonly [text: string, marked: string, detail: string])[] = [
  // Names
  ['self.nme', 'nme', 'Deal has no "nme". Did you mean "name"?'],
  ['self.company.nme', 'nme', 'Company has no "nme"'],
  ['name', 'name', 'write self.name'],
  ['slef.name', 'slef', 'Did you mean "self"?'],
  ['stge', 'stge', 'Did you mean "self.stage"?'],
  ['round', 'round', 'round is a function'],
  ['parent.name', 'parent', 'only lines have a parent'],
  ['params.form', 'form', 'Did you mean "from"?'],
  ['tenant.nam', 'nam', 'Did you mean "name"?'],
  ['tenant', 'tenant', 'write what of tenant is meant'],
  ['core.exchnge_rate', 'exchnge_rate', 'Did you mean "core.exchange_rate"?'],
  ['self.name.length', 'length', 'write length(…)'],
  ['self.company.address.town', 'town', 'it has no part "town"'],
  ['self.value.amnt', 'amnt', 'it has amount and currency'],
  ['self.subject.name', 'name', 'this may be a record of Company or Member: it can only be compared'],
  ['self.lines.product', 'product', 'first(…, x, condition).product'],
  ['nofunction(1)', 'nofunction', 'there is no function nofunction'],
  ['roun(1)', 'roun', 'Did you mean "round"?'],
  ['len(self.name)', 'len', 'write length(text)'],
  ['if(true, 1, 2)', 'if', 'write a ? b : c'],
  ['now()', 'now', 'write now without ( )'],
  // Kinds
  ['self.name > 5', 'self.name > 5', '> does not go with text and a number'],
  ['self.quantity == "5"', 'self.quantity == "5"', 'without quotes'],
  ['self.name + 5', 'self.name + 5', 'write text(…)'],
  ['self.name && true', 'self.name', '&& takes conditions; this is text'],
  ['!self.quantity', 'self.quantity', '! takes conditions'],
  ['self.owner && true', 'self.owner', 'compare it with something, as in … != null'],
  ['self.name ? 1 : 2', 'self.name', '? takes conditions'],
  ["self.urgent ? 1 : 'a'", "'a'", 'both branches must be of one kind'],
  ['self.close < self.starts', 'self.close < self.starts', 'write date(…) for the day of a moment'],
  ['self.extra == 1', 'self.extra == 1', '== does not go with JSON'],
  ['self.emails == self.emails', 'self.emails == self.emails', 'write x in list'],
  ["user.roles == 'crm.rep'", "user.roles == 'crm.rep'", "write 'crm.rep' in user.roles"],
  ["'crm.rep' != user.roles", "'crm.rep' != user.roles", "write !('crm.rep' in user.roles)"],
  ["user.roles in 'crm.rep'", "user.roles in 'crm.rep'", "write 'crm.rep' in user.roles"],
  ["[today] == '2026-12-01'", "[today] == '2026-12-01'", "write '2026-12-01' in [today]"],
  ["user.roles == (true ? 'a' : 'b')", "user.roles == (true ? 'a' : 'b')", "write (true ? 'a' : 'b') in user.roles"],
  ["date('2026-12-01')", "'2026-12-01'", "write '2026-12-01' alone where a date is expected, or date(2026, 12, 1)"],
  ['self.company.address == 1', 'self.company.address == 1', 'compare its parts'],
  ["[1, 'a']", "'a'", 'a list holds values of one kind'],
  ['[[1]]', '[[1]]', 'a list holds single values'],
  ['[user]', 'user', 'only behind in'],
  ['5 in 5', '5 in 5', 'on its right stands a list'],
  ["'a' in [1]", "'a'", 'write numbers without quotes'],
  ['length(5)', '5', 'must be text'],
  ['length()', 'length', 'write length('],
  ["length('a', 'b')", 'length', 'write length('],
  // Literals
  ["self.stage == 'wn'", "'wn'", '"wn" is not an option. Did you mean "won"?'],
  ["self.stage == 'w1'", "'w1'", '"w1" is not an option'],
  ["self.stage in ['new', 'nwe']", "'nwe'", 'Did you mean "new"?'],
  ["self.stage == (self.urgent ? 'won' : 'bad')", "'bad'", 'The options are'],
  ["'rde' in self.colours", "'rde'", 'Did you mean "red"?'],
  ["coalesce(self.stage, 'nwe')", "'nwe'", 'Did you mean "new"?'],
  ["self.close == '2026-02-30'", "'2026-02-30'", 'is not a day of the calendar'],
  ["self.close == 'tomorrow'", "'tomorrow'", 'must be a date such as'],
  ["self.starts > '2026-01-01'", "'2026-01-01'", "this is a day, not a moment: write dateTime('2026-01-01')"],
  ["self.at == '25:00'", "'25:00'", 'must be a time of the day'],
  ["self.owner == 'Ada'", "'Ada'", 'write its id'],
  // Records
  ['self.owner == self.company', 'self.company', 'a record of Member is never a record of Company'],
  ['self.owner == self.name', 'self.name', 'compare .id'],
  ['self.owner > user', 'self.owner', 'name a field of it'],
  ['self.owner in self.lines', 'self.owner in self.lines', 'never among'],
  ['(self.urgent ? self.owner : user).name', 'name', 'choose the field in each branch'],
  ['isUnder(self.owner, self.category)', 'self.owner', 'isUnder takes records of a tree'],
  ['self.lines == null', 'self.lines', 'write exists(…)'],
  ['self.lines', 'self.lines', 'use count, exists, sum or first'],
  // Money
  ['self.value + self.fee', 'self.value + self.fee', 'may have different currencies'],
  ['self.value > self.fee', 'self.value > self.fee', 'may have different currencies'],
  ['self.price + self.company.credit', 'self.price + self.company.credit', 'may have different currencies'],
  ['self.urgent ? self.value : self.fee', 'self.urgent ? self.value : self.fee', 'may have different currencies'],
  [
    "money(1, first(core.exchange_rate, a, a.from == 'EUR').to) + money(2, first(core.exchange_rate, b, b.from == 'USD').to)",
    "money(1, first(core.exchange_rate, a, a.from == 'EUR').to) + money(2, first(core.exchange_rate, b, b.from == 'USD').to)",
    'may have different currencies',
  ],
  ["coalesce(self.stage, self.stage) == 'any'", "'any'", '"any" is not an option'],
  ['coalesce(self.value, self.fee)', 'coalesce(self.value, self.fee)', 'may have different currencies'],
  ['sum(self.company.deals, d, d.value)', 'd.value', 'may have different currencies'],
  ['sum(self.company.deals, d, d.price)', 'd.price', 'may have different currencies'],
  ['self.fee > 5', 'self.fee', "write .amount for its number, or money(…, 'EUR') around the number"],
  ['self.fee * self.fee', 'self.fee * self.fee', '* does not go with two amounts'],
  [
    "workdays('2026-11-02', '2026-11-30', ['monday'], [1])",
    '[1]',
    'holidays of workdays(from, to, working_days, holidays) must be a list of dates; this is a list of numbers',
  ],
  ["workdays('2026-11-02', '2026-11-30', ['monday'], ['soon'])", "'soon'", 'date'],
  ['null in self.fee', 'null in self.fee', 'in does not go with an amount of money and null'],
  ['self.fee in null', 'self.fee in null', 'in does not go with an amount of money and null'],
  ['5 / self.fee', 'self.fee', 'write .amount'],
  ['length(self.fee)', 'self.fee', 'write .amount'],
  ["money(5, 'EURO')", "'EURO'", 'is no currency in use'],
  ["money('5', 'EUR')", "'5'", 'the amount must be a number'],
  ['[self.fee]', 'self.fee', 'write .amount'],
  // Loops
  ['sum(self.lines)', 'sum(self.lines)', 'say what is meant of each record'],
  ['sum(self.lines, l)', 'l', 'say what is meant of each'],
  ['sum(self.lines, 5, 1)', '5', 'here stands a name'],
  ['sum(self.lines, self, 1)', 'self', 'means something already'],
  ['sum(self.lines, l, sum(self.lines, l, 1))', 'l', 'the loop around this'],
  ['sum(self.lines, l, l.product)', 'l.product', 'sum cannot be taken of text'],
  ['exists(self.lines, l, l.product)', 'l.product', 'exists takes a condition'],
  ['exists(self.name, l, true)', 'self.name', 'exists goes over lines'],
  ['min(self.quantity, 3)', 'self.quantity', 'write least(a, b) of single values, or min(source, x, value)'],
  ['max(self.fee, self.bonus)', 'self.fee', 'write greatest(a, b) of single values'],
  ['sum(self.quantity)', 'self.quantity', 'sum goes over lines, related records or a list'],
  ['all(self.lines)', 'all(self.lines)', 'write all(source, x, condition)'],
  ['first(self.lines, l, l.quantity).product', 'l.quantity', 'first takes a condition'],
  ['first(self.lines, l, true, l.cost).product', 'l.cost', 'write .amount'],
  ['desc(self.name)', 'desc(self.name)', 'are told an order'],
  ['first(self.scores, s, s > 1)', 'self.scores', 'first goes over records'],
  ['l.quantity', 'l', 'there is no "l" here'],
  ['running(self.lines, l, l.quantity)', 'self.lines', 'running(parent.lines, x, value)'],
  ['count(core.exchange_rate)', 'core.exchange_rate', 'names a key: first(…, x, x.from == … && x.to == … && x.day == …)'],
  ['first(core.exchange_rate, r, r.rate > 1).rate', 'core.exchange_rate', 'names a key'],
  ['first(core.exchange_rate, r, r.from == r.to).rate', 'core.exchange_rate', 'names a key'],
  ["first(core.exchange_rate, r, r.from == 'EUR' || true).rate", 'core.exchange_rate', 'names a key'],
  ["all(core.exchange_rate, r, r.from == 'EUR')", 'core.exchange_rate', 'names a key'],
  ['self.owner in core.member', 'core.member', 'names a key'],
  // The calendar
  ['workdays(today, self.close)', 'workdays(today, self.close)', 'write workdays(from, to, calendar)'],
  ['workdays(now, self.close, settings.calendar)', 'now', 'write date(…)'],
  ['workdays(today, self.close, self.owner)', 'self.owner', 'must be a record with working days'],
  // What JavaScript objects have is nothing here.
  ['__proto__', '__proto__', 'there is no "__proto__"'],
  ['self.__proto__', '__proto__', 'Deal has no "__proto__"'],
  ['self.constructor', 'constructor', 'Deal has no "constructor"'],
  ['self.toString()', 'toString', 'there is no function toString'],
  ['constructor(1)', 'constructor', 'there is no function constructor'],
  ['__proto__(1)', '__proto__', 'there is no function __proto__'],
  ['hasOwnProperty(self, 1)', 'hasOwnProperty', 'there is no function'],
  ['tenant.constructor', 'constructor', 'tenant has no'],
  ['params.__proto__', '__proto__', 'there is no parameter'],
  ['core.constructor', 'constructor', 'there is no entity'],
  ["self.stage == 'constructor'", "'constructor'", 'is not an option'],
  ["set_config('bos.tenant', 'x', false)", 'set_config', 'there is no function set_config'],
  ['pg_sleep(10)', 'pg_sleep', 'there is no function'],
]

test('a list is searched only for what it may hold', () => {
  expect(faultsOf('user.roles == 5')[0]?.detail).toMatch(/and a number: write x in list, or a loop/)
})

test('money is made of a number only where its currency is known', () => {
  expect(faultsOf('self.value > 5')[0]?.detail).toMatch(/write \.amount for its number$/)
  expect(faultsOf('true ? self.value : 0')[0]?.detail).toMatch(/take \.amount of that one, or write null here$/)
  expect(faultsOf('true ? self.fee : 0')[0]?.detail).toMatch(/write money\(…, 'EUR'\)$/)
  for (const text of [
    'self.value.amount > 5',
    "self.fee > money(5, 'EUR')",
    'true ? self.value : null',
    "true ? self.fee : money(0, 'EUR')",
  ])
    expect(faultsOf(text)).toEqual([])
})

test.each(refused)('%s is refused at %s: %s', (text, marked, detail) => {
  const faults = faultsOf(text)
  const told = faults.map(({ start, end, detail: each }) => [text.slice(start, end), each])
  expect(told).toEqual(expect.arrayContaining([[marked, expect.stringContaining(detail)]]))
})

test('every fault is told, in the order of the text', () => {
  const text = "self.nme == 1 || self.stage == 'x' && round(self.bar) > self.name"
  expect(faultsOf(text).map(({ start, end }) => text.slice(start, end))).toEqual(['nme', "'x'", 'bar'])
})

test.each([
  [`"'; drop table bos.tenant; --"`, "'; drop table bos.tenant; --"],
  [String.raw`'\'; select set_config(\'a\', \'b\', true); --'`, "'; select set_config('a', 'b', true); --"],
  [String.raw`'$1 ${'${x}'} %s \u0027'`, "$1 ${x} %s '"],
])('%s is a constant and nothing else', (text, value) => {
  expect(compiled(`self.name == ${text}`).root).toMatchObject({
    overload: 'eq.text',
    args: [{ kind: 'field' }, { kind: 'constant', value }],
  })
})

test('roots are told that they are not allowed here', () => {
  const bare = context(null, ['tenant'])
  for (const root of everything.filter((each) => each !== 'tenant')) {
    expect(faultsOf(root === 'params' ? 'params.from == today' : `${root} == null`, bare)[0]?.detail).toMatch(/cannot be used here/)
  }
  expect(faultsOf('self.name', context(null))[0]?.detail).toBe('there is no self here')
})

test('loops are counted', () => {
  const loop = 'count(self.lines)'
  expect(faultsOf(Array.from({ length: 12 }, () => loop).join(' + '))).toEqual([])
  expect(faultsOf(Array.from({ length: 13 }, () => loop).join(' + '))[0]?.detail).toMatch(/at most 12 loops/)
  const nested = (depth: number): string => (depth === 0 ? '1' : `sum(self.lines, x${depth}, ${nested(depth - 1)})`)
  expect(faultsOf(nested(3))).toEqual([])
  expect(faultsOf(nested(4))[0]?.detail).toMatch(/at most 3 loops/)
  expect(faultsOf(`self.owner${'.manager'.repeat(15)}.name`)).toEqual([])
  expect(faultsOf(`self.owner${'.manager'.repeat(16)}.name`)[0]?.detail).toMatch(/at most 16 references/)
})

/** text · type · part of the tree */
const meant: readonly (readonly [text: string, type: object, root: object])[] = [
  ["self.stage == 'won'", { kind: 'boolean' }, { overload: 'eq.text', args: [{}, { kind: 'constant', value: 'w1' }] }],
  ["'won' != self.stage", { kind: 'boolean' }, { overload: 'ne.text', args: [{ value: 'w1' }, {}] }],
  [
    "self.stage in ['won', null]",
    { kind: 'boolean' },
    { overload: 'in.list', args: [{}, { kind: 'list', items: [{ value: 'w1' }, { value: null }] }] },
  ],
  ['self.stage in []', { kind: 'boolean' }, { args: [{}, { kind: 'list', items: [] }] }],
  ["'red' in self.colours", { kind: 'boolean' }, { args: [{ value: 'red' }, { field: 'colours' }] }],
  ["self.close == '2026-11-30'", { kind: 'boolean' }, { overload: 'eq.date', args: [{}, { type: { kind: 'date' }, value: '2026-11-30' }] }],
  ["self.close in ['2026-11-30']", { kind: 'boolean' }, { args: [{}, { items: [{ type: { kind: 'date' } }] }] }],
  ["self.starts < '2026-11-30T10:00:00+02:00'", { kind: 'boolean' }, { args: [{}, { value: '2026-11-30T08:00:00.000Z' }] }],
  ["self.effort > 'PT90M'", { kind: 'boolean' }, { args: [{}, { value: 'PT1H30M' }] }],
  ['self.name == null', { kind: 'boolean' }, { overload: 'isNull.any', args: [{ field: 'name' }] }],
  ['null != self.value', { kind: 'boolean' }, { overload: 'isNotNull.any', args: [{ field: 'value', member: 'amount' }] }],
  ['self.company.address == null', { kind: 'boolean' }, { args: [{ field: 'address', member: null }] }],
  ['self.company.address.city', { kind: 'text' }, { field: 'address', member: 'city', of: { kind: 'hop', field: 'company' } }],
  ['self.owner == user', { kind: 'boolean' }, { overload: 'eq.record', args: [{ kind: 'field', field: 'owner' }, { kind: 'identity' }] }],
  [
    `self.owner == '${id}'`,
    { kind: 'boolean' },
    { args: [{}, { kind: 'constant', value: id, type: { kind: 'record', entities: ['core.member'] } }] },
  ],
  ['self.subject == self.company', { kind: 'boolean' }, { overload: 'eq.record' }],
  ['self.owner in [user, self.company.owner]', { kind: 'boolean' }, { kind: 'or', left: { overload: 'eq.record' } }],
  ['self.company.id', { kind: 'text' }, { kind: 'identity', of: { kind: 'hop', field: 'company' } }],
  ['self.id', { kind: 'text' }, { kind: 'identity' }],
  ['user.roles', { kind: 'list', of: { kind: 'text' } }, { kind: 'parameter', name: 'user.roles' }],
  ['params.from <= today', { kind: 'boolean' }, { args: [{ name: 'params.from' }, { name: 'today' }] }],
  ['-5', { kind: 'number', whole: true }, { kind: 'constant', value: -5 }],
  ['9007199254740992', { kind: 'number', whole: false }, { kind: 'constant', value: '9007199254740992' }],
  ['0.10', { kind: 'number', whole: false }, { value: '0.1' }],
  ['self.urgent ? 1 : null', { kind: 'number', whole: true }, { kind: 'if' }],
  ['settings.approval_limit', { kind: 'number', whole: false }, { of: { root: 'settings', entity: 'core.settings' } }],
  // Money
  [
    'self.fee + self.bonus',
    { kind: 'money', currency: { kind: 'code', code: 'EUR' } },
    { kind: 'money', amount: { overload: 'add.number' }, currency: { value: 'EUR' } },
  ],
  ['self.fee * 2 - self.fee', { kind: 'money' }, { amount: { overload: 'subtract.number' } }],
  ['self.fee / self.bonus', { kind: 'number' }, { overload: 'divide.number' }],
  ['-self.fee', { kind: 'money' }, { amount: { overload: 'negate.number' } }],
  ['round(self.fee / 3, 2)', { kind: 'money' }, { currency: { value: 'EUR' } }],
  ['self.fee > self.bonus', { kind: 'boolean' }, { overload: 'gt.number' }],
  ["self.fee > money(5, 'EUR')", { kind: 'boolean' }, { overload: 'gt.number' }],
  ['self.value == old.value', { kind: 'boolean' }, { kind: 'and', right: { overload: 'eq.text' } }],
  ['self.value != old.value', { kind: 'boolean' }, { kind: 'not' }],
  ['self.price.currency', { kind: 'text' }, { field: 'currency', of: { field: 'company' } }],
  ['sum(self.lines, l, l.amount) > self.price', { kind: 'boolean' }, { overload: 'gt.number' }],
  ['coalesce(self.fee, self.bonus)', { kind: 'money' }, { amount: { kind: 'call' } }],
  [
    "money(1, first(core.exchange_rate, a, a.from == 'EUR').to) + money(2, first(core.exchange_rate, b, b.from == 'EUR').to)",
    { kind: 'money' },
    { amount: { overload: 'add.number' } },
  ],
  ["coalesce(self.stage, self.name) == 'any'", { kind: 'boolean' }, { overload: 'eq.text' }],
  ["coalesce(self.stage, self.stage) == 'won'", { kind: 'boolean' }, { args: [{}, { value: 'w1' }] }],
  ['self.urgent ? self.fee : null', { kind: 'money' }, { amount: { kind: 'if' } }],
  ['money(self.quantity, self.company.currency) == self.price', { kind: 'boolean' }, { overload: 'eq.number' }],
  [
    "workdays('2026-11-02', '2026-11-30', ['monday'], ['2026-11-03', null])",
    { kind: 'number', whole: true },
    { args: [{}, {}, {}, { type: { kind: 'list', of: { kind: 'date' } } }] },
  ],
  [
    "workdays('2026-11-02', '2026-11-30', ['monday'], [])",
    { kind: 'number', whole: true },
    { args: [{}, {}, {}, { type: { kind: 'list', of: { kind: 'date' } } }] },
  ],
  // Loops
  [
    'count(self.lines)',
    { kind: 'number', whole: true },
    { operation: 'count', source: { kind: 'lines', field: 'lines' }, body: { value: true } },
  ],
  [
    'self.lines.count(l, l.delivered)',
    { kind: 'number', whole: true },
    { operation: 'count', source: { kind: 'lines' }, variable: 0, body: { kind: 'field', field: 'delivered' } },
  ],
  ['exists(self.tags)', { kind: 'boolean' }, { operation: 'exists', source: { kind: 'links' }, body: { value: true } }],
  [
    'sum(self.scores)',
    { kind: 'number', whole: true },
    { operation: 'sum', source: { kind: 'values' }, body: { kind: 'variable', variable: 0 } },
  ],
  ['avg(self.scores)', { kind: 'number', whole: false }, { operation: 'avg' }],
  ['max(self.company.deals, d, d.close)', { kind: 'date' }, { source: { kind: 'inverse', field: 'company', entity: 'crm.deal' } }],
  ['list(self.lines, l, l.product)', { kind: 'list', of: { kind: 'text' } }, { operation: 'list' }],
  ['size(filter(self.lines, l, l.delivered))', { kind: 'number', whole: true }, { source: { kind: 'filter', source: { kind: 'lines' } } }],
  [
    'filter(self.scores, s, s > 3)',
    { kind: 'list', of: { kind: 'number', whole: true } },
    { operation: 'list', source: { kind: 'filter' } },
  ],
  [
    'first(self.lines, l, l.delivered, desc(l.quantity)).product',
    { kind: 'text' },
    { of: { kind: 'first', source: { order: [{ descending: true }] } } },
  ],
  ["exists(core.exchange_rate, r, r.from == 'EUR' && r.rate > 1)", { kind: 'boolean' }, { source: { kind: 'entity' } }],
  ['list(self.lines, l, l.category)', { kind: 'list', of: { kind: 'text' } }, { body: { kind: 'identity', type: { kind: 'text' } } }],
  ['user in filter(core.member, m, m.id == self.name)', { kind: 'boolean' }, { operation: 'exists', body: { overload: 'eq.record' } }],
  ['isUnder(self.category, self.company.category)', { kind: 'boolean' }, { args: [{ field: 'path' }, { field: 'path' }] }],
  [
    'workdays(today, self.close, settings.calendar)',
    { kind: 'number', whole: true },
    { args: [{ name: 'today' }, { field: 'close' }, { field: 'working_days' }, { operation: 'list', source: { kind: 'filter' } }] },
  ],
  ['businessTime(self.starts, now, settings.calendar)', { kind: 'duration' }, { args: { length: 7 } }],
]

test.each(meant)('%s', (text, type, root) => {
  const expression = compiled(text)
  expect(expression.type).toMatchObject(type)
  expect(expression.root).toMatchObject(root)
  expect(Object.isFrozen(expression.root)).toBe(true)
  expect(JSON.parse(JSON.stringify(expression.root))).toEqual(expression.root)
  // What is stored means the same.
  const again = check(expression.canonical, { ...context(), isCanonical: true })
  expect(again.faults).toBeUndefined()
  expect(again.expression!.root).toEqual(expression.root)
  expect(again.expression!.canonical).toEqual(expression.canonical)
})

test('the document of a line of self is self; of another it is its own', () => {
  expect(compiled('sum(self.lines, l, l.parent.quantity)').root).toMatchObject({ body: { of: { kind: 'root', root: 'self' } } })
  expect(compiled('sum(self.company.deals, d, sum(d.lines, l, l.parent.quantity))').root).toMatchObject({
    body: { body: { of: { kind: 'element', variable: 0 } } },
  })
  const line = context('crm.line')
  expect(compiled('parent.name', line).root).toMatchObject({ of: { kind: 'document', of: { root: 'self' } } })
  expect(compiled('running(parent.lines, l, l.amount) <= parent.price', line).type).toEqual({ kind: 'boolean' })
})

test.each<[text: string, expected: Type, detail: string]>([
  ['1', { kind: 'boolean' }, 'true or false is needed here: compare it'],
  ["'a'", { kind: 'number', whole: true }, 'a number is needed'],
  ['1', { kind: 'text' }, 'write text(…)'],
  ['now', { kind: 'date' }, 'write date(…) for its day'],
  ['self.fee', { kind: 'number', whole: false }, 'write .amount'],
  ['self.value', valueTypeNamed('money EUR'), 'may not be in EUR'],
  ['self.fee', valueTypeNamed('money self.company.currency'), 'may not be in self.company.currency'],
  ['5', valueTypeNamed('money'), 'write money(…, currency)'],
  ["'abc'", { kind: 'date' }, 'must be a date such as'],
  ["'x'", valueTypeNamed('select a|b'), 'is not an option'],
  ["['x']", valueTypeNamed('list select a|b'), 'is not an option'],
  ['user', { kind: 'record', entities: ['crm.company'] }, 'a record of Company is needed'],
  ['self.lines', { kind: 'boolean' }, 'records of Deal line'],
])('%s does not fit %j', (text, expected, detail) => {
  expect(faultsOf(text, context(), expected)[0]?.detail).toContain(detail)
})

test.each<[text: string, expected: Type, root: object]>([
  ['null', { kind: 'date' }, { kind: 'constant', value: null }],
  ['1.5', { kind: 'number', whole: true }, { value: '1.5' }],
  ["'2026-11-30'", { kind: 'date' }, { type: { kind: 'date' } }],
  ["self.urgent ? 'b' : 'a'", valueTypeNamed('select a#1|b#2'), { then: { value: '2' }, otherwise: { value: '1' } }],
  ["['a', 'b']", valueTypeNamed('list select a#1|b#2'), { items: [{ value: '1' }, { value: '2' }] }],
  ['[]', valueTypeNamed('list integer'), { type: { kind: 'list', of: { kind: 'number' } } }],
  ['5', valueTypeNamed('money EUR'), { kind: 'money', currency: { value: 'EUR' } }],
  ['5', valueTypeNamed('money self.company.currency'), { kind: 'money', currency: { field: 'currency' } }],
  ['self.price', valueTypeNamed('money self.company.currency'), { kind: 'money' }],
  ['self.value', valueTypeNamed('money'), { kind: 'money' }],
  [`'${id}'`, { kind: 'record', entities: ['core.member'] }, { value: id }],
  ['self.owner', { kind: 'record', entities: ['core.member', 'crm.company'] }, { field: 'owner' }],
])('%s fits %j', (text, expected, root) => {
  expect(compiled(text, context(), expected).root).toMatchObject(root)
})

test('what is gone from a canonical tree is said, and never guessed', () => {
  const { canonical } = compiled("self.stage == 'won' && self.company.region == 'south' && exists(core.exchange_rate, r, r.from == 'EUR')")
  const { 'core.exchange_rate': _, ...rest } = business
  const names = namesOf({
    ...rest,
    'crm.deal': { ...business['crm.deal']!, fields: { ...business['crm.deal']!.fields, stage: 'select new|won' } },
    'crm.company': { ...business['crm.company']!, fields: { 'region#other': 'text' } },
  })
  const { faults } = check(canonical, { ...context(), names, isCanonical: true })
  expect(faults?.map(({ detail }) => detail)).toEqual([
    'the option that was meant here no longer exists',
    'the field of Company that was used here no longer exists',
    'what was called core.exchange_rate no longer exists',
  ])
})

test('what a caller may not see is unknown, and never suggested', () => {
  const { 'crm.company': _, ...seen } = business
  const { company: __, price: ___, ...fields } = business['crm.deal']!.fields
  const names = namesOf({ ...seen, 'crm.deal': { ...business['crm.deal']!, fields } })
  const blind = { ...context(), names }
  expect(faultsOf('self.company', blind)).toEqual(
    faultsOf('self.company', blind).map((each) => ({ ...each, detail: 'Deal has no "company".' })),
  )
  expect(faultsOf('self.compny', blind)[0]?.detail).toBe('Deal has no "compny".')
  expect(faultsOf('count(crm.company)', blind)[0]?.detail).toMatch(/^there is no entity crm\.company\.( Did you mean "crm\.category"\?)?$/)
})

test('every example of every function is right', () => {
  for (const { examples, name } of functions) {
    for (const { expression } of examples) expect([name, expression, faultsOf(expression)]).toEqual([name, expression, []])
  }
})
