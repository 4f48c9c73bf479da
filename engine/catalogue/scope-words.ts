import type { Root } from '../expressions/check.ts'
import type { Expression, Needs } from '../expressions/types.ts'
import { boolean, expressionOf } from './compile-expression.ts'
import type { Place } from './compile-expression.ts'
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

function whyNot(draft: EntityDraft, { dependencies: { roots, searched, parameters } }: Expression): string | null {
  const other = 'a row policy reads the record itself and the record of who asks, and no others'
  if (searched.size > 0) return `it searches ${[...searched.keys()].join(', ')}: ${other}`
  for (const needs of roots.values()) {
    const way = wayOut(needs)
    if (way !== null) return `it follows ${JSON.stringify(way)}: ${other}`
  }
  const moment = [...parameters].find((each) => !each.startsWith('user.'))
  if (moment !== undefined) return `it depends on ${moment}: a scope hangs on the record and on who asks alone`
  const self = roots.get('self')
  const list = [...draft.properties.values()].find(({ id, node }) => node['x-bos']?.type === 'references' && self?.values.has(id))
  return list ? `it reads ${JSON.stringify(list.name)}, a list of references: ${other}` : null
}

/** Id of the first relation that is followed; null: none is. */
function wayOut({ hops, lines, links, inverse, document }: Needs): string | null {
  if (document) return 'parent'
  for (const each of [hops, lines, links, inverse]) for (const id of each.keys()) return id
  return null
}
