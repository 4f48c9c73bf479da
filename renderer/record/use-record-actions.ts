import { useState } from 'react'
import { bringBack, removeRecord, saveFields } from '../api/actions.ts'
import { may, type Entity, type Field } from '../api/catalogue.ts'
import { fetchRecord, type RecordData } from '../api/records.ts'
import { isProblem } from '../api/problem.ts'
import { titleOf } from '../model/entity.ts'
import { failed, toast } from '../shell/toast.tsx'

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
    toast(
      `Deleted ${titleOf(entity, record)}`,
      may(entity, 'restore')
        ? {
            label: 'Undo',
            run: () =>
              void bringBack(entity, [record.id]).then(
                () => toast(`Restored ${titleOf(entity, record)}`),
                (error: unknown) => failed('The record stays deleted.', error),
              ),
          }
        : undefined,
    )
  } catch (error) {
    failed(`${titleOf(entity, record)} was not deleted.`, error)
  }
}

const without = (faults: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(faults).filter(([each]) => each !== name))

/** Saves one field at a time, says what happened, and keeps a conflict until it is settled. */
export function useFieldSaver(entity: Entity, record: RecordData | undefined) {
  const [conflict, setConflict] = useState<Conflict | null>(null)
  const [faults, setFaults] = useState<Readonly<Record<string, string>>>({})

  const save = async (field: Field, value: unknown, on: RecordData | undefined = record, quiet = false): Promise<boolean> => {
    if (!on) return false
    try {
      const before = on[field.name]
      const saved = await saveFields(entity, on, { [field.name]: value ?? null })
      setFaults((old) => without(old, field.name))
      if (!quiet) toast(`${field.title} changed`, { label: 'Undo', run: () => void save(field, before, saved, true) })
      return true
    } catch (error) {
      if (isProblem(error, 'version-conflict')) {
        setConflict({ field, mine: value, theirs: await fetchRecord(entity, on.id) })
      } else if (isProblem(error) && error.faults.some((fault) => fault.pointer.startsWith(`/${field.name}`))) {
        const detail = error.faults.find((fault) => fault.pointer.startsWith(`/${field.name}`))?.detail ?? error.message
        setFaults((old) => ({ ...old, [field.name]: detail }))
      } else failed(`${field.title} was not changed.`, error, () => void save(field, value, on))
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
