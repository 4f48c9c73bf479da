import type { DisplayFile } from '../../metadata/display.d.ts'
import type { EntityFile } from '../../metadata/entity.d.ts'
import type { TraitFile } from '../../metadata/trait.d.ts'
import { notBuilt } from '../fields/notYet.ts'
import type { FileKind } from './sources.ts'

type Found = { readonly pointer: string; readonly detail: string }

/** What properties cannot have yet is reported by their field types. */
const entityKeywords = ['meters', 'index', 'query'] as const
/** Traits of core that need services which do not exist: known by name, so that their absence is not a spelling fault. */
export const traitsNotBuilt = new Set(['core.attachable', 'core.submittable'])

/** Everything in one file that is not built yet. `node` has passed its meta-schema. */
export function notYetIn(kind: FileKind, node: unknown): Found[] {
  if (kind === 'entity') return inEntity(node as EntityFile)
  if (kind === 'trait') return inTrait(node as TraitFile)
  if (kind === 'display') return inDisplay(node as DisplayFile)
  if (kind === 'i18n') return [{ pointer: '', detail: notBuilt('a file of labels in another language') }]
  return []
}

function inEntity(node: EntityFile): Found[] {
  const own = node['x-bos'] ?? {}
  const found = keywords('/x-bos', own, entityKeywords)
  if (own.kind === 'query') found.push({ pointer: '/x-bos/kind', detail: notBuilt(`the kind ${own.kind}`) })
  own.use?.forEach((trait, index) => {
    if (traitsNotBuilt.has(trait)) found.push({ pointer: `/x-bos/use/${index}`, detail: notBuilt(`the trait ${trait}`) })
  })
  own.search?.forEach((path, index) => {
    if (path.includes('.')) found.push({ pointer: `/x-bos/search/${index}`, detail: notBuilt('search through a reference') })
  })
  return found
}

function inTrait(node: TraitFile): Found[] {
  return keywords('/x-bos', node['x-bos'] ?? {}, ['children'])
}

/** Pictures need files; until then nothing can be named here that exists. */
function inDisplay(node: DisplayFile): Found[] {
  return node.imageField === undefined ? [] : [{ pointer: '/imageField', detail: notBuilt('a picture of the record') }]
}

function keywords(pointer: string, node: object, names: readonly string[]): Found[] {
  return names
    .filter((name) => Object.hasOwn(node, name) && (node as Record<string, unknown>)[name] !== false)
    .map((name) => ({ pointer: `${pointer}/${name}`, detail: notBuilt(`"${name}"`) }))
}
