import { operators } from './functions-operators.ts'
import type { FunctionDefinition, Overload } from './types.ts'

/** Every function and operator of the language: checker, backends, completion, manual and the generator of the differential test read it. */
export const functions: readonly FunctionDefinition[] = [...operators]

const overloads = new Map<string, Overload>(functions.flatMap((each) => each.overloads.map((overload) => [overload.id, overload] as const)))
const byName = new Map<string, FunctionDefinition>(functions.map((each) => [each.name, each]))

/** By the id that typed trees store. */
export function overloadOf(id: string): Overload {
  const found = overloads.get(id)
  if (found === undefined) throw new RangeError(`no overload ${id}`)
  return found
}

export const functionNamed = (name: string): FunctionDefinition | undefined => byName.get(name)
