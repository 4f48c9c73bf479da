import { isLines, lineOf, may, type CatalogueView, type Entity, type Field } from '../api/catalogue.ts'
import { kindOf } from '../fields/registry.ts'

/** A place that a column of a file can go to. */
export interface Target {
  readonly path: string
  readonly title: string
  readonly section: string
  readonly required: boolean
  /** How a cell names a record, e.g. “by name”. */
  readonly hint: string | undefined
}

/** The path of the column that says which record a row changes. */
export const idPath = 'id'

/** Fields of an entity and of its lines that a file may fill; references can also be found by one of their unique fields. */
export function targetsOf(catalogue: CatalogueView, entity: Entity): readonly Target[] {
  const own = entity.fields
    .filter((field) => !field.readOnly && !isLines(field))
    .flatMap((field) => withMembers(catalogue, field, '', entity.title))
  const lines = entity.fields.filter(isLines).flatMap((field) => {
    const line = lineOf(catalogue, field)
    return (line?.fields ?? [])
      .filter((each) => !each.readOnly && !isLines(each))
      .flatMap((each) => withMembers(catalogue, each, `${field.name}.`, field.title))
  })
  const id = { path: idPath, title: 'Record id', section: entity.title, required: false, hint: 'to update' }
  return [...(may(entity, 'update') ? [id] : []), ...own, ...lines]
}

function withMembers(catalogue: CatalogueView, field: Field, prefix: string, section: string): readonly Target[] {
  const target = field.reference?.targets.length === 1 ? catalogue.entities[field.reference.targets[0]?.entity ?? ''] : undefined
  const unique = new Set((target?.unique ?? []).flatMap((key) => (key.fields.length === 1 ? key.fields : [])))
  const keys = (target?.fields ?? []).filter((each) => unique.has(each.id))
  const named = target?.fields.find((each) => each.name === target.titleField)
  const first = keys.find((each) => each === named) ?? keys[0] ?? named
  const whole: Target = {
    path: prefix + field.name,
    title: field.title,
    section,
    required: field.required,
    hint: target
      ? `by ${[...new Set([first, named])].flatMap((each) => (each ? [each.title.toLowerCase()] : [])).join(' or ') || 'id'}`
      : undefined,
  }
  const byId = { ...whole, path: `${whole.path}.${idPath}`, title: `${field.title} id`, required: false, hint: undefined }
  const byKey = keys
    .filter((each) => each !== first)
    .map((each) => ({
      ...whole,
      path: `${prefix}${field.name}.${each.name}`,
      title: `${field.title} by ${each.title.toLowerCase()}`,
      required: false,
      hint: undefined,
    }))
  const { members = [] } = kindOf(field)
  return [
    whole,
    ...byKey,
    ...(field.reference && !field.reference.several ? [byId] : []),
    ...members.map(([name, title]) => ({
      ...whole,
      path: `${prefix}${field.name}.${name}`,
      title: `${field.title}: ${title}`,
      required: false,
      hint: undefined,
    })),
  ]
}

const plain = (text: string): string =>
  text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]/g, '')

const isId = (path: string): boolean => path.endsWith(`.${idPath}`)

/** The target a column's header most likely means, or null: the whole name or title, else the end of a path. Each is used once. */
export function matchHeaders(headers: readonly string[], targets: readonly Target[]): Readonly<Record<string, string | null>> {
  const taken = new Set<string>()
  const matched = Object.fromEntries(
    headers.map((header) => {
      const wanted = plain(header)
      const free = targets.filter((target) => !taken.has(target.path))
      const found =
        wanted === ''
          ? undefined
          : (free.find((target) => plain(target.path) === wanted || plain(target.title) === wanted) ??
            free.find(
              (target) =>
                (!isId(target.path) && plain(target.path.split('.').at(-1) ?? '') === wanted) ||
                plain(`${target.section}${target.title}`) === wanted,
            ))
      if (found) taken.add(found.path)
      return [header, found?.path ?? null]
    }),
  )
  // An export writes the title of a reference and, beside it, the id: that counts.
  return Object.fromEntries(Object.entries(matched).map(([header, path]) => [header, taken.has(`${path}.${idPath}`) ? null : path]))
}
