import type { ComponentType } from 'react'
import type { Field, Operator } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'

/** How this tenant writes numbers and dates. `today` is the tenant's date, `YYYY-MM-DD`. */
export interface Locale {
  readonly locale: string
  readonly timeZone: string
  readonly currency: string
  readonly today: string
}

/** What typed text means: a canonical value (null: empty), or a fault that says what is wrong and how to fix it. */
export type Parsed = { readonly value: unknown } | { readonly fault: string }

export interface ShowProps {
  readonly value: unknown
  readonly field: Field
  /** The record the value stands in; gives already expanded references. */
  readonly record?: RecordData | undefined
  /** A grid cell or line has one line of height; a record page has room. */
  readonly roomy?: boolean
}

/** Faults in the shape of the value; `__errors` are those of the place itself. */
export interface FaultTree {
  readonly __errors?: readonly string[] | undefined
  readonly [part: string]: FaultTree | readonly string[] | undefined
}
export const faultAt = (tree: FaultTree | undefined, part: string | number): FaultTree | undefined => {
  const found = tree?.[part]
  return typeof found === 'object' && !Array.isArray(found) ? (found as FaultTree) : undefined
}

export interface EditProps {
  readonly id: string
  readonly value: unknown
  readonly field: Field
  readonly onChange: (value: unknown) => void
  /** Typed text that has no value yet; null when it has one again. */
  readonly onFault?: (fault: string | null) => void
  readonly onBlur?: () => void
  /** Enter in a one-line editor; a choice made in a picker. */
  readonly onCommit?: () => void
  /** A picker was closed without a choice. */
  readonly onCancel?: () => void
  /** Begins with this text typed, as when a key is pressed on a cell; a picker opens at once, also for an empty text. */
  readonly openWith?: string | undefined
  readonly invalid?: boolean
  readonly describedBy?: string | undefined
  readonly autoFocus?: boolean
  /** Faults of the parts of a value, by member or index: those of lines. */
  readonly faults?: FaultTree | undefined
  /** How often saving was tried: a part shows its fault once it was left, or when saving was tried since it is there. */
  readonly submits?: number | undefined
  /** Names the control where no visible label does (cells, filters). */
  readonly label?: string
  /** The record being edited: expanded references, `where` of pickers. */
  readonly record?: RecordData | undefined
}

/** One operand of a filter condition, as the text of its query parameter. */
export interface OperandProps {
  readonly field: Field
  readonly operator: Operator
  readonly value: string
  readonly onChange: (value: string) => void
  readonly onDone: () => void
}

/**
 * All that a screen knows of a field type: grid, panel, form, filter and import ask here and nowhere else.
 * A value is canonical JSON as the API gives it; null or undefined is empty.
 */
export interface FieldKind {
  readonly Show: ComponentType<ShowProps>
  readonly Edit: ComponentType<EditProps>
  /** The value as plain text: copied cells, tooltips, filter chips, history. */
  readonly format: (value: unknown, field: Field, locale: Locale) => string
  /** Typed or pasted text → value. Absent: the type cannot be typed. */
  readonly parse?: (text: string, field: Field, locale: Locale) => Parsed
  /** Offered operators in the order of usefulness, with their words; those the server does not take fall away. */
  readonly filterOps: readonly (readonly [operator: Operator, words: string])[]
  /** Chooses an operand. Absent: typed as text. */
  readonly Operand?: ComponentType<OperandProps>
  /** The value that `field = operand` gives a new record; absent or undefined: such a filter prefills nothing. */
  readonly fromOperand?: (operand: string, field: Field) => unknown
  /** In filters a value is written, shown and compared as this type. Absent: as itself. */
  readonly filterAs?: FieldKind
  readonly align: 'start' | 'end' | 'center'
  /** Default column width in px. */
  readonly width: number
  /** As wide as its longest value, where the field knows its values. */
  readonly fit?: (field: Field) => number
  /** The editor needs more room than one line, or opens a layer of its own. */
  readonly tall?: boolean
  /** Histories tell what it was and what it became, though it is tall. */
  readonly traced?: boolean
  /** Takes the whole width of a form to be typed into; short fields, and what is only read, stand side by side. */
  readonly wide?: (field: Field) => boolean
  /** Too long to be a column or a summary that nobody asked for. */
  readonly wordy?: boolean
  /** The change itself is the commit: a box or a star has no text to finish. */
  readonly instant?: boolean
  /** As a title, the value is what one reads, so it is edited where it stands. */
  readonly verbatim?: boolean
  /** As a title it is made of parts, or of another record: those stand among the details too. */
  readonly composed?: boolean
  /** Members of a value, by name and in words: a file has a column for each. */
  readonly members?: readonly (readonly [name: string, words: string])[]
  /** Exact sum of values that are there; null where it would mean nothing. Absent: not summed over lines. */
  readonly sum?: (values: readonly unknown[]) => unknown
}

export const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)

/** The server holds this back from the person: whether there is a value, they do not know. Nobody types into what they cannot see. */
export const isMasked = (row: Readonly<Record<string, unknown>> | null | undefined, name: string): boolean => {
  const masked = row?.['_masked']
  return Array.isArray(masked) && masked.includes(name)
}

/** What roles grant for some records only, and not for this one. */
export const isDenied = (row: Readonly<Record<string, unknown>> | null | undefined, action: string): boolean => {
  const denied = row?.['_denied']
  return Array.isArray(denied) && denied.includes(action)
}

/** Settings of a field, compiled by the engine's type of the same name; read with care, because a newer server may send more. */
export const settingsOf = (field: Field): Readonly<Record<string, unknown>> =>
  typeof field.settings === 'object' && field.settings !== null ? { ...field.settings } : {}

export const numberSetting = (field: Field, name: string): number | undefined => {
  const value = settingsOf(field)[name]
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}
