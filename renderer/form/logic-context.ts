import { createContext, useContext } from 'react'
import type { Entity } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import type { FaultTree } from '../fields/type.ts'
import type { LiveLogic } from '../model/use-logic.ts'
import { emptyRow } from '../model/row-logic.ts'

/** What expressions say of the form as it is now, for its parts. Apart from the form's other facts: it changes with most keys. */
export interface FormLogicView extends Pick<LiveLogic, 'document' | 'lines'> {
  readonly entity: Entity | null
  /** As it was when editing began. */
  readonly record: RecordData | undefined
  readonly faults: FaultTree
  readonly warnings: FaultTree
}
export const LogicContext = createContext<FormLogicView>({
  entity: null,
  record: undefined,
  document: emptyRow,
  lines: {},
  faults: {},
  warnings: {},
})
export const useLogicView = (): FormLogicView => useContext(LogicContext)
