import { ref, type Part } from './openapi-names.ts'
import { queryParameter } from './openapi-parameters.ts'
import { answer, jsonBody, responses, type OperationId } from './openapi-paths.ts'

const schema = (name: string): Part => ref('schemas', name)
const nobody: Part = { description: 'Done.' }
/** Sign-in needs no token; the refresh cookie comes along by itself. */
const open: Part = { security: [] }
const byCookie: Part = { security: [{ refreshCookie: [] }] }
const idInPath: Part = { parameters: [ref('parameters', 'id')] }

/** What is there besides records: signing in, oneself, the metadata, jobs. */
export function servicePaths(id: OperationId): Readonly<Record<string, Part>> {
  const operation = (tag: string, name: string, summary: string, more: Part): Part => ({
    operationId: id(name),
    tags: [tag],
    summary,
    ...more,
  })
  const job = (name: string, summary: string, more: Part): Part => operation('Jobs', name, summary, more)
  const conflict = responses({ 200: answer('The job as it is now.', schema('Job')) }, 401, 404, 409)
  return {
    '/api/auth/login': {
      post: operation('Sign-in', 'login', 'Sign in', {
        ...open,
        requestBody: jsonBody(schema('Credentials')),
        responses: responses(
          {
            200: answer('A token, or the tenants to choose from. The refresh token is in a cookie.', {
              anyOf: [schema('SignedIn'), schema('TenantChoice')],
            }),
          },
          401,
          403,
          422,
        ),
      }),
    },
    '/api/auth/refresh': {
      post: operation('Sign-in', 'refresh', 'Get a new access token', {
        ...byCookie,
        responses: responses(
          { 200: answer('A new token.', schema('SignedIn')), 204: { description: 'Nobody is signed in: there is no cookie.' } },
          401,
          403,
        ),
      }),
    },
    '/api/auth/logout': { post: operation('Sign-in', 'logout', 'Sign out', { ...byCookie, responses: responses({ 204: nobody }, 403) }) },
    '/api/auth/view-as': {
      post: operation('Sign-in', 'viewAs', 'Look at everything as another person does', {
        description:
          'For roles that may. The token acts with their roles for some minutes and reads only; who really looks is logged with every request.',
        requestBody: jsonBody(schema('ViewAs')),
        responses: responses({ 200: answer('A token that nothing refreshes.', schema('Viewing')) }, 401, 403, 422),
      }),
      delete: operation('Sign-in', 'endViewAs', 'Look as oneself again', { responses: responses({ 204: nobody }, 401, 403, 409) }),
    },
    '/api/me': {
      get: operation('Sign-in', 'getMe', 'Who is signed in', {
        responses: responses({ 200: answer('The member, with tenant and roles.', schema('Me')) }, 401),
      }),
    },
    '/api/catalogue': {
      get: operation('Catalogue', 'getCatalogue', 'The metadata that screens run on', {
        description: 'Modules, entities, fields and views, as far as this caller may know them.',
        parameters: [ref('parameters', 'If-None-Match')],
        responses: responses(
          { 200: answer('The catalogue.', schema('Catalogue'), { ETag: ref('headers', 'ETag') }), 304: ref('responses', 'NotModified') },
          401,
        ),
      }),
    },
    '/api/openapi.json': {
      get: operation('Catalogue', 'getOpenapi', 'This document', {
        description: 'What the bearer of the token may do, and nothing else. Nobody gets one without a token.',
        parameters: [ref('parameters', 'If-None-Match')],
        responses: responses(
          {
            200: answer('What this caller may do.', { type: 'object' }, { ETag: ref('headers', 'ETag') }),
            304: ref('responses', 'NotModified'),
          },
          401,
        ),
      }),
    },
    '/api/jobs': {
      get: job('listJobs', 'List jobs', {
        description: 'The newest ones: one’s own, or everybody’s for an administrator.',
        responses: responses(
          {
            200: answer('Jobs, newest first.', {
              type: 'object',
              properties: { data: { type: 'array', items: schema('Job') } },
              required: ['data'],
              additionalProperties: false,
            }),
          },
          401,
        ),
      }),
    },
    '/api/jobs/{id}': {
      ...idInPath,
      get: job('getJob', 'How a job stands', { responses: responses({ 200: answer('The job.', schema('Job')) }, 401, 404) }),
    },
    '/api/jobs/{id}/cancel': {
      ...idInPath,
      post: job('cancelJob', 'Cancel a job', { description: 'What it did so far stays.', responses: conflict }),
    },
    '/api/jobs/{id}/undo': {
      ...idInPath,
      post: job('undoJob', 'Undo an import', {
        description:
          'Deletes what the import created and puts back what it changed, except what was changed or referred to since: that is kept, and can be tried again.',
        responses: responses({ 202: answer('The job that undoes it.', schema('Job')) }, 401, 403, 404, 409),
      }),
    },
  }
}

