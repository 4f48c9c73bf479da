import { IconArrowRight, IconCheck, IconChevronDown } from '@tabler/icons-react'
import { useState } from 'react'
import type { Delimiter } from '../../engine/fields/csv.ts'
import type { Entity } from '../api/catalogue.ts'
import { Layer } from '../fields/layer.tsx'
import { OptionList } from '../fields/option-list.tsx'
import { idPath, type Target } from './targets.ts'

const delimiterNames: Readonly<Record<Delimiter, string>> = { ',': 'commas', ';': 'semicolons', '\t': 'tabs' }

/** Which column goes to which field, with samples; and what happens to records that are already there. */
export function Mapping({
  rows,
  targets,
  mapping,
  onMapping,
  keys,
  chosen,
  onKey,
  entity,
  file,
  delimiter,
}: {
  readonly rows: readonly (readonly string[])[]
  readonly targets: readonly Target[]
  readonly mapping: Readonly<Record<string, string | null>>
  readonly onMapping: (mapping: Readonly<Record<string, string | null>>) => void
  readonly keys: Entity['unique']
  readonly chosen: string | null
  readonly onKey: (key: string | null) => void
  readonly entity: Entity
  readonly file: string
  readonly delimiter: Delimiter
}) {
  const [headers = [], ...samples] = rows
  const used = new Set(Object.values(mapping))
  const missing = targets.filter(
    (target) =>
      target.required &&
      !target.path.includes('.') &&
      ![...used].some((path) => path === target.path || path?.startsWith(`${target.path}.`) === true),
  )
  const matched = headers.filter((header) => mapping[header] != null).length
  const titleOf = (name: string): string => entity.fields.find((field) => field.id === name || field.name === name)?.title ?? name
  return (
    <>
      <p className="muted import-lead">
        {file}: {matched} of {headers.length} columns have a place. Cells are parted by {delimiterNames[delimiter]}.
        {missing.length > 0 && <span className="danger"> Still needed: {missing.map((target) => target.title).join(', ')}.</span>}
      </p>
      <table className="table mapping">
        <thead>
          <tr>
            <th scope="col">Column of the file</th>
            <th scope="col">First values</th>
            <th aria-hidden />
            <th scope="col">Field</th>
          </tr>
        </thead>
        <tbody>
          {headers.map((header, at) => (
            <tr key={header}>
              <td className="strong">{header}</td>
              <td className="muted">
                <span className="ellipsis block">
                  {samples
                    .slice(0, 3)
                    .map((row) => row[at] ?? '')
                    .filter((cell) => cell !== '')
                    .join(' · ') || '–'}
                </span>
              </td>
              <td>
                <IconArrowRight size={14} stroke={1.5} className="faint" aria-label="goes to" />
              </td>
              <td>
                <TargetButton
                  header={header}
                  targets={targets}
                  path={mapping[header] ?? null}
                  used={used}
                  onPick={(path) => onMapping({ ...mapping, [header]: path })}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {(keys.length > 0 || used.has(idPath)) && (
        <fieldset className="import-mode">
          <legend className="strong">Records that are already there</legend>
          <label>
            <input type="radio" name="mode" checked={chosen === null} onChange={() => onKey(null)} /> Create a new record for every row
          </label>
          {used.has(idPath) && (
            <label>
              <input type="radio" name="mode" checked={chosen === idPath} onChange={() => onKey(idPath)} /> Update the record with the same
              id; rows without an id are new
            </label>
          )}
          {keys.map((key) => (
            <label key={key.id}>
              <input type="radio" name="mode" checked={chosen === key.id} onChange={() => onKey(key.id)} /> Update the record with the same{' '}
              {key.fields.map(titleOf).join(' and ').toLowerCase()}, else create one
            </label>
          ))}
        </fieldset>
      )}
    </>
  )
}

function TargetButton({
  header,
  targets,
  path,
  used,
  onPick,
}: {
  readonly header: string
  readonly targets: readonly Target[]
  readonly path: string | null
  readonly used: ReadonlySet<string | null>
  readonly onPick: (path: string | null) => void
}) {
  const [opened, setOpened] = useState(false)
  const target = targets.find((each) => each.path === path)
  return (
    <Layer
      opened={opened}
      onClose={() => setOpened(false)}
      title={`Field for ${header}`}
      width="target"
      target={
        <button
          className={target ? 'btn target' : 'btn target unmapped'}
          onClick={() => setOpened(!opened)}
          aria-haspopup="dialog"
          aria-expanded={opened}
        >
          {target && <IconCheck size={14} stroke={1.75} className="target-check" aria-hidden />}
          <span className="ellipsis">{target?.title ?? 'Leave out'}</span>
          <span className="grow" />
          {target?.hint !== undefined && <span className="faint">{target.hint}</span>}
          <IconChevronDown size={14} stroke={1.5} className="faint" aria-hidden />
        </button>
      }
    >
      <OptionList
        label={`Field for ${header}`}
        selected={new Set(path === null ? [''] : [path])}
        options={[
          { id: '', text: 'Leave out' },
          ...targets.map((each) => ({
            id: each.path,
            text: each.title,
            section: each.section,
            hint: used.has(each.path) && each.path !== path ? 'taken' : each.hint,
          })),
        ]}
        onPick={(picked) => {
          onPick(picked === '' ? null : picked)
          setOpened(false)
        }}
      />
    </Layer>
  )
}
