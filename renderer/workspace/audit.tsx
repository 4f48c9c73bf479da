import { useState } from 'react'
import { core } from '../../engine/expressions/core.ts'
import { deviceName } from '../account/device.ts'
import { usePeople } from '../api/access.ts'
import { useAudit, type AuditEntry } from '../api/audit.ts'
import { entityOf, useCatalogue } from '../api/catalogue.ts'
import { useTitles } from '../api/titles.ts'
import { formatInstant, formatInstantLong } from '../fields/dates.ts'
import { useLocale } from '../fields/locale.ts'
import { SettingsSection } from '../shell/settings.tsx'
import { Failure } from '../shell/states.tsx'

/** What the log calls things that are no records of a module. */
const kinds: readonly (readonly [string, string])[] = [
  ['security', 'Everything about access'],
  ['bos.access', 'Sign-ins and refusals'],
  ['bos.role', 'Roles and permissions'],
  ['bos.api_key', 'API keys'],
  ['bos.workspace', 'The workspace'],
  ['', 'Everything'],
]

/** What happened, newest first: who did what, from where, and where it stands in the chain. */
export function Audit() {
  const catalogue = useCatalogue()
  const [about, setAbout] = useState('security')
  const [actor, setActor] = useState('')
  const [from, setFrom] = useState('')
  const [to, setTo] = useState('')
  const { data: people } = usePeople()
  const names = useTitles((people ?? []).map(({ member }) => ({ entity: core.member, id: member })))
  const filter = {
    about: about || undefined,
    actor: actor || undefined,
    from: from === '' ? undefined : new Date(`${from}T00:00:00`).toISOString(),
    to: to === '' ? undefined : new Date(new Date(`${to}T00:00:00`).getTime() + 86_400_000).toISOString(),
  }
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useAudit(filter)
  const entries = data?.pages.flatMap((page) => page.data) ?? []
  const entities = Object.values(catalogue.entities).filter(({ kind, path }) => kind === 'record' && path !== null)
  return (
    <SettingsSection
      title="Audit"
      about="Every change and every refusal, chained so that nothing can be taken out unseen: “npm run bos -- audit verify” proves it."
    >
      <div className="settings-tools">
        <select className="input" aria-label="What it is about" value={about} onChange={(event) => setAbout(event.currentTarget.value)}>
          {kinds.map(([id, title]) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
          <optgroup label="Records of">
            {entities.map(({ id, pluralTitle }) => (
              <option key={id} value={id}>
                {pluralTitle}
              </option>
            ))}
          </optgroup>
        </select>
        <select className="input" aria-label="Who did it" value={actor} onChange={(event) => setActor(event.currentTarget.value)}>
          <option value="">Anybody</option>
          {people?.map(({ member }, index) => (
            <option key={member} value={member}>
              {names[index] ?? member}
            </option>
          ))}
        </select>
        <input className="input" type="date" aria-label="From" value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
        <input className="input" type="date" aria-label="To" value={to} onChange={(event) => setTo(event.currentTarget.value)} />
      </div>
      {error && !data && <Failure title="The log could not be loaded" error={error} onRetry={() => void refetch()} />}
      <div className="table-scroll settings-table">
        <table className="table audit" aria-busy={!data}>
          <thead>
            <tr>
              <th>When</th>
              <th>Who</th>
              <th>What</th>
              <th>Details</th>
              <th data-align="end">Place</th>
            </tr>
          </thead>
          <tbody>
            <Entries entries={entries} />
          </tbody>
        </table>
        {data && entries.length === 0 && <p className="muted settings-none">Nothing like that has happened.</p>}
      </div>
      {hasNextPage && (
        <button className="btn form" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show older
        </button>
      )}
    </SettingsSection>
  )
}

function Entries({ entries }: { readonly entries: readonly AuditEntry[] }) {
  const catalogue = useCatalogue()
  const locale = useLocale()
  const who = useTitles(
    entries.map(({ actor }) => ({ entity: core.member, id: actor ?? '' })),
    ({ id }) => (id === '' ? null : undefined),
  )
  const what = useTitles(
    entries.map(({ entity, record }) => ({ entity, id: record })),
    ({ entity }) => (entityOf(catalogue, entity)?.path == null ? null : undefined),
  )
  return entries.map((entry, index) => (
    <tr key={entry.id}>
      <td title={formatInstantLong(entry.at, locale)}>{formatInstant(entry.at, locale)}</td>
      <td>
        {who[index] ?? (entry.actor === null ? 'The system' : 'Somebody')}
        {entry.via !== 'ui' && <div className="caption faint">{entry.via}</div>}
      </td>
      <td>
        {words(entry.type)}
        <div className="caption faint">
          {[entityOf(catalogue, entry.entity)?.title ?? nameOf(entry.entity), what[index]].filter(Boolean).join(' · ')}
        </div>
      </td>
      <td className="audit-told">{toldOf(entry)}</td>
      <td data-align="end" className="num muted">
        {entry.position ?? 'next'}
      </td>
    </tr>
  ))
}

const words = (type: string): string => `${type.slice(0, 1).toUpperCase()}${type.slice(1).replaceAll('_', ' ')}`
const nameOf = (entity: string): string => words(entity.replace(/^bos\./, ''))

function toldOf({ changed, told }: AuditEntry): string {
  if (told === null) return changed.join(', ')
  const { set, ...rest } = told as Readonly<Record<string, unknown>> & { readonly set?: Readonly<Record<string, unknown>> }
  const { agent, since, last, count, ...more } = { ...set, ...rest }
  // What happened once needs no number, nor from when to when.
  const several = typeof count === 'number' && count > 1 ? { count, since, last } : {}
  return Object.entries({ ...more, ...(typeof agent === 'string' && { device: deviceName(agent) }), ...several })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${valueText(value)}`)
    .join(' · ')
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(valueText).join(', ')
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return value === null ? 'none' : JSON.stringify(value)
  const { from, to, ...rest } = value as Readonly<Record<string, unknown>>
  if (Object.keys(rest).length === 0 && (from !== undefined || to !== undefined))
    return `${valueText(from ?? null)} → ${valueText(to ?? null)}`
  return Object.entries(value)
    .map(([name, each]) => `${name} ${valueText(each)}`)
    .join(', ')
}
