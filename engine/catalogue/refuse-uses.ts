import type { Reporter } from './check.ts'
import { relationOf, titleProperty } from './compile-field.ts'
import { declaredScopes } from './scopes.ts'
import type { EntityDraft, PropertyDraft } from './symbols.ts'

/** What is not in the row cannot do what only a column can. */
export function refuseUses(draft: EntityDraft, property: PropertyDraft, report: Reporter): void {
  const { name, file, pointer, node } = property
  const own = draft.node['x-bos'] ?? {}
  const why = `${name} is not stored: it is looked up, or hangs on the time, on who asks, on settings or on what a tree or the engine keeps`
  const at = (keyword: string, what: string): void => report(file, `${pointer}/x-bos/${keyword}`, `${why}, so ${what}`)
  if (node['x-bos']?.index === true) at('index', 'it has no index')
  if (node['x-bos']?.lifecycle !== undefined) at('lifecycle', 'it has no states')
  if (relationOf(property) === 'one' && node['x-bos']?.inverse !== undefined) at('inverse', 'nothing is found by it')
  if (relationOf(property) === 'one' && Array.isArray(node['x-bos']?.entity)) at('entity', 'it leads to records of one entity')
  own.unique?.forEach((key, index) => {
    const here = `/x-bos/unique/${index}`
    if (key.fields.includes(name)) report(draft.file, `${here}/fields`, `${why}, so it cannot be unique`)
    if (key.noOverlap?.includes(name)) report(draft.file, `${here}/noOverlap`, `${why}, so it bounds no period`)
  })
  const searched = own.search?.indexOf(name) ?? -1
  if (searched >= 0) report(draft.file, `/x-bos/search/${searched}`, `${why}, so it cannot be searched`)
  if (own.titleField === name) report(draft.file, '/x-bos/titleField', `${why}, so it cannot be the title`)
  else if (own.titleField === undefined && draft.kind !== 'line' && titleProperty(draft) === property)
    report(draft.file, '', `${why}, so it cannot be the title: say with "titleField" what is`)
  for (const other of draft.properties.values())
    if (other.node['x-bos']?.treeOf === name) report(other.file, `${other.pointer}/x-bos/treeOf`, `${why}, so no tree can be made of it`)
  for (const scope of declaredScopes(draft))
    for (const keyword of ['member', 'company'] as const)
      if (scope.node[keyword] === name) report(scope.file, `${scope.pointer}/${keyword}`, `${why}, so no row policy can read it`)
}
