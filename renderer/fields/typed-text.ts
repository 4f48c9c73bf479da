import { useEffect, useRef, useState } from 'react'
import { useLatest } from '../model/latest.ts'
import { same } from '../model/same.ts'

/**
 * The text of a value while a person types it: theirs until a value comes from elsewhere. That takes its place, and what was wrong with
 * the text is gone with it.
 */
export function useTypedText({
  value,
  write,
  openWith,
  onFault,
}: {
  readonly value: unknown
  readonly write: (value: unknown) => string
  readonly openWith?: string | undefined
  readonly onFault?: ((fault: string | null) => void) | undefined
}) {
  const [text, setText] = useState(() => openWith || write(value))
  const known = useRef(value)
  const latest = useLatest({ write, onFault })
  useEffect(() => {
    if (same(known.current, value)) return
    known.current = value
    setText(latest.current.write(value))
    latest.current.onFault?.(null)
  }, [value, latest])
  return {
    text,
    setText,
    /** What the text means: it is no value from elsewhere when it comes back. */
    meant: (meaning: unknown): void => {
      known.current = meaning
    },
  }
}
