import { useQueries } from '@tanstack/react-query'
import { entityOf, useCatalogue, type CatalogueView } from './catalogue.ts'
import { callJson } from './client.ts'
import { keys, queryClient, type Page } from './records.ts'

interface Waiting {
  readonly ids: Map<string, PromiseWithResolvers<string | null>[]>
  readonly path: string
}
const waiting = new Map<string, Waiting>()

/** Titles asked for within one tick are read with one request per entity. null: gone, or not to be seen. Throws ApiProblem where that was not told. */
function loadTitle(catalogue: CatalogueView, entity: string, id: string): Promise<string | null> {
  const path = entityOf(catalogue, entity)?.path
  if (!path) return Promise.resolve(null)
  let batch = waiting.get(entity)
  if (!batch) {
    batch = { ids: new Map(), path }
    waiting.set(entity, batch)
    setTimeout(() => void flush(entity), 8)
  }
  const asked = Promise.withResolvers<string | null>()
  batch.ids.set(id, [...(batch.ids.get(id) ?? []), asked])
  return asked.promise
}

async function flush(entity: string): Promise<void> {
  const batch = waiting.get(entity)
  waiting.delete(entity)
  if (!batch) return
  const ids = [...batch.ids.keys()]
  for (let at = 0; at < ids.length; at += 100) {
    const part = ids.slice(at, at + 100)
    const asked = part.flatMap((id) => batch.ids.get(id)!.map((each) => [id, each] as const))
    try {
      const query = { 'id.in': part.join(','), fields: '_title', limit: String(part.length) }
      const { data } = await callJson<Page>('GET', batch.path, { query })
      const found = new Map(data.map((record) => [record.id, record._title ?? null]))
      for (const [id, { resolve }] of asked) resolve(found.get(id) ?? null)
    } catch (error) {
      for (const [, { reject }] of asked) reject(error)
    }
  }
}

export const rememberTitle = (entity: string, id: string, title: string | null | undefined): void => {
  if (typeof title === 'string') queryClient.setQueryData(keys.title(entity, id), title)
}

export interface Ref {
  readonly entity: string
  readonly id: string
}

/** Titles of referenced records, in order; undefined while unknown. Those in `known` are not asked for. */
export function useTitles(
  refs: readonly Ref[],
  known: (ref: Ref) => string | null | undefined = () => undefined,
): readonly (string | null | undefined)[] {
  const catalogue = useCatalogue()
  const answers = useQueries({
    queries: refs.map((ref) => ({
      queryKey: keys.title(ref.entity, ref.id),
      queryFn: () => loadTitle(catalogue, ref.entity, ref.id),
      enabled: known(ref) === undefined,
      staleTime: 5 * 60_000,
    })),
  })
  return refs.map((ref, index) => known(ref) ?? answers[index]?.data)
}
