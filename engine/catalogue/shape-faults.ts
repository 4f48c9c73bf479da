import { nearest } from '../fields/nearest.ts'
import { pointerSegment } from '../problems.ts'
import type { ShapeFault } from './sources.ts'

type SchemaNode = { readonly [keyword: string]: unknown }

/** What texts that must match a pattern are, by the pattern's place in the meta-schemas. */
const patternWords = new Map([
  ['^[a-z][a-z0-9_]*$', 'a name: lower-case letters, digits and underscores, beginning with a letter'],
  ['^[a-z][a-z0-9_]*\\.[a-z][a-z0-9_]*$', 'a full name such as crm.deal'],
  ['^([a-z][a-z0-9_]*\\.[a-z][a-z0-9_]*|self)$', 'a full name such as crm.deal, or self'],
  ['^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)?$', 'a property, or one step along a reference such as company.country'],
  ['^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)*$', 'a property, or a path such as company.name'],
  ['^-?[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)?$', 'a property to sort by, with - in front for descending'],
  ['^[A-Za-z0-9_][A-Za-z0-9_.+-]*$', 'an option: letters, digits and _ . + -'],
  ['^[a-z][a-z0-9-]*$', 'the name of a Tabler icon such as truck-delivery'],
  ['^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$', 'a version such as 1.4.0'],
  ['^(\\^|~|>=)?(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$', 'a version or range such as ^1.4.0'],
  ['^(count|(sum|avg|min|max)\\([a-z][a-z0-9_]*\\))$', 'a measure such as count or sum(value)'],
  ['^(\\$schema|[a-z][a-z0-9_]*(\\.[A-Za-z0-9_+-]+)*)$', 'a path of ids such as deal.stage.won.title'],
])
const typeWords: Record<string, string> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

/**
 * The sentences of one failed keyword of a meta-schema, whoever found it: `node` is the schema object that holds the keyword,
 * `value` the part of the file it stands against, `key` the property name when it is a name that failed.
 */
export function shapeFaults(keyword: string, node: SchemaNode, value: unknown, pointer: string, key?: string): ShapeFault[] {
  const fault = (detail: string, at = pointer, meant?: string): ShapeFault[] => [
    { pointer: at, detail, ...(meant !== undefined && { suggestion: meant }) },
  ]
  const limit = node[keyword]
  const shown = key === undefined ? quote(value) : quote(key)
  const at = key === undefined ? pointer : `${pointer}/${pointerSegment(key)}`
  switch (keyword) {
    case 'additionalProperties': {
      const known = Object.keys(node['properties'] ?? {})
      return Object.keys(value as object)
        .filter((name) => !known.includes(name))
        .flatMap((name) =>
          fault(`there is no keyword ${quote(name)} here`, `${pointer}/${pointerSegment(name)}`, nearest(name, known) ?? undefined),
        )
        .map((each) => ({ ...each, isUnknown: true }))
    }
    case 'required':
      return (limit as string[]).filter((name) => !Object.hasOwn(value as object, name)).flatMap((name) => fault(`"${name}" is missing`))
    case 'type':
      return fault(
        `must be ${[limit]
          .flat()
          .map((type) => typeWords[String(type)])
          .join(' or ')}, not ${shown}`,
      )
    case 'const':
      return fault(`must be ${quote(limit)}, not ${shown}`)
    case 'enum': {
      const known = limit as unknown[]
      const meant = typeof value === 'string' ? (nearest(value, known.map(String)) ?? undefined) : undefined
      return fault(`${shown} is not one of ${known.map(String).join(', ')}`, pointer, meant)
    }
    case 'pattern':
      return fault(`${shown} is not ${patternWords.get(String(limit)) ?? `of the form ${String(limit)}`}`, at)
    case 'maxLength':
      return fault(`${shown} is longer than ${String(limit)} characters`, at)
    case 'minLength':
      return fault('must not be empty', at)
    case 'minItems':
    case 'minProperties':
      return fault(`needs at least ${String(limit)}`)
    case 'maxItems':
    case 'maxProperties':
      return fault(`has more than ${String(limit)}`)
    case 'minimum':
      return fault(`must be at least ${String(limit)}, not ${shown}`)
    case 'maximum':
      return fault(`must be at most ${String(limit)}, not ${shown}`)
    case 'uniqueItems':
      return fault('says the same twice')
    default:
      return fault(`does not fulfil "${keyword}" of the meta-schema`)
  }
}

/** A value as it may be repeated in a message: short, and JSON, so that control characters stay visible. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
