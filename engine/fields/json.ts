import type { Report } from '../problems.ts'
import { isNull } from './compare.ts'
import { define, inside, isObject } from './define.ts'
import { characterFault } from './text.ts'
import { ExactNumber } from './type.ts'
import type { FieldType } from './type.ts'

const depthLimit = 64
const byteLimit = 262_144

/** A copy made of plain JSON alone, or undefined after a report. Numbers must survive a double; text must survive PostgreSQL. */
function copy(value: unknown, depth: number, report: Report): unknown {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value === 0 ? 0 : value
  if (typeof value === 'string') return storable(value, report) ? value : undefined
  if (value instanceof ExactNumber) report('', 'is a number with more digits than JSON readers keep: write it as text')
  else if (depth >= depthLimit) report('', `is nested deeper than ${depthLimit} levels`)
  else if (Array.isArray(value)) return value.map((each: unknown, i) => copy(each, depth + 1, inside(report, i)))
  else if (isObject(value)) {
    const result: Record<string, unknown> = {}
    for (const [key, member] of Object.entries(value)) {
      if (key === '__proto__') inside(report, key)('', 'is a reserved name')
      else if (storable(key, inside(report, key))) result[key] = copy(member, depth + 1, inside(report, key))
    }
    return result
  } else report('', 'is not JSON')
  return undefined
}

function storable(text: string, report: Report): boolean {
  const fault = characterFault(text)
  if (fault !== null) report('', fault)
  return fault === null
}

function parseJson(input: unknown, _settings: unknown, report: Report): unknown {
  let faults = 0
  const value = copy(input, 0, (pointer, detail) => {
    // One fault is enough where a generated document has thousands of the same.
    if (faults++ < 20) report(pointer, detail)
  })
  if (faults > 0) return undefined
  const bytes = new TextEncoder().encode(JSON.stringify(value)).length
  if (bytes <= byteLimit) return value
  report('', `is ${bytes} bytes long; at most ${byteLimit} are taken`)
  return undefined
}

/** Any JSON: for what has no shape of its own. Filtered only by whether it is there. */
export const json: FieldType<object> = define<object>({
  id: 'json',
  valueType: () => ({ kind: 'json' }),
  json: ['object', 'array', 'string', 'integer', 'number', 'boolean'],
  keywords: ['default'],
  compile: () => ({}),
  columns: (name) => [{ name, type: 'jsonb' }],
  schema: () => ({}),
  parse: parseJson,
  store: (value) => [value === null ? null : JSON.stringify(value)],
  operators: { null: isNull },
  fromText(text, settings, report) {
    try {
      return parseJson(JSON.parse(text), settings, report)
    } catch {
      report('', 'must be JSON')
      return undefined
    }
  },
  toText: (value) => JSON.stringify(value),
})
