import { createContext, useContext } from 'react'
import type { RecordData } from '../api/records.ts'

export interface CreateRequest {
  readonly entity: string
  readonly initial?: Readonly<Record<string, unknown>>
  /** What to do with the record; absent: a toast that offers to open it. */
  readonly onCreated?: (record: RecordData) => void
}

/** Dialogs that any screen may ask for; the shell shows them, stacked. */
export interface Overlays {
  readonly openCreate: (request: CreateRequest) => void
  readonly openPalette: () => void
  readonly openHelp: () => void
}

const nothing = (): void => undefined
export const OverlaysContext = createContext<Overlays>({ openCreate: nothing, openPalette: nothing, openHelp: nothing })
export const useOverlays = (): Overlays => useContext(OverlaysContext)