/** For administrators: how members get in and what they may do. */
export function accessPaths(id: OperationId): Readonly<Record<string, Part>> {
  const shown = responses({ 200: answer('The access of the member.', schema('MemberAccess')) }, 401, 403, 404)
  return {
    ...rolePaths(id),
    '/api/access/{id}': {
      ...idInPath,
      get: { operationId: id('getAccess'), tags: ['Sign-in'], summary: 'The account and roles of a member', responses: shown },
      put: {
        operationId: id('putAccess'),
        tags: ['Sign-in'],
        summary: 'Set the account and roles of a member',
        requestBody: jsonBody(schema('MemberAccessChange')),
        responses: { ...shown, ...responses({}, 409, 422) },
      },
    },
  }
}

/** What the tenant says of roles. The document of a permission is that of an entity's file (`x-bos.permissions`). */
function rolePaths(id: OperationId): Readonly<Record<string, Part>> {
  const text: Part = { type: 'string' }
  const inPath = (...names: readonly string[]): Part => ({
    parameters: names.map((name) => ({ name, in: 'path', required: true, schema: text })),
  })
  const operation = (name: string, summary: string, more: Part): Part => ({ operationId: id(name), tags: ['Roles'], summary, ...more })
  const etag: Part = { ETag: ref('headers', 'ETag') }
  const list = (of: string): Part => ({
    type: 'object',
    properties: { data: { type: 'array', items: schema(of) } },
    required: ['data'],
    additionalProperties: false,
  })
  const asked: Part = {
    parameters: [
      ref('parameters', 'If-Match'),
      queryParameter('dryRun', 'Tells what would come of it for people, and keeps nothing.', { type: 'boolean', default: false }),
    ],
  }
  const either = { anyOf: [schema('Role'), schema('RolePreview')] }
  const changed = (...known: readonly number[]): Part =>
    responses(
      { 200: answer('The role as it is now; of a dry run, what would come of it for people.', either, etag) },
      400,
      401,
      403,
      404,
      409,
      412,
      ...known,
    )
  const role = '/api/access/roles/{role}'
  return {
    '/api/access/roles': {
      get: operation('getRoles', 'List roles', {
        responses: responses(
          {
            200: answer(
              'Those of modules, and those of the tenant’s own. `scopes`: by entity, which rows a permission can name.',
              list('RoleSummary'),
            ),
          },
          401,
          403,
        ),
      }),
    },
    [role]: {
      ...inPath('role'),
      get: operation('getRole', 'What a role may do', {
        description:
          'By entity: what the module says, what the tenant says in place of it, and what of that cannot be any more and is denied.',
        responses: responses({ 200: answer('The role.', schema('Role'), etag) }, 401, 403, 404),
      }),
      put: operation('putRole', 'Define a role of the tenant’s own, or give it another title', {
        description: 'Its id begins with `tenant.`; no module has such a role.',
        ...asked,
        requestBody: jsonBody(schema('RoleDefinition')),
        responses: { ...changed(422), 201: answer('The role, which is new.', schema('Role'), etag) },
      }),
      delete: operation('deleteRole', 'Take what the tenant says of a role back', {
        description: 'One of the tenant’s own is gone, and nobody has it any more; one of a module may again what its module says.',
        ...asked,
        responses: { ...changed(), 204: nobody },
      }),
    },
    [`${role}/history`]: {
      ...inPath('role'),
      get: operation('getRoleChanges', 'Who changed a role, when, and how', {
        description: 'Of each permission what held before and after: what the tenant says, else what the module says.',
        responses: responses({ 200: answer('Changes, newest first.', list('RoleChange')) }, 401, 403, 404),
      }),
    },
    [`${role}/permissions/{module}/{plural}`]: {
      ...inPath('role', 'module', 'plural'),
      put: operation('putRolePermission', 'Say what a role may do with an entity', {
        description: 'In place of what its module says, narrower or wider. It holds from the next request on, everywhere.',
        ...asked,
        requestBody: jsonBody(schema('RolePermission')),
        responses: changed(422),
      }),
      delete: operation('deleteRolePermission', 'Let a role do with an entity what its module says', { ...asked, responses: changed() }),
    },
  }
}
