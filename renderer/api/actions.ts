import type { Entity } from './catalogue.ts'
import { call, callJson, type Query } from './client.ts'
import { deleteRecord, listRecords, patchRecord, readAnew, restoreRecord, wrote, type RecordData } from './records.ts'

export interface BulkResult {
  readonly status: number
  readonly id?: string
  readonly problem?: { readonly detail?: string; readonly title?: string }
}
export type BulkOperation =
  | { readonly op: 'update'; readonly id: string; readonly data: Readonly<Record<string, unknown>> }
  | { readonly op: 'delete' | 'restore'; readonly id: string }

/** Runs operations one by one on the server, a thousand to a request; each has its own result. */
export async function bulk(entity: Entity, operations: readonly BulkOperation[]): Promise<readonly BulkResult[]> {
  const results: BulkResult[] = []
  try {
    for (let at = 0; at < operations.length; at += 1000) {
      const answer = await callJson<{ results: readonly BulkResult[] }>('POST', `${entity.path}/bulk`, {
        body: { mode: 'each', operations: operations.slice(at, at + 1000) },
      })
      results.push(...answer.results)
    }
  } finally {
    // What was done before it failed is done.
    await readAnew()
  }
  return results
}

/** The ids of what a filter shows, up to `most` or a page more. */
export async function idsOf(
  entity: Entity,
  query: Query,
  most = 10_000,
): Promise<{ readonly ids: readonly string[]; readonly isWhole: boolean }> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await listRecords(entity, { ...query, expand: undefined, fields: '_title', limit: '500', cursor })
    ids.push(...page.data.map((record) => record.id))
    cursor = page.page.nextCursor ?? undefined
  } while (cursor !== undefined && ids.length < most)
  return { ids, isWhole: cursor === undefined }
}

export async function removeRecord(entity: Entity, record: RecordData): Promise<void> {
  await deleteRecord(entity, record)
  wrote(entity)
}

/** Restores deleted records; of several, each has its own result. A single one throws what stands against it. */
export async function bringBack(entity: Entity, ids: readonly string[]): Promise<readonly BulkResult[]> {
  const [only, ...others] = ids
  if (only === undefined || others.length > 0)
    return bulk(
      entity,
      ids.map((id) => ({ op: 'restore', id })),
    )
  await restoreRecord(entity, only)
  wrote(entity)
  return [{ status: 204, id: only }]
}

/** Saves fields of one record; everything on screen that shows it follows. */
export async function saveFields(entity: Entity, record: RecordData, data: Readonly<Record<string, unknown>>): Promise<RecordData> {
  const saved = await patchRecord(entity, record, data)
  wrote(entity, saved)
  return saved
}

/** An address takes no more ids than these: servers and proxies read some thousand letters of it. */
export const mostExported = 200

/** Downloads the list as it is filtered. The token travels in a header, so the file goes through memory. */
export async function exportRecords(entity: Entity, query: Query, format: 'csv' | 'jsonl'): Promise<void> {
  const response = await call('GET', `${entity.path}/export`, { query: { ...query, format }, headers: { accept: '*/*' } })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await response.blob())
  link.download = `${entity.plural}.${format}`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
