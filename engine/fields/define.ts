import type { Report } from '../problems.ts'
import { pointerSegment } from '../problems.ts'
import { notBuilt, notYet } from './notYet.ts'
import type { FieldType, FieldUse, PropertyNode } from './type.ts'

/** JSON Schema keywords and settings that only some types take; the rest of a node is the catalogue's business. */
const keywords = [
  'enum',
  'default',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'items',
  'minItems',
  'maxItems',
  'uniqueItems',
] as const
const settings = [
  'scale',
  'precision',
  'currency',
  'entity',
  'onDelete',
  'inverse',
  'where',
  'through',
  'pattern',
  'scope',
  'assign',
  'gapless',
  'options',
  'symbology',
  'within',
  'accept',
  'maxBytes',
  'result',
  'treeOf',
  'defaultsToActor',
] as const
type Keyword = (typeof keywords)[number]
type Setting = (typeof settings)[number]

export interface Definition<Settings> extends Omit<FieldType<Settings>, 'compile'> {
  /** Values that the node's `type` may have beside the field type; absent: any. */
  readonly json: readonly string[]
  /** The `format` that goes with the type. */
  readonly format?: string
  readonly keywords?: readonly Keyword[]
  readonly settings?: readonly Setting[]
  compile(this: void, node: PropertyNode, report: Report, use: Required<FieldUse>): Settings
}

/** Adds to a definition what compiling has in common: keywords that do not fit, what is not done yet, a default that does not parse. */
export function define<Settings extends object>(definition: Definition<Settings>): FieldType<Settings> {
  const { json, format, keywords: ownKeywords = [], settings: ownSettings = [], compile, ...type } = definition
  const compiled = (node: PropertyNode, report: Report, use: FieldUse = {}): Settings => {
    const own = node['x-bos'] ?? {}
    if (typeof node['type'] === 'string' && !json.includes(node['type'])) report('/type', fits(type.id, json, node['type']))
    for (const keyword of keywords) {
      if (node[keyword] !== undefined && !ownKeywords.includes(keyword)) report(`/${keyword}`, `does not apply to ${type.id}`)
    }
    const given = node['format']
    if (given !== undefined && given !== format) report('/format', `${JSON.stringify(given)} does not go with ${type.id}`)
    for (const setting of settings) {
      if (own[setting] !== undefined && !ownSettings.includes(setting)) report(`/x-bos/${setting}`, `does not apply to ${type.id}`)
    }
    for (const [setting, needs] of Object.entries(notYet.settings)) {
      const isAsked = own[setting] !== undefined && own[setting] !== false
      const takes = !(settings as readonly string[]).includes(setting) || (ownSettings as readonly string[]).includes(setting)
      if (isAsked && takes) report(`/x-bos/${setting}`, notBuilt(`"${setting}"`, needs))
    }
    if (own['index'] === true && type.index === undefined) report('/x-bos/index', `does not apply to ${type.id}`)
    let faults = 0
    const result = Object.freeze(
      compile(
        node,
        (pointer, detail) => {
          faults++
          report(pointer, detail)
        },
        { indexed: type.index !== undefined && (use.indexed ?? own['index'] === true), folded: use.folded ?? false },
      ),
    )
    // With other settings in doubt a default would only repeat their faults.
    if (faults === 0 && ownKeywords.includes('default')) defaultOf(type, node, result, report)
    return result
  }
  return Object.freeze({ ...type, compile: compiled })
}

function fits(type: string, json: readonly string[], found: string): string {
  const allowed = json.length === 0 ? '' : ` or write ${json.map((each) => `"${each}"`).join(' or ')}`
  return `"${found}" does not go with ${type}: leave it out${allowed}`
}

/** The literal default of a node, canonical; undefined when it has none or it does not parse (which is reported at /default). */
export function defaultOf<Settings>(
  type: Pick<FieldType<Settings>, 'parse' | 'fromName'>,
  node: PropertyNode,
  compiled: Settings,
  report: Report,
): unknown {
  const literal = node['default']
  if (literal === undefined || literal === null) return undefined
  const value = type.fromName ? type.fromName(literal, compiled) : literal
  return type.parse(value, compiled, (pointer, detail) => report(`/default${pointer}`, detail))
}

interface Bounds {
  readonly min?: number
  readonly max: number
  readonly fallback: number
}

/** A whole-number keyword or setting of a node (`path`: 'maxLength', 'x-bos/scale'), within bounds; `fallback` when absent or wrong. */
export function wholeNumber(node: PropertyNode, path: string, report: Report, { min = 0, max, fallback }: Bounds): number {
  const value = path.startsWith('x-bos/') ? node['x-bos']?.[path.slice(6)] : node[path]
  if (value === undefined) return fallback
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  report(`/${path}`, `must be a whole number from ${min} to ${max}`)
  return fallback
}

/** Reports at one member or item of a value. */
export const inside =
  (report: Report, key: string | number): Report =>
  (pointer, detail) =>
    report(`/${pointerSegment(key)}${pointer}`, detail)

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
