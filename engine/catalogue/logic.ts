import { split } from '../expressions/split.ts'
import type { Expression, Names } from '../expressions/types.ts'
import { pointerSegment } from '../problems.ts'
import type { Reporter } from './check.ts'
import { boolean, expressionOf, valueRoots } from './compile-expression.ts'
import { logicOf } from './compile-logic.ts'
import { namesOf } from './names.ts'
import { eachOf } from './permission-words.ts'
import { settleLogic } from './settle-logic.ts'
import type { SettledLogic } from './settle-logic.ts'
import type { Symbols } from './symbols.ts'
import { numberingExpressions } from './types.ts'

/** What `settings` means in expressions. */
const settingsEntity = 'core.settings'

/** All that the expressions of a set of modules say; every fault is reported. */
export function compileLogic(symbols: Symbols, report: Reporter): SettledLogic {
  const names = new Map([...symbols.modules.values()].map((module) => [module.id, namesOf(symbols, (other) => module.sees.has(other))]))
  const logics = [...symbols.entities.values()].flatMap((draft) => {
    const known = names.get(draft.module)
    if (!known) return []
    return [logicOf(draft, known, known.shape(settingsEntity) ? settingsEntity : null, symbols, report)]
  })
  const settled = settleLogic(logics, report)
  for (const { draft } of logics) {
    const refuse = (expression: Expression | null | undefined, file: string, pointer: string): void => {
      if (expression && !split(expression.root))
        report(file, pointer, 'a loop over lines of this document cannot stand inside a loop over other records: turn them round')
    }
    for (const property of draft.properties.values()) {
      const { derivation, numbering, ...others } = settled.fields.get(draft.id)?.get(property.id) ?? { derivation: null, numbering: null }
      const at = `${property.pointer}/x-bos`
      if (derivation?.stored) refuse(derivation.expression, property.file, `${at}/${derivation.kind}`)
      for (const each of numbering ? numberingExpressions(numbering) : []) refuse(each, property.file, `${at}/pattern`)
      for (const [keyword, expression] of Object.entries(others)) refuse(expression, property.file, `${at}/${keyword}`)
    }
    settled.rules.get(draft.id)?.forEach(({ id, when, assert }) => {
      const index = draft.node['x-bos']?.rules?.findIndex((each) => each.id === id)
      refuse(when, draft.file, `/x-bos/rules/${index}/when`)
      refuse(assert, draft.file, `/x-bos/rules/${index}/assert`)
    })
    for (const [role, words] of settled.permissions.get(draft.id) ?? []) {
      const at = `/x-bos/permissions/${pointerSegment(role)}`
      eachOf(words, (each) => (refuse(each, draft.file, at), each))
    }
  }
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
    const place = { draft, shape, names: known, settings: known.shape(settingsEntity) ? settingsEntity : null, report }
    expressionOf(place, node.filter, valueRoots, (detail, meant) => report(file, '/filter', detail, meant), boolean)
  }
}
