import { nearest, suggestion } from '../fields/nearest.ts'
import type { Currency, ValueType } from '../fields/type.ts'
import { core } from './core.ts'
import { functions } from './functions.ts'
import { limits } from './limits.ts'
import { parse } from './parse.ts'
import { constant, described, kindName, recordName, rootNames, text, titleOf, valued } from './terms.ts'
import type { Checked, Checker, Context, Root, Scope, Term } from './terms.ts'
import type { Member, Node, RecordNode, Source, Syntax, Type } from './types.ts'

type Name = Syntax & { kind: 'name' }
type Access = Syntax & { kind: 'member' }

/** What `tenant` has. */
const tenantMembers = ['id', 'name', 'slug', 'locale', 'time_zone', 'currency'] as const
/** Paths of currencies may lead to money that has a path itself. */
const pathDepth = 6

const isRoot = (name: string): name is Root => (rootNames as readonly string[]).includes(name)
const parameter = (type: ValueType, name: string): Term => valued(type, { kind: 'parameter', type, name })
const unchanged = (syntax: Syntax, term: Term): Checked => ({ term, syntax, canonical: syntax })

/** A root, a variable, or the first word of an entity's name. */
export function checkName(checker: Checker, syntax: Name, scope: Scope): Checked {
  const { name } = syntax
  const variable = scope.variables.get(name)
  if (variable !== undefined) return unchanged(syntax, variable)
  if (isRoot(name)) return checkRoot(checker, syntax, name, scope)
  if (isModule(checker, name)) return unchanged(syntax, { is: 'space', name })
  return checker.refuse(syntax, unknownName(checker, name, scope))
}

function unknownName({ context: { names, self, roots } }: Checker, name: string, scope: Scope): string {
  const shape = self === null ? undefined : names.shape(self)
  if (roots.has('self') && (name === 'id' || shape?.byName(name) !== undefined)) return `write self.${name}`
  if (functions.some((each) => each.name === name)) return `${name} is a function: write ${name}(…)`
  const known = [...scope.variables.keys(), ...rootNames.filter((root) => roots.has(root))]
  const meant = nearest(name, known)
  if (meant !== null) return `there is no "${name}" here. Did you mean "${meant}"?`
  const field =
    shape &&
    nearest(
      name,
      shape.members.map((each) => each.name),
    )
  if (field) return `there is no "${name}" here. Did you mean "self.${field}"?`
  return `there is no "${name}" here: an expression begins with ${known.join(', ')}; put texts in quotes`
}

function checkRoot(checker: Checker, syntax: Name, name: Root, { self }: Scope): Checked {
  const { context } = checker
  if (!context.roots.has(name)) return checker.refuse(syntax, `${name} cannot be used here`)
  const root = (which: 'self' | 'old' | 'user' | 'settings' | 'target', entity: string | null | undefined): Checked => {
    if (entity === null || entity === undefined) return checker.refuse(syntax, `there is no ${name} here`)
    return unchanged(syntax, recordTerm({ kind: 'root', root: which, entity }))
  }
  switch (name) {
    case 'self':
      return self === null ? root('self', null) : unchanged(syntax, recordTerm(self))
    case 'old':
      return root('old', context.self)
    case 'user':
      return root('user', core.member)
    case 'settings':
      return root('settings', context.settings)
    case 'target':
      return root('target', context.target)
    case 'parent': {
      const document = self && context.names.shape(self.entity)?.document
      if (!self || !document) return checker.refuse(syntax, 'only lines have a parent, the document they stand in')
      return unchanged(syntax, recordTerm(documentOf(checker, self, document)))
    }
    case 'now':
      return unchanged(syntax, parameter({ kind: 'dateTime' }, 'now'))
    case 'today':
      return unchanged(syntax, parameter({ kind: 'date' }, 'today'))
    case 'tenant':
    case 'params':
      return unchanged(syntax, { is: 'space', name })
  }
}

export function recordTerm(record: RecordNode): Term {
  const type: Type = { kind: 'record', entities: [record.entity] }
  // What a reference holds is read where it stands: the record it leads to need not be visited for its id.
  const node: Node =
    record.kind === 'hop'
      ? { kind: 'field', type, of: record.of, entity: record.of.entity, field: record.field, member: null }
      : { kind: 'identity', type, of: record }
  return { is: 'record', entities: [record.entity], record, node }
}

function isModule({ context: { names, isCanonical } }: Checker, name: string): boolean {
  if (isCanonical === true) return true
  for (const entity of names.entityNames) if (entity.startsWith(`${name}.`)) return true
  return false
}

/** `of.name`. */
export function checkMember(checker: Checker, syntax: Access, scope: Scope): Checked {
  const of = checker.check(syntax.of, scope)
  const found = memberOf(checker, of.term, syntax.name)
  if (typeof found === 'string') return checker.refuse(syntax, found, syntax.nameSpan)
  const [term, id, name] = found
  const isEntity = term.is === 'rows' && term.source.kind === 'entity'
  const canonical: Syntax = isEntity
    ? entityAs(syntax, checker.writes === 'ids' ? term.entity : fullNameOf(checker, term.entity))
    : { ...syntax, of: of.canonical, name: checker.writes === 'ids' ? id : (name ?? id) }
  return { term, syntax, canonical }
}

