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
}

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

/** Says that a value was changed, with the way back to the one before; that asks the server whether it still stands there. */
function toldChange(entity: Entity, title: string, name: string, before: RecordData, saved: RecordData): void {
  ran(entity, before, saved)
  const back = async (): Promise<void> => {
    const run = runs.get(`${entity.id}/${saved.id}`)
    const seen = run !== undefined && (saved.version ?? 0) >= run.from ? run.now : saved
    try {
      ran(entity, seen, await saveFields(entity, seen, { [name]: before[name] ?? null }))
    } catch (error) {
      failed('The change was not undone.', error)
    }
  }
  toastWithUndo(`${title} changed`, () => void back(), saved)
}

const without = (faults: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(faults).filter(([each]) => each !== name))

/**
 * Saves one field at a time, says what happened, and keeps a conflict until it is settled. `record`: the one whose fields stand on the
 * screen, each with room for its fault; null: any of a list, where a fault is told as it comes.
 */
export function useFieldSaver(entity: Entity, record: RecordData | null | undefined) {
  const [conflict, setConflict] = useState<Conflict | null>(null)
  const [faults, setFaults] = useState<Readonly<Record<string, string>>>({})

  const save = async (field: Field, value: unknown, on: RecordData | null | undefined = record): Promise<boolean> => {
    if (!on) return false
    try {
      const saved = await saveFields(entity, on, { [field.name]: value ?? null })
      setFaults((old) => without(old, field.name))
      toldChange(entity, field.title, field.name, on, saved)
      return true
    } catch (error) {
      const detail = saidOf(error, field.name)
      const theirs = isProblem(error, 'version-conflict') ? await fetchRecord(entity, on.id).catch(() => null) : null
      if (theirs) setConflict({ field, mine: value, theirs })
      else if (detail !== null && record !== null) setFaults((old) => ({ ...old, [field.name]: sentence(field.title, detail) }))
      else failed(`${field.title} was not changed.`, error, () => void save(field, value, on))
      return false
    }
  }
  const settle = (keep: 'mine' | 'theirs'): void => {
    const held = conflict
    setConflict(null)
    if (held && keep === 'mine') void save(held.field, held.mine, held.theirs)
  }
  return { save, conflict, settle, faults, clearFault: (name: string) => setFaults((old) => without(old, name)) }
}
