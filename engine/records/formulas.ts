import { systemField } from '../catalogue/system-fields.ts'
import type { Catalogue, Entity, Field } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { check, compileExpression, named } from '../expressions/check.ts'
import { format } from '../expressions/format.ts'
import type { Member, Names, Syntax, Type } from '../expressions/types.ts'
import { isStored } from '../fields/expression.ts'
import type { StoredFormula } from '../fields/expression.ts'
import { fieldOf } from '../fields/index.ts'
import { settingsFor } from './access.ts'
import { callersContext, callersNames } from './caller-names.ts'
import { Uncompiled } from './change.ts'
import { faultText } from './filter.ts'
import type { Access } from './types.ts'

/** Formulas that records hold: text in the names of whoever writes and reads them, trees of ids in between. */

const formulaOf = (access: Access, field: Field) => fieldOf(field.type).formula?.(settingsFor(access, field))

/** Who writes formulas, whether there may be one already that it is the same as, and how much of them the request has had so far. */
export interface FormulaReading {
  readonly access: Access
  readonly mode: 'create' | 'patch' | 'upsert'
  readonly formulas: { characters: number }
}

/**
 * What is stored of a formula as its writer wrote it, or undefined after a report. In a new record there is nothing that it could be the same
 * as; otherwise what does not compile is told only where it is a change.
 */
export function readFormula(
  { access, mode, formulas }: FormulaReading,
  field: Field,
  input: unknown,
  report: (detail: string) => void,
): StoredFormula | Uncompiled | undefined {
  const formula = formulaOf(access, field)!
  const refuse = (...details: readonly string[]): undefined => {
    for (const each of details) report(each)
  }
  if (formula.entity === null) return refuse('This is about records that your role does not know.')
  const text = fieldOf(field.type).parse(input, field.settings, (_, detail) => report(detail))
  if (typeof text !== 'string') return undefined
  formulas.characters += text.length
  if (formulas.characters > limits.formulaCharacters)
    return refuse(`A request has at most ${limits.formulaCharacters} characters of formulas.`)
  const context = callersContext(access, formula.entity)
  const reads = new Set([formula.entity])
  const { expression, faults } = compileExpression(text, { ...context, names: noting(context.names, reads) }, formula.result)
  if (expression)
    return { syntax: withoutPlaces(expression.canonical), reads: [...reads].sort(), text: format(named(expression.canonical, context)) }
  const details = faults.map(faultText)
  return mode === 'create' ? refuse(...details) : new Uncompiled(text, details)
}

/** Names, and a list of what was asked of them. */
function noting(names: Names, reads: Set<string>): Names {
  return {
    ...names,
    shape(entity) {
      const shape = names.shape(entity)
      if (!shape) return undefined
      reads.add(entity)
      const noted = (member: Member | undefined): Member | undefined => {
        if (member) reads.add(`${entity}/${member.id}`)
        return member
      }
      return { ...shape, byName: (name) => noted(shape.byName(name)), byId: (id) => noted(shape.byId(id)) }
    },
  }
}

const withoutPlaces = (syntax: Syntax): Syntax =>
  JSON.parse(
    JSON.stringify(syntax, (key, value: unknown) => (key === 'start' || key === 'end' || key === 'nameSpan' ? undefined : value)),
  ) as Syntax

/** The places that a checker wants, of a tree that came without a text. */
function withPlaces(syntax: Syntax): Syntax {
  const place = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(place)
    if (typeof value !== 'object' || value === null) return value
    const node = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, place(each)]))
    return { ...node, start: 0, end: 0, ...((node['kind'] === 'member' || node['kind'] === 'call') && { nameSpan: { start: 0, end: 0 } }) }
  }
  return place(syntax) as Syntax
}

/**
 * A stored formula in the names of a reader. One that no longer compiles is its old text. Null: the reader may not know of something that it
 * reads, and so of nothing in it: a formula with a gap would say something else, and the gap that there is one.
 */
export function shownFormula(access: Access, field: Field, stored: StoredFormula): string | null {
  const formula = formulaOf(access, field)!
  if (formula.entity === null) return null
  const known = shown.get(access) ?? new Map<string, string | null>()
  shown.set(access, known)
  const key = JSON.stringify([formula, stored])
  const told = known.get(key)
  if (told !== undefined) return told
  if (known.size >= limits.formulasKept) known.clear()
  const text = inNamesOf(access, formula.entity, formula.result, stored)
  known.set(key, text)
  return text
}
const shown = new WeakMap<Access, Map<string, string | null>>()

function inNamesOf(access: Access, entity: string, result: Type, { syntax, reads, text }: StoredFormula): string | null {
  const context = { ...callersContext(access, entity), isCanonical: true }
  // What compiles has no names but those of the context; in what does not, some would be left as ids, which look like names.
  if (check(withPlaces(syntax), context, result).expression) return format(named(withPlaces(syntax), context))
  return reads.every((each) => mayKnow(access, each)) ? text : null
}

/** A stored value as all of these may be told it, in the names of the first; undefined: one of them may not. */
export function toldValue(parties: readonly Access[], field: Field, value: unknown): unknown {
  if (!isFormula(field) || !isStored(value)) return value
  const [text, ...others] = parties.map((each) => shownFormula(each, field, value))
  return others.includes(null) ? undefined : (text ?? undefined)
}

/** Which stored values of a document of the entity the caller is not shown for what they say; null: it has no such fields. */
export function withholding(access: Access, entity: Entity): ((field: Field, stored: unknown) => boolean) | null {
  if (!hasFormulas(access.catalogue, entity)) return null
  return (field, stored) => isWithheld(access, field, stored)
}

export const isWithheld = (access: Access, field: Field, stored: unknown): boolean =>
  isFormula(field) && isStored(stored) && shownFormula(access, field, stored) === null

/** Ids of the fields of a record whose values, as they are stored, the caller is not shown for what they say. */
export const withheldIn = (access: Access, { fields }: Entity, values: Readonly<Record<string, unknown>>): string[] =>
  fields.filter((field) => isWithheld(access, field, values[field.id])).map(({ id }) => id)

export const isFormula = (field: Field): boolean => fieldOf(field.type).formula !== undefined

/** In itself or in its lines. */
const hasFormulas = (catalogue: Catalogue, { fields }: Entity): boolean =>
  fields.some((field) => {
    const line = field.lines && !field.lines.linkField ? catalogue.entities.get(field.lines.entity) : undefined
    return line ? hasFormulas(catalogue, line) : isFormula(field)
  })

/** Of something that a formula reads: whether the caller may know of it, or nobody can any more. */
function mayKnow(access: Access, read: string): boolean {
  const slash = read.indexOf('/')
  const entity = slash < 0 ? read : read.slice(0, slash)
  const member = slash < 0 ? null : read.slice(slash + 1)
  if (!isThere(access.catalogue, entity, member)) return true
  const shape = callersNames(access).shape(entity)
  return shape !== undefined && (member === null || shape.byId(member) !== undefined)
}

/** `member` may be `{entity}/{field}`: records that refer to it by that field. */
function isThere({ entities }: Catalogue, entity: string, member: string | null): boolean {
  const here = entities.get(entity)
  if (!here || member === null) return here !== undefined
  const [from = '', field] = member.split('/')
  if (field !== undefined) return entities.get(from)?.fieldById.has(field) === true
  return here.fieldById.has(member) || systemField(member) !== undefined || member === 'position'
}
