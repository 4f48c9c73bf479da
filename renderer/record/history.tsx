import {
  IconArrowRight,
  IconEye,
  IconKey,
  IconMail,
  IconPencil,
  IconPlus,
  IconRestore,
  IconShare,
  IconShareOff,
  IconTrash,
} from '@tabler/icons-react'
import { core } from '../../engine/expressions/core.ts'
import { fieldOf, useCatalogue, type Entity } from '../api/catalogue.ts'
import { useHistory, type Changes, type HistoryEntry } from '../api/history.ts'
import type { RecordData } from '../api/records.ts'
import { useTitles } from '../api/titles.ts'
import { Show } from '../fields/field.tsx'
import { useLocale } from '../fields/locale.ts'
import { formatInstant, formatInstantLong } from '../fields/dates.ts'
import { kindOf } from '../fields/registry.ts'
import { isEmpty } from '../fields/type.ts'
import { Failure } from '../shell/states.tsx'

const words: Readonly<Record<string, string>> = {
  created: 'created this',
  updated: 'changed',
  deleted: 'deleted this',
  restored: 'restored this',
  shared: 'shared this',
  unshared: 'stopped sharing this',
  viewed_as: 'looked at the workspace as this person',
  access_changed: 'changed how this person signs in or what they may do',
  invited: 'invited this person',
}
const origins: Readonly<Record<string, string>> = {
  import: 'by import',
  seed: 'sample data',
  api: 'over the API',
  job: 'by a job',
  system: 'by the system',
}
const icons = {
  created: IconPlus,
  updated: IconPencil,
  deleted: IconTrash,
  restored: IconRestore,
  shared: IconShare,
  unshared: IconShareOff,
  viewed_as: IconEye,
  access_changed: IconKey,
  invited: IconMail,
} as const

/** What happened to a record, newest first; edits by one person within a few minutes stand under one heading. */
export function History({ entity, record }: { readonly entity: Entity; readonly record: RecordData }) {
  const history = useHistory(entity, record.id)
  if (history.error && !history.data)
    return <Failure title="The history could not be loaded" error={history.error} onRetry={() => void history.refetch()} />
  const entries = history.data?.pages.flatMap((page) => page.data) ?? []
  return (
    <div className="history">
      <ol className="history-list">
        {fold(entries).map((group) => (
          <Group key={group[0]?.id} entity={entity} entries={group} />
        ))}
      </ol>
      {history.hasNextPage && (
        <button className="btn quiet" onClick={() => void history.fetchNextPage()} disabled={history.isFetchingNextPage}>
          Show earlier
        </button>
      )}
    </div>
  )
}

const foldMs = 5 * 60_000

/** Consecutive changes of one person, at most five minutes apart. */
function fold(entries: readonly HistoryEntry[]): readonly (readonly HistoryEntry[])[] {
  const groups: HistoryEntry[][] = []
  for (const entry of entries) {
    const last = groups.at(-1)
    const before = last?.at(-1)
    const same =
      before &&
      before.type === 'updated' &&
      entry.type === 'updated' &&
      before.actor === entry.actor &&
      Date.parse(before.at) - Date.parse(entry.at) < foldMs
    if (last && same) last.push(entry)
    else groups.push([entry])
  }
  return groups
}

function Group({ entity, entries }: { readonly entity: Entity; readonly entries: readonly HistoryEntry[] }) {
  const locale = useLocale()
  const first = entries[0]
  const [name] = useTitles(first?.actor == null ? [] : [{ entity: core.member, id: first.actor }])
  if (!first) return null
  const Icon = icons[first.type as keyof typeof icons] ?? IconPencil
  const who = first.actor === null ? 'BusinessOS' : (name ?? (name === null ? 'A former member' : '…'))
  return (
    <li className="history-entry">
      <span className="history-icon">
        <Icon size={13} stroke={1.75} aria-hidden />
      </span>
      <div className="grow">
        <div className="history-head">
          <span className="strong">{who}</span>{' '}
          <span className="muted">
            {words[first.type] ?? stepTitle(entity, first.type)}
            {origins[first.via] === undefined ? '' : `, ${origins[first.via]}`}
          </span>
          <time className="faint num" dateTime={first.at} title={formatInstantLong(first.at, locale)}>
            {formatInstant(first.at, locale)}
          </time>
        </div>
        {first.type !== 'created' && entries.map((entry) => <Entry key={entry.id} entity={entity} entry={entry} />)}
      </div>
    </li>
  )
}

/** What a transition is called now; one that is gone is told as it was written down. */
const stepTitle = ({ lifecycles }: Pick<Entity, 'lifecycles'>, type: string): string =>
  `ran “${lifecycles.flatMap(({ transitions }) => transitions).find((each) => each.name === type)?.title ?? type}”`

function Entry({ entity, entry }: { readonly entity: Entity; readonly entry: HistoryEntry }) {
  const nothing = Object.keys(entry.changes).length === 0 && (entry.lines ?? []).length === 0
  return (
    <>
      <ChangeList entity={entity} changes={entry.changes} />
      <LineChanges entity={entity} entry={entry} />
      {nothing && entry.type === 'updated' && <div className="history-change muted">Something your role does not show</div>}
    </>
  )
}

function ChangeList({ entity, changes, prefix = '' }: { readonly entity: Entity; readonly changes: Changes; readonly prefix?: string }) {
  return (
    <>
      {Object.entries(changes).map(([name, { from, to }]) => {
        const field = fieldOf(entity, name)
        return (
          field && (
            <div key={name} className="history-change">
              <span className="muted">
                {prefix}
                {field.title}
              </span>
              {kindOf(field).tall === true && kindOf(field).traced !== true ? (
                <span className="faint">edited</span>
              ) : (
                <>
                  {!isEmpty(from) && (
                    <>
                      <span className="history-from">
                        <Show field={field} value={from} />
                      </span>
                      <IconArrowRight size={12} stroke={1.5} className="faint" aria-label="became" />
                    </>
                  )}
                  <span className="history-to">
                    {isEmpty(to) ? <span className="faint">empty</span> : <Show field={field} value={to} />}
                  </span>
                </>
              )}
            </div>
          )
        )
      })}
    </>
  )
}

/** Lines are summed up: a long document's first save would else fill the page. */
function LineChanges({ entity, entry }: { readonly entity: Entity; readonly entry: HistoryEntry }) {
  const catalogue = useCatalogue()
  const lines = entry.lines ?? []
  const counts = (['added', 'removed'] as const)
    .map((op) => [op, lines.filter((line) => line.op === op).length] as const)
    .filter(([, count]) => count > 0)
  const changed = lines.filter((line) => line.op === 'changed')
  return (
    <>
      {counts.map(([op, count]) => (
        <div key={op} className="history-change">
          <span className="muted">
            {count} {count === 1 ? 'line' : 'lines'} {op}
          </span>
        </div>
      ))}
      {changed.slice(0, 5).map((line) => {
        const lineEntity = catalogue.entities[fieldOf(entity, line.field)?.lines?.entity ?? '']
        return lineEntity && <ChangeList key={line.id} entity={lineEntity} changes={line.changes} prefix="Line: " />
      })}
      {changed.length > 5 && <div className="history-change muted">and {changed.length - 5} more lines</div>}
    </>
  )
}
