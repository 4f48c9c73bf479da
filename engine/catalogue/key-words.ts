import { functions } from '../expressions/functions.ts'
import type { Expression, Node } from '../expressions/types.ts'
import { boolean, expressionOf } from './compile-expression.ts'
import type { Place } from './compile-expression.ts'
import { beyondRow } from './row-words.ts'
import type { EntityDraft } from './symbols.ts'

/** Compiles of which records the unique keys of an entity are; by id of the key. */
export function keyWords(place: Place): ReadonlyMap<string, Expression> {
  const { draft, report } = place
  return new Map(
    (draft.node['x-bos']?.unique ?? []).flatMap(({ id, when }, index) => {
      if (when === undefined) return []
      const found = expressionOf(place, when, ['self'], (detail, meant) => report(draft.file, pointerOf(index), detail, meant), boolean)
      return found ? [[id, found] as const] : []
    }),
  )
}

/** Once what is not stored stands in it as what it is made of: reports what an index could not hold. */
export function checkKeyWords(draft: EntityDraft, words: ReadonlyMap<string, Expression>, report: Place['report']): void {
  draft.node['x-bos']?.unique?.forEach(({ id }, index) => {
    const expression = words.get(id)
    if (!expression) return
    const beyond = beyondRow(draft, expression)
    const found = beyond ?? unfit(expression.root)
    if (found !== null)
      report(
        draft.file,
        pointerOf(index),
        `${found}: the condition of a key compares stored values of the record with each other or with fixed ones; let a "compute" work out the rest, and compare that`,
      )
  })
}

const pointerOf = (index: number): string => `/x-bos/unique/${index}/when`

/** Functions that answer the same of a row for ever, whatever zone and version of a library a server has: only of such an index can be made. */
const lasting: ReadonlyMap<string, string | null> = new Map(
  functions.flatMap(({ name, group, overloads }) =>
    overloads.map(({ id }) => [id, group === 'comparison' || group === 'logic' ? null : name] as const),
  ),
)

/** What in it is neither a stored value nor compares some; null: nothing. */
function unfit(node: Node): string | null {
  switch (node.kind) {
    case 'constant':
    case 'field':
    case 'identity':
      return null
    case 'call': {
      const name = lasting.get(node.overload) ?? null
      return name === null ? firstUnfit(node.args) : `it uses ${name}`
    }
    case 'and':
    case 'or':
      return firstUnfit([node.left, node.right])
    case 'not':
      return unfit(node.operand)
    case 'if':
      return firstUnfit([node.condition, node.then, node.otherwise])
    case 'list':
      return firstUnfit(node.items)
    default:
      return 'it goes over a list'
  }
}

function firstUnfit(nodes: readonly Node[]): string | null {
  for (const node of nodes) {
    const found = unfit(node)
    if (found !== null) return found
  }
  return null
}
