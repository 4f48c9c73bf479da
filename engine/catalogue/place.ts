import { symbolsOfChecked } from './check.ts'
import type { ModuleSource, SourceFault } from './sources.ts'

/** What a place in the tables comes from: an entity (or the links of a field of it), and a field or a unique key by id. */
export interface Origin {
  readonly entity: string
  readonly field: string | null
  readonly unique: string | null
}

/** Where the files say it. `sources` are without fault; what stands in none of them is the module's as a whole. */
export function placeInFiles(sources: readonly ModuleSource[], module: string, origin: Origin): Pick<SourceFault, 'file' | 'pointer'> {
  const [owner, name, link] = origin.entity.split('.')
  const draft = [...symbolsOfChecked(sources).entities.values()].find(({ id }) => id === `${owner}.${name}`)
  // An entity of another module changes when this one refers to it, or appends to its references.
  if (draft?.module !== module) return { file: `${module}/module.json`, pointer: '' }
  const field = link ?? origin.field
  const property = [...draft.properties.values()].find(({ id }) => id === field)
  if (property) return { file: property.file, pointer: property.pointer }
  const key = draft.node['x-bos']?.unique?.findIndex(({ id }) => id === origin.unique) ?? -1
  return { file: draft.file, pointer: key < 0 ? '' : `/x-bos/unique/${key}` }
}
