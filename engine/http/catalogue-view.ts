import type { Catalogue, DerivationStep, Display, Entity, Field, View } from '../catalogue/types.ts'
import { systemField } from '../catalogue/system-fields.ts'
import { fieldOf } from '../fields/index.ts'
import type { JsonSchema } from '../fields/type.ts'
import { Problem } from '../problems.ts'
import { accessOf, settingsFor } from '../records/access.ts'
import { parseAggregate } from '../records/aggregate.ts'
import { parseSort } from '../records/parameters.ts'
import { isShareable } from '../records/share.ts'
import type { Access, Actor, EntityAccess } from '../records/types.ts'
import { upsertKeys } from '../records/write-request.ts'
import { fieldLogicView, lifecyclesView, rulesView } from './logic-view.ts'
import type { FieldLogicView, LifecycleView, RuleView } from './logic-view.ts'
import { writeSchema } from './write-schema.ts'

/** What `GET /api/catalogue` answers: the compiled metadata as this caller may see it. The screens run on nothing else. */
export interface CatalogueView {
  readonly hash: string
  readonly tenant: TenantView
  readonly me: {
    readonly member: string | null
    readonly name: string | null
    readonly email: string
    readonly roles: readonly string[]
    /** May look at everything as another person does. */
    readonly viewAs: boolean
    /** Who really looks, as this member; null: they themselves. */
    readonly viewer: { readonly id: string; readonly name: string | null } | null
  }
  readonly modules: readonly ModuleView[]
  /** By entity id. */
  readonly entities: Readonly<Record<string, EntityView>>
}
export interface TenantView {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly locale: string
  readonly timeZone: string
  readonly currency: string
  readonly demo: boolean
}
export interface ModuleView {
  readonly id: string
  readonly title: string
  readonly icon: string
  readonly menu: readonly { readonly entity: string; readonly title: string; readonly view: string | null }[]
}
export interface FieldView extends Pick<
  Field,
  | 'id'
  | 'name'
  | 'title'
  | 'help'
  | 'type'
  | 'settings'
  | 'required'
  | 'readOnly'
  | 'createOnly'
  | 'noCopy'
  | 'default'
  | 'defaultsToActor'
  | 'index'
  | 'unit'
> {
  /** `several`: the value is {entity, id} instead of an id. Targets that the caller may not see are absent. */
  readonly reference: { readonly targets: readonly { readonly entity: string }[]; readonly several: boolean } | null
  readonly lines: {
    readonly entity: string
    readonly linkField: string | null
    readonly through: { readonly parentField: string } | null
  } | null
  readonly operators: readonly string[]
  readonly sortable: boolean
  readonly group: 'value' | 'buckets' | null
  readonly measures: readonly string[]
  /** Null: no expression says anything of it. */
  readonly logic: FieldLogicView | null
}
export interface EntityView {
  readonly id: string
  readonly module: string
  readonly name: string
  readonly plural: string
  readonly kind: 'record' | 'line' | 'single' | 'ledger'
  readonly title: string
  readonly pluralTitle: string
  readonly description: string
  /** Null: no address of its own. */
  readonly path: string | null
  readonly titleField: string | null
  readonly search: boolean
  readonly parent: { readonly entity: string; readonly field: string } | null
  /** Of a tree: id of the field that holds the path. */
  readonly treePath: string | null
  readonly actions: readonly string[]
  readonly fields: readonly FieldView[]
  /** What POST and PATCH take from this caller: forms check against these, so that they say what the server would say. */
  readonly schemas: { readonly create: JsonSchema; readonly patch: JsonSchema }
  readonly inverses: readonly { readonly name: string; readonly entity: string; readonly field: string; readonly title: string }[]
  /** What an upsert may go by. */
  readonly unique: readonly { readonly id: string; readonly fields: readonly string[] }[]
  readonly rules: readonly RuleView[]
  readonly lifecycles: readonly LifecycleView[]
  /** Derived values of the document and its lines, each after all that it needs: entity id and field id. */
  readonly derivations: readonly DerivationStep[]
  readonly display: Display
  readonly views: readonly View[]
  /** Which layer the entity, and each field that comes from another one, was defined in. */
  readonly lineage: { readonly entity: string; readonly fields: Readonly<Record<string, string>> }
}

