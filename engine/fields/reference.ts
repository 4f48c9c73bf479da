import type { Report } from '../problems.ts'
import { emptiness, operands, plainIndex, quoted } from './compare.ts'
import { define, inside, isObject } from './define.ts'
import { suggestion } from './nearest.ts'
import type { Operator, PropertyNode } from './type.ts'
import { isUuid } from './uuid.ts'

export interface ReferenceSettings {
  /** Entity ids. */
  readonly targets: readonly string[]
  /**
   * The file gives a list: the value is {entity, id}, with one column per target; else it is an id. Not the number of targets
   * decides, because other modules lengthen lists: enabling one must not move the values of another to new columns.
   */
  readonly several: boolean
}
export interface AnyReference {
  readonly entity: string
  readonly id: string
}

const members = ['entity', 'id']

export function parseId(input: unknown, _settings: unknown, report: Report): string | undefined {
  const id = typeof input === 'string' ? input.toLowerCase() : null
  if (isUuid(id)) return id
  report('', 'must be the id of a record')
  return undefined
}

/** The target entities of a node: full names, resolved by the catalogue; a list may be empty until another layer appends to it. */
export function readTargets(node: PropertyNode, report: Report): readonly string[] {
  const given = node['x-bos']?.['entity']
  const targets: readonly unknown[] = Array.isArray(given) ? given : [given]
  const wrong = targets.find((each) => typeof each !== 'string' || !/^(?:[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*|self)$/.test(each))
  if (wrong !== undefined || given === undefined) report('/x-bos/entity', 'must name an entity such as crm.company, or a list of entities')
  else if (new Set(targets).size < targets.length) report('/x-bos/entity', 'names an entity twice')
  else return Object.freeze([...(targets as string[])])
  return Object.freeze([])
}

const single = ({ several }: ReferenceSettings): boolean => !several
/** `crm.company` → `__crm__company`. */
const suffix = (target: string): string => `__${target.replace('.', '__')}`

function parseReference(input: unknown, settings: ReferenceSettings, report: Report): string | AnyReference | undefined {
  if (single(settings)) return parseId(input, settings, report)
  if (!isObject(input) || Object.keys(input).some((key) => !members.includes(key))) {
    report('', `must be an object such as {"entity": "${settings.targets[0] ?? '…'}", "id": "…"}`)
    return undefined
  }
  const { entity } = input
  const id = parseId(input['id'], settings, inside(report, 'id'))
  if (typeof entity !== 'string') report('/entity', 'must be the name of an entity')
  else if (!settings.targets.includes(entity)) report('/entity', `${notOneOf(entity, settings)}.${suggestion(entity, settings.targets)}`)
  else if (id !== undefined) return { entity, id }
  return undefined
}

const notOneOf = (entity: string, { targets }: ReferenceSettings): string => `"${entity.slice(0, 81)}" is not one of ${targets.join(', ')}`

/** An id, or `crm.company:id` where there are several targets. */
function fromText(text: string, settings: ReferenceSettings, report: Report): string | AnyReference | undefined {
  if (single(settings)) return parseId(text.trim(), settings, report)
  const [entity, id] = text.trim().split(':')
  return parseReference({ entity, id }, settings, (_, detail) => report('', detail))
}

/** One operand → its id in the place of each target it may mean, null elsewhere; a bare id may be any of them. */
function placed(text: string, settings: ReferenceSettings, report: Report): readonly (string | null)[] {
  const colon = text.indexOf(':')
  const entity = colon < 0 ? null : text.slice(0, colon)
  if (entity !== null && !settings.targets.includes(entity)) report('', notOneOf(entity, settings))
  const id = parseId(text.slice(colon + 1), settings, report) ?? null
  return settings.targets.map((target) => (entity === null || entity === target ? id : null))
}

const columnSuffixes = (settings: ReferenceSettings): readonly string[] => (single(settings) ? [''] : settings.targets.map(suffix))

const equal: Operator = {
  parse: (text, settings: ReferenceSettings, report) => placed(text, settings, report),
  where: (sql, at, params, settings: ReferenceSettings) =>
    settings.targets.length === 0
      ? sql`false`
      : sql`(${sql.join(
          columnSuffixes(settings).map((each, i) => sql`${at(each)} = ${params[i]}::uuid`),
          sql` or `,
        )})`,
}

const among: Operator = {
  parse: (text, settings: ReferenceSettings, report) => {
    const places = operands(text, report).map((each) => placed(each, settings, report))
    return settings.targets.map((_, i) => places.map((each) => each[i] ?? null))
  },
  where: (sql, at, params, settings: ReferenceSettings) =>
    settings.targets.length === 0
      ? sql`false`
      : sql`(${sql.join(
          columnSuffixes(settings).map((each, i) => sql`${at(each)} = any(${params[i]}::uuid[])`),
          sql` or `,
        )})`,
}

/** A link to one record of one entity, or of one out of several. Whether it exists and may be seen is the pipeline's to know. */
export const reference = define<ReferenceSettings>({
  id: 'reference',
  json: [],
  settings: ['entity', 'onDelete', 'inverse', 'where', 'defaultsToActor'],
  compile(node, report) {
    return { targets: readTargets(node, report), several: Array.isArray(node['x-bos']?.['entity']) }
  },
  narrow: (settings, knows) => (single(settings) ? settings : { ...settings, targets: settings.targets.filter(knows) }),
  columns: (name, settings) => columnSuffixes(settings).map((each) => ({ name: name + each, type: 'uuid' })),
  schema: (settings) =>
    single(settings)
      ? { type: 'string', format: 'uuid' }
      : {
          type: 'object',
          properties: { entity: { type: 'string', enum: settings.targets }, id: { type: 'string', format: 'uuid' } },
          required: members,
          additionalProperties: false,
        },
  parse: parseReference,
  store: (value, settings) =>
    single(settings)
      ? [value]
      : settings.targets.map((target) => ((value as AnyReference | null)?.entity === target ? (value as AnyReference).id : null)),
  render: (sql, at, settings) => {
    if (single(settings)) return at()
    if (settings.targets.length === 0) return sql`null::json`
    const arms = settings.targets.map((target) => {
      const id = at(suffix(target))
      return sql`when ${id} is not null then json_build_object('entity', ${sql.lit(target)}, 'id', ${id})`
    })
    return sql`case ${sql.join(arms, sql` `)} end`
  },
  operators: {
    eq: equal,
    in: among,
    null: emptiness((sql, at, settings: ReferenceSettings) =>
      settings.targets.length === 0
        ? sql`true`
        : sql`${sql.join(
            columnSuffixes(settings).map((each) => sql`${at(each)} is null`),
            sql` and `,
          )}`,
    ),
  },
  index: (name, settings) => (single(settings) ? plainIndex(name) : settings.targets.map((target) => quoted(name + suffix(target)))),
  group: 'value',
  relation: 'one',
  keyBytes: (settings) => (single(settings) ? 16 : null),
  fromText,
  toText: (value) => (typeof value === 'string' ? value : `${(value as AnyReference).entity}:${(value as AnyReference).id}`),
})
