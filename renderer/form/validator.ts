import { Validator, type Schema } from '@cfworker/json-schema'
import { toErrorSchema, type RJSFValidationError, type ValidatorType } from '@rjsf/utils'
import type { CatalogueView, Entity } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { createBody, patchBody, placeIn, type FormData } from './body.ts'
import { bodySchema, type Json, type Mode } from './schema.ts'
import { faultWords } from './words.ts'

/** Keywords that only report that something inside them failed. */
const wrappers = new Set([
  'properties',
  'items',
  'additionalProperties',
  '$ref',
  'allOf',
  'anyOf',
  'oneOf',
  'if',
  'then',
  'else',
  'not',
  'type',
])

export interface Fault {
  /** Path of names and indexes, e.g. ['lines', '2', 'quantity']. */
  readonly path: readonly string[]
  readonly detail: string
}

const segments = (location: string): readonly string[] =>
  location
    .replace(/^#\/?/, '')
    .split('/')
    .filter((part) => part !== '')
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))

const at = (root: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (here, part) => (typeof here === 'object' && here !== null ? (here as Record<string, unknown>)[part] : undefined),
    root,
  )

/** Interprets JSON Schema without generating code: the page's CSP allows no eval. One fault per place, the first found. */
function faultsOf(schema: Json, body: unknown): readonly Fault[] {
  const { errors } = new Validator(schema, '2020-12', false).validate(body)
  const found = new Map<string, Fault>()
  for (const { keyword, keywordLocation, instanceLocation, error } of errors) {
    const inside = segments(instanceLocation)
    const rule = segments(keywordLocation)
    const missing = keyword === 'required' ? /"([^"]+)"/.exec(error)?.[1] : undefined
    if (wrappers.has(keyword) && keyword !== 'type') continue
    const path = missing === undefined ? inside : [...inside, missing]
    const node = missing === undefined ? at(schema, rule.slice(0, -1)) : at(schema, [...rule.slice(0, -1), 'properties', missing])
    const key = path.join('/')
    if (path.length === 0 || found.has(key)) continue
    // Emptying what is required breaks its type; what the person should hear is that it is missing.
    const broken = at(body, path) === null ? 'required' : keyword
    found.set(key, { path, detail: faultWords(broken, typeof node === 'object' && node !== null ? { ...node } : {}) })
  }
  // A fault of a part says more than the fault of the whole that it causes.
  return [...found.values()].filter((fault) => ![...found.keys()].some((key) => key.startsWith(`${fault.path.join('/')}/`)))
}

/** The validator that rjsf asks, whatever schema it draws from: `check` judges the body that saving would send. */
export function createValidator(check: (data: FormData) => readonly Fault[]): ValidatorType {
  return {
    validateFormData: (data) => {
      const errors = check((data ?? {}) as FormData).map(({ path, detail }): RJSFValidationError => ({
        name: 'rule',
        property: `.${path.join('.')}`,
        message: detail,
        params: {},
        stack: detail,
      }))
      return { errors, errorSchema: toErrorSchema(errors) }
    },
    isValid: (schema, data) => new Validator(schema as Schema, '2020-12').validate(data).valid,
    // Only rjsf's playground asks for this.
    rawValidation: () => ({}),
  }
}

/** What the server would refuse of this form, at the places of the form. */
export function checkForm(
  catalogue: CatalogueView,
  entity: Entity,
  mode: Mode,
  record: RecordData | undefined,
  data: FormData,
): readonly Fault[] {
  const body = mode === 'create' || !record ? createBody(catalogue, entity, data) : patchBody(catalogue, entity, record, data)
  const place = placeIn(catalogue, entity, mode, data)
  return faultsOf(bodySchema(entity, mode), body).flatMap(({ path, detail }) => {
    const here = place(path)
    return here === null ? [] : [{ path: here, detail }]
  })
}
