import { useRef, useState } from 'react'
import { readStored, writeStored } from '../model/stored.ts'

/** A width that a person gives a part of the screen, kept in this browser. */
export function useWidth(name: string, usual: number, least: number, most: number) {
  const clamp = (width: number): number => Math.min(Math.max(width, least), most)
  const [width, setWidth] = useState(() => {
    const stored = readStored(`${name}.width`)
    return clamp(typeof stored === 'number' ? stored : usual)
  })
  return {
    width,
    least,
    most,
    set: (next: number): void => setWidth(clamp(next)),
    keep: (next: number): void => {
      setWidth(clamp(next))
      writeStored(`${name}.width`, clamp(next))
    },
  }
}

/** The edge by which it is dragged, or moved with the arrow keys. `growsTo`: on which side of the part it stands. */
export function Resizer({
  label,
  className,
  growsTo,
  by,
  width: { width, least, most, set, keep },
}: {
  readonly label: string
  readonly className: string
  readonly growsTo: 'left' | 'right'
  /** How far a key moves it. */
  readonly by: number
  readonly width: ReturnType<typeof useWidth>
}) {
  const dragging = useRef(false)
  return (
    <div
      className={className}
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={width}
      aria-valuemin={least}
      aria-valuemax={most}
      tabIndex={0}
      onPointerDown={(event) => {
        dragging.current = true
        event.currentTarget.setPointerCapture(event.pointerId)
      }}
      onPointerMove={(event) => {
        if (dragging.current) set(growsTo === 'right' ? event.clientX : window.innerWidth - event.clientX)
      }}
      onPointerUp={() => {
        dragging.current = false
        keep(width)
      }}
      onKeyDown={(event) => {
        const step = event.key === 'ArrowRight' ? by : event.key === 'ArrowLeft' ? -by : 0
        if (step !== 0) keep(width + (growsTo === 'right' ? step : -step))
      }}
    />
  )
}