type Schema = Pick<CatalogueView, 'hash' | 'modules' | 'entities'>

/** Views of an access are the same for everybody who has it: made once. */
const schemas = new WeakMap<Access, Schema>()

export function catalogueView(catalogue: Catalogue, actor: Actor, about: Pick<CatalogueView, 'tenant' | 'me'>): CatalogueView {
  const access = accessOf(catalogue, actor)
  let schema = schemas.get(access)
  if (!schema) schemas.set(access, (schema = schemaView(access)))
  return { ...(actor.viewing ? readOnly(schema) : schema), ...about }
}

const reading: ReadonlySet<string> = new Set(['list', 'get', 'export', 'history'])

/** Nothing that changes anything. */
function readOnly(schema: Schema): Schema {
  const entities = Object.entries(schema.entities).map(([id, entity]) => {
    const actions = entity.actions.filter((each) => reading.has(each))
    return [id, { ...entity, actions, lifecycles: entity.lifecycles.map((each) => ({ ...each, transitions: [] })) }] as const
  })
  return { ...schema, entities: Object.fromEntries(entities) }
}

function schemaView(access: Access): Schema {
  const { catalogue } = access
  const entities = Object.fromEntries([...access.entities].map(([id, each]) => [id, entityView(access, each)]))
  const modules = [...catalogue.modules.values()].map(({ id, title, icon, menu }) => ({
    id,
    title,
    icon,
    menu: menu.filter((item) => access.entities.get(item.entity)?.actions.has('list') === true || isSingle(access, item.entity)),
  }))
  return { hash: catalogue.hash, modules: modules.filter((module) => module.menu.length > 0), entities }
}

const isSingle = (access: Access, id: string): boolean => {
  const here = access.entities.get(id)
  return here?.entity.kind === 'single' && here.actions.has('get')
}

function entityView(access: Access, here: EntityAccess): EntityView {
  const { entity, visible } = here
  const seen = (field: Field | null): string | null => (field && visible.includes(field) ? field.name : null)
  const known = (path: string): boolean => isKnown(access, here, path)
  return {
    id: entity.id,
    module: entity.module,
    name: entity.name,
    plural: entity.plural,
    kind: entity.kind,
    title: entity.title,
    pluralTitle: entity.pluralTitle,
    description: entity.description,
    path: entity.link ? null : `/api/${entity.module}/${entity.plural}`,
    titleField: seen(entity.titleField),
    search: entity.search.some((field) => visible.includes(field)),
    parent: entity.parent,
    treePath: entity.tree && visible.includes(entity.tree.path) ? entity.tree.path.id : null,
    actions: [...here.actions.keys()].filter((action) => action !== 'share' || isShareable(entity)),
    fields: visible.map((field) => fieldView(access, here, field)),
    schemas: { create: writeSchema(access, here, 'create'), patch: writeSchema(access, here, 'patch') },
    inverses: [...entity.inverses].flatMap(([name, { entity: from, field }]) => {
      const other = access.entities.get(from)
      const title = other?.entity.pluralTitle ?? ''
      return other?.actions.has('list') && other.visible.some((each) => each.id === field) ? [{ name, entity: from, field, title }] : []
    }),
    unique: upsertKeys(here).map(({ id, fields }) => ({ id, fields })),
    rules: rulesView(access, here),
    lifecycles: lifecyclesView(access, here),
    derivations: entity.derivations.filter(
      (step) => access.entities.get(step.entity)?.visible.some((field) => field.id === step.field) === true,
    ),
    display: displayView(entity, known),
    views: entity.views.flatMap((view) => viewView(access, here, view, known)),
    lineage: {
      entity: entity.layer,
      fields: Object.fromEntries(visible.filter((field) => field.layer !== entity.layer).map((field) => [field.name, field.layer])),
    },
  }
}

