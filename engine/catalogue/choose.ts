import { check } from './check.ts'
import type { ModuleSource, SourceFault, Validate } from './sources.ts'

export interface ChosenSources {
  /** The sources to serve, by module: together without fault. */
  readonly sources: ReadonlyMap<string, ModuleSource>
  /** What is wrong with the files as they are; empty when they are served as they are. */
  readonly faults: readonly SourceFault[]
  /** Modules that are served from their last good stored version instead of their files. */
  readonly kept: readonly string[]
  /** Modules that are not served at all. */
  readonly left: readonly string[]
}

/**
 * Chooses what to serve when files may be broken: the files; for a broken module its last good version; else nothing, and
 * then nothing of what depends on it either. A module whose files did not change is not blamed for a change elsewhere:
 * what it depends on goes back first. Modules without files (`stored` only) are served from what is stored.
 */
export function chooseSources(
  files: readonly ModuleSource[],
  stored: ReadonlyMap<string, ModuleSource>,
  validate: Validate,
): ChosenSources {
  const chosen = new Map([...stored, ...files.map((source): [string, ModuleSource] => [source.id, source])])
  const faults = check([...chosen.values()], validate)
  for (let broken = modulesOf(faults); broken.size > 0; broken = modulesOf(check([...chosen.values()], validate))) {
    for (const id of stepsBack(broken, chosen, stored)) {
      const old = stored.get(id)
      if (old !== undefined && chosen.get(id)?.hash !== old.hash) chosen.set(id, old)
      else chosen.delete(id)
    }
  }
  const written = new Map(files.map((source) => [source.id, source]))
  const known = [...new Set([...written.keys(), ...stored.keys()])].sort()
  return {
    sources: new Map([...chosen].sort(([a], [b]) => (a < b ? -1 : 1))),
    faults,
    kept: known.filter((id) => chosen.has(id) && chosen.get(id) !== written.get(id)),
    left: known.filter((id) => !chosen.has(id)),
  }
}

const modulesOf = (faults: readonly SourceFault[]): Set<string> => new Set(faults.map((fault) => fault.file.split('/')[0] ?? ''))

/** Which modules give way this time; never empty when something is broken. */
function stepsBack(
  broken: ReadonlySet<string>,
  chosen: ReadonlyMap<string, ModuleSource>,
  stored: ReadonlyMap<string, ModuleSource>,
): Set<string> {
  const changed = (id: string): boolean => chosen.has(id) && stored.has(id) && chosen.get(id)?.hash !== stored.get(id)?.hash
  const own = [...broken].filter(changed)
  if (own.length > 0) return new Set(own)
  const below = [...broken].flatMap((id) => dependsOf(id, chosen)).filter(changed)
  return new Set(below.length > 0 ? below : broken)
}

/** The modules in an order in which each comes after all that it depends on. */
export function inOrder(sources: readonly ModuleSource[]): ModuleSource[] {
  const all = new Map(sources.map((source) => [source.id, source]))
  // Whatever depends on a module depends on more than it does.
  return sources.toSorted((a, b) => dependsOf(a.id, all).length - dependsOf(b.id, all).length)
}

/** Everything a module depends on, directly or through another; sources may be broken, so nothing is taken for granted. */
function dependsOf(id: string, chosen: ReadonlyMap<string, ModuleSource>): string[] {
  const seen = new Set([id])
  for (const each of seen) {
    const file = chosen.get(each)?.files.get('module.json') as { depends?: unknown } | null | undefined
    const depends = file?.depends
    if (typeof depends === 'object' && depends !== null) for (const next of Object.keys(depends)) seen.add(next)
  }
  seen.delete(id)
  return [...seen]
}
