import type { Action, Catalogue } from '../catalogue/types.ts'
import type { Database, Query } from '../database/types.ts'
import { Problem } from '../problems.ts'
import { accessFor, contextOf, entityAt } from './access.ts'
import { aggregateQuery, parseAggregate } from './aggregate.ts'
import { jsonAnswer, withinCost } from './answer.ts'
import { isUuid } from './body.ts'
import type { Cursors } from './cursor.ts'
import { execute } from './execute.ts'
import type { Executed, ReadBack, Result } from './execute.ts'
import { exportPages, parseExport } from './export.ts'
import { getAnswer, getQuery, parseGet } from './get.ts'
import { historyAnswer, historyQuery, parseHistory } from './history.ts'
import { lookupQuery } from './load.ts'
import { listAnswer, listQuery, parseList } from './list.ts'
import type { Access, Actor, Answer, Call, EntityAccess } from './types.ts'
import { parseBulk, parseCreate, parseRemove, parseUpdate } from './write-request.ts'
import type { WriteRequest } from './write-request.ts'

export interface RecordsOptions {
  readonly database: Database
  readonly catalogues: { current(actor: Actor): Promise<Catalogue> }
  readonly cursors: Cursors
  /** Told after every write that events wait for the sequencer. */
  readonly onWritten: () => void
}
export type Records = ReturnType<typeof createRecords>

interface Place {
  readonly call: Call
  readonly actor: Actor
  readonly access: Access
  readonly here: EntityAccess
}

