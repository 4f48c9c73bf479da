import { describe, expect, it } from 'vitest'
import { compileExpression, type Context } from '../../engine/expressions/check.ts'
import { business, namesOf } from '../../engine/testing/expressions/business.ts'
import { ApiProblem } from '../api/problem.ts'
import { offersAt, taken } from './offers.ts'
import { adviceFor } from './repair.ts'
import { segmentsOf } from './segments.ts'
import { joined, toldFaults } from './told.ts'

const context: Context = {
  names: namesOf(business),
  self: 'crm.deal',
  roots: new Set(['self', 'user', 'tenant', 'today', 'now']),
  settings: null,
}

/** `|` is the caret. */
const at = (shown: string) => offersAt(shown.replace('|', ''), shown.indexOf('|'), context)
const labels = (shown: string): readonly string[] => at(shown).offers.map(({ path, label }) => path + label)
/** The text after the first offer of that label was taken. */
function taking(shown: string, label: string): string {
  const found = at(shown)
  const offer = found.offers.find((each) => each.path + each.label === label)
  if (!offer) throw new Error(`${label} is not offered: ${labels(shown).join(', ')}`)
  const text = shown.replace('|', '')
  const { from, to, insert, start } = taken(text, shown.indexOf('|'), found, offer)
  const whole = text.slice(0, from) + insert + text.slice(to)
  return `${whole.slice(0, start)}|${whole.slice(start)}`
}

describe('offers', () => {
  it('nothing where nothing can stand', () => {
    for (const shown of ['1|', "'a'|", "self.stage == 'won'|", 'self.nothing.|', 'nobody |', "self.name == 'x|'"])
      expect(labels(shown), shown).toEqual([])
  })
  it('fields by their names without self, and by their titles', () => {
    expect(labels('|')[0]).toMatch(/^self\./)
    expect(labels('|')).toContain('round(x)')
    expect(labels('sta|')).toContain('self.stage')
    expect(at('sta|').offers.find(({ label }) => label === 'stage')).toMatchObject({ insert: 'self.stage', type: 'text' })
    expect(labels('self.comp|')).toEqual(['company'])
    expect(labels('self.company.|')).toContain('owner')
  })
  it('options, and only options within quotes', () => {
    const options = labels("self.stage == '|")
    expect(options).toContain("'won'")
    expect(options.every((label) => label.startsWith("'"))).toBe(true)
    expect(labels("self.stage == 'w|")).toEqual(["'won'"])
    expect(labels('self.stage == |').slice(0, options.length)).toEqual(options)
  })
  it('functions with their signature and what they answer', () => {
    const round = at('rou|').offers.find(({ label }) => label === 'round(x)')
    expect(round?.doc).toMatch(/^Rounded/)
  })
  it('operators behind a value, by what it is', () => {
    expect(labels('self.stage |')).toEqual(['==', '!=', 'in […]', '== null', '!= null'])
    expect(labels('self.quantity |').slice(0, 4)).toEqual(['==', '!=', '>', '>='])
    expect(labels("self.stage == 'won' |").slice(0, 2)).toEqual(['&&', '||'])
    expect(labels("self.stage == 'won' && (self.stage |")).toContain('in […]')
    expect(labels('self.stage|')).not.toContain('==')
  })
  it('are put in the place of what was begun', () => {
    expect(taking('sta|', 'self.stage')).toBe('self.stage|')
    expect(taking('self.st|age == 1', 'stage')).toBe('self.stage| == 1')
    expect(taking("self.stage == '|'", "'won'")).toBe("self.stage == 'won'|")
    expect(taking('rou|', 'round(x)')).toBe('round(|)')
    expect(taking('rou|(1)', 'round(x)')).toBe('round(|1)')
    expect(taking('self.stage |', 'in […]')).toBe('self.stage in [|]')
    expect(taking("self.stage | 'won'", '==')).toBe("self.stage ==| 'won'")
  })
})

