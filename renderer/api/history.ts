import { useInfiniteQuery } from '@tanstack/react-query'
import type { Entity } from './catalogue.ts'
import { callJson } from './client.ts'
import { keys, pathTo } from './records.ts'

export type Changes = Readonly<Record<string, { readonly from?: unknown; readonly to?: unknown }>>

/** One event of a record, newest first. Hidden fields are absent: an entry may have no visible change. */
export interface HistoryEntry {
  readonly id: string
  readonly type: string
  readonly version: number
  readonly at: string
  readonly actor: string | null
  readonly via: string
  readonly changes: Changes
  readonly lines?: readonly {
    readonly id: string
    readonly field: string
    readonly op: 'added' | 'changed' | 'removed'
    readonly changes: Changes
  }[]
}
interface HistoryPage {
  readonly data: readonly HistoryEntry[]
  readonly page: { readonly before: number | null }
}

export const useHistory = (entity: Entity, id: string) =>
  useInfiniteQuery({
    queryKey: keys.history(entity.id, id),
    queryFn: ({ pageParam, signal }) =>
      callJson<HistoryPage>('GET', pathTo(entity, id, 'history'), {
        query: { before: pageParam === null ? undefined : String(pageParam) },
        signal,
      }),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => last.page.before,
  })
