import { IconGitCompare } from '@tabler/icons-react'
import { core } from '../../engine/expressions/core.ts'
import { useTitles } from '../api/titles.ts'
import { Show } from '../fields/field.tsx'
import type { Conflict } from './use-record-actions.ts'

/** Two people changed the same field: says who and what, and lets the person choose. */
export function ConflictBar({
  conflict,
  record = null,
  onSettle,
}: {
  /** The title of the record, where several stand on the screen. */
  readonly record?: string | null
  readonly conflict: Conflict
  readonly onSettle: (keep: 'mine' | 'theirs') => void
}) {
  const { field, mine, theirs } = conflict
  const by = theirs['updated_by']
  const [name] = useTitles(typeof by === 'string' ? [{ entity: core.member, id: by }] : [])
  return (
    <div className="conflict" role="alert">
      <IconGitCompare size={16} stroke={1.5} aria-hidden />
      <span className="grow">
        {name ?? 'Someone'} changed {field.title.toLowerCase()} {record !== null && `of ${record} `}to{' '}
        <Show field={field} value={theirs[field.name]} record={theirs} dash /> while you wrote <Show field={field} value={mine} dash />
      </span>
      <button className="btn" onClick={() => onSettle('mine')}>
        Keep yours
      </button>
      <button className="btn" onClick={() => onSettle('theirs')}>
        Keep theirs
      </button>
    </div>
  )
}
