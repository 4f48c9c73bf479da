import type { Permission as PermissionNode } from '../../metadata/entity.d.ts'
import { check, named } from '../expressions/check.ts'
import { format } from '../expressions/format.ts'
import { parse } from '../expressions/parse.ts'
import type { Syntax } from '../expressions/types.ts'
import { boolean, contextOf } from './compile-expression.ts'
import type { Place } from './compile-expression.ts'
import { permissionRoots } from './permission-words.ts'
import type { EntityDraft, PropertyDraft, Symbols } from './symbols.ts'
import { actions } from './types.ts'

/** A permission as a tenant keeps it: fields and transitions by their ids, expressions as canonical trees. No rename touches it. */
export interface StoredPermission {
  readonly scope: string | readonly string[]
  readonly grants: Readonly<Record<string, Condition>>
  readonly transitions?: Readonly<Record<string, Condition>>
  readonly hide?: readonly string[]
  readonly show?: readonly string[]
  readonly readOnly?: readonly string[]
  readonly mask?: Readonly<Record<string, Syntax>>
}
type Condition = boolean | Syntax

/** `read` and every action. */
const granted = ['read', ...actions] as const

/** The form in which a document without faults is kept. */
export function toStored(place: Place, symbols: Symbols, node: PermissionNode): StoredPermission {
  const { draft } = place
  const kept = (said: boolean | string): Condition => (typeof said === 'string' ? canonical(place, said) : said)
  const path = (each: string): string => idsOf(draft, each, symbols) ?? each
  const transition = (name: string): string => transitionsOf(draft).find((each) => each.name === name)?.id ?? name
  return withoutAbsent({
    scope: node.scope,
    grants: Object.fromEntries(granted.flatMap((each) => (node[each] === undefined ? [] : [[each, kept(node[each])]]))),
    transitions: node.transitions && mapped(node.transitions, transition, kept),
    hide: node.hide?.map(path),
    show: node.show?.map(path),
    readOnly: node.readOnly?.map(path),
    mask: node.mask && mapped(node.mask, path, ({ unless }) => canonical(place, unless)),
  }) as unknown as StoredPermission
}

/** What of a stored document could not be said any more in the names of today. */
export interface Lost {
  /** Into the document as it would be written today. */
  readonly pointer: string
  readonly detail: string
}

/**
 * The document in the names of today. Ids that no longer lead anywhere stand as they are, for `check` to find; an expression that would
 * now mean something else is among the lost ones.
 */
export function fromStored(place: Place, symbols: Symbols, stored: StoredPermission): { node: PermissionNode; lost: readonly Lost[] } {
  const { draft } = place
  const lost: Lost[] = []
  const path = (each: string, pointer: string): string => {
    const name = namesOf(draft, each, symbols)
    if (name === null) lost.push({ pointer, detail: `there is no ${each} any more` })
    return name ?? each
  }
  const listed = (paths: readonly string[] | undefined, keyword: string): readonly string[] | undefined =>
    paths?.map((each, index) => path(each, `/${keyword}/${index}`))
  const transition = (id: string): string => transitionsOf(draft).find((each) => each.id === id)?.name ?? id
  const text = (syntax: Syntax, pointer: string): string => {
    const written = format(named(syntax, contextOf(place, permissionRoots)))
    const again = compiled(place, written)
    // What it reads may be gone, and another field have taken the name that its id looks like.
    if (again && plain(again) !== plain(syntax)) lost.push({ pointer, detail: 'means something else since fields of it are gone' })
    return written
  }
  const said = (each: Condition, pointer: string): boolean | string => (typeof each === 'boolean' ? each : text(each, pointer))
  const grants = Object.entries(stored.grants).map(([action, each]) => [action, said(each, `/${action}`)] as const)
  const node = withoutAbsent({
    scope: stored.scope,
    ...Object.fromEntries(grants),
    transitions: stored.transitions && mapped(stored.transitions, transition, (each, name) => said(each, `/transitions/${name}`)),
    hide: listed(stored.hide, 'hide'),
    show: listed(stored.show, 'show'),
    readOnly: listed(stored.readOnly, 'readOnly'),
    mask:
      stored.mask &&
      mapped(
        stored.mask,
        (each) => path(each, `/mask/${each}`),
        (each, name) => ({ unless: text(each, `/mask/${name}/unless`) }),
      ),
  }) as unknown as PermissionNode
  return { node, lost }
}

function canonical(place: Place, text: string): Syntax {
  const found = compiled(place, text)
  if (!found) throw new Error('an expression was to be kept that nobody has checked')
  return found
}

function compiled(place: Place, text: string): Syntax | null {
  const { syntax } = parse(text)
  if (!syntax) return null
  return check(syntax, contextOf(place, permissionRoots), boolean).expression?.canonical ?? null
}

/** Without the places in the text that it was parsed from. */
const plain = (syntax: Syntax): string =>
  JSON.stringify(syntax, (key, value: unknown) => {
    if (key === 'start' || key === 'end' || key === 'nameSpan') return undefined
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    // The database has an order of its own.
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
  })

const mapped = <From, To>(
  record: Readonly<Record<string, From>>,
  key: (name: string) => string,
  value: (from: From, name: string) => To,
): Record<string, To> =>
  Object.fromEntries(
    Object.entries(record).map(([name, each]) => {
      const turned = key(name)
      return [turned, value(each, turned)]
    }),
  )

const withoutAbsent = (record: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))

const transitionsOf = (draft: EntityDraft): { id: string; name: string }[] =>
  [...draft.properties.values()].flatMap(({ node }) =>
    Object.entries(node['x-bos']?.lifecycle?.transitions ?? {}).map(([name, { id = name }]) => ({ id, name })),
  )

/** `lines.cost`, from names to ids and back. Null: there is no such path. */
const idsOf = (draft: EntityDraft, path: string, symbols: Symbols): string | null =>
  walked(
    draft,
    path,
    symbols,
    (here, name) => here.properties.get(name),
    ({ id }) => id,
  )
const namesOf = (draft: EntityDraft, path: string, symbols: Symbols): string | null =>
  walked(
    draft,
    path,
    symbols,
    (here, id) => [...here.properties.values()].find((each) => each.id === id),
    ({ name }) => name,
  )

function walked(
  draft: EntityDraft,
  path: string,
  symbols: Symbols,
  find: (here: EntityDraft, step: string) => PropertyDraft | undefined,
  say: (property: PropertyDraft) => string,
): string | null {
  let here: EntityDraft | undefined = draft
  const said: string[] = []
  for (const step of path.split('.')) {
    const property: PropertyDraft | undefined = here && find(here, step)
    if (!property) return null
    said.push(say(property))
    const line: unknown = property.node['x-bos']?.entity
    here = typeof line === 'string' ? symbols.entities.get(line) : undefined
  }
  return said.join('.')
}
