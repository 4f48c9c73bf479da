import { createContext, useContext, type ComponentType } from 'react'
import type { Field } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import type { EditProps } from './type.ts'

/**
 * What single field types need from the whole registry, handed down instead of imported: the registry imports the types, and
 * imports run one way.
 */
export interface Parts {
  /** A value of any field as plain text. */
  readonly textOf: (field: Field, value: unknown) => string
  /** The editor of a document's lines, which is itself made of editors. */
  readonly LinesEditor: ComponentType<EditProps>
}

export const PartsContext = createContext<Parts>({
  textOf: (_field, value) => (typeof value === 'string' ? value : ''),
  LinesEditor: () => null,
})
export const useParts = (): Parts => useContext(PartsContext)

/** What may be chosen in a limited reference of a record, or of one of its lines; null: whatever there is. */
export type LimitFor = (field: Field, record: RecordData | Readonly<Record<string, unknown>> | undefined) => Limited | null
export interface Limited {
  /** As a list is asked for it; null: only `fits` can tell. */
  readonly filter: string | null
  /** What a new record has to begin with in order to fit. */
  readonly given: Readonly<Record<string, unknown>>
  /** Titles of fields that have to be filled in before anything can fit. */
  readonly missing: readonly string[]
  readonly fits: (candidate: RecordData) => boolean
}
export const LimitContext = createContext<LimitFor>(() => null)

/** True where a value stands inside a button or a row that is itself the link: nothing in it may be clickable. */
export const PlainContext = createContext(false)
export const usePlain = (): boolean => useContext(PlainContext)
