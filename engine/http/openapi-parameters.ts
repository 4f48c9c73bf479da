import { systemFields } from '../catalogue/system-fields.ts'
import type { Field } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { limits as expressionLimits } from '../expressions/limits.ts'
import { operandLimit } from '../fields/compare.ts'
import { fieldOf } from '../fields/index.ts'
import type { Bucket, FieldType, JsonSchema, OperatorName } from '../fields/type.ts'
import { fieldNamed } from '../records/parameters.ts'
import { systemProperties } from '../records/select.ts'
import type { Access, EntityAccess } from '../records/types.ts'
import { ref, type Names, type Part } from './openapi-names.ts'
import { expansionsOf, isLines } from './openapi-schemas.ts'

/** Parameters of one entity's reading routes. `components` are those that several routes share. */
export interface EntityParameters {
  readonly components: Readonly<Record<string, Part>>
  /** Which records: `stage=won`, `value.gte=1000`, and paths through references. */
  readonly filters: readonly Part[]
  /** Free text; none where the entity cannot be searched. */
  readonly search: readonly Part[]
  readonly sort: Part
  /** What is shown of each record: `fields`, `expand`. */
  readonly selection: readonly Part[]
  readonly deleted: readonly Part[]
  readonly aggregate: readonly Part[]
}

const phrases: Readonly<Record<OperatorName, string>> = {
  eq: 'this',
  ne: 'not this',
  gt: 'above this',
  gte: 'at least this',
  lt: 'below this',
  lte: 'at most this',
  in: 'one of these',
  contains: 'contains this',
  startsWith: 'starts with this',
  null: 'empty (true) or not (false)',
}
const buckets: readonly Bucket[] = ['day', 'week', 'month', 'quarter', 'year']
/** System properties that lists are filtered by; their parameters are the same for every entity. */
const filtered = systemFields.filter(({ listed }) => listed).map(({ name }) => name)

export const queryParameter = (name: string, description: string, schema: JsonSchema, more: Part = {}): Part => ({
  name,
  in: 'query',
  description,
  ...more,
  schema,
})
/** They say something of records of every entity. */
export const filterExamples = ['self.created_by == user && self.version > 1', 'self.updated_at < dateTime(today)'] as const
const lineExamples = ['self.position > 1', 'self.position in [1, 2]'] as const

export const filterParameter = (kind: 'record' | 'line'): Part =>
  queryParameter(
    'filter',
    'An expression that records must fulfil, together with the other filters. `self` is the record; `user`, `tenant`, `settings`, `now` and `today` are known too.',
    { type: 'string', maxLength: expressionLimits.characters },
    { examples: Object.fromEntries((kind === 'line' ? lineExamples : filterExamples).map((value, i) => [`filter${i + 1}`, { value }])) },
  )
/** Several values in one parameter, parted by commas. */
const several = (name: string, description: string, values: readonly string[]): Part =>
  queryParameter(
    name,
    description,
    { type: 'array', items: { type: 'string', ...(values.length > 0 && { enum: values }) } },
    { style: 'form', explode: false },
  )

/** Parameters that name themselves and take a value: an object whose members become parameters. */
const open = (name: string, description: string, pattern: string): Part =>
  queryParameter(
    name,
    description,
    { type: 'object', patternProperties: { [pattern]: { type: 'string' } }, additionalProperties: false },
    { style: 'form', explode: true, example: {} },
  )

