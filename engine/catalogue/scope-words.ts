import type { Root } from '../expressions/check.ts'
import type { Expression } from '../expressions/types.ts'
import { boolean, expressionOf } from './compile-expression.ts'
import type { Place } from './compile-expression.ts'
import { beyondRow } from './row-words.ts'
import { declaredScopes } from './scopes.ts'
import type { EntityDraft } from './symbols.ts'

/** A row policy asks this of every row: of the row itself, and of who asks. */
const scopeRoots: readonly Root[] = ['self', 'user']

/** Compiles what the scopes of an entity say in words of their own, its traits' too; by id. */
export function scopeWords(place: Place): ReadonlyMap<string, Expression> {
  return new Map(
    declaredScopes(place.draft).flatMap(({ node: { id, where }, file, pointer }) => {
      if (where === undefined) return []
      const found = expressionOf(
        place,
        where,
        scopeRoots,
        (detail, meant) => place.report(file, `${pointer}/where`, detail, meant),
        boolean,
      )
      return found ? [[id, found] as const] : []
    }),
  )
}

/** Once what is not stored stands in it as what it is made of: reports what a policy could not read. */
export function checkScopeWords(draft: EntityDraft, words: ReadonlyMap<string, Expression>, report: Place['report']): void {
  for (const { node, file, pointer } of declaredScopes(draft)) {
    const expression = words.get(node.id)
    const why = expression && whyNot(draft, expression)
    if (why) report(file, `${pointer}/where`, why)
  }
}

function whyNot(draft: EntityDraft, expression: Expression): string | null {
  const beyond = beyondRow(draft, expression)
  if (beyond !== null) return `${beyond}: a row policy reads the record itself and the record of who asks, and no others`
  const moment = [...expression.dependencies.parameters].find((each) => !each.startsWith('user.'))
  return moment === undefined ? null : `it depends on ${moment}: a scope hangs on the record and on who asks alone`
}
