import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQueries } from '@tanstack/react-query'
import { useState } from 'react'
import { entityOf, fieldOf, may, useCatalogue, type Entity } from '../api/catalogue.ts'
import { isProblem } from '../api/problem.ts'
import { listRecords, type RecordData } from '../api/records.ts'
import type { Ref } from '../api/titles.ts'
import { expanded, titleOf } from '../model/entity.ts'
import { useOverlays } from '../model/overlays.tsx'
import { recentIds, rememberRecent } from '../model/recents.ts'
import { EntityIcon } from './icons.tsx'
import { OptionList, type Option } from './option-list.tsx'
import { useParts, type LimitFor } from './parts.ts'

/** How the server finds records of an entity by what a person types; null: it cannot. */
export function searchQuery(entity: Entity, typed: string): Readonly<Record<string, string>> | null {
  if (entity.search) return { search: typed }
  const title = entity.titleField === null ? null : fieldOf(entity, entity.titleField)
  if (title?.operators.includes('contains')) return { [`${title.name}.contains`]: typed }
  if (title?.operators.includes('startsWith')) return { [`${title.name}.startsWith`]: typed }
  return null
}

/**
 * Finds a record to refer to: recent ones first, then a server search 150 ms after the last key. A reply to an older text
 * is dropped, because the query's key is the text. `Create “abc”` opens the create dialog and picks what it made.
 */
export function Picker({
  label,
  targets,
  initialQuery,
  selected,
  onPick,
  canCreate = true,
  limit = null,
}: {
  readonly label: string
  readonly targets: readonly { readonly entity: string }[]
  readonly initialQuery: string
  readonly selected: ReadonlySet<string>
  readonly onPick: (picked: Ref, title: string) => void
  readonly canCreate?: boolean
  /** Of a limited reference: what may be chosen. */
  readonly limit?: ReturnType<LimitFor>
}) {
  const catalogue = useCatalogue()
  const { textOf } = useParts()
  const { openCreate } = useOverlays()
  const [query, setQuery] = useState(initialQuery)
  const [settled] = useDebouncedValue(query.trim(), 150)
  const entities = targets.map(({ entity }) => entityOf(catalogue, entity)).filter((entity): entity is Entity => entity?.path != null)

  const answers = useQueries({
    queries: entities.map((entity) => ({
      queryKey: ['entity', entity.id, 'pick', settled, limit?.filter ?? null] as const,
      queryFn: async ({ signal }: { readonly signal: AbortSignal }) => {
        const found = settled === '' ? {} : searchQuery(entity, settled)
        if (found === null) return []
        const subtitle = entity.display.subtitleField === null ? null : fieldOf(entity, entity.display.subtitleField)
        const expand = subtitle?.reference ? subtitle.name : undefined
        const recent = settled === '' ? recentIds(catalogue, entity.id).slice(0, 8) : []
        const list = (asked: Readonly<Record<string, string>>, most: number, filter: string | undefined) =>
          listRecords(entity, { ...asked, filter, expand, limit: String(most) }, signal)
        const filter = limit?.filter ?? undefined
        const [first, rest] = await Promise.all([
          recent.length === 0 ? { data: [] } : list({ 'id.in': recent.join(',') }, 8, filter).catch(() => ({ data: [] })),
          // What a list does not take as a filter, the form judges of each that comes.
          list(found, filter === undefined && limit ? 100 : 20, filter).catch((error: unknown) => {
            if (filter === undefined || !isProblem(error) || error.status !== 400) throw error
            return list(found, 100, undefined)
          }),
        ])
        const ordered = recent.flatMap((id) => first.data.filter((record) => record.id === id))
        return [...ordered, ...rest.data.filter((record) => !recent.includes(record.id))]
      },
      placeholderData: keepPreviousData,
      staleTime: 30_000,
    })),
  })

  const subtitleOf = (entity: Entity, record: RecordData): string | undefined => {
    const field = entity.display.subtitleField === null ? null : fieldOf(entity, entity.display.subtitleField)
    if (!field) return undefined
    if (field.reference) return expanded(record, field.name)?._title ?? undefined
    return textOf(field, record[field.name]) || undefined
  }
  const typed = query.trim()
  // What was found for an older text is narrowed at once: nobody picks what no longer fits, nor does it move under the pointer.
  const still = (entity: Entity, record: RecordData): boolean => titleOf(entity, record).toLowerCase().includes(typed.toLowerCase())
  const options: readonly Option[] = entities.flatMap((entity, index) =>
    (answers[index]?.data ?? [])
      .filter((record) => limit?.fits(record) !== false)
      .filter((record) => (settled === typed && answers[index]?.isPlaceholderData === false) || still(entity, record))
      .map((record) => ({
        id: `${entity.id}/${record.id}`,
        text: titleOf(entity, record),
        hint: subtitleOf(entity, record),
        section: entities.length > 1 ? entity.pluralTitle : undefined,
        content: (
          <>
            <EntityIcon icon={entity.display.icon} hue={entity.display.hue} />
            <span className="ellipsis">{titleOf(entity, record)}</span>
          </>
        ),
      })),
  )
  const pick = (key: string): void => {
    const [entity = '', id = ''] = key.split('/')
    rememberRecent(catalogue, entity, id)
    onPick({ entity, id }, options.find((option) => option.id === key)?.text ?? '')
  }
  const creatable = entities.find((entity) => may(entity, 'create'))
  const create =
    canCreate && creatable && typed !== ''
      ? {
          text: `Create “${typed}”${entities.length > 1 ? ` as ${creatable.title.toLowerCase()}` : ''}`,
          run: () =>
            openCreate({
              entity: creatable.id,
              initial: { ...limit?.given, ...(creatable.titleField !== null && { [creatable.titleField]: typed }) },
              onCreated: (record) => onPick({ entity: creatable.id, id: record.id }, titleOf(creatable, record)),
            }),
        }
      : null
  const loading = answers.some((answer) => answer.isFetching) || settled !== typed
  const refused = answers.length > 0 && answers.every((answer) => answer.isError)
  return (
    <OptionList
      label={label}
      options={options}
      selected={new Set(entities.flatMap((entity) => [...selected].map((id) => `${entity.id}/${id}`)))}
      onPick={pick}
      query={query}
      onQuery={setQuery}
      loading={loading}
      create={create}
      empty={refused || entities.length === 0 ? 'These records are not available to your role' : emptyWords(typed, limit)}
    />
  )
}

/** Why nothing is offered. */
function emptyWords(typed: string, limit: ReturnType<LimitFor>): string {
  if (limit && limit.missing.length > 0) return `Choose ${limit.missing.join(' and ')} first`
  if (typed === '') return limit ? 'Nothing fits here' : 'No records yet'
  return `No match for “${typed}”${limit ? ' among what fits here' : ''}`
}
