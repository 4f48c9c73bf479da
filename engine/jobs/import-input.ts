import { limits } from '../config.ts'
import type { Database, Query } from '../database/types.ts'
import { Problem } from '../problems.ts'
import { contextOf, entityAt } from '../records/access.ts'
import type { RecordsDoor } from '../records/handle.ts'
import type { Access, Actor, Call, EntityAccess } from '../records/types.ts'
import { importColumns } from './import-columns.ts'
import type { ImportColumns } from './import-columns.ts'
import { readCsv } from './import-documents.ts'

/** What an import was asked to do; stored with the job. */
export interface ImportInput {
  readonly module: string
  readonly plural: string
  readonly mapping: Readonly<Record<string, string | null>>
  readonly mode: 'create' | 'upsert'
  readonly key: string | null
  readonly dryRun: boolean
  readonly documents: number
}

/** The key of an upsert that goes by the ids of records, not by a unique key of theirs. */
export const recordId = 'id'
export const isById = ({ mode, key }: Pick<ImportInput, 'mode' | 'key'>): boolean => mode === 'upsert' && key === recordId

export interface ImportPlace {
  readonly access: Access
  readonly here: EntityAccess
}

/** Where records come to be imported, as this actor may now. Throws Problem 'not-allowed'. */
export async function importPlace(
  records: Pick<RecordsDoor, 'access'>,
  address: Pick<Call, 'module' | 'plural'>,
  actor: Actor,
): Promise<ImportPlace> {
  const access = await records.access(actor)
  const here = entityAt(access, address)
  if (here.entity.kind !== 'record' || !here.actions.has('import'))
    throw new Problem('not-allowed', `Your role may not import ${here.entity.pluralTitle.toLowerCase()}.`)
  return { access, here }
}

/** What the columns of the file mean there. Throws Problem 'request-invalid' with every fault of header and mapping. */
export const columnsOf = (
  { access, here }: ImportPlace,
  input: Pick<ImportInput, 'mapping' | 'mode' | 'key'>,
  header: readonly string[],
): ImportColumns => importColumns(access, here, header, input.mapping, isById(input))

/** The names in the first row that is not empty; none: the file is empty. Throws Problem 'body-too-large' where there are too many. */
export async function readHeader(text: string): Promise<readonly string[]> {
  for await (const { cells } of readCsv(text)) {
    if (cells.length > limits.importColumns) throw new Problem('body-too-large', `A file has at most ${limits.importColumns} columns.`)
    return cells
  }
  return []
}

/** The file is kept with its job: whoever runs it may be another process. */
export const sourceQuery = (actor: Actor, job: string, entity: string, input: ImportInput, text: string): Query => ({
  text: 'insert into bos.import (tenant_id, job_id, entity, mode, options, source) values ($1, $2, $3, $4, $5, $6)',
  values: [actor.tenant, job, entity, input.mode, JSON.stringify(input), text],
})

export async function readSource(database: Pick<Database, 'read'>, actor: Actor, job: string): Promise<string> {
  const [found] = await database.read(contextOf(actor), {
    text: 'select source from bos.import where tenant_id = $1 and job_id = $2',
    values: [actor.tenant, job],
  })
  return String(found!.rows[0]!['source'])
}
