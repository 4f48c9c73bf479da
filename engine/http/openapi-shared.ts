import type { Kind } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import type { JsonSchema } from '../fields/type.ts'
import { ref, type Part } from './openapi-names.ts'
import { filterParameter, queryParameter } from './openapi-parameters.ts'

const text: JsonSchema = { type: 'string' }
const maybeText: JsonSchema = { type: ['string', 'null'] }
const uuid: JsonSchema = { type: 'string', format: 'uuid' }
const maybeUuid: JsonSchema = { type: ['string', 'null'], format: 'uuid' }
const moment: JsonSchema = { type: 'string', format: 'date-time' }
const shareAccess: JsonSchema = { type: ['string', 'null'], enum: ['read', 'update', null] }
const whole: JsonSchema = { type: 'integer' }
/** A table, so that a kind that is missing here is a fault of types. */
const kinds: Readonly<Record<Kind, true>> = { record: true, line: true, single: true, ledger: true }
const listOf = (items: JsonSchema, more: JsonSchema = {}): JsonSchema => ({ type: 'array', items, ...more })

/** An object with exactly these members; names that end in `?` may be absent. */
function object(members: Readonly<Record<string, JsonSchema>>, more: JsonSchema = {}): JsonSchema {
  const entries = Object.entries(members)
  const required = entries.map(([name]) => name).filter((name) => !name.endsWith('?'))
  const properties = Object.fromEntries(entries.map(([name, schema]) => [name.replace('?', ''), schema]))
  return { type: 'object', properties, ...(required.length > 0 && { required }), additionalProperties: false, ...more }
}
const openObject = (members: Readonly<Record<string, JsonSchema>>): JsonSchema => object(members, { additionalProperties: true })

const written = { id: uuid, version: whole, revision: whole }
const tenant = { id: uuid, slug: text, name: text }
const viewer = object({ id: uuid, name: maybeText })
const anything: JsonSchema = {}
const reason = {
  detail: text,
  'role?': text,
  'scope?': text,
  'layer?': text,
  'condition?': ref('schemas', 'ExpressionPart'),
  'pointer?': text,
}
const tenantInFull = { ...tenant, locale: text, timeZone: text, currency: text }
const change = object({ from: {}, to: {} })
const changes: JsonSchema = { type: 'object', description: 'By field; null stands for no value.', additionalProperties: change }
const fault = object({ pointer: { ...text, description: 'JSON pointer into the body, or the name of a parameter.' }, detail: text })