/** `crm.opportunity` and its id have one form. */
function entityAs(syntax: Access, entity: string): Syntax {
  const dot = entity.indexOf('.')
  const { start, end } = syntax.of
  return { ...syntax, of: { kind: 'name', name: entity.slice(0, dot), start, end }, name: entity.slice(dot + 1) }
}

function fullNameOf({ context: { names } }: Checker, entity: string): string {
  for (const name of names.entityNames) if (names.entityNamed(name) === entity) return name
  return entity
}

/** Or what is wrong. `name`: where it differs from the id. */
type Found = readonly [term: Term, id: string, name?: string] | string

function memberOf(checker: Checker, term: Term, name: string): Found {
  const { names } = checker.context
  switch (term.is) {
    case 'fault':
      return [term, name]
    case 'record':
      return term.record === null ? memberOfAny(checker, term, name) : memberOfRecord(checker, term.record, name)
    case 'money':
      if (name === 'amount') return [valued({ kind: 'number', whole: false }, term.amount), name]
      if (name !== 'currency') return `an amount of money has no "${name}": it has amount and currency`
      return term.currency === null ? 'its currency cannot be read here' : [valued(text, term.currency), name]
    case 'space':
      return memberOfSpace(checker, term.name, name)
    case 'rows':
      return `these are ${described(term, names)}, not one: write sum(…, x, x.${name}), or first(…, x, condition).${name}`
    case 'null':
      return 'null has no parts'
    case 'value':
      return memberOfValue(checker, term, name)
  }
}

function memberOfValue({ context: { names } }: Checker, term: Term & { is: 'value' }, name: string): Found {
  const { node, type } = term
  if (type.kind === 'composite' && node.kind === 'field') {
    if (type.members.includes(name)) return [valued(text, { ...node, type: text, member: name }), name]
    return `it has no part "${name}".${suggestion(name, type.members)}`
  }
  const call = functions.some((each) => each.name === name) ? `: write ${name}(…)` : ''
  return `${described(term, names)} has no parts${call}`
}

function memberOfSpace(checker: Checker, space: string, name: string): Found {
  const { names, params, isCanonical } = checker.context
  if (space === 'tenant') {
    if ((tenantMembers as readonly string[]).includes(name)) return [parameter(text, `tenant.${name}`), name]
    return `tenant has no "${name}".${suggestion(name, tenantMembers)}`
  }
  if (space === 'params') {
    const type = params?.get(name)
    return type === undefined
      ? `there is no parameter "${name}".${suggestion(name, params?.keys() ?? [])}`
      : [parameter(type, `params.${name}`), name]
  }
  const full = `${space}.${name}`
  const entity = isCanonical === true ? full : names.entityNamed(full)
  if (entity !== undefined && names.shape(entity) !== undefined) return [{ is: 'rows', entity, source: { kind: 'entity', entity } }, name]
  if (isCanonical === true) return `what was called ${full} no longer exists`
  return `there is no entity ${full}.${suggestion(full, names.entityNames)}`
}

function memberOfAny({ context: { names } }: Checker, term: Term & { is: 'record' }, name: string): Found {
  if (name === 'id') return 'compare the record itself: leave out .id'
  const choice = term.node.kind === 'if' ? 'choose the field in each branch' : 'it can only be compared with a record'
  return `this may be ${recordName(term.entities, names)}: ${choice}`
}

function memberOfRecord(checker: Checker, record: RecordNode, name: string): Found {
  const { names, isCanonical } = checker.context
  const { entity } = record
  if (name === 'id') return [valued(text, idOf(record)), name]
  if (record.kind === 'root' && record.root === 'user' && name === 'roles')
    return [parameter({ kind: 'list', of: text }, 'user.roles'), name]
  const shape = names.shape(entity)
  if (shape === undefined) return `nothing of it but its id can be read here`
  if (name === 'parent' && shape.document !== null) return [recordTerm(documentOf(checker, record, shape.document)), name]
  const member = isCanonical === true ? shape.byId(name) : shape.byName(name)
  if (member !== undefined) return termOf(checker, record, member)
  if (isCanonical === true) return `the field of ${shape.title} that was used here no longer exists`
  if (shape.formulas?.has(name) === true) return `"${name}" holds a formula, which no other expression reads`
  const known = ['id', ...(shape.document === null ? [] : ['parent']), ...shape.members.map((each) => each.name)]
  return `${shape.title} has no "${name}".${suggestion(name, known)}`
}

/** As text: what a reference holds is no text, whatever type one gives it. */
export const idOf = (record: RecordNode): Node => ({ kind: 'identity', type: text, of: record })

/** The document of a line that a loop over the lines of a record meets is that record. */
function documentOf({ sources }: Checker, record: RecordNode, entity: string): RecordNode {
  if (record.kind === 'element') {
    const lines = linesOf(sources.get(record.variable))
    if (lines !== null && lines.entity === entity) return lines
  }
  return { kind: 'document', of: record, entity }
}

