import type { Report } from '../problems.ts'
import { suggestion } from './nearest.ts'
import type { PropertyNode } from './type.ts'

const byFormat: Readonly<Record<string, string>> = {
  date: 'date',
  'date-time': 'dateTime',
  time: 'time',
  email: 'email',
  uri: 'url',
  duration: 'duration',
}

/** Id of the field type that a node means: `x-bos.type`, or what its keywords say. Reports and returns undefined when they say none. */
export function typeIdOf(node: PropertyNode, report: Report): string | undefined {
  const { type, format, items, enum: options, 'x-bos': own } = node
  if (own?.type !== undefined) return own.type
  if (type === 'array') return (items as PropertyNode | undefined)?.['enum'] === undefined ? 'list' : 'multiSelect'
  if (options !== undefined) return 'select'
  if (type === 'integer' || type === 'boolean') return type
  if (type === 'string') {
    if (format === undefined) return 'text'
    const name = typeof format === 'string' ? format : ''
    if (Object.hasOwn(byFormat, name)) return byFormat[name]
    report('/format', `there is no format "${name}".${suggestion(name, Object.keys(byFormat))}`)
  } else if (type === 'number') {
    report('/type', 'a number in JSON is not exact: use "x-bos": {"type": "decimal", "scale": 2}, or "type": "integer"')
  } else {
    report('', 'has no type: give "type", "enum" or "x-bos": {"type": …}')
  }
  return undefined
}
