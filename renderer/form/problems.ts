import type { Fault } from '../api/problem.ts'
import { faultAt, type FaultTree } from '../fields/type.ts'

/** A JSON pointer as its parts: `/lines/2/quantity` → ['lines', '2', 'quantity']. */
const pointerParts = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))

interface MutableTree {
  __errors?: string[]
  [part: string]: MutableTree | string[] | undefined
}

function put(tree: MutableTree, path: readonly string[], detail: string): void {
  let here = tree
  for (const part of path) {
    const next = here[part]
    if (next === undefined || Array.isArray(next)) here = here[part] = {}
    else here = next
  }
  here.__errors = [...(here.__errors ?? []), detail]
}

/**
 * A server's faults on the fields that they belong to, in the shape of the form's value. `place` turns a pointer into a path of
 * the form (lines named by id become rows); null: the form does not show that place, and the fault is for a toast.
 */
export function placeFaults(
  faults: readonly Fault[],
  place: (parts: readonly string[]) => readonly string[] | null,
  words: (parts: readonly string[], detail: string) => string,
): { readonly tree: FaultTree; readonly rest: readonly string[] } {
  const tree: MutableTree = {}
  const rest: string[] = []
  for (const { pointer, detail } of faults) {
    const parts = pointerParts(pointer)
    const path = parts.length === 0 ? null : place(parts)
    if (path === null) rest.push(detail)
    else put(tree, path, words(parts, detail))
  }
  return { tree, rest }
}

/** What is said of places of the form, in the shape of its value. */
export function treeOf(messages: readonly { readonly path: readonly string[]; readonly detail: string }[]): FaultTree {
  const tree: MutableTree = {}
  for (const { path, detail } of messages) if (path.length > 0) put(tree, path, detail.replace(/\.$/, ''))
  return tree
}

/** Both, place by place. */
export function merged(a: FaultTree | undefined, b: FaultTree | undefined): FaultTree | undefined {
  if (!a || !b) return a ?? b
  const parts = new Set([...Object.keys(a), ...Object.keys(b)].filter((part) => part !== '__errors'))
  const own = [...new Set([...(a.__errors ?? []), ...(b.__errors ?? [])])]
  return {
    ...Object.fromEntries([...parts].map((part) => [part, merged(faultAt(a, part), faultAt(b, part))])),
    ...(own.length > 0 && { __errors: own }),
  }
}

/** Without the faults of one field: it has been edited since the server judged it. */
export function withoutFault(tree: FaultTree, name: string): FaultTree {
  return Object.fromEntries(Object.entries(tree).filter(([part]) => part !== name))
}
