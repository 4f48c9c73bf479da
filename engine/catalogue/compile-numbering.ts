import { partsOfPattern, readPattern } from '../fields/sequence.ts'
import { nearest } from '../fields/nearest.ts'
import type { Expression } from '../expressions/types.ts'
import { expressionOf, valueRoots } from './compile-expression.ts'
import type { Place, Report } from './compile-expression.ts'
import { quote } from './shape-faults.ts'
import type { EntityDraft, PropertyDraft } from './symbols.ts'
import type { Numbering } from './types.ts'

/** How a sequence makes its numbers of the record; null: it counts all records, or the property is none. */
export function numberingOf(place: Place, property: PropertyDraft, at: (keyword: string) => Report): Numbering | null {
  const { pattern, scope = [], assign } = property.node['x-bos'] ?? {}
  const read = pattern === undefined ? null : readPattern(pattern)
  if (!read) return null
  const parts = (text: string): Numbering['prefix'] =>
    partsOfPattern(text).flatMap((part, index): readonly (string | Expression)[] => {
      if (index % 2 === 0) return part === '' ? [] : [part]
      return partOf(place, part, at('pattern')) ?? []
    })
  const numbering: Numbering = {
    prefix: parts(read.prefix),
    suffix: parts(read.suffix),
    scope: scope.flatMap((text, index) => expressionOf(place, text, valueRoots, at(`scope/${index}`)) ?? []),
    at: assign === undefined || assign === 'create' ? null : transitionOf(place.draft, assign, at('assign')),
  }
  if (numbering.at !== null && property.required) at('assign')('a number that is given later cannot be required: the state can require it')
  const isPlain = [...numbering.prefix, ...numbering.suffix].every((part) => typeof part === 'string')
  return isPlain && scope.length === 0 && numbering.at === null ? null : numbering
}

const written: ReadonlySet<string> = new Set(['text', 'number', 'date'])

/** Of a pattern: what can stand in a number. */
function partOf(place: Place, text: string, report: Report): readonly Expression[] | null {
  const expression = expressionOf(place, text, valueRoots, report)
  if (!expression || written.has(expression.type.kind)) return expression && [expression]
  report(`at ${quote(text)}: a number is made of texts, numbers and dates`)
  return null
}

function transitionOf({ properties, fullName }: EntityDraft, name: string, report: Report): string | null {
  const known = [...properties.values()].flatMap(({ node }) => Object.entries(node['x-bos']?.lifecycle?.transitions ?? {}))
  const found = known.find(([each]) => each === name)
  if (found) return found[1].id ?? name
  report(
    `${fullName} has no transition ${quote(name)}; without "assign" the number is taken on create`,
    nearest(
      name,
      known.map(([each]) => each),
    ),
  )
  return null
}
