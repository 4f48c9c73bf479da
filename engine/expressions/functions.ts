import { dateFunctions, formatDates } from './functions-date.ts'
import { listFunctions, logicFunctions } from './functions-list.ts'
import { formatNumber, numberFunctions } from './functions-number.ts'
import { comparisons } from './functions-comparison.ts'
import { arithmetic } from './functions-operators.ts'
import { textFunctions } from './functions-text.ts'
import { isOperator } from './parse.ts'
import type { FunctionDefinition, Overload, Parameter } from './types.ts'

const format: FunctionDefinition = {
  name: 'format',
  group: 'text',
  doc: 'A number or a date written for people. Numbers: # and 0 are digits, 0 is always shown, a comma groups thousands. Dates: yyyy yy MM M dd d HH H mm ss; words stand between quotes.',
  examples: [
    { expression: `format(1234.5, '#,##0.00 €')`, result: '1,234.50 €' },
    { expression: `format(date(2026, 11, 3), 'd.M.yyyy')`, result: '3.11.2026' },
  ],
  overloads: [formatNumber, ...formatDates],
}

/** Every function and operator of the language: checker, backends, completion, manual and the generator of the differential test read it. */
export const functions: readonly FunctionDefinition[] = [
  ...comparisons,
  ...arithmetic,
  ...logicFunctions,
  ...numberFunctions,
  ...textFunctions,
  format,
  ...dateFunctions,
  ...listFunctions,
]

const overloads = new Map<string, Overload>(functions.flatMap((each) => each.overloads.map((overload) => [overload.id, overload] as const)))
const byName = new Map<string, FunctionDefinition>(functions.map((each) => [each.name, each]))

/** By the id that typed trees store. */
export function overloadOf(id: string): Overload {
  const found = overloads.get(id)
  if (found === undefined) throw new RangeError(`no overload ${id}`)
  return found
}

/** What an argument is given for: the last parameter may be repeated. */
export const parameterOf = ({ parameters }: Overload, index: number): Parameter => parameters[Math.min(index, parameters.length - 1)]!

/** Whether authors call it by its name. Of operators they write the sign. */
export const isCallable = ({ name }: FunctionDefinition): boolean => !isOperator(name) && name !== 'neg'

export const functionNamed = (name: string): FunctionDefinition | undefined => byName.get(name)