function fieldView(access: Access, here: EntityAccess, field: Field): FieldView {
  const { id, name, title, help, type, required, createOnly, noCopy, defaultsToActor, index, reference, lines } = field
  const { operators, sort, group, measures } = fieldOf(type)
  const targets = reference?.targets.filter((target) => access.entities.has(target.entity)).map(({ entity }) => ({ entity })) ?? []
  return {
    id,
    name,
    title,
    help,
    type,
    settings: settingsFor(access, field),
    required,
    readOnly: field.readOnly || here.readOnly.has(id),
    createOnly,
    noCopy,
    default: field.default ?? null,
    defaultsToActor,
    index,
    reference: reference && { targets, several: reference.several },
    lines: lines && { entity: lines.entity, linkField: lines.linkField, through: lines.through },
    operators: Object.keys(operators),
    sortable: sort !== undefined,
    group: group ?? null,
    measures: measures ?? [],
    ...(field.unit !== undefined && { unit: field.unit }),
    logic: fieldLogicView(access, field),
  }
}

function displayView({ display, fieldByName, inverses }: Entity, known: (path: string) => boolean): Display {
  const one = (name: string | null): string | null => (name !== null && known(name) ? name : null)
  const sections = display.sections
    .map(({ title, fields }) => ({ title, fields: fields.filter(known) }))
    .filter(({ fields }) => fields.length > 0)
  return {
    ...display,
    sections,
    subtitleField: one(display.subtitleField),
    imageField: one(display.imageField),
    statusField: one(display.statusField),
    summaryFields: display.summaryFields.filter(known),
    quickCreate: display.quickCreate.filter(known),
    tabs: display.tabs.filter((tab) => known(tab) || !(fieldByName.has(tab) || inverses.has(tab))),
  }
}

/** Hidden columns are left out; a view that the lists of this caller would refuse is none for them. */
function viewView(access: Access, here: EntityAccess, view: View, known: (path: string) => boolean): View[] {
  if (!isAnswered(access, here, view) || !Object.values(view.mapping).every(known)) return []
  return [{ ...view, columns: view.columns.filter((column) => known(column.field)) }]
}

function isAnswered(access: Access, here: EntityAccess, { filter, sort, group, aggregates }: View): boolean {
  const asked = { ...filter, group: group ?? '', measure: aggregates.join() }
  try {
    parseAggregate(access, here, new Map(Object.entries(asked).map(([name, value]) => [name, [value]])))
    parseSort(access, here, sort.join())
    return true
  } catch (error) {
    if (error instanceof Problem) return false
    throw error
  }
}

/** True if the caller may know every step of a path such as `company.country`. */
function isKnown(access: Access, here: EntityAccess, path: string): boolean {
  const [name = '', ...rest] = path.split('.')
  if (systemField(name)) return rest.length === 0
  const field = here.visible.find((each) => each.name === name)
  if (field) {
    if (rest.length === 0) return true
    const next = field.reference?.targets.map((target) => target.entity) ?? (field.lines ? [field.lines.entity] : [])
    return next.some((id) => hasPath(access, id, rest))
  }
  const inverse = here.entity.inverses.get(name)
  if (inverse && !access.entities.get(inverse.entity)?.visible.some(({ id }) => id === inverse.field)) return false
  const parent = name === 'parent' ? here.entity.parent?.entity : inverse?.entity
  return parent !== undefined && (rest.length === 0 ? access.entities.has(parent) : hasPath(access, parent, rest))
}

function hasPath(access: Access, id: string, rest: readonly string[]): boolean {
  const next = access.entities.get(id)
  return next !== undefined && isKnown(access, next, rest.join('.'))
}
