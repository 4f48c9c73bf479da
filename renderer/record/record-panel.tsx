import { useEffect, useRef, useState, type CSSProperties } from 'react'
import type { Entity } from '../api/catalogue.ts'
import { useLatest } from '../model/latest.ts'
import { readStored, writeStored } from '../model/stored.ts'
import { isTyping } from '../shell/commands.tsx'
import { RecordView } from './record-view.tsx'

const clamp = (width: number): number => Math.min(Math.max(width, 400), 720)

/** A record beside the list: pushes it on a wide screen, lies over it on a narrow one. Esc closes. */
export function RecordPanel({
  entity,
  id,
  onClose,
  onStep,
  deleted,
}: {
  readonly entity: Entity
  readonly id: string
  readonly onClose: () => void
  readonly onStep: (by: number) => void
  readonly deleted: boolean
}) {
  const stored = readStored('panel.width')
  const [width, setWidth] = useState(clamp(typeof stored === 'number' ? stored : 480))
  const dragging = useRef(false)
  const close = useLatest(onClose)
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || event.defaultPrevented || isTyping(event.target)) return
      if (document.querySelector('[data-layer], [role="dialog"], [role="menu"]')) return
      close.current()
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [close])
  return (
    <aside className="panel" aria-label={entity.title} style={{ '--panel-width': `${width}px` } as CSSProperties}>
      <div
        className="panel-resize"
        role="separator"
        aria-orientation="vertical"
        aria-label="Panel width"
        aria-valuenow={width}
        aria-valuemin={400}
        aria-valuemax={720}
        tabIndex={0}
        onPointerDown={(event) => {
          dragging.current = true
          event.currentTarget.setPointerCapture(event.pointerId)
        }}
        onPointerMove={(event) => {
          if (dragging.current) setWidth(clamp(window.innerWidth - event.clientX))
        }}
        onPointerUp={() => {
          dragging.current = false
          writeStored('panel.width', width)
        }}
        onKeyDown={(event) => {
          const step = event.key === 'ArrowLeft' ? 16 : event.key === 'ArrowRight' ? -16 : 0
          if (step !== 0) setWidth(clamp(width + step))
        }}
      />
      <RecordView key={id} entity={entity} id={id} mode="panel" onClose={onClose} onStep={onStep} deleted={deleted} />
    </aside>
  )
}
