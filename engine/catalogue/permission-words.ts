import type { Root } from '../expressions/check.ts'
import type { Expression } from '../expressions/types.ts'
import { pointerSegment } from '../problems.ts'
import { boolean, expressionOf } from './compile-expression.ts'
import type { Place } from './compile-expression.ts'
import { pathOfIds, reading } from './compile-permissions.ts'
import type { Symbols } from './symbols.ts'
import { actions } from './types.ts'
import type { Action } from './types.ts'

/** What the expressions of one permission say. */
export interface PermissionWords {
  readonly actions: ReadonlyMap<Action, Expression>
  /** By name of the transition. */
  readonly transitions: ReadonlyMap<string, Expression>
  /** By path of ids. */
  readonly masks: ReadonlyMap<string, Expression>
}

/** Of a record that is to be reached: what it will be, or once was, has no say. */
export const permissionRoots: readonly Root[] = ['self', 'user', 'tenant', 'settings', 'now', 'today']

/** Compiles what roles say in words of their own; by role. */
export function permissionWords(place: Place, symbols: Symbols): ReadonlyMap<string, PermissionWords> {
  const { draft, report } = place
  return new Map(
    Object.entries(draft.node['x-bos']?.permissions ?? {}).map(([role, node]) => {
      const at = `/x-bos/permissions/${pointerSegment(role)}`
      const compiled = (text: string, pointer: string): Expression | null =>
        expressionOf(place, text, permissionRoots, (detail, meant) => report(draft.file, `${at}${pointer}`, detail, meant), boolean)
      const read = typeof node.read === 'string' ? compiled(node.read, '/read') : null
      const ofAction = (action: Action): Expression | null => {
        const own = node[action]
        if (own === undefined) return reading.has(action) ? read : null
        return typeof own === 'string' ? compiled(own, `/${action}`) : null
      }
      const masks = Object.entries(node.mask ?? {}).map(
        ([path, { unless }]) => [pathOfIds(draft, path, symbols), compiled(unless, `/mask/${pointerSegment(path)}/unless`)] as const,
      )
      const transitions = Object.entries(node.transitions ?? {}).map(
        ([name, said]) => [name, typeof said === 'string' ? compiled(said, `/transitions/${pointerSegment(name)}`) : null] as const,
      )
      return [
        role,
        { actions: said(actions.map((action) => [action, ofAction(action)] as const)), transitions: said(transitions), masks: said(masks) },
      ]
    }),
  )
}

const said = <Key>(all: readonly (readonly [Key, Expression | null])[]): ReadonlyMap<Key, Expression> =>
  new Map(all.flatMap(([key, expression]) => (expression ? [[key, expression] as const] : [])))

/** The words with each expression exchanged. */
export function eachOf(words: PermissionWords, turn: (expression: Expression) => Expression): PermissionWords {
  const turned = <Key>(all: ReadonlyMap<Key, Expression>): ReadonlyMap<Key, Expression> =>
    new Map([...all].map(([key, expression]) => [key, turn(expression)]))
  return { actions: turned(words.actions), transitions: turned(words.transitions), masks: turned(words.masks) }
}
