import { didYouMean } from '../fields/nearest.ts'
import { notBuilt } from '../fields/notYet.ts'
import { pointerSegment } from '../problems.ts'
import { checkDisplays, checkViews } from './check-views.ts'
import { checkEntities } from './check-entities.ts'
import { checkModules } from './check-modules.ts'
import { compileLogic } from './logic.ts'
import { notYetIn } from './not-yet.ts'
import { nameFault } from './reserved.ts'
import type { NamePlace } from './reserved.ts'
import { quote } from './shape-faults.ts'
import { fileAt } from './sources.ts'
import type { ModuleSource, ShapeFault, SourceFault, Validate } from './sources.ts'
import { symbolsOf } from './symbols.ts'
import type { JudgedFile, Symbols } from './symbols.ts'

/** Notes one fault; `meant` is the known name that was probably meant and is added to the sentence. */
export type Reporter = (file: string, pointer: string, detail: string, meant?: string | null) => void

/**
 * Every fault of a set of modules at once, in file order: what the meta-schemas say, names, references between files, values.
 * An empty answer means that `compileCatalogue` takes these sources. Pure; runs in browsers.
 */
export function check(sources: readonly ModuleSource[], validate: Validate): SourceFault[] {
  const faults: SourceFault[] = []
  const seen = new Set<string>()
  const report: Reporter = (file, pointer, detail, meant) => {
    if (seen.has(`${file}\n${pointer}\n${detail}`)) return
    seen.add(`${file}\n${pointer}\n${detail}`)
    seen.add(`${file}\n${pointer}`)
    faults.push({ file, pointer, detail: meant ? `${detail}.${didYouMean(meant)}` : detail, ...(meant && { suggestion: meant }) })
  }
  /** For what other checks may have said better already. */
  const reportOnce: Reporter = (file, pointer, detail, meant) => {
    if (!seen.has(`${file}\n${pointer}`)) report(file, pointer, detail, meant)
  }

  const judged = sources.flatMap((source) => judge(source, validate, report, reportOnce))
  const symbols = symbolsOf(judged)
  checkModules(symbols, report)
  checkEntities(symbols, report, reportOnce)
  compileLogic(symbols, reportOnce)
  checkViews(symbols, report)
  checkDisplays(symbols, report)
  return faults.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0))
}

/** The symbols of sources that `check` has found nothing wrong with. */
export function symbolsOfChecked(sources: readonly ModuleSource[]): Symbols {
  return symbolsOf(
    sources.flatMap((source) =>
      judge(
        source,
        () => [],
        () => undefined,
        () => undefined,
      ),
    ),
  )
}

function judge(source: ModuleSource, validate: Validate, report: Reporter, reportOnce: Reporter): JudgedFile[] {
  const judged: JudgedFile[] = []
  for (const fault of source.faults) report(fault.file, fault.pointer, fault.detail)
  if (!source.files.has('module.json')) reportOnce(`${source.id}/module.json`, '', 'the file is missing: a module needs it')
  const broken = new Set(source.faults.map((fault) => fault.file))
  for (const path of new Set([...source.files.keys(), ...source.faults.map((fault) => fault.file.slice(source.id.length + 1))])) {
    const file = `${source.id}/${path}`
    const known = fileAt(path)
    if (known.kind === 'unknown') {
      if (path.endsWith('.json'))
        reportOnce(file, '', 'is not a place for a file: module.json, entities/, traits/, views/, i18n/ and seed/ are')
      continue
    }
    if (known.kind === 'not yet') {
      report(file, '', notBuilt(known.what))
      continue
    }
    const { kind, name } = known
    const value = source.files.get(path)
    checkFileName(kind, name, source.id, file, report)
    if (!broken.has(file)) checkPropertyNames(kind, value, file, report)
    const faults = broken.has(file) ? [] : validate(kind, value)
    for (const fault of faults) reportOnce(file, fault.pointer, fault.detail, fault.suggestion)
    const node = broken.has(file) ? null : prune(value, faults)
    if (node !== null) for (const found of notYetIn(kind, node)) report(file, found.pointer, found.detail)
    if (kind === 'i18n') continue
    judged.push({ module: source.id, hash: source.hash, kind, name, file, node, propertyNames: Object.keys(propertiesOf(value)) })
  }
  return judged
}

function checkFileName(kind: string, name: string, module: string, file: string, report: Reporter): void {
  const places: Record<string, NamePlace> = { entity: 'entity', trait: 'trait', view: 'view', display: 'entity' }
  const place = places[kind]
  const fault = kind === 'module' ? nameFault(module, 'module') : place === undefined ? null : nameFault(name, place)
  if (fault !== null) report(file, '', `${quote(kind === 'module' ? module : name)} cannot be a name: ${fault}`)
}

function checkPropertyNames(kind: string, value: unknown, file: string, report: Reporter): void {
  if (kind !== 'entity' && kind !== 'trait') return
  const own = (value as { 'x-bos'?: { kind?: unknown } } | null)?.['x-bos']
  const place = own?.kind === 'line' ? 'line property' : 'property'
  for (const [name, node] of Object.entries(propertiesOf(value))) {
    const at = `/properties/${pointerSegment(name)}`
    const id = (node as { 'x-bos'?: { id?: unknown } } | null)?.['x-bos']?.id
    const fault = nameFault(name, place)
    if (fault !== null) report(file, at, `${quote(name)} cannot be a name: ${fault}`)
    const idFault = typeof id === 'string' ? nameFault(id, place) : null
    if (idFault !== null) report(file, `${at}/x-bos/id`, `${quote(id)} cannot be an id: ${idFault}`)
  }
}

function propertiesOf(value: unknown): Record<string, unknown> {
  const properties = (value as { properties?: unknown } | null)?.properties
  return typeof properties === 'object' && properties !== null && !Array.isArray(properties) ? (properties as Record<string, unknown>) : {}
}

/** Maps whose members stand for themselves: one broken member does not take the others with it. */
const memberwise = new Set(['/properties', '/x-bos/permissions'])

/**
 * A copy without the parts that failed, so that the rest can be checked in the same run: a keyword that is none, a member of a map, else
 * the keyword at the top.
 * Null when the value is not even an object.
 */
function prune(value: unknown, faults: readonly ShapeFault[]): object | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const dropped = new Set(faults.map(({ pointer, isUnknown }) => (isUnknown ? pointer : cut(pointer))))
  const without = (object: object, at: string): object =>
    Object.fromEntries(
      Object.entries(object)
        .filter(([key]) => !dropped.has(`${at}/${pointerSegment(key)}`) && nameable(key))
        .map(([key, inner]) => {
          const here = `${at}/${pointerSegment(key)}`
          return [key, isMap(inner) ? without(inner, here) : inner]
        }),
    )
  return without(value, '')
}

const isMap = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)
/** Reported by name already; as a key of an ordinary object it would be a trap. */
const nameable = (key: string): boolean => key !== '__proto__'

/** `/properties/a/x-bos/scale` → `/properties/a`; `/x-bos/unique/0/id` → `/x-bos/unique`; `/title` → `/title`. */
function cut(pointer: string): string {
  const parts = pointer.split('/')
  for (const depth of [3, 2])
    if (memberwise.has(parts.slice(0, depth).join('/')) && parts.length > depth) return parts.slice(0, depth + 1).join('/')
  return parts.slice(0, parts[1] === 'x-bos' ? 3 : 2).join('/')
}
