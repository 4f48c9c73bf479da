import { useEffect, type CSSProperties } from 'react'
import type { Entity } from '../api/catalogue.ts'
import { useLatest } from '../model/latest.ts'
import { isTyping } from '../shell/commands.tsx'
import { Resizer, useWidth } from '../shell/resizer.tsx'
import { RecordView } from './record-view.tsx'

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
  const width = useWidth('panel', 480, 400, 720)
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
    <aside className="panel" aria-label={entity.title} style={{ '--panel-width': `${width.width}px` } as CSSProperties}>
      <Resizer label="Panel width" className="panel-resize" growsTo="left" by={16} width={width} />
      <RecordView key={id} entity={entity} id={id} mode="panel" onClose={onClose} onStep={onStep} deleted={deleted} />
    </aside>
  )
}
