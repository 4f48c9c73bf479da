import { nearest } from '../fields/nearest.ts'
import { pointerSegment } from '../problems.ts'
import type { Reporter } from './check.ts'
import { nameFault } from './reserved.ts'
import { quote } from './shape-faults.ts'
import type { EntityDraft, ModuleDraft, Symbols, ViewDraft } from './symbols.ts'

/** Identity, dependencies, roles and menus of modules, and what holds for the names in a module as a whole. */
export function checkModules(symbols: Symbols, report: Reporter): void {
  for (const module of symbols.modules.values()) {
    if (module.node.id !== undefined && module.node.id !== module.id) {
      report(module.file, '/id', `must be ${quote(module.id)}, the name of the folder, not ${quote(module.node.id)}`)
    }
    checkDepends(module, symbols, report)
    checkRoles(module, symbols, report)
    checkMenu(module, symbols, report)
    checkPlurals(
      [...symbols.entities.values()].filter((entity) => entity.module === module.id),
      report,
    )
  }
}

function checkDepends(module: ModuleDraft, symbols: Symbols, report: Reporter): void {
  for (const [name, range] of Object.entries(module.node.depends ?? {})) {
    const at = `/depends/${pointerSegment(name)}`
    const other = symbols.modules.get(name)
    if (name === module.id) report(module.file, at, 'a module cannot depend on itself')
    else if (other === undefined) {
      if (!symbols.unreadable.has(`${name}.module`))
        report(module.file, at, `there is no module ${quote(name)}`, nearest(name, symbols.modules.keys()))
    } else if (other.sees.has(module.id)) report(module.file, at, `${name} depends on ${module.id} in turn`)
    else if (other.node.version !== undefined && !satisfies(other.node.version, range)) {
      report(module.file, at, `needs ${name} ${range}, but ${other.node.version} is here`)
    }
  }
}

/** Whether a version lies in a range of the meta-schema: exact, `^` same major, `~` same minor, `>=`. Below 1.0.0 a minor is a major. */
function satisfies(version: string, range: string): boolean {
  const [, operator, wanted] = /^(\^|~|>=)?(.*)$/.exec(range) ?? []
  const have = version.split('.').map(Number)
  const want = (wanted ?? '').split('.').map(Number)
  const order = have.map((part, index) => part - (want[index] ?? 0)).find((difference) => difference !== 0) ?? 0
  if (operator === undefined) return order === 0
  if (order < 0) return false
  const fixed = operator === '>=' ? 0 : operator === '~' ? 2 : 1 + want.findIndex((part, index) => part > 0 || index === 2)
  return have.slice(0, fixed).every((part, index) => part === want[index])
}

function checkRoles(module: ModuleDraft, symbols: Symbols, report: Reporter): void {
  const ids = new Set<string>()
  module.node.roles?.forEach((role, index) => {
    const at = `/roles/${index}/id`
    const [owner, name = ''] = role.id.split('.')
    const fault = nameFault(name, 'role')
    if (owner !== module.id) report(module.file, at, `a role of this module begins with "${module.id}."`)
    else if (fault !== null) report(module.file, at, `${quote(name)} cannot be a name: ${fault}`)
    if (ids.has(role.id)) report(module.file, at, `the role ${role.id} stands here twice`)
    ids.add(role.id)
  })
  const preset = module.node.defaultRole
  if (preset !== undefined && symbols.roles.get(preset)?.module !== module.id) {
    report(module.file, '/defaultRole', `there is no role ${quote(preset)} in this module`, nearest(preset, ids))
  }
}

function checkMenu(module: ModuleDraft, symbols: Symbols, report: Reporter): void {
  module.node.menu?.forEach((item, index) => {
    const entity = findEntity(item.entity, module.id, symbols, (detail, meant) =>
      report(module.file, `/menu/${index}/entity`, detail, meant),
    )
    if (entity?.kind === 'line') report(module.file, `/menu/${index}/entity`, `${item.entity} is a line: it has no screen of its own`)
    if (item.view === undefined) return
    const view = findView(item.view, module.id, symbols, (detail, meant) => report(module.file, `/menu/${index}/view`, detail, meant))
    if (view && view.node.entity !== item.entity)
      report(module.file, `/menu/${index}/view`, `${item.view} shows ${quote(view.node.entity)}, not ${item.entity}`)
  })
}

function checkPlurals(entities: readonly EntityDraft[], report: Reporter): void {
  const taken = new Map<string, EntityDraft>()
  const ids = new Map<string, EntityDraft>()
  for (const entity of entities) {
    const own = entity.node['x-bos'] ?? {}
    const at = own.plural === undefined ? '' : '/x-bos/plural'
    const fault = nameFault(entity.plural, 'plural')
    if (fault !== null) report(entity.file, at, `${quote(entity.plural)} cannot be a plural: ${fault}`)
    const other = taken.get(entity.plural)
    if (other !== undefined) report(entity.file, at, `the plural ${quote(entity.plural)} belongs to ${other.fullName} already`)
    taken.set(entity.plural, entity)

    const idFault = own.id === undefined ? null : nameFault(own.id, 'entity')
    if (idFault !== null) report(entity.file, '/x-bos/id', `${quote(own.id)} cannot be an id: ${idFault}`)
    const twin = ids.get(entity.id)
    if (twin !== undefined)
      report(entity.file, own.id === undefined ? '' : '/x-bos/id', `the id ${entity.id} belongs to ${twin.file} already`)
    ids.set(entity.id, entity)
  }
}

/** The entity of that name, if a module may refer to it; otherwise says why not. */
export function findEntity(
  name: string,
  module: string,
  symbols: Symbols,
  report: (detail: string, meant?: string | null) => void,
): EntityDraft | undefined {
  const entity = symbols.entities.get(name)
  if (entity === undefined) {
    if (!symbols.unreadable.has(name)) report(`there is no entity ${quote(name)}`, nearest(name, symbols.entities.keys()))
    return undefined
  }
  return seen(name, entity.module, module, symbols, report) ? entity : undefined
}

/** As `findEntity`, for views. */
export function findView(
  name: string,
  module: string,
  symbols: Symbols,
  report: (detail: string, meant?: string | null) => void,
): ViewDraft | undefined {
  const view = symbols.views.get(name)
  if (view === undefined) {
    if (!symbols.unreadable.has(name)) report(`there is no view ${quote(name)}`, nearest(name, symbols.views.keys()))
    return undefined
  }
  return seen(name, view.module, module, symbols, report) ? view : undefined
}

/** Whether `module` may refer to something of `owner`. */
export function seen(
  name: string,
  owner: string,
  module: string,
  symbols: Symbols,
  report: (detail: string, meant?: string | null) => void,
): boolean {
  const sees = symbols.modules.get(module)?.sees
  if (sees === undefined || sees.has(owner)) return true
  report(`${name} belongs to the module ${owner}, which ${module} does not depend on`)
  return false
}
