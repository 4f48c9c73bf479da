import { IconCode, IconX } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { useCatalogue, type Entity } from '../api/catalogue.ts'
import { ExpressionInput } from '../expression/expression-input.tsx'
import { Layer, usePhone } from '../fields/layer.tsx'
import { contextOf } from '../model/names.ts'
import type { Context } from '../../engine/expressions/terms.ts'
import type { ExpressionFault } from '../../engine/expressions/types.ts'

/** Where the expression of a list is written: a row above its rows, a sheet on a phone. Applying an empty one removes it. */
export function ExpressionBar({
  entity,
  applied,
  begun,
  told,
  onApply,
  onClose,
}: {
  readonly entity: Entity
  readonly applied: string
  /** What stands in it at first: the applied one, or what was begun and not applied. */
  readonly begun: string
  /** What the server had against the applied one. */
  readonly told: readonly ExpressionFault[]
  readonly onApply: (text: string) => void
  /** With what was not applied. */
  readonly onClose: (text: string) => void
}) {
  const catalogue = useCatalogue()
  const phone = usePhone()
  const context = useMemo(() => contextOf(catalogue, entity.id), [catalogue, entity.id])
  const refused = useMemo(() => (told.length > 0 ? { text: applied, faults: told } : null), [told, applied])
  const [text, setText] = useState(begun)
  const close = (): void => onClose(text)
  const input = (
    <ExpressionInput
      label="Expression"
      context={context}
      expected={boolean}
      text={text}
      onText={setText}
      onApply={onApply}
      onCancel={close}
      told={refused}
      placeholder={example(entity, context)}
      inline={phone}
    />
  )
  if (phone) {
    return (
      <Layer opened onClose={close} title="Expression" target={null}>
        <div className="expression-sheet">{input}</div>
      </Layer>
    )
  }
  return (
    <div className="expression-bar" role="group" aria-label="Expression">
      <IconCode size={16} stroke={1.5} aria-hidden className="expression-sign" />
      {input}
      <button className="icon-btn expression-close" aria-label="Close the expression" onClick={close}>
        <IconX size={16} stroke={1.5} aria-hidden />
      </button>
    </div>
  )
}

const boolean = { kind: 'boolean' } as const

/** What one could write, in the words of this list. */
function example({ id, display, titleField }: Entity, { names }: Context): string {
  const status = names.shape(id)?.byName(display.statusField ?? '')
  const option = status?.kind === 'value' && status.type.kind === 'text' ? status.type.options?.[0]?.name : undefined
  if (status && option !== undefined) return `self.${status.name} == '${option}' && self.created_by == user`
  return titleField === null ? 'self.created_by == user' : `startsWith(self.${titleField}, 'A') && self.created_by == user`
}