export function entityParameters(access: Access, here: EntityAccess, names: Names): EntityParameters {
  const { entity, visible, actions } = here
  const { one } = names(entity.id)
  const components: Record<string, Part> = {}
  const share = (name: string, parameter: Part): Part => {
    components[`${one}.${name}`] = parameter
    return ref('parameters', `${one}.${name}`)
  }
  const own = [...visible, ...documentOf(here)].flatMap((field) =>
    fieldFilters(field).map((parameter) => share(String(parameter['name']), parameter)),
  )
  const system = filtered
    .flatMap((name) => fieldNamed(here, name) ?? [])
    .flatMap(fieldFilters)
    .map((parameter) => ref('parameters', `record.${String(parameter['name'])}`))
  const references = pathStarts(access, here)
  const paths =
    references.length === 0
      ? []
      : [
          share(
            'through',
            open(
              'through',
              `Filters through references, such as \`${references[0]}.<field>=x\`: each member is a parameter of its own.`,
              `^(?:${references.join('|')})\\.`,
            ),
          ),
        ]
  const sortable = [...visible, ...filtered.flatMap((name) => fieldNamed(here, name) ?? [])].filter((field) => fieldOf(field.type).sort)
  const money = sortable.filter((field) => fieldOf(field.type).currency).map(({ title }) => title)
  const sort = share(
    'sort',
    several(
      'sort',
      [
        'Order, most significant first; `-` in front for descending. Paths through references work too. Without it: newest first.',
        ...(money.length > 0 ? [`${money.join(', ')}: by amount, whatever the currency; nothing is converted.`] : []),
      ].join(' '),
      sortable.flatMap(({ name }) => [name, `-${name}`]),
    ),
  )
  const searched = entity.search.filter((field) => visible.includes(field)).map(({ title }) => title)
  return {
    components,
    sort,
    filters: [ref('parameters', entity.kind === 'line' ? 'lineFilter' : 'filter'), ...own, ...system, ...paths],
    search:
      searched.length === 0
        ? []
        : [
            share(
              'search',
              queryParameter('search', `Words to find in: ${searched.join(', ')}.`, { type: 'string', maxLength: limits.searchLength }),
            ),
          ],
    selection: selectionOf(access, here).map((parameter) => share(String(parameter['name']), parameter)),
    deleted: actions.has('restore') && entity.kind !== 'line' ? [ref('parameters', 'deleted')] : [],
    aggregate: aggregateParameters(access, here),
  }
}

/** What a line is part of. */
const documentOf = (here: EntityAccess): readonly Field[] => (here.entity.kind === 'line' ? [fieldNamed(here, 'parent') ?? []].flat() : [])

/** The filters of the system properties, by component name. */
export function sharedFilters(here: EntityAccess): Readonly<Record<string, Part>> {
  const parameters = filtered.flatMap((name) => fieldNamed(here, name) ?? []).flatMap(fieldFilters)
  return Object.fromEntries(parameters.map((parameter) => [`record.${String(parameter['name'])}`, parameter]))
}

/** One parameter per operator of the field and of each part of a composite value. */
function fieldFilters(field: Field): readonly Part[] {
  const type = fieldOf(field.type)
  const members = [...(type.members?.(field.settings) ?? [])]
  return [
    ...typeFilters(field.name, field.title, type, field.settings, writtenAs(field, type)),
    ...members.flatMap(([name, member]) =>
      typeFilters(`${field.name}.${name}`, `${field.title} (${name.replaceAll('_', ' ')})`, fieldOf(member.type), member.settings, ''),
    ),
  ]
}

/** How an operand is written where it is no scalar. */
function writtenAs(field: Field, type: FieldType): string {
  if (type.currency) return ' An amount, or an amount with its currency behind it: `1000 EUR`.'
  return field.reference?.several === true ? ' An id, or the entity in front of it: `module.entity:id`.' : ''
}

function typeFilters(name: string, title: string, type: FieldType, settings: unknown, note: string): readonly Part[] {
  const value = operandSchema(type.schema(settings, 'read'))
  return (Object.keys(type.operators) as OperatorName[]).map((operator) => {
    const description = `${title}: ${phrases[operator]}.${operator === 'null' ? '' : note}`
    const parameter = operator === 'eq' ? name : `${name}.${operator}`
    if (operator === 'in')
      return queryParameter(
        parameter,
        description,
        { type: 'array', items: value, maxItems: operandLimit },
        { style: 'form', explode: false },
      )
    const schema =
      operator === 'null' ? { type: 'boolean' } : operator === 'contains' || operator === 'startsWith' ? operandText(value) : value
    return queryParameter(parameter, description, schema)
  })
}

