import type { FormData } from './body.ts'
import { linesOf } from './lines-change.ts'
import type { Fault } from './validator.ts'

/** What can be asked about of a form that is being filled in. */
export interface SoundPart {
  readonly data: FormData
  /** False: something half typed was left out. What is only missing was not. */
  readonly isWhole: boolean
}

/** The data of a form without the values that have a fault: in their places stands what the record has, or nothing. */
export const soundPart = (data: FormData, faults: readonly Fault[], record: FormData | undefined): SoundPart =>
  faults.reduce<SoundPart>((part, { path }) => without(part, path, record), { data, isWhole: true })

function without({ data, isWhole }: SoundPart, path: readonly string[], record: FormData | undefined): SoundPart {
  const [name = '', index, ...inside] = path
  const value = data[name]
  if (value === undefined || value === null || value === '') return { data, isWhole }
  const rows = linesOf(value)
  const row = index === undefined || inside.length === 0 ? undefined : rows[Number(index)]
  if (!row) return { data: { ...data, [name]: record?.[name] }, isWhole: false }
  const stored = linesOf(record?.[name]).find(({ id }) => id === row.id)
  const part = without({ data: row, isWhole }, inside, stored)
  return { data: { ...data, [name]: rows.map((each) => (each === row ? part.data : each)) }, isWhole: part.isWhole }
}
