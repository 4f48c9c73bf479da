import { Modal } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useId, useState, type ReactNode } from 'react'
import { entityOf, useCatalogue, type Entity } from '../api/catalogue.ts'
import { listRecords, type RecordData } from '../api/records.ts'
import { Show } from '../fields/field.tsx'
import { EntityIcon } from '../fields/icons.tsx'
import { usePhone } from '../fields/layer.tsx'
import { PlainContext } from '../fields/parts.ts'
import { searchQuery } from '../fields/picker.tsx'
import { isEmpty } from '../fields/type.ts'
import { summaryOf } from '../model/columns.ts'
import { recordAddress, titleOf } from '../model/entity.ts'
import { useGo } from '../model/navigation.tsx'
import { Keys, useAllCommands } from './commands.tsx'
import { closestFirst } from './ranking.ts'
import { navigationOf } from './sidebar.tsx'

interface Row {
  readonly id: string
  readonly section: string
  readonly title: string
  readonly icon?: ReactNode
  readonly hint?: string
  /** What tells two records of the same title apart. */
  readonly detail?: ReactNode
  readonly keys?: string | undefined
  readonly disabled?: string | undefined
  readonly run: () => void
}

const matches = (title: string, words: readonly string[]): boolean => words.every((word) => title.toLowerCase().includes(word))

/** Commands, places and records behind one field. Records are searched in every entity of the menu at once. */
export function Palette({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  const phone = usePhone()
  return (
    <Modal
      opened={opened}
      fullScreen={phone}
      onClose={onClose}
      withCloseButton={false}
      size={640}
      yOffset="12vh"
      padding={0}
      attributes={{ content: { 'aria-label': 'Command palette' } }}
      classNames={{ content: 'palette' }}
      transitionProps={{ duration: 0 }}
    >
      {opened && <PaletteBody onClose={onClose} />}
    </Modal>
  )
}

function PaletteBody({ onClose }: { readonly onClose: () => void }) {
  const catalogue = useCatalogue()
  const go = useGo()
  const phone = usePhone()
  const commands = useAllCommands()
  const [text, setText] = useState('')
  const [settled] = useDebouncedValue(text.trim(), 150)
  const [active, setActive] = useState(0)
  const id = useId()
  const words = text
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')

  const searched = navigationOf(catalogue)
    .flatMap((module) => module.items)
    .map((item) => item.entity)
    .filter((entity, index, all) => all.indexOf(entity) === index && entity.kind === 'record')
  const { data: records = [], isFetching } = useQuery({
    queryKey: ['entity', 'palette', settled],
    enabled: settled.length > 1,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => searchAll(searched, settled, signal),
  })
  const order = ['On this record', 'On this list', 'Go to', 'Create', 'General']
  const rows: readonly Row[] = [
    ...commands
      .filter((command) => !command.documented && command.id !== 'palette' && matches(`${command.section} ${command.title}`, words))
      .sort((a, b) => rank(order, a.section) - rank(order, b.section))
      .map((command) => ({ ...command, icon: entityIcon(entityOf(catalogue, command.id.replace(/^(go|create)\./, ''))) })),
    ...(settled.length > 1 && words.length > 0
      ? records.map(({ entity, record }) => ({
          id: `${entity.id}/${record.id}`,
          section: 'Records',
          title: titleOf(entity, record),
          hint: entity.title,
          detail: <Detail entity={entity} record={record} />,
          icon: entityIcon(entity),
          run: () => go(recordAddress(entity, record.id)),
        }))
      : []),
  ]
  const at = Math.min(active, Math.max(rows.length - 1, 0))
  useEffect(() => {
    document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: 'nearest' })
  }, [id, at])
  const run = (row: Row | undefined): void => {
    if (!row || row.disabled !== undefined) return
    onClose()
    row.run()
  }
  return (
    <>
      <div className="palette-head">
        <input
          className="palette-input"
          role="combobox"
          aria-expanded
          aria-controls={id}
          aria-autocomplete="list"
          aria-activedescendant={rows.length > 0 ? `${id}-${at}` : undefined}
          aria-label="Search records and commands"
          placeholder="Search records, or type a command"
          value={text}
          autoFocus
          data-autofocus
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => {
            setText(event.currentTarget.value)
            setActive(0)
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
              event.preventDefault()
              if (rows.length > 0) setActive((at + (event.key === 'ArrowDown' ? 1 : rows.length - 1)) % rows.length)
            } else if (event.key === 'Enter') {
              event.preventDefault()
              run(rows[at])
            }
          }}
        />
        {phone && (
          <button className="btn quiet form" onClick={onClose}>
            Cancel
          </button>
        )}
      </div>
      <div className="palette-list" role="listbox" id={id} aria-label="Results">
        {rows.map((row, index) => (
          <div key={row.id}>
            {row.section !== rows[index - 1]?.section && <div className="options-section caption faint">{row.section}</div>}
            {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the input above has the focus and handles every key */}
            <div
              role="option"
              tabIndex={-1}
              id={`${id}-${index}`}
              aria-selected={index === at}
              aria-disabled={row.disabled !== undefined || undefined}
              className="palette-row"
              data-active={index === at || undefined}
              onMouseMove={() => setActive(index)}
              onClick={() => run(row)}
            >
              {row.icon ?? <span className="entity-icon-space" />}
              <span className="ellipsis palette-title">{row.title}</span>
              <span className="palette-detail muted">{row.detail}</span>
              {(row.disabled ?? row.hint) !== undefined && <span className="muted ellipsis palette-hint">{row.disabled ?? row.hint}</span>}
              {row.keys !== undefined && <Keys keys={row.keys} />}
            </div>
          </div>
        ))}
        {rows.length === 0 && <div className="options-empty">{isFetching ? 'Searching…' : `Nothing matches “${text.trim()}”`}</div>}
      </div>
    </>
  )
}

function Detail({ entity, record }: { readonly entity: Entity; readonly record: RecordData }) {
  const field = summaryOf(entity).find((each) => !isEmpty(record[each.name]))
  return (
    field && (
      <PlainContext value>
        <Show field={field} value={record[field.name]} record={record} />
      </PlainContext>
    )
  )
}

const rank = (order: readonly string[], section: string): number => (order.indexOf(section) + order.length + 1) % (order.length + 1)
const entityIcon = (entity: Entity | null): ReactNode => entity && <EntityIcon icon={entity.display.icon} hue={entity.display.hue} />

async function searchAll(entities: readonly Entity[], text: string, signal: AbortSignal) {
  const pages = await Promise.all(
    entities.map(async (entity) => {
      const query = searchQuery(entity, text)
      const page = query === null ? null : await listRecords(entity, { ...query, limit: '5' }, signal).catch(() => null)
      return (page?.data ?? []).map((record) => ({ entity, record }))
    }),
  )
  return closestFirst(pages.flat(), ({ entity, record }) => titleOf(entity, record), text).slice(0, 30)
}
