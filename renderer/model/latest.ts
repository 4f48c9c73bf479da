import { useLayoutEffect, useRef, type RefObject } from 'react'

/** The value of the last finished rendering, for handlers that live longer than one. */
export function useLatest<T>(value: T): RefObject<T> {
  const ref = useRef(value)
  useLayoutEffect(() => {
    ref.current = value
  })
  return ref
}