export const sharedSchemas: Readonly<Record<string, JsonSchema>> = {
  Problem: object(
    {
      type: { ...text, format: 'uri' },
      title: text,
      status: whole,
      detail: text,
      code: { ...text, description: 'What happened, for programs: never reused, never renamed.' },
      'errors?': listOf(fault, { description: 'Every fault, with the place it stands at.' }),
      'requestId?': { ...text, description: 'The id under which our log has it; absent inside the results of a bulk.' },
    },
    { description: 'RFC 9457 problem details.' },
  ),
  Page: object({
    limit: whole,
    nextCursor: { ...maybeText, description: 'For `cursor=`, to read on; null on the last page.' },
    'total?': { ...whole, description: 'With `count`.' },
    'totalIsAtLeast?': { const: true, description: 'The estimate ended here: there are more.' },
  }),
  Written: object(written, { description: 'What was written, where the record itself cannot be shown any more.' }),
  Money: object({ amount: { ...text, format: 'decimal' }, currency: { ...text, description: 'ISO 4217 code.' } }),
  Aggregate: object({
    data: listOf({
      type: 'object',
      description: 'Groups and measures under the names they were asked for by. A reference also brings `<name>._title`.',
      additionalProperties: {
        anyOf: [{ type: ['string', 'number', 'boolean', 'null'] }, ref('schemas', 'Money'), object({ entity: text, id: uuid })],
      },
    }),
    page: object({ limit: whole, more: { type: 'boolean' } }),
  }),
  History: object({
    data: listOf(
      object({
        id: uuid,
        type: {
          ...text,
          description:
            '`created`, `updated`, `deleted`, `restored`, `shared`, `unshared`, `viewed_as`, `access_changed`, `invited`, `derived` (values were worked out anew because others changed), or the id of a transition.',
        },
        version: whole,
        revision: whole,
        at: moment,
        actor: { ...maybeUuid, description: 'The member who did it; null: the engine.' },
        via: text,
        changes,
        'share?': object({ 'member?': uuid, 'team?': uuid, from: shareAccess, to: shareAccess }),
        'viewed?': object({ op: { ...text, enum: ['begun', 'ended'] }, until: moment }),
        'access?': object({
          'email?': object({ from: { type: ['string', 'null'] }, to: { type: ['string', 'null'] } }),
          'roles?': object({ from: listOf(text), to: listOf(text) }),
          'password?': { ...text, enum: ['set'] },
          'breakGlass?': { type: 'boolean' },
        }),
        'lines?': listOf(object({ id: uuid, field: text, op: { ...text, enum: ['added', 'changed', 'removed'] }, changes })),
      }),
    ),
    page: object({ limit: whole, before: { type: ['integer', 'null'], description: 'For `before=`, to read on.' } }),
  }),
  Share: {
    ...object({ 'member?': uuid, 'team?': uuid, access: { ...text, enum: ['read', 'update'] } }),
    description: 'Either a person (`member`) or a team (`team`): everybody who belongs to it or leads it.',
  },
  Shares: object({
    data: listOf(object({ 'member?': uuid, 'team?': uuid, access: { ...text, enum: ['read', 'update'] }, at: moment, by: maybeUuid })),
  }),
  Explanation: object({
    action: text,
    allowed: { type: 'boolean', description: 'Whether it would be done now; of an update, whether the record takes one at all.' },
    'as?': { ...uuid, description: 'Of whom this is told; absent: of the caller.' },
    roles: listOf(object({ id: text, title: text })),
    because: listOf(ref('schemas', 'Reason')),
    refused: listOf(ref('schemas', 'Reason')),
    'field?': object({
      name: text,
      title: text,
      shown: { type: 'boolean' },
      editable: { type: 'boolean' },
      required: { type: 'boolean' },
      because: listOf(
        object({
          about: { ...text, enum: ['shown', 'editable', 'required', 'visible'] },
          ...reason,
          'why?': ref('schemas', 'ExpressionPart'),
        }),
      ),
    }),
    'expressions?': listOf(
      object({
        kind: { ...text, enum: ['guard', 'rule', 'visibleWhen', 'requiredWhen', 'readOnlyWhen'] },
        'field?': text,
        'rule?': text,
        'message?': text,
        'severity?': { ...text, enum: ['error', 'warning'] },
        'holds?': { type: 'boolean', description: 'Absent: it hangs on what not everybody concerned may read.' },
        why: ref('schemas', 'ExpressionPart'),
      }),
      { description: 'What conditions and rules say of the record, part by part.' },
    ),
    'would?': object(
      {
        allowed: { type: 'boolean' },
        faults: listOf(fault),
        changes: { type: 'object', additionalProperties: object({ from: anything, to: anything }), description: 'Of the record, by name.' },
        effects: listOf(
          object({ entity: text, op: { ...text, enum: ['created', 'updated', 'deleted'] }, 'id?': uuid, values: { type: 'object' } }),
        ),
        produced: listOf(object({ entity: text, data: { type: 'object' } })),
      },
      { description: 'What a transition would do.' },
    ),
  }),
  Reason: object(reason, { description: 'What grants, or stands against it.' }),
  ExpressionPart: object(
    {
      label: text,
      'value?': { description: 'Absent: it hangs on what not everybody concerned may read.' },
      'entity?': { ...text, description: 'The value is the id of a record of this entity.' },
      decides: { type: 'boolean', description: 'The whole value hangs on this part.' },
      parts: listOf(ref('schemas', 'ExpressionPart')),
      'cut?': { const: true, description: 'It is made of more parts than are told.' },
    },
    { description: 'A part of an expression with its value on the record.' },
  ),
  BulkAnswer: object({
    results: listOf({
      anyOf: [
        object({ status: { type: 'integer', enum: [200, 201] }, ...written }),
        object({ status: whole, problem: ref('schemas', 'Problem') }),
      ],
    }),
  }),
  Job: object({
    id: uuid,
    kind: text,
    status: { ...text, enum: ['queued', 'running', 'done', 'failed', 'cancelled'] },
    progress: object({ done: whole, total: { type: ['integer', 'null'] } }),
    result: { description: 'What came of it, by kind; null until it is over.' },
    createdAt: moment,
    finishedAt: { type: ['string', 'null'], format: 'date-time' },
  }),
  ViewAs: object({ member: uuid }),
  Viewing: object({ accessToken: text, expiresIn: { ...whole, description: 'Seconds.' } }),
  SignedIn: object({ accessToken: text, expiresIn: { ...whole, description: 'Seconds.' }, tenant: object(tenant) }),
  TenantChoice: object(
    { tenants: listOf(object(tenant)), selectToken: text },
    { description: 'The person belongs to several tenants: sign in again with the token and one of them.' },
  ),
  Credentials: {
    oneOf: [
      object({
        email: { ...text, format: 'email' },
        password: { ...text, format: 'password' },
        'tenant?': { ...maybeText, description: 'Slug.' },
      }),
      object({ selectToken: text, tenant: { ...text, description: 'Slug.' } }),
    ],
  },
  Me: object({
    member: object({ id: maybeUuid, name: maybeText, email: text }),
    tenant: object(tenantInFull),
    roles: listOf(text),
    demo: { type: 'boolean' },
    'viewer?': { ...viewer, description: 'Who really looks, as the member; absent: they themselves.' },
  }),
  Catalogue: object({
    hash: text,
    tenant: object({ ...tenantInFull, demo: { type: 'boolean' } }),
    me: object({
      member: maybeUuid,
      name: maybeText,
      email: text,
      roles: listOf(text),
      viewAs: { type: 'boolean', description: 'May look at everything as another person does.' },
      viewer: { anyOf: [viewer, { type: 'null' }], description: 'Who really looks, as the member; null: they themselves.' },
    }),
    modules: listOf(object({ id: text, title: text, icon: text, menu: listOf(object({ entity: text, title: text, view: maybeText })) })),
    entities: {
      type: 'object',
      description: 'By id, such as `module.entity`.',
      additionalProperties: openObject({
        id: text,
        module: text,
        name: text,
        plural: text,
        kind: { ...text, enum: Object.keys(kinds) },
        title: text,
        pluralTitle: text,
        description: text,
        path: maybeText,
        titleField: maybeText,
        search: { type: 'boolean' },
        actions: listOf(text),
        fields: listOf(
          openObject({ id: text, name: text, title: text, type: text, required: { type: 'boolean' }, readOnly: { type: 'boolean' } }),
        ),
      }),
    },
  }),
}
const summary = {
  id: text,
  title: text,
  own: { type: 'boolean', description: 'Defined by the tenant.' },
  people: { type: 'integer' },
  edited: { ...listOf(text), description: 'Entities of which the tenant says what it may do.' },
  faulty: { type: 'boolean' },
} satisfies Record<string, JsonSchema>
const gainedAndLost = (schema: JsonSchema): JsonSchema => object({ gained: schema, lost: schema })
const numbersBy: JsonSchema = { type: 'object', additionalProperties: gainedAndLost({ type: 'integer' }) }
export const accessSchemas: Readonly<Record<string, JsonSchema>> = {
  MemberAccess: object({ email: { ...maybeText, description: 'Null: this person cannot sign in.' }, roles: listOf(text) }),
  MemberAccessChange: object({
    'email?': maybeText,
    'password?': { ...maybeText, format: 'password', minLength: limits.passwordMinCharacters, maxLength: limits.passwordMaxCharacters },
    roles: { ...listOf(text), description: 'All of them, of modules and of the tenant’s own.' },
  }),
  RoleSummary: object(summary),
  Role: object({
    ...summary,
    permissions: {
      type: 'object',
      description: 'By id of the entity.',
      additionalProperties: object({
        module: { anyOf: [ref('schemas', 'RolePermission'), { type: 'null' }] },
        tenant: { anyOf: [ref('schemas', 'RolePermission'), { type: 'null' }] },
        'faults?': {
          ...listOf(object({ pointer: text, detail: text })),
          description: 'What cannot be as the tenant said it: it is denied.',
        },
      }),
    },
  }),
  RoleDefinition: object({ title: { type: 'string', minLength: 1, maxLength: limits.roleTitleCharacters } }),
  RolePermission: {
    type: 'object',
    description:
      'As `x-bos.permissions` in an entity’s file: scope, actions (true, false or an expression), hide, readOnly, mask, transitions.',
    properties: { scope: { anyOf: [text, listOf(text)] } },
    required: ['scope'],
    additionalProperties: true,
  },
  RoleChange: object({
    at: { type: 'string', format: 'date-time' },
    by: { type: ['string', 'null'], format: 'uuid' },
    type: text,
    version: { type: 'integer' },
    changes: { type: 'object', additionalProperties: object({ from: {}, to: {} }) },
  }),
  RolePreview: object({
    role: text,
    people: { type: 'integer', description: 'How many have the role.' },
    changes: listOf(
      object({
        roles: listOf(text),
        members: listOf(object({ id: uuid, name: text })),
        entities: listOf(
          object({
            entity: text,
            actions: gainedAndLost(listOf(text)),
            fields: gainedAndLost(listOf(text)),
            writable: gainedAndLost(listOf(text)),
            rows: { ...numbersBy, description: 'Records, by action or transition.' },
            cells: {
              ...numbersBy,
              description:
                'Values, by field, in records that are read before and after; those of records gained or lost count as rows alone.',
            },
            'more?': { type: 'boolean', description: 'Not every record was looked at: these numbers are the least that it can be.' },
          }),
        ),
      }),
    ),
    uncounted: { type: 'integer', description: 'Of how many people nothing was counted, because it would have taken too long.' },
  }),
}