describe('what is said of a fault', () => {
  const advice = (text: string) => {
    const fault = compileExpression(text, context, { kind: 'boolean' }).faults?.[0]
    if (!fault) throw new Error(`${text} has no fault`)
    const { sentence, replacement } = adviceFor(text, fault)
    return { sentence, fixed: replacement === null ? null : text.slice(0, fault.start) + replacement + text.slice(fault.end) }
  }
  it.each([
    [`self.stag == 'won'`, `self.stage == 'won'`],
    [`self.stage == 'wonn'`, `self.stage == 'won'`],
    [`self.stage = 'won'`, `self.stage == 'won'`],
    [`self.stage == won`, `self.stage == 'won'`],
    [`self.stage == “won”`, `self.stage == 'won'`],
    [`stage == 'won'`, `self.stage == 'won'`],
    [`self.stage == 'won' and true`, `self.stage == 'won' && true`],
    [`self.quantity => 3`, `self.quantity >= 3`],
    [`self.value > 3`, `self.value.amount > 3`],
    [`abs(self.value) > 3`, `abs(self.value).amount > 3`],
    [`self.fee - self.fee > 3`, `(self.fee - self.fee).amount > 3`],
    [`True`, `true`],
    [`self.quantity > .5`, `self.quantity > 0.5`],
    [`self.quantity > 10,000`, `self.quantity > 10000`],
    [`self.quantity > 1'250.5`, `self.quantity > 1250.5`],
    [`(self.quantity > 10.000,50)`, `(self.quantity > 10000.50)`],
    [`self.quantity > 1.000.000`, `self.quantity > 1000000`],
    [`self.quantity > 50% && true`, `self.quantity > 50 && true`],
    [`self.quantity > 007`, `self.quantity > 7`],
    [`self.close < 2026-12-01`, `self.close < '2026-12-01'`],
    [`self.close < 1.12.2026`, `self.close < '2026-12-01'`],
    [`now > '2026-12-01'`, `now > dateTime('2026-12-01')`],
    [`user.roles == 'crm.rep'`, `'crm.rep' in user.roles`],
    [`true && 'crm.rep' != user.roles`, `true && !('crm.rep' in user.roles)`],
    [`rund(self.quantity) > 1`, `round(self.quantity) > 1`],
  ])('%s is put right by a click', (text, fixed) => {
    expect(advice(text).fixed).toBe(fixed)
    expect(compileExpression(fixed, context, { kind: 'boolean' }).faults).toBe(undefined)
  })
  it.each(['self.name', 'self.name like 3', 'self.stage ==', 'round(1', 'self.quantity > 1e6', 'if a', 'true ? self.value : 0'])(
    '%s needs more',
    (text) => {
      expect(advice(text).fixed).toBe(null)
    },
  )
  it('is a sentence', () => {
    expect(advice(`self.stage = 'won'`).sentence).toBe('Write == to compare; an expression changes nothing.')
    expect(advice('self.stag == 1').sentence).toBe('Deal has no "stag".')
  })
})

it('a coloured text is the text', () => {
  for (const text of [`self.stage in ['won', "x"] && round(self.a, 1) > 2.5`, 'a ¬ “b” ', `'open`, '', '\n 1']) {
    const segments = segmentsOf(text, [{ start: 1, end: 4 }])
    expect(segments.map((each) => each.text).join('')).toBe(text)
  }
  const looks = segmentsOf(`self.in == true && round(1) == 'in'`, [{ start: 5, end: 7 }]).filter(({ text }) => text.trim() !== '')
  expect(looks.map(({ text, look, faulty }) => `${text} ${look}${faulty ? '!' : ''}`)).toEqual([
    'self root',
    '. sign',
    'in plain!',
    '== sign',
    'true word',
    '&& sign',
    'round call',
    '( sign',
    '1 number',
    ') sign',
    '== sign',
    `'in' text`,
  ])
})

it('what the server says of a joined expression stands where the person wrote it', () => {
  const own = 'self.stag == 1'
  const refused = (detail: string, pointer = 'filter', code = 'parameter-invalid') =>
    new ApiProblem(400, code, 'x', detail, [{ pointer, detail }])
  expect(toldFaults(refused('Characters 6–9: Deal has no "stag".'), own, '')).toEqual([{ start: 5, end: 9, detail: 'Deal has no "stag".' }])
  expect(joined(own, 'self.a')!.slice(6, 10)).toBe('stag')
  expect(toldFaults(refused('Characters 7–10: No.'), own, 'self.a')).toEqual([{ start: 5, end: 9, detail: 'No.' }])
  expect(toldFaults(refused('Character 12: No.'), own, '')).toEqual([{ start: 11, end: 12, detail: 'No.' }])
  // A place behind the person's own text is the view's: it has no place here.
  expect(toldFaults(refused('Characters 40–44: No.'), own, 'self.a')).toEqual([{ start: 14, end: 14, detail: 'No.' }])
  expect(toldFaults(refused('No.', 'sort'), own, '')).toEqual([])
  expect(toldFaults(refused('No.', 'filter', 'internal'), own, '')).toEqual([])
  expect(toldFaults(new Error('x'), own, '')).toEqual([])
  expect(toldFaults(refused('Characters 6–9: No.'), '', 'self.stag == 1')).toEqual([])
})
