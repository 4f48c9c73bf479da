import type { Transition } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import type { JsonSchema } from '../fields/type.ts'
import { actionsOf } from '../records/explain-request.ts'
import { reachesAll } from '../records/grants.ts'
import { isShareable } from '../records/share.ts'
import type { EntityAccess } from '../records/types.ts'
import { upsertKeys } from '../records/write-request.ts'
import { ref, type Part } from './openapi-names.ts'
import { filterExamples, queryParameter, type EntityParameters } from './openapi-parameters.ts'
import { bulkOperations, isLines, type SchemaSource } from './openapi-schemas.ts'

/** Gives each operation an id that no other has. */
export type OperationId = (name: string) => string

const parameter = (name: string): Part => ref('parameters', name)
const inJson = (schema: JsonSchema): Part => ({ 'application/json': { schema } })
/** Refusals that an operation is known for; the rest is `default`. */
const refusals: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'NotAuthenticated',
  403: 'NotAllowed',
  404: 'NotFound',
  409: 'Conflict',
  412: 'VersionConflict',
  413: 'TooLarge',
  422: 'Invalid',
}
export const responses = (success: Part, ...known: readonly number[]): Part => ({
  ...success,
  ...Object.fromEntries(known.map((status) => [String(status), ref('responses', refusals[status] ?? 'Problem')])),
  default: ref('responses', 'Problem'),
})
export const answer = (description: string, schema: JsonSchema, headers?: Part): Part => ({
  description,
  ...(headers && { headers }),
  content: inJson(schema),
})
export const jsonBody = (schema: JsonSchema): Part => ({ required: true, content: inJson(schema) })
const etag: Part = { ETag: ref('headers', 'ETag') }

/** The addresses of one entity, with what this caller may do there. */
export function entityPaths(
  source: SchemaSource,
  here: EntityAccess,
  parameters: EntityParameters,
  id: OperationId,
): Readonly<Record<string, Part>> {
  const { entity, actions } = here
  const { one, many } = source.names(entity.id)
  const root = `/api/${entity.module}/${entity.plural}`
  const tags = [source.access.catalogue.modules.get(entity.module)?.title ?? entity.module]
  const title = entity.title.toLowerCase()
  const plural = entity.pluralTitle.toLowerCase()
  const article = /^[aeiou]/.test(title) ? 'an' : 'a'
  const operation = (name: string, summary: string, more: Part): Part => ({ operationId: id(name), tags, summary, ...more })
  const single = entity.kind === 'single'
  const line = entity.kind === 'line'
  const ofRecord = recordOperations(source, here, parameters)
  const write = writeAnswers(source, here)
  const shown = single ? `the ${title}` : `${article} ${title}`
  const withId = single ? {} : { parameters: [parameter('id')] }
  const collection: Part = single
    ? {}
    : {
        ...(actions.has('list') && { get: operation(`list${many}`, `List ${plural}`, listOperation(source, here, parameters)) }),
        ...(!line && actions.has('create') && { post: operation(`create${one}`, `Create ${shown}`, write.create) }),
      }
  const record: Part = {
    ...(actions.has('get') && { get: operation(`get${one}`, `Get ${shown}`, ofRecord.get) }),
    ...(!line && actions.has('update') && { patch: operation(`update${one}`, `Change ${shown}`, write.update) }),
    ...(!line && !single && actions.has('delete') && { delete: operation(`delete${one}`, `Delete ${shown}`, write.remove) }),
  }
  const below: Record<string, Part> = {
    ...(!line && actions.has('history') && { history: { get: operation(`get${one}History`, `How ${shown} changed`, ofRecord.history) } }),
    ...(!line &&
      (actions.has('list') || actions.has('get')) && {
        explain: { get: operation(`explain${one}`, `Why ${shown} may be seen or changed, or may not`, explainOperation(here)) },
      }),
    ...(!line &&
      !single &&
      actions.has('share') &&
      isShareable(here.entity) && { share: shareOperations((verb, what, more) => operation(`${verb}${one}`, what, more), shown) }),
    ...(!line &&
      !single &&
      actions.has('restore') && { restore: { post: operation(`restore${one}`, `Restore ${article} deleted ${title}`, write.restore) } }),
    ...Object.fromEntries(
      transitionsOf(here).map((each) => [
        each.name,
        { post: operation(`${camel(each.name)}${one}`, `${each.title}: ${shown}`, write.transition) },
      ]),
    ),
  }
  const beside: Record<string, Part> = single
    ? {}
    : {
        ...(actions.has('list') && {
          aggregate: { get: operation(`aggregate${many}`, `Count and sum ${plural}`, aggregateOperation(parameters)) },
        }),
        ...(actions.has('export') && { export: { get: operation(`export${many}`, `Export ${plural}`, exportOperation(parameters)) } }),
        ...(bulkOperations(here).length > 0 && {
          bulk: { post: operation(`bulk${many}`, `Write many ${plural}`, bulkOperation(source, here)) },
        }),
        ...(!line && actions.has('import') && { import: { post: operation(`import${many}`, `Import ${plural}`, importOperation(here)) } }),
      }
  const recordPath = single ? root : `${root}/{id}`
  return Object.fromEntries(
    [
      [root, collection] as const,
      ...Object.entries(beside).map(([name, item]) => [`${root}/${name}`, item] as const),
      [recordPath, Object.keys(record).length > 0 ? { ...withId, ...record } : {}] as const,
      ...Object.entries(below).map(([name, item]) => [`${recordPath}/${name}`, { ...withId, ...item }] as const),
    ].filter(([, item]) => Object.keys(item).length > 0),
  )
}

