import type { CatalogueView } from '../api/catalogue.ts'

/** Several people may use one browser: what is kept for one of them has this in its key. */
export const ofPerson = ({ tenant, me }: Pick<CatalogueView, 'tenant' | 'me'>): string => `${tenant.id}.${me.member}`

/** What this browser keeps for a person: column widths, drafts, recents. Losing it loses no data, so failures are silent. */
export function readStored(key: string): unknown {
  try {
    const text = localStorage.getItem(`bos.${key}`)
    return text === null ? null : JSON.parse(text)
  } catch {
    return null
  }
}

/** Forgets everything whose key begins so. */
export function dropStored(prefix: string): void {
  try {
    const keys = Array.from({ length: localStorage.length }, (_, at) => localStorage.key(at) ?? '')
    for (const key of keys) if (key.startsWith(`bos.${prefix}`)) localStorage.removeItem(key)
  } catch {
    // As below.
  }
}

export function writeStored(key: string, value: unknown): void {
  try {
    if (value === null || value === undefined) localStorage.removeItem(`bos.${key}`)
    else localStorage.setItem(`bos.${key}`, JSON.stringify(value))
  } catch {
    // A full or forbidden storage is not the person's problem.
  }
}
