import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormatsModule from 'ajv-formats'
import { expect } from 'vitest'
import type { OpenapiDocument } from '../http/openapi.ts'
import { ok, type Person, type Reply, type World } from './world.ts'

/** Answers held against the OpenAPI document of whoever got them. */

const addFormats = addFormatsModule as unknown as (ajv: Ajv2020) => void
const escape = (segment: string): string => encodeURIComponent(segment.replaceAll('~', '~0').replaceAll('/', '~1'))

interface Operation {
  readonly operationId: string
  readonly parameters?: readonly { readonly $ref?: string; readonly name?: string; readonly schema?: { items?: { enum?: string[] } } }[]
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly content?: Readonly<Record<string, unknown>> }>>
}
export interface Described {
  readonly document: OpenapiDocument
  readonly operations: ReadonlyMap<string, Operation & { readonly path: string; readonly method: string }>
  /** What is wrong with an answer, as the operation describes it; empty: nothing. */
  faults(operationId: string, reply: Reply): string[]
  /** The same of a body that is sent. */
  bodyFaults(operationId: string, body: unknown): string[]
  /** Values that a list parameter of the operation takes. */
  values(operationId: string, parameter: string): readonly string[]
}

/** What the document of the person promises. */
export async function describedFor(call: World['call'], person: Person): Promise<Described> {
  const document = ok(await call(person, 'GET', '/api/openapi.json')) as unknown as OpenapiDocument
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats(ajv)
  ajv.addFormat('decimal', /^-?\d+(?:\.\d+)?$/).addFormat('password', true)
  ajv.addSchema(document, 'document')
  const compiled = new Map<string, ValidateFunction>()
  const operations = new Map(
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([method]) => method !== 'parameters')
        .map(([method, each]) => {
          const operation = each as Operation
          return [operation.operationId, { ...operation, path, method: method.toUpperCase() }] as const
        }),
    ),
  )
  const operationOf = (id: string) => operations.get(id) ?? expect.fail(`${person} has no operation ${id}`)
  const validate = (pointer: string): ValidateFunction => {
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `document#${pointer}` })
    compiled.set(pointer, known)
    return known
  }
  const faultsOf = (pointer: string, what: string, value: unknown): string[] => {
    const check = validate(pointer)
    return check(value)
      ? []
      : (check.errors ?? []).map(({ instancePath, message, params }) => `${what} ${instancePath} ${message} ${JSON.stringify(params)}`)
  }
  return {
    document,
    operations,
    faults: (id, reply) => {
      const { path, method, responses } = operationOf(id)
      const status = String(reply.status) in responses ? String(reply.status) : 'default'
      const type = reply.headers.get('content-type')?.split(';')[0] ?? ''
      const response = responses[status]
      const at = response?.$ref?.slice(1) ?? `/paths/${escape(path)}/${method.toLowerCase()}/responses/${status}`
      return faultsOf(`${at}/content/${escape(type)}/schema`, `${id} ${reply.status}`, reply.body)
    },
    bodyFaults: (id, body) => {
      const { path, method } = operationOf(id)
      return faultsOf(`/paths/${escape(path)}/${method.toLowerCase()}/requestBody/content/${escape('application/json')}/schema`, id, body)
    },
    values: (id, name) =>
      operationOf(id)
        .parameters?.map(
          ({ $ref }) =>
            document.components['parameters']?.[$ref?.split('/').at(-1) ?? ''] as
              { name: string; schema: { items?: { enum?: string[] } } } | undefined,
        )
        .find((parameter) => parameter?.name === name)?.schema.items?.enum ?? [],
  }
}