function listOperation(
  { names }: SchemaSource,
  { entity }: EntityAccess,
  { filters, search, sort, selection, deleted }: EntityParameters,
): Part {
  return {
    parameters: [...search, sort, ...selection, parameter('limit'), parameter('cursor'), parameter('count'), ...deleted, ...filters],
    responses: responses({ 200: answer('A page of records.', ref('schemas', names(entity.id).components.List)) }, 400, 401, 403),
  }
}

function recordOperations(
  { names }: SchemaSource,
  here: EntityAccess,
  { selection, deleted }: EntityParameters,
): { readonly get: Part; readonly history: Part } {
  const isLine = here.entity.kind === 'line'
  return {
    get: {
      parameters: [...selection, ...deleted, ...(isLine ? [] : [parameter('If-None-Match')])],
      responses: responses(
        {
          200: answer('The record.', wholeRecord(names, here), isLine ? undefined : etag),
          ...(!isLine && { 304: ref('responses', 'NotModified') }),
        },
        400,
        401,
        403,
        404,
      ),
    },
    history: {
      parameters: [parameter('historyLimit'), parameter('before')],
      responses: responses({ 200: answer('Changes, newest first.', ref('schemas', 'History')) }, 400, 401, 403, 404),
    },
  }
}

/** The transitions that the caller may run of some record. */
const transitionsOf = ({ entity, transitions }: EntityAccess): readonly Transition[] =>
  entity.lifecycles.flatMap((each) => each.transitions).filter(({ id }) => transitions.has(id))

/** `mark_sent` → `markSent`. */
const camel = (name: string): string => name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** What may be asked about: what can be done with a record, and the transitions of states that the caller may know of. */
function explainOperation({ entity, visible }: EntityAccess): Part {
  const transitions = entity.lifecycles.flatMap((each) =>
    visible.some(({ id }) => id === each.field) ? each.transitions.map(({ name }) => name) : [],
  )
  return {
    description: 'Decided as the action itself would be, and nothing is done. Values that the caller may not read are left out.',
    parameters: [
      queryParameter('action', 'An action or a transition.', {
        type: 'string',
        enum: [...actionsOf(entity), ...transitions],
        default: 'get',
      }),
      queryParameter('field', 'A field, or a column of lines: why it is shown and may be changed.', { type: 'string' }),
      queryParameter('as', 'A person of whom to tell it; for roles that may look as somebody else.', { type: 'string', format: 'uuid' }),
    ],
    responses: responses({ 200: answer('Why, or why not.', ref('schemas', 'Explanation')) }, 400, 401, 403, 404),
  }
}

/** A record by itself: with its lines. */
function wholeRecord(names: SchemaSource['names'], here: EntityAccess): JsonSchema {
  const { components } = names(here.entity.id)
  return ref('schemas', here.visible.some(isLines) ? components.Document : components[''])
}

/** Lines are merged unless the request says that it gives them all. */
function replaceParameter({ visible, readOnly }: EntityAccess): readonly Part[] {
  const replaceable = visible.filter((field) => isLines(field) && !readOnly.has(field.id)).map(({ name }) => name)
  if (replaceable.length === 0) return []
  const schema = { type: 'array', items: { type: 'string', enum: replaceable } }
  return [
    queryParameter('replace', 'Lists of lines that the body gives as a whole; without it lines are merged by id.', schema, {
      style: 'form',
      explode: false,
    }),
  ]
}

