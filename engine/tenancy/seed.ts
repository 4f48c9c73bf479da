import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Catalogue, Entity } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { parseJson } from '../json.ts'
import { Problem } from '../problems.ts'
import { entityAt } from '../records/access.ts'
import type { RecordsDoor } from '../records/handle.ts'
import type { Actor } from '../records/types.ts'
import { writeRequest } from '../records/write-request.ts'
import type { Wanted } from '../records/write-request.ts'
import { referencesOf, resolveSeed, type SeedPlace } from './seed-values.ts'

/** A person of a seed file who can sign in. */
export interface SeedPerson {
  readonly member: string
  readonly email: string
  readonly roles: readonly string[]
}

export interface SeedTask {
  readonly records: RecordsDoor
  readonly catalogue: Catalogue
  readonly actor: Actor
  /** Files in the order in which they are to be loaded. */
  readonly files: readonly SeedFile[]
  /** `entity:key` → id of records that are there already. */
  readonly keys: ReadonlyMap<string, string>
  readonly now: Date
}
export interface SeedFile {
  /** From the modules folder on, for messages. */
  readonly name: string
  readonly entity: string
  readonly tenants: readonly string[] | null
  readonly records: readonly SeedRecord[]
}
interface SeedRecord {
  readonly key?: string
  readonly data: Readonly<Record<string, unknown>>
  readonly roles?: readonly string[]
}

/** What is wrong with a seed file: its author's to mend, and no reason to stop anything. */
export class SeedFault extends Error {
  constructor(file: string, cause: unknown, more = '') {
    super(`${file}: ${cause instanceof Error ? cause.message : String(cause)}${more}`, { cause })
    this.name = 'SeedFault'
  }
}

/** Reads seed files; modules must come in the order of their dependencies. Files that cannot be read are reported. */
export async function readSeeds(
  modulesDir: string,
  modules: readonly { id: string; seeds: readonly string[] }[],
  report: (fault: SeedFault) => void,
): Promise<SeedFile[]> {
  const files: SeedFile[] = []
  for (const { id, seeds } of modules) {
    for (const path of seeds.filter((seed) => seed.endsWith('.json')).toSorted()) {
      const name = `${id}/${path}`
      try {
        files.push(readSeed(name, parseJson(await readFile(join(modulesDir, id, path), 'utf8'), limits.jsonDepthLevels)))
      } catch (cause) {
        report(cause instanceof SeedFault ? cause : new SeedFault(name, cause))
      }
    }
  }
  return files
}

function readSeed(name: string, value: unknown): SeedFile {
  const { entity, tenants = null, records } = (value ?? {}) as Partial<SeedFile>
  const isRecord = (record: unknown): boolean =>
    typeof (record as SeedRecord | null)?.data === 'object' && (record as SeedRecord).data !== null
  if (typeof entity !== 'string' || !Array.isArray(records) || !records.every(isRecord) || (tenants !== null && !Array.isArray(tenants))) {
    throw new SeedFault(name, 'a seed file is {"entity", "tenants"?, "records": [{"key"?, "data": {…}}]}')
  }
  return { name, entity, tenants, records }
}

interface Pending {
  readonly wanted: Wanted
  readonly record: SeedRecord
  readonly index: number
}

/**
 * Loads seed files into one tenant through the records pipeline, in bulk, so that samples obey every rule that people's records do.
 * Answers the keys of all records and the people who may sign in. Throws with file, position and reason.
 */
export async function loadSeeds(task: SeedTask): Promise<{ keys: Map<string, string>; people: SeedPerson[] }> {
  const { catalogue, actor } = task
  const keys = new Map(task.keys)
  const people: SeedPerson[] = []
  const place: SeedPlace = {
    timeZone: actor.timeZone,
    now: task.now,
    idOf: (entity, key) => keys.get(`${entity}:${key}`),
    entityOf: (id) => catalogue.entities.get(id),
  }

  for (const file of task.files) {
    if (file.tenants !== null && !file.tenants.includes(actor.tenantSlug)) continue
    const entity = catalogue.entities.get(file.entity)
    if (!entity || entity.kind === 'line') throw new SeedFault(file.name, `there is no entity "${file.entity}"`)
    let pending: Pending[] = []
    const flush = async (): Promise<void> => {
      const ids = pending.length > 0 ? await write(task, file, entity, pending) : []
      for (const [position, { record }] of pending.entries()) {
        const id = ids[position] ?? ''
        if (record.key !== undefined) keys.set(`${entity.id}:${record.key}`, id)
        if (record.roles) people.push({ member: id, email: String(record.data['email']), roles: record.roles })
      }
      pending = []
    }
    for (const [index, record] of file.records.entries()) {
      const own = record.key === undefined ? null : `${entity.id}:${record.key}`
      // What the batch has not written yet has no id yet.
      const waiting = new Set(pending.map((each) => `${entity.id}:${each.record.key}`))
      if (pending.length >= limits.seedRecordsAtOnce || [own, ...referencesOf(record.data)].some((key) => key !== null && waiting.has(key)))
        await flush()
      const data = located(file, index, () => resolveSeed(record.data, entity, place))
      const known = own === null ? undefined : keys.get(own)
      pending.push({ record, index, wanted: wantedOf(entity, known, data) })
    }
    await flush()
  }
  return { keys, people }
}

function wantedOf({ kind }: Entity, known: string | undefined, data: unknown): Wanted {
  if (kind === 'single') return { op: 'update', id: null, data }
  return known === undefined ? { op: 'create', data } : { op: 'update', id: known, data }
}

/** All or none; a `single` entity has one record, which each seed of it changes further. */
async function write({ records, actor }: SeedTask, file: SeedFile, entity: Entity, pending: readonly Pending[]): Promise<string[]> {
  const access = await records.access(actor)
  const writing = { access, here: entityAt(access, entity), via: 'seed', requestId: `seed:${file.name}` } as const
  const wanted = pending.map((each) => each.wanted)
  try {
    if (entity.kind === 'single') {
      for (const each of wanted) await records.run(writeRequest({ ...writing, mode: 'one' }, [each]), actor)
      return pending.map(() => '')
    }
    const { results } = await records.run(writeRequest({ ...writing, mode: 'all' }, wanted), actor)
    return results.map((each) => ('id' in each ? each.id : ''))
  } catch (error) {
    const faults = error instanceof Problem ? error.faults : []
    const shown = faults
      .slice(0, 5)
      .map(({ pointer, detail }) => `\n  ${recordOf(pointer, pending)}: ${detail}`)
      .join('')
    throw error instanceof Problem ? new SeedFault(file.name, error, shown) : error
  }
}

/** `/operations/3/data/name` → `record 17 (nordlicht) /name`. */
function recordOf(pointer: string, pending: readonly Pending[]): string {
  const [, position, rest = ''] = /^\/operations\/(\d+)(?:\/data)?(.*)$/.exec(pointer) ?? []
  const each = position === undefined ? undefined : pending[Number(position)]
  return each ? `record ${each.index}${each.record.key === undefined ? '' : ` (${each.record.key})`} ${rest}` : pointer
}

function located<T>(file: SeedFile, index: number, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw new SeedFault(`${file.name}: record ${index}`, cause)
  }
}
