import { Tooltip } from '@mantine/core'
import { IconAlertTriangle, IconLock } from '@tabler/icons-react'
import type { Entity } from '../api/catalogue.ts'
import { useParts } from './parts.ts'
import { isEmpty } from './type.ts'

/** What a rule warns of: it stops nothing. */
export const Warning = ({ id, children }: { readonly id?: string; readonly children: string }) => (
  <p className="field-warning" id={id}>
    <IconAlertTriangle size={14} stroke={1.5} aria-hidden />
    <span>
      <span className="sr-only">Warning: </span>
      {children}
    </span>
  </p>
)

/** Why a value may not be changed now: the fields on which that depends, with what they hold. */
export function Why({
  entity,
  names,
  record,
}: {
  readonly entity: Entity
  readonly names: readonly string[]
  readonly record: Readonly<Record<string, unknown>> | undefined
}) {
  const { textOf } = useParts()
  const causes = names.flatMap((name) => {
    const field = entity.fields.find((each) => each.name === name)
    if (!field) return []
    const value = record?.[name]
    const words = field.lines || field.reference || isEmpty(value) ? '' : textOf(field, value)
    return [words === '' ? field.title : `${field.title} (${words})`]
  })
  const text = causes.length === 0 ? 'Cannot be changed now.' : `Cannot be changed now. This depends on ${causes.join(' and ')}.`
  return (
    <Tooltip label={text} multiline maw={280}>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the reason must be reachable by keyboard */}
      <span className="why" tabIndex={0} role="img" aria-label={text}>
        <IconLock size={13} stroke={1.5} aria-hidden />
      </span>
    </Tooltip>
  )
}
