import { Menu } from '@mantine/core'
import { IconDownload, IconPencil, IconRestore, IconTrash, IconX } from '@tabler/icons-react'
import { useState } from 'react'
import { bringBack, bulk, exportRecords, idsOf, mostExported, type BulkResult } from '../api/actions.ts'
import { isLines, may, useCatalogue, type Entity, type Field } from '../api/catalogue.ts'
import type { Query } from '../api/client.ts'
import type { RecordData } from '../api/records.ts'
import { Edit } from '../fields/field.tsx'
import { Layer } from '../fields/layer.tsx'
import { OptionList } from '../fields/option-list.tsx'
import { editable } from '../model/editable.ts'
import { WhyNot } from '../record/why.tsx'
import { failed, toast, toastWithUndo } from '../shell/toast.tsx'

const many = (entity: Entity, count: number): string => `${count} ${(count === 1 ? entity.title : entity.pluralTitle).toLowerCase()}`

/** What can be done with the selected rows; it stands where the view bar was. */
export function SelectionBar({
  entity,
  rows,
  selection,
  onSelection,
  total,
  query,
  deleted,
}: {
  readonly entity: Entity
  /** The rows that are loaded. */
  readonly rows: readonly RecordData[]
  readonly selection: ReadonlySet<string>
  readonly onSelection: (selection: ReadonlySet<string>) => void
  readonly total: number | undefined
  readonly query: Query
  readonly deleted: boolean
}) {
  const [busy, setBusy] = useState(false)
  const [all, setAll] = useState<{ readonly query: Query; readonly selection: ReadonlySet<string>; readonly isWhole: boolean } | null>(null)
  const ids = [...selection]
  const chosen = all?.query === query && all.selection === selection ? all : null
  const isWhole = chosen?.isWhole ?? (rows.length === total && selection.size === total && rows.every(({ id }) => selection.has(id)))
  const { me } = useCatalogue()
  // What the role lacks it lacks of each: any of them can tell.
  const example = rows.find(({ id }) => selection.has(id))
  const run = async (work: () => Promise<unknown>, unless = 'Nothing more was changed.'): Promise<void> => {
    setBusy(true)
    try {
      await work()
    } catch (error) {
      failed(unless, error)
    }
    setBusy(false)
  }
  const report = (results: readonly BulkResult[], done: string): number => {
    const bad = results.filter((result) => result.status >= 400)
    if (bad.length > 0) failed(`${bad.length} of ${results.length} could not be ${done}.`, bad[0]?.problem?.detail)
    return results.length - bad.length
  }
  const remove = () =>
    run(async () => {
      const results = await bulk(
        entity,
        ids.map((id) => ({ op: 'delete', id })),
      )
      const gone = ids.filter((_, index) => (results[index]?.status ?? 500) < 400)
      report(results, 'deleted')
      onSelection(new Set())
      if (gone.length === 0) return
      const told = `Deleted ${many(entity, gone.length)}`
      if (may(entity, 'restore')) toastWithUndo(told, () => void run(async () => report(await bringBack(entity, gone), 'restored')))
      else toast(told)
    })
  const restore = () =>
    run(async () => {
      const count = report(await bringBack(entity, ids), 'restored')
      onSelection(new Set())
      if (count > 0) toast(`Restored ${many(entity, count)}`)
    })
  const edit = (field: Field, value: unknown) =>
    run(async () => {
      const count = report(
        await bulk(
          entity,
          ids.map((id) => ({ op: 'update', id, data: { [field.name]: value ?? null } })),
        ),
        'changed',
      )
      if (count > 0) toast(`Changed ${field.title.toLowerCase()} of ${many(entity, count)}`)
    })
  const selectAll = () =>
    run(async () => {
      const found = await idsOf(entity, query)
      const next = new Set(found.ids)
      setAll({ query, selection: next, isWhole: found.isWhole })
      onSelection(next)
    }, 'Not all could be selected.')
  const save = (format: 'csv' | 'jsonl') =>
    isWhole || ids.length <= mostExported
      ? run(
          () => exportRecords(entity, isWhole ? { ...query, expand: undefined } : { 'id.in': ids.join(',') }, format),
          'The export did not finish.',
        )
      : failed(
          'Nothing was exported.',
          `At most ${mostExported} selected ${entity.pluralTitle.toLowerCase()}, or all of a list, can be exported at once.`,
        )
  return (
    <div className="view-bar selection-bar" role="toolbar" aria-label="Selected rows">
      <button className="icon-btn small" aria-label="Clear the selection" onClick={() => onSelection(new Set())}>
        <IconX size={14} stroke={1.5} aria-hidden />
      </button>
      <span className="strong num" aria-live="polite">
        {selection.size} selected
      </span>
      {chosen?.isWhole === false && <span className="muted">of {total}: no more can be selected at once</span>}
      {total !== undefined && total > selection.size && chosen === null && (
        <button className="btn quiet" disabled={busy} onClick={() => void selectAll()}>
          Select all {total}
        </button>
      )}
      <span className="view-tools">
        {busy && <span className="spinner" aria-label="Working" />}
        {!deleted && !may(entity, 'update') && !me.viewer && example && (
          <WhyNot entity={entity} record={example} action="update" label="Why can these not be edited?" className="btn quiet">
            <IconPencil size={16} stroke={1.5} aria-hidden />
            <span className="wide-only">Edit field</span>
          </WhyNot>
        )}
        {!deleted && may(entity, 'update') && <BulkEdit entity={entity} count={selection.size} onEdit={edit} />}
        {!deleted && may(entity, 'export') && (
          <Menu width={180} position="bottom-end">
            <Menu.Target>
              <button className="btn quiet">
                <IconDownload size={16} stroke={1.5} aria-hidden />
                <span className="wide-only">Export</span>
              </button>
            </Menu.Target>
            <Menu.Dropdown>
              {(['csv', 'jsonl'] as const).map((format) => (
                <Menu.Item key={format} onClick={() => void save(format)}>
                  {format === 'csv' ? 'CSV file' : 'JSON lines'}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        )}
        {deleted && may(entity, 'restore') && (
          <button className="btn quiet" disabled={busy} onClick={() => void restore()}>
            <IconRestore size={16} stroke={1.5} aria-hidden />
            <span className="wide-only">Restore</span>
          </button>
        )}
        {!deleted && !may(entity, 'delete') && !me.viewer && example && (
          <WhyNot entity={entity} record={example} action="delete" label="Why can these not be deleted?" className="btn quiet">
            <IconTrash size={16} stroke={1.5} aria-hidden />
            <span className="wide-only">Delete</span>
          </WhyNot>
        )}
        {!deleted && may(entity, 'delete') && (
          <button className="btn quiet danger-btn" disabled={busy} onClick={() => void remove()}>
            <IconTrash size={16} stroke={1.5} aria-hidden />
            <span className="wide-only">Delete</span>
          </button>
        )}
      </span>
    </div>
  )
}

/** Chooses a field, then its new value, then applies it to every selected row. */
function BulkEdit({
  entity,
  count,
  onEdit,
}: {
  readonly entity: Entity
  readonly count: number
  readonly onEdit: (field: Field, value: unknown) => Promise<void>
}) {
  const [opened, setOpened] = useState(false)
  const [field, setField] = useState<Field | null>(null)
  const [value, setValue] = useState<unknown>(null)
  const [fault, setFault] = useState<string | null>(null)
  const close = (): void => {
    setOpened(false)
    setField(null)
    setValue(null)
    setFault(null)
  }
  const fields = entity.fields.filter((each) => editable(entity, each, 'edit') && !isLines(each))
  return (
    <Layer
      opened={opened}
      onClose={close}
      title="Edit a field"
      width={300}
      position="bottom-end"
      target={
        <button className="btn quiet" onClick={() => setOpened(!opened)} aria-haspopup="dialog" aria-expanded={opened}>
          <IconPencil size={16} stroke={1.5} aria-hidden />
          <span className="wide-only">Edit field</span>
        </button>
      }
    >
      {field === null ? (
        <OptionList
          label="Field"
          options={fields.map((each) => ({ id: each.name, text: each.title }))}
          onPick={(name) => setField(fields.find((each) => each.name === name) ?? null)}
        />
      ) : (
        <form
          className="bulk-edit"
          onSubmit={(event) => {
            event.preventDefault()
            if (fault !== null) return
            close()
            void onEdit(field, value)
          }}
        >
          <label className="label" htmlFor="bulk-value">
            {field.title}
          </label>
          <Edit
            id="bulk-value"
            readOnly={false}
            field={field}
            value={value}
            onChange={setValue}
            onFault={setFault}
            invalid={fault !== null}
            autoFocus
          />
          {fault !== null && <p className="field-fault">{fault}</p>}
          <button className="btn primary form" type="submit">
            Change {count} {(count === 1 ? entity.title : entity.pluralTitle).toLowerCase()}
          </button>
        </form>
      )}
    </Layer>
  )
}
