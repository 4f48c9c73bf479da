import type { DisplayFile } from '../../metadata/display.d.ts'
import { fieldOf } from '../fields/index.ts'
import type { ViewDraft } from './symbols.ts'
import type { Display, Entity, Field, View } from './types.ts'

type Shown = Pick<Entity, 'id' | 'name' | 'kind' | 'plural' | 'pluralTitle' | 'title' | 'fields' | 'titleField'>
const hues = [25, 50, 80, 150, 190, 245, 275, 305, 350] as const

/** The same colour for the same name, everywhere and always (FNV-1a). */
function hueOf(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0
  return hues[hash % hues.length] ?? 245
}

const isLines = (field: Field): boolean => field.lines !== null && field.lines.linkField === null

/**
 * How records present themselves: what the file says, else the defaults of the screens' specification. `foreign` are relations
 * from modules that the file's module does not know; it cannot name them as tabs, so they follow the tabs it names.
 */
export function displayOf(entity: Shown, file: DisplayFile | undefined, inverses: readonly string[], foreign: readonly string[]): Display {
  const summary = entity.fields
    .filter((field) => field !== entity.titleField && !isLines(field))
    .slice(0, 5)
    .map((field) => field.name)
  const document = entity.fields.some(isLines)
  const editMode = file?.editMode ?? (document ? 'document' : 'live')
  const related = [...entity.fields.filter(isLines).map((field) => field.name), ...inverses, ...(entity.kind === 'line' ? [] : ['history'])]
  return {
    icon: file?.icon ?? 'table',
    hue: file?.hue ?? hueOf(entity.name),
    subtitleField: file?.subtitleField ?? null,
    imageField: file?.imageField ?? null,
    statusField: file?.statusField ?? null,
    summaryFields: file?.summaryFields ?? summary,
    quickCreate: file?.quickCreate ?? [],
    sections: file?.sections ?? [{ title: entity.title, fields: entity.fields.map((field) => field.name) }],
    tabs: file?.tabs ? [...file.tabs, ...foreign] : related,
    editMode,
    openIn: file?.openIn ?? (editMode === 'document' ? 'page' : 'panel'),
  }
}

/** The views of an entity in file order; a list of its summary (a form for a single) when no file gives one. */
export function viewsOf(entity: Shown, drafts: readonly ViewDraft[], display: Display): View[] {
  const views = drafts.map(({ id, node }): View => ({
    id,
    kind: node.kind,
    title: node.title,
    columns: (node.columns ?? defaultColumns(entity, display)).map((column) =>
      typeof column === 'string'
        ? columnOf(column)
        : { field: column.field, width: column.width ?? null, pin: column.pin ?? false, aggregate: column.aggregate ?? null },
    ),
    filter:
      typeof node.filter === 'string'
        ? { filter: node.filter }
        : Object.fromEntries(Object.entries(node.filter ?? {}).map(([key, value]) => [key, String(value)])),
    sort: node.sort ?? [],
    group: node.group ?? null,
    aggregates: node.aggregates ?? [],
    mapping: Object.fromEntries(Object.entries(node.mapping ?? {})),
    density: node.density ?? 'default',
    tiles: (node.tiles ?? []).map((tile) => ({ view: tile.view, width: tile.width ?? 4, height: tile.height ?? 4 })),
  }))
  const kind = entity.kind === 'single' ? 'form' : 'list'
  if (views.some((view) => view.kind === kind)) return views
  const preset: View = {
    id: `${entity.id}.${kind}`,
    kind,
    title: entity.pluralTitle,
    columns: defaultColumns(entity, display).map(columnOf),
    filter: {},
    sort: defaultSort(entity),
    group: null,
    aggregates: [],
    mapping: {},
    density: 'default',
    tiles: [],
  }
  return [preset, ...views]
}

const columnOf = (field: string): View['columns'][number] => ({ field, width: null, pin: false, aggregate: null })

const defaultColumns = (entity: Shown, display: Display): string[] => [
  ...new Set([...(entity.titleField ? [entity.titleField.name] : []), ...display.summaryFields]),
]

function defaultSort(entity: Shown): string[] {
  const title = entity.titleField
  return title && title.index && fieldOf(title.type).sort ? [title.name] : []
}