const header = (name: string, description: string, schema: JsonSchema): Part => ({ name, in: 'header', description, schema })
export const sharedParameters: Readonly<Record<string, Part>> = {
  id: { name: 'id', in: 'path', required: true, schema: uuid },
  limit: queryParameter('limit', 'Records of a page.', {
    type: 'integer',
    minimum: 1,
    maximum: limits.pageRows,
    default: limits.pageRowsDefault,
  }),
  cursor: queryParameter('cursor', '`page.nextCursor` of the page before, with otherwise the same parameters.', text),
  count: queryParameter('count', `Also says how many there are; \`estimate\` counts up to ${limits.estimateRows}.`, {
    type: 'string',
    enum: ['exact', 'estimate'],
  }),
  deleted: queryParameter('deleted', '`only`: the deleted records instead of the live ones.', { type: 'string', enum: ['only'] }),
  filter: filterParameter('record'),
  lineFilter: filterParameter('line'),
  historyLimit: queryParameter('limit', 'Changes of a page.', { type: 'integer', minimum: 1, maximum: limits.historyEntries, default: 50 }),
  before: queryParameter('before', '`page.before` of the page before: changes before this revision.', { type: 'integer', minimum: 1 }),
  'If-Match': header('If-Match', 'The ETag of the record as it was read: a change that collides with a later one is refused.', text),
  'If-None-Match': header('If-None-Match', 'The ETag that is known already: answers 304 if the record is still the same.', text),
  'Idempotency-Key': header(
    'Idempotency-Key',
    `A name of your choice for this request: repeated within ${limits.idempotencyHours} hours it is not done twice, and answers what it led to.`,
    { type: 'string', pattern: '^[\\x21-\\x7e]{1,200}$' },
  ),
}

export const sharedHeaders: Readonly<Record<string, Part>> = {
  ETag: { description: 'Version and revision, for If-Match and If-None-Match.', schema: text },
  Location: { description: 'Address of what was made.', schema: { type: 'string', format: 'uri-reference' } },
}

const problem = (description: string): Part => ({
  description,
  content: { 'application/problem+json': { schema: ref('schemas', 'Problem') } },
})
export const sharedResponses: Readonly<Record<string, Part>> = {
  NotModified: { description: 'Still the same.', headers: { ETag: ref('headers', 'ETag') } },
  BadRequest: problem('A parameter or the body could not be read.'),
  NotAuthenticated: problem('Nobody is signed in.'),
  NotAllowed: problem('The role does not allow it.'),
  NotFound: problem('There is no such record, or none that this caller may see.'),
  Conflict: problem('Another record, or the state of this one, does not allow it.'),
  VersionConflict: problem('Somebody changed the record since it was read.'),
  TooLarge: problem('The body is too large.'),
  Invalid: problem('Some values cannot be accepted; `errors` says which and why.'),
  Problem: problem('Any other refusal or failure.'),
}
