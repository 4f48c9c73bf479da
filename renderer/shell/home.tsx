import { IconHome } from '@tabler/icons-react'
import { useQueries } from '@tanstack/react-query'
import { may, useCatalogue, type Entity } from '../api/catalogue.ts'
import { listRecords, type RecordData } from '../api/records.ts'
import { Show } from '../fields/field.tsx'
import { EntityIcon } from '../fields/icons.tsx'
import { usePhone } from '../fields/layer.tsx'
import { useLocale } from '../fields/locale.ts'
import { formatDecimal } from '../fields/numbers.ts'
import { PlainContext } from '../fields/parts.ts'
import { isEmpty } from '../fields/type.ts'
import { summaryOf } from '../model/columns.ts'
import { recordAddress, systemFields, titleOf } from '../model/entity.ts'
import { A } from '../model/navigation.tsx'
import { useOverlays } from '../model/overlays.tsx'
import { PageBar } from './page-bar.tsx'
import { navigationOf } from './sidebar.tsx'

/** Where a person starts: the places of their modules with counts, and what changed last. */
export function Home() {
  const catalogue = useCatalogue()
  const { openCreate } = useOverlays()
  const { locale } = useLocale()
  const phone = usePhone()
  const modules = navigationOf(catalogue)
  const entities = [
    ...new Set(modules.filter((module) => module.id !== 'core').flatMap((module) => module.items.map((item) => item.entity))),
  ].filter((entity) => entity.kind === 'record')
  const answers = useQueries({
    queries: entities.map((entity) => ({
      queryKey: ['entity', entity.id, 'home'],
      queryFn: ({ signal }: { readonly signal: AbortSignal }) =>
        listRecords(entity, { sort: '-updated_at', limit: '3', count: 'exact' }, signal),
    })),
  })
  const totals = new Map(entities.map((entity, index) => [entity.id, answers[index]?.data?.page.total]))
  const recent = entities
    .flatMap((entity, index) => (answers[index]?.data?.data ?? []).map((record) => ({ entity, record })))
    .sort((a, b) => String(b.record['updated_at']).localeCompare(String(a.record['updated_at'])))
    .slice(0, 10)
  const updated = systemFields.find((field) => field.name === 'updated_at')
  const first = entities.find((entity) => may(entity, 'create'))
  return (
    <>
      <PageBar title="Home" icon={<IconHome size={16} stroke={1.5} className="muted" aria-hidden />}>
        {first && !phone && (
          <button className="btn primary" onClick={() => openCreate({ entity: first.id })}>
            New {first.title.toLowerCase()}
          </button>
        )}
      </PageBar>
      <div className="home">
        {modules
          .filter((module) => module.id !== 'core')
          .map((module) => (
            <section key={module.id} aria-label={module.title}>
              <h2 className="label">{module.title}</h2>
              <div className="home-grid">
                {module.items.map(({ entity, title, href }) => (
                  <A key={href} href={href} className="home-card">
                    <EntityIcon icon={entity.display.icon} hue={entity.display.hue} size={24} />
                    <span className="grow ellipsis strong">{title}</span>
                    <span className="num muted">{count(totals.get(entity.id), locale)}</span>
                  </A>
                ))}
              </div>
            </section>
          ))}
        {recent.length > 0 && updated && (
          <section aria-label="Changed last">
            <h2 className="label">Changed last</h2>
            <div className="home-recent">
              <PlainContext value>
                {recent.map(({ entity, record }) => (
                  <A key={record.id} className="home-row" href={recordAddress(entity, record.id)}>
                    <EntityIcon icon={entity.display.icon} hue={entity.display.hue} />
                    <span className="home-title ellipsis strong">{titleOf(entity, record)}</span>
                    <Facts entity={entity} record={record} />
                    <span className="muted home-kind ellipsis">{entity.title}</span>
                    <span className="muted home-time">
                      <Show field={updated} value={record['updated_at']} />
                    </span>
                  </A>
                ))}
              </PlainContext>
            </div>
          </section>
        )}
        {modules.length === 0 && <p className="muted">No module is enabled for your role yet.</p>}
      </div>
    </>
  )
}

/** Two facts beside a title: “SM-000361” alone tells nobody what moved. */
const Facts = ({ entity, record }: { readonly entity: Entity; readonly record: RecordData }) => (
  <span className="home-facts muted">
    {summaryOf(entity)
      .filter((field) => !isEmpty(record[field.name]))
      .slice(0, 2)
      .map((field) => (
        <span key={field.name} className="card-fact">
          <Show field={field} value={record[field.name]} record={record} />
        </span>
      ))}
  </span>
)

const count = (total: number | undefined, locale: string): string => (total === undefined ? '' : formatDecimal(String(total), locale, 0))