/** With whom a record is shared; each answer is the whole list. */
function shareOperations(operation: (verb: string, summary: string, more: Part) => Part, shown: string): Part {
  const done = answer('With whom the record is shared now.', ref('schemas', 'Shares'))
  return {
    get: operation('sharesOf', `With whom ${shown} is shared`, { responses: responses({ 200: done }, 401, 403, 404) }),
    post: operation('share', `Share ${shown} with a person or a team`, {
      description:
        'To read, or to read and change it. Effective for roles that can be limited to what was shared, from their next request on.',
      requestBody: jsonBody(ref('schemas', 'Share')),
      responses: responses({ 200: done }, 400, 401, 403, 404, 422),
    }),
    delete: operation('unshare', `Share ${shown} no more`, {
      parameters: [
        queryParameter('member', 'The person.', { type: 'string', format: 'uuid' }),
        queryParameter('team', 'The team.', { type: 'string', format: 'uuid' }),
      ],
      responses: responses({ 200: done }, 400, 401, 403, 404, 422),
    }),
  }
}

interface WriteOperations {
  readonly create: Part
  readonly update: Part
  readonly remove: Part
  readonly restore: Part
  readonly transition: Part
}

function writeAnswers({ names }: SchemaSource, here: EntityAccess): WriteOperations {
  const { components } = names(here.entity.id)
  const written = ref('schemas', 'Written')
  const grants = here.actions.get('get')
  // Whoever sees only some records may write one away from themselves.
  const after =
    grants === undefined ? written : reachesAll(grants) ? wholeRecord(names, here) : { anyOf: [wholeRecord(names, here), written] }
  const done = answer('The record as it is now.', after, etag)
  const created = answer('The new record.', after, { ...etag, Location: ref('headers', 'Location') })
  const twice = parameter('Idempotency-Key')
  const match = parameter('If-Match')
  const tried = queryParameter(
    'dryRun',
    'Answers with 200 and the record as it would read, derived values and warnings of rules included, or with what is wrong. Nothing is kept. `unfinished`: what is required may be missing yet, and what rules refuse stands in `_errors` beside the values.',
    { type: 'string', enum: ['false', 'true', 'unfinished'], default: 'false' },
  )
  const wouldBe = answer('The record as it would read (`dryRun`).', after)
  return {
    create: {
      parameters: [twice, tried],
      requestBody: jsonBody(ref('schemas', components.Create)),
      responses: responses({ 200: wouldBe, 201: created }, 400, 401, 403, 409, 422),
    },
    update: {
      description:
        'A merge patch (RFC 7396): members that are absent stay, null empties. With If-Match, changes that others made meanwhile to other fields are kept.',
      parameters: [match, twice, tried, ...replaceParameter(here)],
      requestBody: {
        required: true,
        content: {
          ...inJson(ref('schemas', components.Patch)),
          'application/merge-patch+json': { schema: ref('schemas', components.Patch) },
        },
      },
      responses: responses(
        { 200: done, ...(here.entity.kind === 'single' && { 201: created }) },
        400,
        401,
        403,
        ...(here.entity.kind === 'single' ? [] : [404]),
        409,
        412,
        422,
      ),
    },
    remove: {
      parameters: [match, twice, onlyTried],
      responses: responses({ 200: answer('The record is deleted, and what belongs to it.', written, etag) }, 400, 401, 403, 404, 409, 412),
    },
    restore: { parameters: [match, twice, onlyTried], responses: responses({ 200: done }, 400, 401, 403, 404, 409, 412) },
    transition: {
      description:
        'Runs the transition; the body may bring further changes. `_produced` in the answer has drafts of further documents, for whoever goes on with them.',
      parameters: [match, twice, tried, ...replaceParameter(here)],
      ...(here.actions.has('update') && { requestBody: { required: false, content: inJson(ref('schemas', components.Patch)) } }),
      responses: responses({ 200: done }, 400, 401, 403, 404, 409, 412, 422),
    },
  }
}

const aggregateOperation = ({ filters, search, aggregate }: EntityParameters): Part => ({
  description: 'Sums of money are kept apart by currency.',
  parameters: [...aggregate, ...search, ...filters],
  responses: responses({ 200: answer('One row per group.', ref('schemas', 'Aggregate')) }, 400, 401, 403, 422),
})

