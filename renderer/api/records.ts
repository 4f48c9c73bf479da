import { keepPreviousData, QueryClient, useInfiniteQuery, useQuery, type InfiniteData } from '@tanstack/react-query'
import { callJson, call, type Query } from './client.ts'
import type { Entity } from './catalogue.ts'
import { isProblem, type Fault } from './problem.ts'

/** A record as the API gives it: system properties, fields by name, expanded relations under `_expand`. */
export interface RecordData {
  readonly id: string
  readonly version?: number
  readonly revision?: number
  readonly _title?: string | null
  readonly _expand?: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}
/** What rules warned of when it was stored. */
export const warningsOf = (answer: RecordData): readonly Fault[] => {
  const told = answer['_warnings']
  return Array.isArray(told) ? (told as readonly Fault[]) : []
}
export interface Page {
  readonly data: readonly RecordData[]
  readonly page: { readonly limit: number; readonly nextCursor: string | null; readonly total?: number }
}

/** The one query cache. A refusal is not retried: asking again does not change a permission. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (count, error) => count < 2 && isProblem(error) && (error.status === 0 || error.status >= 500),
      refetchOnWindowFocus: true,
    },
  },
})

/** Query keys: everything of one entity stands under ['entity', id], so that one call invalidates it. */
export const keys = {
  entity: (entity: string) => ['entity', entity] as const,
  list: (entity: string, query: Query) => ['entity', entity, 'list', query] as const,
  record: (entity: string, id: string, expand = '', deleted = false) => ['entity', entity, 'record', id, expand, deleted] as const,
  history: (entity: string, id: string) => ['entity', entity, 'history', id] as const,
  title: (entity: string, id: string) => ['title', entity, id] as const,
}

const pathOf = (entity: Entity): string => {
  if (entity.path === null) throw new Error(`${entity.id} has no address of its own`)
  return entity.path
}

/** Where one record stands, or what is below it; the only one of its entity stands where a list would. */
export function pathTo(entity: Entity, id: string, below = ''): string {
  const path = pathOf(entity)
  return `${entity.kind === 'single' ? path : `${path}/${id}`}${below && `/${below}`}`
}

const pageSize = 100

