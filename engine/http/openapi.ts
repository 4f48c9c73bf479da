import type { Catalogue } from '../catalogue/types.ts'
import { administrator } from '../catalogue/types.ts'
import { accessOf } from '../records/access.ts'
import type { Access, Actor } from '../records/types.ts'
import { namesOf, uniqueNames, type Part } from './openapi-names.ts'
import { entityParameters, sharedFilters } from './openapi-parameters.ts'
import { entityPaths } from './openapi-paths.ts'
import { entitySchemas } from './openapi-schemas.ts'
import { accessPaths, servicePaths } from './openapi-services.ts'
import { accessSchemas, sharedHeaders, sharedParameters, sharedResponses, sharedSchemas } from './openapi-shared.ts'
import { empty, type Route } from './route.ts'
import { weakTag } from './send.ts'

export interface About {
  /** Version of the product. */
  readonly version: string
  /** The caller manages sign-in and roles. */
  readonly administrator: boolean
  /** The caller looks as somebody else: reads, and ends that. */
  readonly viewing?: boolean
}

/** An OpenAPI 3.1 document; only what tests and routes look into is typed. */
export interface OpenapiDocument {
  readonly openapi: '3.1.0'
  readonly info: Part
  readonly servers: readonly Part[]
  readonly security: readonly Part[]
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Readonly<Record<string, Part>>
  readonly components: Readonly<Record<string, Readonly<Record<string, Part>>>>
}

const description = `Records of every module, and what works on them.

- Exact numbers (decimal, percent, money) travel as text; numbers are taken too. References are ids.
- A list takes one parameter per field and operator, such as \`<field>.contains=x\`; several narrow it further. Values of \`.in\`, \`sort\`, \`fields\` and \`expand\` are parted by commas: clients that can be told so must not repeat the parameter.
- \`sort\`, \`fields\`, \`expand\`, \`group\`, \`measure\` and \`replace\` follow one rule: an empty parameter is as good as none, blanks around a name do not count, and a name that is empty or given twice is refused.
- Every address takes a bearer token, this document's own too, but for those of signing in.
- Answers have every property that is marked required, unless \`fields\` narrows them.
- Errors are problem documents (RFC 9457). What a caller may not see answers as if it did not exist.`

/** Pure: what this caller may do, and nothing else: neither schemas nor enums nor texts name a field, entity or action that is hidden from them. */
export function openapiDocument(access: Access, about: About): OpenapiDocument {
  const shared = { ...sharedSchemas, ...(about.administrator && accessSchemas) }
  const names = namesOf(access, Object.keys(shared))
  const source = { access, names }
  const id = uniqueNames()
  const services = { ...servicePaths(id), ...(about.administrator && accessPaths(id)) }
  const entities = [...access.entities.values()].filter((here) => !here.entity.link).toSorted((a, b) => compare(a.entity.id, b.entity.id))
  const described = entities.map((here) => {
    const parameters = entityParameters(access, here, names)
    return { paths: entityPaths(source, here, parameters, id), parameters: parameters.components, schemas: entitySchemas(source, here) }
  })
  const record = entities.find(({ entity }) => entity.kind !== 'line')
  const modules = [...access.catalogue.modules.values()].filter((module) => entities.some(({ entity }) => entity.module === module.id))
  const merged = (pick: (each: (typeof described)[number]) => Readonly<Record<string, Part>>): Readonly<Record<string, Part>> =>
    Object.assign({}, ...described.map(pick)) as Record<string, Part>
  return withoutUnused({
    openapi: '3.1.0',
    info: { title: 'BusinessOS', version: about.version, description, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    tags: [
      { name: 'Sign-in', description: 'Tokens, and who one is.' },
      { name: 'Catalogue', description: 'The metadata behind everything.' },
      { name: 'Jobs', description: 'Work that outlives a request.' },
      ...(about.administrator ? [{ name: 'Roles', description: 'What the tenant says of roles, in place of its modules.' }] : []),
      ...modules.map(({ id: module, title }) => ({ name: title, description: `Records of the module ${module}.` })),
    ],
    paths: readIf(about.viewing === true, { ...services, ...merged((each) => each.paths) }),
    components: {
      schemas: { ...shared, ...merged((each) => each.schemas) },
      parameters: { ...sharedParameters, ...(record && sharedFilters(record)), ...merged((each) => each.parameters) },
      responses: sharedResponses,
      headers: sharedHeaders,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The access token of a sign-in.' },
        refreshCookie: { type: 'apiKey', in: 'cookie', name: 'bos_refresh', description: 'Set by a sign-in; scripts cannot read it.' },
      },
    },
  })
}

