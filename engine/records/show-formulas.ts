import { setImmediate } from 'node:timers/promises'
import type { Field } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { isStored } from '../fields/expression.ts'
import type { StoredFormula } from '../fields/expression.ts'
import { isFormula, shownFormula } from './formulas.ts'
import type { Selection } from './select.ts'
import type { Access } from './types.ts'

/**
 * PostgreSQL renders answers, and it knows no names: where, and only where, a selection has formulas, this step behind it puts each into the
 * caller's names. One that is withheld is a masked cell, absent and named in `_masked`.
 */

type Json = Record<string, unknown>
/** Finds the formulas of a record, of what is in it and expanded with it. */
type Step = (record: Json, found: Found[]) => void
/** A formula where it stands. */
interface Found {
  readonly access: Access
  readonly field: Field
  readonly record: Json
  readonly value: StoredFormula
}

const steps = new WeakMap<Selection, Step | null>()

/** The step for JSON text of one record or a list of them; null: nothing is to be done, so nothing is parsed. */
export function formulasIn(access: Access, selection: Selection): ((json: string) => Promise<string>) | null {
  const step = stepFor(access, selection)
  if (!step) return null
  return async (json) => {
    const data = JSON.parse(json) as Json | Json[]
    const found: Found[] = []
    for (const record of [data].flat()) step(record, found)
    let characters = 0
    for (const each of found) {
      show(each)
      characters += each.value.text.length
      if (characters < limits.formulaCharactersAtOnce) continue
      // Thousands of them take seconds in which nobody else would be answered.
      await setImmediate()
      characters = 0
    }
    return JSON.stringify(data)
  }
}

function stepFor(access: Access, selection: Selection): Step | null {
  const known = steps.get(selection)
  if (known !== undefined) return known
  const step = makeStep(access, selection)
  steps.set(selection, step)
  return step
}

function makeStep(access: Access, { fields, lines, expand }: Selection): Step | null {
  const parts: Step[] = fields.filter(isFormula).map((field) => (record, found) => {
    const value = record[field.name]
    if (isStored(value)) found.push({ access, field, record, value })
  })
  const at = (under: Selection, place: (record: Json) => unknown): void => {
    const step = stepFor(access, under)
    if (step) parts.push((record, found) => [place(record) ?? []].flat().forEach((each) => step(each as Json, found)))
  }
  const expanded = (record: Json, name: string): unknown => (record['_expand'] as Json | undefined)?.[name]
  for (const { field, selection } of lines) at(selection, (record) => record[field.name])
  for (const each of expand) {
    if (each.kind === 'inverse')
      at(each.selection, (record) => (expanded(record, each.name) as { readonly data?: unknown } | null | undefined)?.data)
    // Of a reference to several entities the value says which it is.
    else
      for (const { selection } of each.targets)
        at(selection, (record) =>
          each.targets.length === 1 || entityOf(record[each.name]) === selection.access.entity.id ? expanded(record, each.name) : null,
        )
  }
  return parts.length === 0 ? null : (record, found) => parts.forEach((part) => part(record, found))
}

const entityOf = (reference: unknown): unknown => (reference as { readonly entity?: unknown } | null | undefined)?.entity

function show({ access, field, record, value }: Found): void {
  const text = shownFormula(access, field, value)
  if (text !== null) return void (record[field.name] = text)
  delete record[field.name]
  record['_masked'] = [...((record['_masked'] as string[] | undefined) ?? []), field.name]
}
