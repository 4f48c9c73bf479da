import { toFunction } from '../engine/expressions/evaluate.ts'
import type { Environment, RecordView } from '../engine/expressions/evaluate.ts'
import { compileExpression } from '../engine/expressions/check.ts'
import { namesOf } from '../engine/testing/expressions/business.ts'

const rule = `self.stage == 'won' && self.quantity > 10 && self.close < today`

/** How often one core evaluates a rule of three comparisons in a second, on records that differ in which of them decides. */
export function evaluationsPerSecond(forMs: number): number {
  const names = namesOf({ 'crm.deal': { fields: { stage: 'select new|won', quantity: 'integer', close: 'date' } } })
  const { expression } = compileExpression(rule, { names, self: 'crm.deal', roots: new Set(['self', 'today']), settings: null })
  if (!expression) throw new Error('the rule of the benchmark is not taken')
  const run = toFunction(expression.root)
  const environments = Array.from({ length: 64 }, (_, n) => environmentOf(n))
  let count = 0
  let held = 0
  const started = performance.now()
  while (performance.now() - started < forMs) {
    for (let n = 0; n < 1000; n++) if (run(environments[n & 63]!) === true) held++
    count += 1000
  }
  if (held * 8 !== count * 3) throw new Error('the rule of the benchmark holds where it should not')
  return (count * 1000) / (performance.now() - started)
}

function environmentOf(n: number): Environment {
  const values = new Map<string, unknown>([
    ['stage', n % 8 === 0 ? 'new' : 'won'],
    ['quantity', n % 2 === 0 ? 10 : 11],
    ['close', n % 8 === 7 ? '2026-12-01' : '2026-11-01'],
  ])
  const self: RecordView = { get: (field) => values.get(field), related: () => null, document: () => null, rows: () => [] }
  return { zone: 'UTC', self, old: null, user: null, settings: null, search: () => [], parameter: () => '2026-11-22' }
}
