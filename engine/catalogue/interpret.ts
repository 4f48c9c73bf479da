import { Validator } from '@cfworker/json-schema'
import type { OutputUnit, Schema } from '@cfworker/json-schema'
import { metaSchemas } from './meta-schemas.ts'
import { shapeFaults } from './shape-faults.ts'
import type { FileKind, ShapeFault, Validate } from './sources.ts'

type Node = Readonly<Record<string, unknown>>

/** Keywords that only say that something inside them failed, which is reported by itself. */
const wrappers = new Set(['$ref', 'properties', 'items', 'propertyNames', 'false'])

/** The meta-schemas as data, interpreted: for pages whose Content-Security-Policy forbids code made from text. Same faults as compiled. */
export function interpretedValidate(): Validate {
  const validators = new Map(
    Object.entries(metaSchemas).map(([kind, schema]) => {
      const validator = new Validator({ ...schema, $id: addressOf(kind) } as Schema, '2020-12', false)
      for (const [other, each] of Object.entries(metaSchemas))
        if (other !== kind) validator.addSchema({ ...each, $id: addressOf(other) } as Schema)
      return [kind, validator]
    }),
  )
  return (kind, value) => {
    const { valid, errors } = validators.get(kind)?.validate(value) ?? { valid: true, errors: [] }
    if (valid) return []
    const faults = errors.flatMap((error) => toFaults(error, kind, value))
    return [...new Map(faults.map((fault) => [`${fault.pointer}\n${fault.detail}`, fault])).values()]
  }
}

/** Relative references between the files need a base; nothing is fetched. */
const addressOf = (kind: string): string => `https://metadata.invalid/${kind}.schema.json`

function toFaults({ keyword, keywordLocation, instanceLocation }: OutputUnit, kind: FileKind, value: unknown): ShapeFault[] {
  if (wrappers.has(keyword)) return []
  const path = segments(keywordLocation)
  const node = nodeAt(path.slice(0, -1), kind)
  // `additionalProperties` fails as a whole when it is false, and wraps the faults inside otherwise.
  if (keyword === 'additionalProperties' && node['additionalProperties'] !== false) return []
  const place = segments(instanceLocation)
  // For the name of a property the location is the property's, not that of the object that has it.
  const name = path.includes('propertyNames') ? place.pop() : undefined
  const found = place.reduce<unknown>((here, key) => (here as Node | undefined)?.[key], value)
  return shapeFaults(keyword, node, name ?? found, place.map((key) => `/${escape(key)}`).join(''), name)
}

const segments = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
const escape = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

/** The schema object under a keyword location; a step `$ref` leads on to what it names. */
function nodeAt(path: readonly string[], kind: FileKind): Node {
  let file: FileKind = kind
  let here: unknown = metaSchemas[kind]
  for (const key of path) {
    here = (here as Node | undefined)?.[key]
    if (key !== '$ref' || typeof here !== 'string') continue
    const [name = '', inside = ''] = here.split('#')
    if (name !== '') file = name.replace('.schema.json', '') as FileKind
    here = segments(inside).reduce<unknown>((node, part) => (node as Node | undefined)?.[part], metaSchemas[file])
  }
  return (here ?? {}) as Node
}