/** What one operand looks like: a scalar of the value's kind; how it is written is up to the field type. */
function operandSchema(schema: JsonSchema): JsonSchema {
  const { type, items, format } = schema
  const options = schema['enum']
  if (type === 'array') return operandSchema(items as JsonSchema)
  if (options !== undefined) return { type: 'string', enum: options }
  if (type === 'boolean' || type === 'integer') return { type }
  return { type: 'string', ...(type === 'string' && format !== undefined && { format }) }
}
/** Parts of a text; a list contains one of its values. */
const operandText = (value: JsonSchema): JsonSchema =>
  value['enum'] === undefined && value['type'] === 'string' ? { type: 'string' } : value

/** References to one entity, which paths lead through. */
function pathStarts(access: Access, here: EntityAccess): readonly string[] {
  const { entity, visible } = here
  const known = (field: Field): boolean =>
    field.reference?.targets.length === 1 && access.entities.has(field.reference.targets[0]?.entity ?? '')
  const system = ['created_by', 'updated_by'].flatMap((name) => fieldNamed(here, name) ?? [])
  const parent = entity.parent && access.entities.has(entity.parent.entity) ? ['parent'] : []
  return [...parent, ...[...visible, ...system].filter(known).map(({ name }) => name)]
}

function selectionOf(access: Access, here: EntityAccess): readonly Part[] {
  const { entity, visible } = here
  const system = entity.kind === 'line' ? [] : systemProperties
  const lines = visible.filter((field) => isLines(field) && access.entities.has(field.lines?.entity ?? '')).map(({ name }) => name)
  const expandable = [...expansionsOf(access, here).map(({ name }) => name), ...lines]
  const fields = several(
    'fields',
    'Answers only these properties, and the id; properties that are otherwise always there are then absent. Dotted names narrow what `expand` brings.',
    ['id', ...system, ...documentOf(here).map(({ name }) => name), ...visible.map(({ name }) => name)],
  )
  if (expandable.length === 0) return [fields]
  return [
    fields,
    several(
      'expand',
      `Brings related records along in \`_expand\`, and lines in lists; dotted for up to ${limits.expandDepth} levels.`,
      expandable,
    ),
  ]
}

function aggregateParameters(access: Access, here: EntityAccess): readonly Part[] {
  const fields = [...here.visible, ...documentOf(here), ...filtered.flatMap((name) => fieldNamed(here, name) ?? [])]
  const parts = fields.flatMap((field) => {
    const type = fieldOf(field.type)
    const members = [...(type.members?.(field.settings) ?? [])].map(([name, member]) => ({
      name: `${field.name}.${name}`,
      type: fieldOf(member.type),
    }))
    return [{ name: field.name, type }, ...members]
  })
  const groups = parts.flatMap(({ name, type }) => [
    ...(type.group ? [name] : []),
    ...(type.group === 'buckets' ? buckets.map((bucket) => `${name}:${bucket}`) : []),
  ])
  const measures = ['count', ...parts.flatMap(({ name, type }) => (type.measures ?? []).map((measure) => `${measure}(${name})`))]
  return [
    several('group', `Up to ${limits.groups} fields; dates also by ${buckets.join(', ')}. Paths through references work too.`, groups),
    several('measure', `Up to ${limits.measures} measures; \`count\` without it.`, measures),
    open(
      'having',
      'Conditions on measures, such as `having.count.gte=5`: each member is a parameter of its own.',
      '^having\\..+\\.(?:eq|ne|gt|gte|lt|lte)$',
    ),
    several('sort', 'Names of groups and measures of this query; `-` in front for descending.', []),
    queryParameter('limit', 'How many groups at most.', {
      type: 'integer',
      minimum: 1,
      maximum: limits.groupRows,
      default: limits.groupRowsDefault,
    }),
  ]
}