/** What the gateway lets through for somebody who looks as somebody else, and what takes no bearer: signing in again, say. */
function readIf(viewing: boolean, paths: OpenapiDocument['paths']): OpenapiDocument['paths'] {
  if (!viewing) return paths
  const verbs = new Set(['post', 'put', 'patch', 'delete'])
  const isKept = (path: string, verb: string, operation: unknown): boolean =>
    !verbs.has(verb) || (path === '/api/auth/view-as' && verb === 'delete') || Object.hasOwn(operation as object, 'security')
  return Object.fromEntries(
    Object.entries(paths).flatMap(([path, item]) => {
      const kept = Object.entries(item).filter(([verb, operation]) => isKept(path, verb, operation))
      return kept.some(([name]) => name !== 'parameters') ? [[path, Object.fromEntries(kept)]] : []
    }),
  )
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Leaves out components that nothing refers to: what an access does not grant needs no description. */
function withoutUnused(document: OpenapiDocument): OpenapiDocument {
  const used = new Set<string>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit)
    else if (typeof value === 'object' && value !== null) {
      for (const [name, member] of Object.entries(value)) {
        if (name === '$ref' && typeof member === 'string') follow(member)
        else visit(member)
      }
    }
  }
  const follow = (reference: string): void => {
    if (used.has(reference)) return
    used.add(reference)
    const [kind = '', name = ''] = reference.replace('#/components/', '').split('/')
    visit(document.components[kind]?.[name])
  }
  visit(document.paths)
  const keep = (kind: string, parts: Readonly<Record<string, Part>>): Readonly<Record<string, Part>> =>
    kind === 'securitySchemes'
      ? parts
      : Object.fromEntries(Object.entries(parts).filter(([name]) => used.has(`#/components/${kind}/${name}`)))
  return {
    ...document,
    components: Object.fromEntries(Object.entries(document.components).map(([kind, parts]) => [kind, keep(kind, parts)])),
  }
}

/** Documents of an access are the same for everybody who has it: made once. */
const texts = { own: new WeakMap<Access, Text>(), viewing: new WeakMap<Access, Text>() }
interface Text {
  readonly body: string
  readonly etag: string
}

function textFor(access: Access, about: About): Text {
  const made = texts[about.viewing ? 'viewing' : 'own']
  let text = made.get(access)
  if (!text) {
    const body = JSON.stringify(openapiDocument(access, about))
    made.set(access, (text = { body, etag: weakTag(body) }))
  }
  return text
}

export interface OpenapiParts {
  readonly catalogueOf: (actor: Actor) => Promise<Catalogue>
  readonly version: string
}

/** The document of the caller, with an ETag. For members only: what an API can do is told to those who may do it. */
export function openapiRoute({ catalogueOf, version }: OpenapiParts): Route {
  return {
    method: 'GET',
    path: '/api/openapi.json',
    guard: 'member',
    keys: 'allowed',
    fresh: true,
    handle: async ({ request }, actor) => {
      const access = accessOf(await catalogueOf(actor), actor)
      const { body, etag } = textFor(access, {
        version,
        administrator: !actor.viewing && actor.roles.includes(administrator),
        viewing: actor.viewing !== undefined,
      })
      if (request.headers['if-none-match']?.split(',').some((tag) => tag.trim() === etag)) return empty(304, { etag })
      return { status: 200, body, headers: { etag } }
    },
  }
}
