import { Validator, type Schema } from '@cfworker/json-schema'
import { toErrorSchema, type RJSFValidationError, type ValidatorType } from '@rjsf/utils'
import type { Json } from './schema.ts'
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

/** Emptied fields are absent, not wrong; lines keep their places so that pointers stay true. */
export function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== null && each !== undefined && each !== '')
      .map(([name, each]) => [name, withoutEmpty(each)]),
  )
}

/** Interprets JSON Schema without generating code: the page's CSP allows no eval. One fault per place, the first found. */
export function faultsOf(schema: Json, data: unknown): readonly Fault[] {
  const { errors } = new Validator(schema, '2020-12', false).validate(withoutEmpty(data) ?? {})
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
    found.set(key, { path, detail: faultWords(keyword, typeof node === 'object' && node !== null ? { ...node } : {}) })
  }
  // A fault of a part says more than the fault of the whole that it causes.
  return [...found.values()].filter((fault) => ![...found.keys()].some((key) => key.startsWith(`${fault.path.join('/')}/`)))
}

/** The validator that rjsf asks. It gives a flat schema to draw from; what is checked is the full one. */
export function createValidator(full: Json): ValidatorType {
  const validate = (data: unknown): RJSFValidationError[] =>
    faultsOf(full, data).map(({ path, detail }) => ({
      name: 'rule',
      property: `.${path.join('.')}`,
      message: detail,
      params: {},
      stack: detail,
    }))
  return {
    validateFormData: (data) => {
      const errors = validate(data)
      return { errors, errorSchema: toErrorSchema(errors) }
    },
    isValid: (schema, data) => new Validator(schema as Schema, '2020-12').validate(data).valid,
    // Only rjsf's playground asks for this.
    rawValidation: () => ({}),
  }
}