/** A list read page by page along the cursor. Only the first page asks for the exact total; old rows stay while new ones load. */
export function useRecordList(entity: Entity, query: Query) {
  return useInfiniteQuery({
    queryKey: keys.list(entity.id, query),
    queryFn: ({ pageParam, signal }) =>
      callJson<Page>('GET', pathOf(entity), {
        query: { ...query, limit: String(pageSize), ...(pageParam === null ? { count: 'exact' } : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.page.nextCursor,
    placeholderData: keepPreviousData,
  })
}

export const useRecord = (entity: Entity, id: string, expand = '', deleted = false) =>
  useQuery({
    queryKey: keys.record(entity.id, id, expand, deleted),
    queryFn: ({ signal }) => fetchRecord(entity, id, { expand, deleted }, signal),
    placeholderData: () => findInLists(entity.id, id),
  })

/** `deleted`: a deleted record, which the plain address does not give. */
export const fetchRecord = (
  entity: Entity,
  id: string,
  { expand = '', deleted = false }: { readonly expand?: string; readonly deleted?: boolean } = {},
  signal?: AbortSignal,
): Promise<RecordData> =>
  callJson<RecordData>('GET', pathTo(entity, id), { query: { expand: expand || undefined, deleted: deleted ? 'only' : undefined }, signal })

/** A record that some list already shows: the panel opens with it at once and fills in the rest. */
export function findInLists(entity: string, id: string): RecordData | undefined {
  for (const [, list] of queryClient.getQueriesData<InfiniteData<Page>>({ queryKey: ['entity', entity, 'list'] })) {
    const found = list?.pages?.flatMap((page) => page.data).find((record) => record.id === id)
    if (found) return found
  }
  return undefined
}

export const listRecords = (entity: Entity, query: Query, signal?: AbortSignal): Promise<Page> =>
  callJson<Page>('GET', pathOf(entity), { query, signal })

/** Creates one record; the key makes a repeated click or retry create only one. */
export const createRecord = (entity: Entity, data: Readonly<Record<string, unknown>>, key: string): Promise<RecordData> =>
  callJson<RecordData>('POST', pathOf(entity), { body: data, headers: { 'idempotency-key': key } })

/** What is asked for holds of the record as it was seen. */
export const ifMatch = (seen: RecordData): Record<string, string> =>
  seen.version === undefined ? {} : { 'if-match': `"${seen.version}.${seen.revision ?? 0}"` }

/** What the server says of a form, and what it works out of it; null: nothing, since it is no record of any kind. */
export interface Tried {
  readonly record: RecordData | null
  readonly faults: readonly Fault[]
}

interface Trial {
  readonly entity: Entity
  /** Null: of a new record. */
  readonly seen: RecordData | null
  readonly body: Readonly<Record<string, unknown>>
  readonly isFinished: boolean
  readonly wantsValues: boolean
}

/** What would come of it; nothing is kept. What is refused may be asked about once more, as unfinished: rules then stand beside the values. */
export async function tryForm({ entity, seen, body, isFinished, wantsValues }: Trial, signal: AbortSignal): Promise<Tried> {
  const unfinished = (): Promise<RecordData> => tryRecord(entity, seen, body, 'unfinished', signal)
  try {
    return { record: await (isFinished ? tryRecord(entity, seen, body, 'true', signal) : unfinished()), faults: [] }
  } catch (error) {
    if (!isProblem(error)) throw error
    return { record: isFinished && wantsValues ? await unfinished().catch(() => null) : null, faults: error.faults }
  }
}

/** Throws the problems of the write, and nothing is kept. `seen` null: of a new record. */
const tryRecord = (
  entity: Entity,
  seen: RecordData | null,
  body: Readonly<Record<string, unknown>>,
  dryRun: 'true' | 'unfinished',
  signal: AbortSignal,
): Promise<RecordData> =>
  callJson<RecordData>(seen ? 'PATCH' : 'POST', seen ? pathTo(entity, seen.id) : pathOf(entity), {
    query: { dryRun },
    body,
    signal,
    headers: seen ? ifMatch(seen) : {},
  })

/** Edits fields. `seen` is the record as the caller knows it: an overlapping later edit answers `version-conflict`. */
export const patchRecord = (entity: Entity, seen: RecordData, data: Readonly<Record<string, unknown>>): Promise<RecordData> =>
  callJson<RecordData>('PATCH', pathTo(entity, seen.id), { body: data, headers: ifMatch(seen) })

export async function deleteRecord(entity: Entity, record: RecordData): Promise<void> {
  await call('DELETE', pathTo(entity, record.id), { headers: ifMatch(record) })
}

export async function restoreRecord(entity: Entity, id: string): Promise<void> {
  await call('POST', pathTo(entity, id, 'restore'))
}

/**
 * Everything of entities that is on a page is read again. A first read that is under way may have begun before the write, and
 * invalidating leaves it alone: it begins anew.
 */
export async function readAnew(): Promise<void> {
  await queryClient.cancelQueries({ queryKey: ['entity'], predicate: (query) => query.state.data === undefined })
  await queryClient.invalidateQueries({ queryKey: ['entity'] })
}

/** What is not shown any more after a write is forgotten, and what was not shown before may be. */
function stillShown(old: RecordData, saved: RecordData): RecordData {
  const masked = saved['_masked']
  const gone = new Set<unknown>(['_masked', '_denied', ...(Array.isArray(masked) ? masked : [])])
  return { ...Object.fromEntries(Object.entries(old).filter(([name]) => !gone.has(name))), id: old.id }
}

/** After a write: everything that may show the entity is read again; the answered record is in place at once. */
export function wrote(entity: Entity, record?: RecordData): void {
  if (record) {
    queryClient.setQueriesData<RecordData>({ queryKey: ['entity', entity.id, 'record', record.id] }, (old) =>
      old ? { ...stillShown(old, record), ...record, _expand: { ...old._expand, ...record._expand } } : old,
    )
    if (typeof record._title === 'string') queryClient.setQueryData(keys.title(entity.id, record.id), record._title)
  }
  void readAnew()
}
