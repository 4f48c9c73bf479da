import type { Node, Overload, Type } from '../../expressions/types.ts'
import type { Random } from '../random.ts'
import { zones } from './samples.ts'

const week = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
/** Parameters that count something. */
const small = new Set(['days', 'months', 'years', 'digits', 'length', 'start', 'end', 'n'])

/** What a parameter that must be a literal is given. */
export const literals = [
  'week',
  'month',
  'quarter',
  'year',
  '0',
  '#,##0.00',
  '0.##',
  '#',
  '000',
  '#,##0.00 €',
  '$0.0#',
  '#.000',
  'yyyy-MM-dd',
  'dd.MM.yyyy',
  'd/M/yy',
  'yyyy \'at\' "x\\y"',
  'yyyy-MM-dd HH:mm',
  'HH:mm:ss',
  "H 'o''clock' mm",
]

/** An argument as people would write it, where any value of its type would nearly always lead to null or to a limit. */
export function likely(random: Random, { id, parameters: all }: Overload, index: number): Node | null {
  const { name } = all[Math.min(index, all.length - 1)]!
  const number = (least: number, most: number): Node => {
    const value = random.between(least, most)
    if (random.chance(0.8)) return { kind: 'constant', type: { kind: 'number', whole: true }, value }
    return { kind: 'constant', type: { kind: 'number', whole: false }, value: `${value}.5` }
  }
  const constant = (kind: 'text' | 'time' | 'dateTime', value: unknown): Node => ({ kind: 'constant', type: { kind }, value })
  if (id === 'date.numbers') return [number(1995, 2035), number(1, 12), number(1, 31)][index]!
  if (id === 'number.text')
    return constant('text', `${random.pick(['', ' ', '-'])}${random.below(2000)}${random.pick(['', '.5', '.50', '.', 'x'])}`)
  if (name === 'working_days') {
    const list: Type = { kind: 'list', of: { kind: 'text' } }
    return { kind: 'constant', type: list, value: week.filter(() => random.chance(0.7)) }
  }
  if (name === 'starts_at' || name === 'ends_at')
    return constant('time', name === 'starts_at' ? '08:30:00' : random.pick(['17:00:00', '03:00:00', '23:59:59']))
  if (name === 'time_zone') return constant('text', random.pick([...zones, null, 'Nowhere/City', 'EST5EDT', 'europe/berlin']))
  if (id === 'businessTime.hours' && index < 2) {
    return constant(
      'dateTime',
      new Date(Date.UTC(2026, random.below(14), random.below(40), random.below(24), random.below(60))).toISOString(),
    )
  }
  return small.has(name) ? number(-3, 30) : null
}
