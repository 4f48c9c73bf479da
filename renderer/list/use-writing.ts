import { useMemo, useState } from 'react'
import { toldFaults } from '../expression/told.ts'
import type { ShownList } from './use-list.ts'

/** The expression of a list: whether it is being written, what was begun and left, and what the server has against it. */
export function useWriting({ state, change, answer }: ShownList) {
  const [isOpen, setOpen] = useState(false)
  const [draft, setDraft] = useState('')
  const { expression, given } = state
  const told = useMemo(() => toldFaults(answer.error, expression, given), [answer.error, expression, given])
  const leave = (text: string): void => {
    setDraft(text)
    setOpen(false)
    focusFilter()
  }
  return {
    isOpen,
    draft,
    told,
    begin: () => setOpen(true),
    /** What was typed waits for the next time. */
    leave,
    apply: (text: string) => {
      if (text !== expression) change({ expression: text })
      leave('')
    },
    drop: () => setOpen(false),
  }
}
export type Writing = ReturnType<typeof useWriting>

/** After the field of the expression has closed: to what it has become, or where it was opened. */
function focusFilter(): void {
  const find = (mark: string): HTMLElement | null => document.querySelector(`[${mark}]`)
  setTimeout(() => (find('data-expression-chip') ?? find('data-filter-button'))?.focus(), 30)
}
