import { useEffect } from 'react'
import type { CatalogueView, Entity } from '../api/catalogue.ts'
import { dropStored, ofPerson, readStored, writeStored } from '../model/stored.ts'
import type { FormData } from './body.ts'

/** Where a draft lies in this browser: it is one person's, for several may sign in here. `place`: the record, or where a new one began. */
export const draftKey = (person: Pick<CatalogueView, 'tenant' | 'me'>, entity: Pick<Entity, 'id'>, place: string): string =>
  `draft.${ofPerson(person)}.${entity.id}.${place}`

/** What a record is and what of it is shown: of another version, or of what was shown otherwise, a draft says nothing any more. */
export const stampOf = (record: FormData | undefined): string | null =>
  record === undefined ? null : JSON.stringify([record['version'] ?? null, masksOf(record)])

function masksOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return []
  const masked: unknown = '_masked' in value ? value._masked : []
  const inside = Object.entries(value).flatMap(([name, each]) => {
    const masks: unknown = typeof each === 'object' && name !== '_masked' && name !== '_expand' ? masksOf(each) : []
    return Array.isArray(masks) && masks.length > 0 ? [[name, masks]] : []
  })
  return [...(Array.isArray(masked) ? masked.map(String).toSorted((a, b) => a.localeCompare(b)) : []), ...inside]
}

/** What was typed into a form and not saved, kept in this browser until it is. */
export function readDraft(key: string, stamp: string | null): FormData | null {
  const stored = readStored(key)
  if (typeof stored !== 'object' || stored === null || !('data' in stored) || !('stamp' in stored)) return null
  return stored.stamp === stamp && typeof stored.data === 'object' ? (stored.data as FormData) : null
}

const waiting = new Map<string, { readonly timer: ReturnType<typeof setTimeout>; readonly write: () => void }>()

function cancel(key: string): void {
  clearTimeout(waiting.get(key)?.timer)
  waiting.delete(key)
}

/** Writes the draft half a second after the last change. */
export function keepDraft(key: string, stamp: string | null, data: FormData): void {
  cancel(key)
  const write = (): void => {
    cancel(key)
    writeStored(key, { stamp, data })
  }
  waiting.set(key, { timer: setTimeout(write, 500), write })
}

/** What still waits is written at once: its form goes. */
export const flushDraft = (key: string): void => waiting.get(key)?.write()

export function dropDraft(key: string): void {
  cancel(key)
  writeStored(key, null)
}

/** Whoever signs out leaves nothing of what they saw to the next person at this browser. */
export function dropDrafts(): void {
  for (const key of waiting.keys()) cancel(key)
  dropStored('draft.')
}

/** Keeps what is typed; null: there is nothing to keep. */
export function useDraft(key: string, stamp: string | null, data: FormData | null): void {
  useEffect(() => {
    if (data !== null) keepDraft(key, stamp, data)
  }, [key, stamp, data])
  useEffect(() => {
    const flush = (): void => flushDraft(key)
    addEventListener('pagehide', flush)
    return () => {
      removeEventListener('pagehide', flush)
      flush()
    }
  }, [key])
}
