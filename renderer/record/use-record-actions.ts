import { useState } from 'react'
import { bringBack, removeRecord, saveFields } from '../api/actions.ts'
import { may, type Entity, type Field } from '../api/catalogue.ts'
import { fetchRecord, type RecordData } from '../api/records.ts'
import { isProblem, saidOf } from '../api/problem.ts'
import { titleOf } from '../model/entity.ts'
import { sentence } from '../form/words.ts'
import { failed, toast, toastWithUndo } from '../shell/toast.tsx'

/** Someone else changed the same field meanwhile: both values, until the person has chosen. */
export interface Conflict {
  readonly field: Field
  readonly mine: unknown
  readonly theirs: RecordData
  /** What was to be saved with it. */
  readonly along: Values
}
type Values = Readonly<Record<string, unknown>>

/** Deletes with a way back; the screen that showed the record is left by `then`. */
export async function deleteWithUndo(entity: Entity, record: RecordData, then: () => void): Promise<void> {
  try {
    await removeRecord(entity, record)
    then()
    const told = `Deleted ${titleOf(entity, record)}`
    if (may(entity, 'restore')) toastWithUndo(told, () => void restore(entity, record))
    else toast(told)
  } catch (error) {
    failed(`${titleOf(entity, record)} was not deleted.`, error)
  }
}

/** Brings a deleted record back and says so; false: it stays deleted. */
export async function restore(entity: Entity, record: RecordData): Promise<boolean> {
  try {
    await bringBack(entity, [record.id])
    toast(`Restored ${titleOf(entity, record)}`)
    return true
  } catch (error) {
    failed('The record stays deleted.', error)
    return false
  }
}

/** Our own writes of a record that nobody else's came between: what was undone later is no conflict for what was done before it. */
const runs = new Map<string, { readonly from: number; readonly now: RecordData }>()

function ran(entity: Entity, before: RecordData, saved: RecordData): void {
  const key = `${entity.id}/${saved.id}`
  const run = runs.get(key)
  const follows = run !== undefined && run.now.version === before.version && saved.version === (before.version ?? 0) + 1
  runs.set(key, { from: follows ? run.from : (saved.version ?? 0), now: saved })
}

/** Says that values were changed, with the way back to those before; that asks the server whether they still stand there. */
function toldChange(entity: Entity, fields: readonly Field[], before: RecordData, saved: RecordData): void {
  ran(entity, before, saved)
  const back = async (): Promise<void> => {
    const run = runs.get(`${entity.id}/${saved.id}`)
    const seen = run !== undefined && (saved.version ?? 0) >= run.from ? run.now : saved
    try {
      ran(entity, seen, await saveFields(entity, seen, Object.fromEntries(fields.map(({ name }) => [name, before[name] ?? null]))))
    } catch (error) {
      failed('The change was not undone.', error)
    }
  }
  toastWithUndo(`${titlesOf(fields)} changed`, () => void back(), saved)
}

const titlesOf = (fields: readonly Field[]): string => new Intl.ListFormat('en').format(fields.map(({ title }) => title))

const without = (faults: Readonly<Record<string, string>>, names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(faults).filter(([each]) => !names.includes(each)))

/**
 * Saves a field, and along with it what rules let stand only together with it; says what happened, and keeps a conflict until it is
 * settled. `record`: the one whose fields stand on the screen, each with room for its fault; null: any of a list, where a fault is told
 * as it comes.
 */
export function useFieldSaver(entity: Entity, record: RecordData | null | undefined) {
  const [conflict, setConflict] = useState<Conflict | null>(null)
  const [faults, setFaults] = useState<Readonly<Record<string, string>>>({})

  const save = async (
    field: Field,
    value: unknown,
    { on = record, along = {} }: { readonly on?: RecordData | null | undefined; readonly along?: Values } = {},
  ): Promise<boolean> => {
    if (!on) return false
    const values: Values = { ...along, [field.name]: value ?? null }
    const fields = entity.fields.filter(({ name }) => Object.hasOwn(values, name))
    try {
      const saved = await saveFields(entity, on, values)
      setFaults((old) => without(old, Object.keys(values)))
      toldChange(entity, fields, on, saved)
      return true
    } catch (error) {
      const told = fields.flatMap((each) => {
        const detail = saidOf(error, each.name)
        return detail === null ? [] : [{ field: each, detail: sentence(each.title, detail) }]
      })
      const theirs = isProblem(error, 'version-conflict') ? await fetchRecord(entity, on.id).catch(() => null) : null
      if (theirs) {
        const of = told[0]?.field ?? field
        setConflict({ field: of, mine: values[of.name], theirs, along: values })
      } else if (told.length > 0 && record !== null)
        // What was to be saved says itself why it was not, even where that lies with what was to go along.
        setFaults((old) => ({
          ...old,
          [field.name]: told[0]!.detail,
          ...Object.fromEntries(told.map((each) => [each.field.name, each.detail])),
        }))
      else
        failed(
          fields.length > 1 ? 'Nothing was changed.' : `${field.title} was not changed.`,
          error,
          () => void save(field, value, { on, along }),
        )
      return false
    }
  }
  const settle = (keep: 'mine' | 'theirs'): void => {
    const held = conflict
    setConflict(null)
    if (held && keep === 'mine') void save(held.field, held.mine, { on: held.theirs, along: held.along })
  }
  return { save, conflict, settle, faults, clearFault: (name: string) => setFaults((old) => without(old, [name])) }
}