/** Every door to a record ends here: one snapshot of the catalogue, one parsed request, one Plan, one transaction. */
export function createRecords({ database, catalogues, cursors, onWritten }: RecordsOptions) {
  async function placeOf(call: Call, actor: Actor): Promise<Place> {
    const access = accessFor(await catalogues.current(actor), actor.roles)
    return { call, actor, access, here: entityAt(access, call) }
  }

  async function handle(call: Call, actor: Actor): Promise<Answer> {
    const place = await placeOf(call, actor)
    const { here } = place
    const [first, second, ...more] = here.entity.kind === 'single' ? ['', ...call.rest] : call.rest
    if (more.length > 0) throw new Problem('not-found')
    if (first === undefined) return collection(place)
    if (second === undefined && named[first]) return named[first](place)
    if (here.entity.kind !== 'single' && !isUuid(first)) throw new Problem('not-found')
    return second === undefined ? record(place, first) : onRecord(place, first, second)
  }

  const named: Readonly<Record<string, (place: Place) => Promise<Answer>>> = Object.assign(Object.create(null), {
    aggregate,
    bulk,
    export: exported,
  })

  async function collection(place: Place): Promise<Answer> {
    if (place.call.method === 'GET') return list(place)
    if (place.call.method === 'POST') return write(place, parseCreate(place.access, granted(place, 'create'), place.call))
    throw methodNotAllowed('GET, POST')
  }

  async function record(place: Place, id: string): Promise<Answer> {
    const { access, call } = place
    if (call.method === 'GET') return get(place, id)
    if (call.method === 'PATCH') return id ? write(place, parseUpdate(access, granted(place, 'update'), call, id)) : writeOnlyOne(place)
    if (call.method === 'DELETE' && id) return write(place, parseRemove(access, granted(place, 'delete'), call, id, 'delete'))
    throw methodNotAllowed('GET, PATCH, DELETE')
  }

  async function onRecord(place: Place, id: string, what: string): Promise<Answer> {
    if (what === 'history') {
      const existing = id || (await theOnlyOne(place))
      if (existing === null) throw new Problem('not-found')
      return history(place, existing)
    }
    if (what === 'restore' && id) {
      if (place.call.method !== 'POST') throw methodNotAllowed('POST')
      return write(place, parseRemove(place.access, granted(place, 'restore'), place.call, id, 'restore'))
    }
    throw new Problem('not-found')
  }

  const read = async ({ actor, access }: Place, query: Query) => (await database.read(contextOf(actor, access), query))[0]!

  async function list(place: Place): Promise<Answer> {
    const request = parseList(place.access, granted(place, 'list'), place.actor, place.call.query, cursors)
    const { rows } = await withinCost(read(place, listQuery(request, place.actor)))
    return jsonAnswer(listAnswer(request, rows[0]!, cursors))
  }

  async function get(place: Place, id: string): Promise<Answer> {
    const request = parseGet(place.access, granted(place, 'get'), id || null, place.call.query)
    const { rows } = await read(place, getQuery(request, place.actor))
    if (!rows[0]) throw new Problem('not-found')
    return getAnswer(request, rows[0], place.call.ifNoneMatch)
  }

  async function history(place: Place, id: string | null): Promise<Answer> {
    if (id === null) throw new Problem('not-found')
    if (place.call.method !== 'GET') throw methodNotAllowed('GET')
    const request = parseHistory(place.access, granted(place, 'history'), id, place.call.query)
    const rows = await read(place, historyQuery(request, place.actor))
    if (rows.rows.length === 0) throw new Problem('not-found')
    return jsonAnswer(historyAnswer(request, rows))
  }

  async function aggregate(place: Place): Promise<Answer> {
    if (place.call.method !== 'GET') throw methodNotAllowed('GET')
    const request = parseAggregate(place.access, granted(place, 'list'), place.call.query)
    const { rows } = await withinCost(read(place, aggregateQuery(request, place.actor)))
    return jsonAnswer(`{"data":${String(rows[0]!['data'])},"page":{"limit":${request.limit},"more":${rows[0]!['more'] === true}}}`)
  }

  async function exported(place: Place): Promise<Answer> {
    if (place.call.method !== 'GET') throw methodNotAllowed('GET')
    const request = parseExport(place.access, granted(place, 'export'), place.actor, place.call.query, cursors)
    return exportPages(request, async (page) => (await withinCost(read(place, listQuery(page, place.actor)))).rows[0]!, cursors)
  }

  async function bulk(place: Place): Promise<Answer> {
    if (place.call.method !== 'POST') throw methodNotAllowed('POST')
    const results = await runBulk(place, parseBulk(place.access, readable(place), place.call))
    const answers = results.map((each) => (each instanceof Problem ? { status: each.status, problem: each.toJSON() } : each))
    return { status: 200, body: JSON.stringify({ results: answers }), headers: {} }
  }

  /** One result per operation, in order. */
  async function runBulk(place: Place, request: WriteRequest): Promise<readonly Result[]> {
    const { results } = request.operations.length > 0 ? await run(request, place.actor, null) : { results: [] }
    let done = 0
    return Array.from({ length: request.operations.length + request.refused.size }, (_, i) => request.refused.get(i) ?? results[done++]!)
  }

  /** One record, answered as it reads now; one that the writer cannot see any more is answered with its id. */
  async function write(place: Place, request: WriteRequest): Promise<Answer> {
    const operation = request.operations[0]!
    const readBack: ReadBack | null =
      operation.op === 'delete' || operation.op === 'retract' || !place.here.actions.has('get')
        ? null
        : ([id]) => getQuery(parseGet(place.access, place.here, id ?? operation.id, new Map()), place.actor)
    const { results, answer } = await run(request, place.actor, readBack)
    const result = results[0]!
    if (result instanceof Problem) throw result
    const { status, id, version, revision } = result
    const row = answer?.rows[0]
    const headers = {
      ETag: row ? `"${String(row['etag'])}"` : `"${version}.${revision}"`,
      ...(status === 201 && { Location: `/api/${place.call.module}/${place.call.plural}/${id}` }),
    }
    return { status, body: row ? String(row['data']) : JSON.stringify({ id, version, revision }), headers }
  }

  async function run(request: WriteRequest, actor: Actor, readBack: ReadBack | null): Promise<Executed> {
    const executed = await execute(database, request, actor, readBack)
    onWritten()
    return executed
  }

  /** The id of the record of a `single` entity, once there is one. */
  async function theOnlyOne(place: Place): Promise<string | null> {
    const { rows } = await read(
      place,
      getQuery(parseGet(place.access, granted(place, 'get'), null, new Map([['fields', ['id']]])), place.actor),
    )
    return rows[0] ? (JSON.parse(String(rows[0]['data'])) as { id: string }).id : null
  }

  /** The first change of a `single` entity creates its record; of two first ones at once, one comes second. */
  async function writeOnlyOne(place: Place): Promise<Answer> {
    const again = async (error: unknown): Promise<Answer> => {
      if (error instanceof Problem && error.code === 'unique-taken') return write(place, await parseOnlyOne(place))
      throw error
    }
    return write(place, await parseOnlyOne(place)).catch(again)
  }

  async function parseOnlyOne(place: Place): Promise<WriteRequest> {
    const here = granted(place, 'update')
    const id = await theOnlyOne(place)
    if (id !== null) return parseUpdate(place.access, here, place.call, id)
    if (place.call.ifMatch !== null) throw new Problem('version-conflict', 'There is no record yet.')
    return parseCreate(place.access, here, place.call)
  }

  return {
    handle,
    /** The bulk door for services: results as values; a dry run keeps nothing; one idempotency key per operation, or none. */
    bulk: async (
      call: Call,
      actor: Actor,
      { dryRun, idempotency }: Pick<WriteRequest, 'dryRun' | 'idempotency'>,
    ): Promise<readonly Result[]> => {
      const place = await placeOf(call, actor)
      const request = parseBulk(place.access, readable(place), call)
      const keys = idempotency?.keys.filter((_, i) => !request.refused.has(i)) ?? []
      return runBulk(place, { ...request, dryRun, idempotency: idempotency && { ...idempotency, keys } })
    },
    /** Deletes a record that an import made, unless something refers to it. */
    retract: async (call: Call, actor: Actor, id: string): Promise<Answer> => {
      const place = await placeOf(call, actor)
      return write(place, parseRemove(place.access, granted(place, 'import'), call, id, 'retract'))
    },
    /** Ids of the live records that have these values in a field, as the actor sees them: [value, id] pairs. */
    lookUp: async (
      actor: Actor,
      entity: string,
      field: string,
      values: readonly string[],
    ): Promise<readonly (readonly [string, string])[]> => {
      const access = accessFor(await catalogues.current(actor), actor.roles)
      const { rows } = (await database.read(contextOf(actor, access), lookupQuery(access, actor, entity, field, values)))[0]!
      return rows.map((row) => [String(row['value']), String(row['id'])])
    },
    access: async (actor: Actor): Promise<Access> => accessFor(await catalogues.current(actor), actor.roles),
  }
}

function granted({ here }: Place, action: Action): EntityAccess {
  if (!here.actions.has(action) || (here.entity.kind === 'line' && !['list', 'get', 'export'].includes(action))) {
    throw new Problem('not-allowed', `Your role may not ${action} ${here.entity.pluralTitle.toLowerCase()}.`)
  }
  return here
}

/** Bulk asks each operation for its own action; lines are written with their document. */
function readable(place: Place): EntityAccess {
  if (place.here.entity.kind === 'line') throw new Problem('not-allowed', 'Lines are written with their document.')
  return place.here
}

const methodNotAllowed = (allow: string): Problem => new Problem('method-not-allowed', '', { headers: { Allow: allow } })