/** The record whose lines a source goes over. */
function linesOf(source: Source | undefined): RecordNode | null {
  if (source?.kind === 'filter') return linesOf(source.source)
  return source?.kind === 'lines' ? source.of : null
}

function termOf(checker: Checker, of: RecordNode, member: Member): Found {
  const { entity } = of
  const { id, name } = member
  if (member.kind === 'value') return [fieldTerm(checker, of, id, member.type), id, name]
  if (member.kind === 'rows') {
    const source: Source =
      member.via === 'inverse'
        ? { kind: 'inverse', of, field: member.field, entity: member.entity }
        : {
            kind: member.via,
            of,
            field: id,
            entity: member.entity,
            ...(member.via === 'links' && member.through && { through: member.through }),
          }
    return [{ is: 'rows', entity: member.entity, source }, id, name]
  }
  const [target] = member.entities
  if (member.entities.length === 1 && target !== undefined) {
    if (hopsOf(of) >= limits.hops) return `a path follows at most ${limits.hops} references`
    return [recordTerm({ kind: 'hop', of, field: id, entity: target }), id, name]
  }
  const type: Type = { kind: 'record', entities: member.entities }
  return [
    { is: 'record', entities: member.entities, record: null, node: { kind: 'field', type, of, entity, field: id, member: null } },
    id,
    name,
  ]
}

/** What may stand behind the point, for completion. */
export function memberNames(term: Term, { names, params }: Context): readonly { readonly name: string; readonly detail: string }[] {
  const plain = (all: readonly string[]): readonly { name: string; detail: string }[] => all.map((name) => ({ name, detail: '' }))
  if (term.is === 'money') return plain(['amount', 'currency'])
  if (term.is === 'value') return term.type.kind === 'composite' ? plain(term.type.members) : []
  if (term.is === 'space') {
    if (term.name === 'tenant') return plain(tenantMembers)
    if (term.name === 'params') return plain([...(params?.keys() ?? [])])
    return plain([...names.entityNames].flatMap((each) => (each.startsWith(`${term.name}.`) ? [each.slice(term.name.length + 1)] : [])))
  }
  if (term.is !== 'record') return []
  const { record } = term
  const shape = record === null ? undefined : names.shape(record.entity)
  const own = { name: 'id', detail: 'its id' }
  const roles = record?.kind === 'root' && record.root === 'user' ? [{ name: 'roles', detail: 'ids of the roles' }] : []
  const parent = shape?.document ? [{ name: 'parent', detail: `the document: ${names.shape(shape.document)?.title ?? ''}` }] : []
  const members = (shape?.members ?? []).map((each) => ({ name: each.name, detail: `${each.title}: ${memberDetail(each, names)}` }))
  return [...members, ...parent, ...roles, own]
}

function memberDetail(member: Member, names: Context['names']): string {
  if (member.kind === 'reference') return recordName(member.entities, names)
  if (member.kind === 'rows') return `records of ${titleOf(member.entity, names)}`
  return member.type.kind === 'list' ? 'a list' : kindName(member.type.kind)
}

/** A member by its id, for what the checker itself reads. */
export function memberTerm(checker: Checker, of: RecordNode, id: string): Term | null {
  const member = checker.context.names.shape(of.entity)?.byId(id)
  const found = member && termOf(checker, of, member)
  return found === undefined || typeof found === 'string' ? null : found[0]
}

function hopsOf(record: RecordNode): number {
  if (record.kind === 'hop') return hopsOf(record.of) + 1
  return record.kind === 'document' ? hopsOf(record.of) : 0
}

function fieldTerm(checker: Checker, of: RecordNode, field: string, type: ValueType): Term {
  const node = (own: ValueType, member: string | null): Node => ({ kind: 'field', type: own, of, entity: of.entity, field, member })
  if (type.kind !== 'money') return valued(type, node(type, null))
  const amount = node({ kind: 'number', whole: false }, 'amount')
  return { is: 'money', amount, currency: currencyOfField(checker, of, type.currency, node(text, 'currency')) }
}

/** The currency of an amount that `of` holds; null: the path leads where the author may not look. */
function currencyOfField(checker: Checker, of: RecordNode, currency: Currency, own: Node): Node | null {
  if (currency.kind === 'own') return own
  if (currency.kind === 'code') return constant(text, currency.code)
  return currencyAlong(checker, of, currency.path)
}

/** What gives the currency of an amount speaks of its record; who asks, and when, has no say in what is stored. */
export const currencyRoots: ReadonlySet<Root> = new Set<Root>(['self', 'parent', 'tenant', 'settings'])

/** What the text that gives a currency (`self.company.currency`) means, said of the record `self`. */
export function currencyAlong(checker: Checker, self: RecordNode, path: string): Node | null {
  const { syntax } = parse(path)
  if (syntax === undefined || checker.following > pathDepth) return null
  // Settings hold the text as it is written today.
  const context = { ...checker.context, isCanonical: false, roots: currencyRoots }
  const { term } = checker.quietly({ context, following: checker.following + 1 }).check(syntax, { variables: new Map(), loops: 0, self })
  return term.is === 'value' && term.type.kind === 'text' ? term.node : null
}
