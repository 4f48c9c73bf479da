import type { Catalogue } from './types.ts'

/**
 * Part of a catalogue as stable, reviewable JSON text: maps as objects, sets as sorted lists, short values on one line.
 * `name` is a module or an entity (by id, or by name as in `crm.deal`). Null: there is none.
 */
export function dump(catalogue: Catalogue, name: string): string | null {
  const entity = catalogue.entities.get(name) ?? [...catalogue.entities.values()].find(each => `${each.module}.${each.name}` === name)
  if (entity !== undefined) return `${text(plain(entity), '')}\n`
  const module = catalogue.modules.get(name)
  if (module === undefined) return null
  const entities = Object.fromEntries([...catalogue.entities.values()].filter(each => each.module === name).map(each => [each.id, each]))
  const { hash: _, ...stable } = module
  return `${text(plain({ ...stable, entities }), '')}\n`
}

function plain(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [String(key), plain(inner)]))
  if (value instanceof Set) return [...value].map(plain).sort()
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  // Both hold `fields` once more, under other keys.
  return Object.fromEntries(Object.entries(value).filter(([key, inner]) => inner !== undefined && key !== 'fieldByName' && key !== 'fieldById')
    .map(([key, inner]) => [key, reference(key, inner) ?? plain(inner)]))
}

/** Fields that an entity names are shown by name: they stand in `fields` in full. */
function reference(key: string, value: unknown): unknown {
  if ((key === 'owner' || key === 'titleField') && value !== null) return (value as { name: string }).name
  if (key === 'search' && Array.isArray(value)) return value.map(field => (field as { name: string }).name)
  return undefined
}

const lineLength = 140

function text(value: unknown, indent: string): string {
  const short = JSON.stringify(value)
  if (typeof value !== 'object' || value === null || short.length + indent.length <= lineLength - 30) return short
  const inner = `${indent}  `
  const parts = Array.isArray(value)
    ? value.map(each => inner + text(each, inner))
    : Object.entries(value).map(([key, each]) => `${inner}${JSON.stringify(key)}: ${text(each, inner)}`)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  return `${open}\n${parts.join(',\n')}\n${indent}${close}`
}