const exportOperation = ({ filters, search, sort, selection, deleted }: EntityParameters): Part => ({
  description:
    'Everything that matches, as it is read page by page. Headers of CSV are titles of fields; a reference has its title and its id. An import reads the file again: with `mode=upsert&key=id` it changes these records.',
  parameters: [
    queryParameter('format', 'CSV for spreadsheets, or one JSON object per line.', {
      type: 'string',
      enum: ['csv', 'jsonl'],
      default: 'csv',
    }),
    ...search,
    sort,
    ...selection,
    ...deleted,
    ...filters,
  ],
  responses: responses(
    {
      200: {
        description: 'The file.',
        content: { 'text/csv': { schema: { type: 'string' } }, 'application/jsonl': { schema: { type: 'string' } } },
      },
    },
    400,
    401,
    403,
  ),
})

/** With a filter, an operation names no record. */
const allOf = (op: 'update' | 'delete', data: Part): Part => ({
  type: 'object',
  properties: { op: { const: op }, ...(op === 'update' && { data }) },
  required: op === 'update' ? ['op', 'data'] : ['op'],
  additionalProperties: false,
})

const onlyTried = queryParameter('dryRun', 'Tells what would come of it, and keeps nothing.', { type: 'boolean', default: false })

function bulkOperation({ names }: SchemaSource, here: EntityAccess): Part {
  const body = {
    type: 'object',
    required: ['operations'],
    additionalProperties: false,
    properties: {
      mode: {
        type: 'string',
        enum: ['all', 'each'],
        description: '`all` (the default): every operation or none. `each`: every operation by itself, answered one by one.',
      },
      operations: {
        type: 'array',
        items: ref('schemas', names(here.entity.id).components.Operation),
        minItems: 1,
        maxItems: limits.bulkOperations,
      },
    },
  }
  const ops = (['update', 'delete'] as const).filter((op) => bulkOperations(here).includes(op))
  const forms = ops.map((op) => allOf(op, ref('schemas', names(here.entity.id).components.Patch)))
  const forAll = {
    type: 'object',
    title: 'Every record that a filter selects',
    required: ['filter', 'operation'],
    additionalProperties: false,
    properties: {
      mode: { const: 'all' },
      filter: {
        type: 'string',
        description: `An expression, as \`filter\` of the list takes it. At most ${limits.bulkOperations} records are changed at a time.`,
        examples: filterExamples,
      },
      operation: forms.length === 1 ? forms[0] : { oneOf: forms },
    },
  }
  const isBoth = here.actions.has('list') && ops.length > 0
  return {
    parameters: [parameter('Idempotency-Key'), onlyTried, ...replaceParameter(here)],
    requestBody: jsonBody(isBoth ? { oneOf: [{ ...body, title: 'Operations, each by itself' }, forAll] } : body),
    responses: responses(
      { 200: answer('One result per operation, in order.', ref('schemas', 'BulkAnswer')) },
      400,
      401,
      403,
      404,
      409,
      412,
      413,
      422,
    ),
  }
}

function importOperation(here: EntityAccess): Part {
  const upsert = [
    queryParameter('mode', '`upsert` changes the records that are there already.', {
      type: 'string',
      enum: ['create', 'upsert'],
      default: 'create',
    }),
    queryParameter(
      'key',
      'What an upsert goes by: a unique key, or `id`. By `id`, rows with the id of a record change it, those without one are new, an unknown id is a fault of its row.',
      { type: 'string', enum: ['id', ...upsertKeys(here).map((key) => key.id)] },
    ),
  ]
  return {
    description:
      'Cells are parted by commas, semicolons or tabs: whichever stands most often in the header. Dates are ISO 8601, numbers have a decimal point and no separators of thousands, empty cells say nothing. A reference is found by its id, by a unique field, or by its title where one record alone has it. Rows that repeat the columns of a document become its lines. The answer is a job that reports on every row; the same Idempotency-Key with the same file answers the same job.',
    parameters: [
      parameter('Idempotency-Key'),
      ...upsert,
      queryParameter('dryRun', 'Reports what would happen and keeps nothing.', { type: 'boolean', default: false }),
      {
        name: 'mapping',
        in: 'query',
        description:
          'CSV header → field or path, or null to leave the column out. Headers that it does not name go to the field with that name or title; “… id” of a reference counts before its title. `customer.external_id` says how a reference is found, `value.amount` names a member of a composite.',
        content: { 'application/json': { schema: { type: 'object', additionalProperties: { type: ['string', 'null'] } } } },
      },
    ],
    requestBody: { required: true, content: { 'text/csv': { schema: { type: 'string' } } } },
    responses: responses(
      { 202: answer('The job that imports the file.', ref('schemas', 'Job'), { Location: ref('headers', 'Location') }) },
      400,
      401,
      403,
      413,
      422,
    ),
  }
}
