import { settingsIn } from '../expressions/core.ts'
import type { Names } from '../expressions/types.ts'
import type { Reporter } from './check.ts'
import { boolean, expressionOf, valueRoots } from './compile-expression.ts'
import { logicOf } from './compile-logic.ts'
import { namesOf } from './names.ts'
import { settleLogic } from './settle-logic.ts'
import type { SettledLogic } from './settle-logic.ts'
import type { Symbols } from './symbols.ts'

/** All that the expressions of a set of modules say; every fault is reported. */
export function compileLogic(symbols: Symbols, report: Reporter): SettledLogic {
  const names = new Map([...symbols.modules.values()].map((module) => [module.id, namesOf(symbols, (other) => module.sees.has(other))]))
  const logics = [...symbols.entities.values()].flatMap((draft) => {
    const known = names.get(draft.module)
    if (!known) return []
    return [logicOf(draft, known, settingsIn(known), symbols, report)]
  })
  const settled = settleLogic(logics, report)
  checkViewFilters(symbols, names, report)
  return settled
}

/** What views filter by is read by whoever opens them: the text stays what it is. */
function checkViewFilters(symbols: Symbols, names: ReadonlyMap<string, Names>, report: Reporter): void {
  for (const { node, module, file } of symbols.views.values()) {
    const draft = symbols.entities.get(node.entity)
    const known = names.get(module)
    const shape = draft && known?.shape(draft.id)
    if (typeof node.filter !== 'string' || !shape || !known) continue
    const place = { draft, shape, names: known, settings: settingsIn(known), report }
    expressionOf(place, node.filter, valueRoots, (detail, meant) => report(file, '/filter', detail, meant), boolean)
  }
}
