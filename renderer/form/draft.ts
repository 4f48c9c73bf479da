import { useEffect } from 'react'
import { readStored, writeStored } from '../model/stored.ts'
import type { FormData } from './body.ts'

interface Draft {
  readonly version: number | null
  readonly data: FormData
}

/** What was typed into a form and not saved, kept in this browser until it is. A draft of an older version of the record is dropped. */
export function readDraft(key: string, version: number | null): FormData | null {
  const stored = readStored(`draft.${key}`)
  if (typeof stored !== 'object' || stored === null || !('data' in stored) || !('version' in stored)) return null
  const { data, version: seen } = stored as Draft
  return seen === version && typeof data === 'object' ? data : null
}

export const dropDraft = (key: string): void => writeStored(`draft.${key}`, null)

/** Writes the draft half a second after the last change; null: there is nothing to keep. */
export function useDraft(key: string, version: number | null, data: FormData | null): void {
  useEffect(() => {
    if (data === null) return undefined
    const timer = setTimeout(() => writeStored(`draft.${key}`, { version, data } satisfies Draft), 500)
    return () => clearTimeout(timer)
  }, [key, version, data])
}
