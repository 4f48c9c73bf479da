import { createContext, useContext } from 'react'
import type { RecordData } from '../api/records.ts'

export interface CreateRequest {
  readonly entity: string
  readonly initial?: Readonly<Record<string, unknown>>
  /** What to do with the record; absent: a toast that offers to open it. */
  readonly onCreated?: (record: RecordData) => void
}

/** A document is written on a page of its own: what its form begins with is handed over here, for an address cannot hold lines. */
let handed: CreateRequest | null = null
export const handOver = (request: CreateRequest): void => {
  handed = request
}
export const handedOver = (entity: string): Readonly<Record<string, unknown>> => (handed?.entity === entity ? (handed.initial ?? {}) : {})

/** Dialogs that any screen may ask for; the shell shows them, stacked. */
export interface Overlays {
  readonly openCreate: (request: CreateRequest) => void
  readonly openPalette: () => void
  readonly openHelp: () => void
}

const nothing = (): void => undefined
export const OverlaysContext = createContext<Overlays>({ openCreate: nothing, openPalette: nothing, openHelp: nothing })
export const useOverlays = (): Overlays => useContext(OverlaysContext)
