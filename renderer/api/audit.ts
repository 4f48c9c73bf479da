import { useInfiniteQuery } from '@tanstack/react-query'
import { callJson, type Query } from './client.ts'

/** One entry of a workspace's log, as engine/http/audit-routes.ts tells administrators. */
export interface AuditEntry {
  readonly id: string
  /** Its place in the chain; null: it has none yet. */
  readonly position: number | null
  readonly at: string
  readonly entity: string
  readonly record: string
  readonly type: string
  readonly actor: string | null
  readonly via: string
  readonly requestId: string | null
  readonly changed: readonly string[]
  readonly told: Readonly<Record<string, unknown>> | null
}
interface AuditPage {
  readonly data: readonly AuditEntry[]
  readonly next: string | null
}
/** The newest first; parameters as the API has them. */
export const useAudit = (filter: Query) =>
  useInfiniteQuery({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam, signal }) =>
      callJson<AuditPage>('GET', '/api/audit', { signal, query: { ...filter, ...(pageParam !== null && { before: pageParam }) } }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
  })
