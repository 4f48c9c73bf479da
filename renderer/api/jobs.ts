import { useQuery } from '@tanstack/react-query'
import type { Entity } from './catalogue.ts'
import { callJson } from './client.ts'

export interface Job {
  readonly id: string
  readonly kind: string
  readonly status: 'queued' | 'running' | 'done' | 'failed' | 'cancelled'
  readonly progress: { readonly done: number; readonly total: number | null }
  readonly result: unknown
  readonly createdAt: string
}
export interface ImportFault {
  readonly row: number
  readonly column: string | null
  readonly detail: string
}
/** What an import, or its dry run, came to. */
export interface ImportResult {
  readonly dryRun: boolean
  readonly created: number
  readonly updated: number
  readonly failed: number
  readonly faults: readonly ImportFault[]
  readonly faultsCut: boolean
}
export interface UndoResult {
  readonly removed: number
  readonly reverted: number
  readonly kept: readonly { readonly row: number; readonly record: string; readonly why: string }[]
  readonly keptCount: number
}

export const over = (job: Job | undefined): boolean => job !== undefined && job.status !== 'queued' && job.status !== 'running'

/** A job, asked for twice a second until it is over; it goes on whether or not anybody looks. */
export const useJob = (id: string | null) =>
  useQuery({
    queryKey: ['job', id],
    queryFn: ({ signal }) => callJson<Job>('GET', `/api/jobs/${id ?? ''}`, { signal }),
    enabled: id !== null,
    refetchInterval: (query) => (over(query.state.data) ? false : 500),
    staleTime: 0,
  })

export interface ImportOptions {
  readonly mapping: Readonly<Record<string, string | null>>
  readonly mode: 'create' | 'upsert'
  readonly key: string | null
  readonly dryRun: boolean
}

export const startImport = (entity: Entity, file: Blob, { mapping, mode, key, dryRun }: ImportOptions): Promise<Job> =>
  callJson<Job>('POST', `${entity.path ?? ''}/import`, {
    query: { mapping: JSON.stringify(mapping), mode, key: mode === 'upsert' && key !== null ? key : undefined, dryRun: String(dryRun) },
    raw: { content: file, contentType: 'text/csv' },
  })

export const endJob = (id: string, how: 'cancel' | 'undo'): Promise<Job> => callJson<Job>('POST', `/api/jobs/${id}/${how}`)
