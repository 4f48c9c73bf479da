import { isUuid } from '../fields/uuid.ts'
import { Problem } from '../problems.ts'
import { entityAt } from './access.ts'
import { parseAggregate } from './aggregate.ts'
import type { Cursors } from './cursor.ts'
import { parseExplain } from './explain-request.ts'
import { parseExport } from './export.ts'
import { parseGet } from './get.ts'
import { parseHistory } from './history.ts'
import { parseList } from './list.ts'
import { parseBulk, parseIfMatch, parseOne } from './parse-rest-write.ts'
import { granted, writable } from './permit.ts'
import type { Request } from './request.ts'
import { isShareable, parseShare } from './share.ts'
import type { Transition } from '../catalogue/types.ts'
import type { Access, Actor, Call, EntityAccess } from './types.ts'
import type { Wanted } from './write-request.ts'

interface Place {
  readonly call: Call
  readonly actor: Actor
  readonly access: Access
  readonly here: EntityAccess
  readonly cursors: Cursors
}

/** The door of REST: method, address, parameters, headers and body become one typed request, or a Problem with pointers. */
export function parseRest(access: Access, actor: Actor, call: Call, cursors: Cursors): Request {
  const here = entityAt(access, call)
  const place: Place = { call, actor, access, here, cursors }
  const isSingle = here.entity.kind === 'single'
  const [first, second, ...more] = isSingle ? ['', ...call.rest] : call.rest
  if (more.length > 0) throw new Problem('not-found')
  if (first === undefined) return parseCollection(place)
  if (second === undefined && named[first]) return named[first](place)
  if (!isSingle && !isUuid(first)) throw new Problem('not-found')
  const id = isSingle ? null : first
  return second === undefined ? parseRecord(place, id) : parseOnRecord(place, id, second)
}

const named: Readonly<Record<string, (place: Place) => Request>> = Object.assign(Object.create(null), {
  aggregate: ({ access, here, call }: Place): Request => {
    allow(call, 'GET')
    return { kind: 'aggregate', access, aggregate: parseAggregate(access, granted(here, 'list'), call.query) }
  },
  bulk: ({ access, here, call }: Place): Request => {
    allow(call, 'POST')
    return parseBulk(access, writable(here), call)
  },
  export: ({ access, actor, call, cursors }: Place): Request => {
    allow(call, 'GET')
    const read = (as: Access, by: Actor) => parseExport(as, granted(entityAt(as, call), 'export'), by, call.query, cursors)
    return { kind: 'export', access, export: read(access, actor), again: read }
  },
})

function parseCollection(place: Place): Request {
  const { access, here, actor, call, cursors } = place
  allow(call, 'GET', 'POST')
  if (call.method === 'POST') return parseWrite(place, 'create', () => ({ op: 'create', data: call.body }))
  return { kind: 'list', access, list: parseList(access, granted(here, 'list'), actor, call.query, cursors) }
}

/** `id` null: the record of a `single` entity, which is not deleted. */
function parseRecord(place: Place, id: string | null): Request {
  const { access, here, call } = place
  if (call.method === 'GET') return { kind: 'get', access, get: parseGet(access, granted(here, 'get'), id, call.query) }
  if (call.method === 'PATCH') return parseWrite(place, 'update', (ifMatch) => ({ op: 'update', id, ifMatch, data: call.body }))
  if (call.method === 'DELETE' && id !== null) return parseWrite(place, 'delete', (ifMatch) => ({ op: 'delete', id, ifMatch }))
  throw methodNotAllowed(id === null ? ['GET', 'PATCH'] : ['GET', 'PATCH', 'DELETE'])
}

function parseOnRecord(place: Place, id: string | null, what: string): Request {
  const { access, here, actor, call } = place
  if (what === 'history') {
    allow(call, 'GET')
    return { kind: 'history', access, history: parseHistory(access, granted(here, 'history'), id, call.query) }
  }
  if (what === 'share' && id !== null && isShareable(here.entity)) {
    allow(call, 'GET', 'POST', 'DELETE')
    return { kind: 'share', access, share: parseShare(access, granted(here, 'share'), id, call) }
  }
  if (what === 'explain') {
    allow(call, 'GET')
    return { kind: 'explain', access, explain: parseExplain(access, writable(here), actor, id, call) }
  }
  const transition = transitionNamed(here, what)
  if (transition) {
    allow(call, 'POST')
    return parseTransition(place, id, transition)
  }
  if (what !== 'restore' || id === null) throw new Problem('not-found')
  allow(call, 'POST')
  return parseWrite(place, 'restore', (ifMatch) => ({ op: 'restore', id, ifMatch }))
}

/** Of a state that the caller does not know of there are only the transitions that a role of theirs runs. */
const transitionNamed = ({ entity, visible, transitions: theirs }: EntityAccess, name: string): Transition | undefined =>
  entity.lifecycles
    .flatMap(({ field, transitions }) => {
      const isKnown = visible.some(({ id }) => id === field)
      return isKnown ? transitions : transitions.filter(({ id }) => theirs.has(id))
    })
    .find((each) => each.name === name)

/** The body may bring further changes; there need not be one. */
function parseTransition({ access, here, call }: Place, id: string | null, { id: transition, title }: Transition): Request {
  if (!here.transitions.has(transition)) throw new Problem('not-allowed', `Your role may not do this: ${title}.`)
  const readBack = here.actions.has('get') ? parseGet(access, here, null, new Map()) : null
  return parseOne(
    access,
    here,
    call,
    { op: 'update', id, ifMatch: parseIfMatch(call.ifMatch), data: call.body ?? {}, transition },
    readBack,
  )
}

/** One record is answered as it reads after the write; who may not read it, or deletes it, gets its id and version. */
function parseWrite(
  { access, here, call }: Place,
  action: 'create' | 'update' | 'delete' | 'restore',
  wanted: (ifMatch: number | null) => Wanted,
): Request {
  granted(here, action)
  const readBack = action === 'delete' || !here.actions.has('get') ? null : parseGet(access, here, null, new Map())
  return parseOne(access, here, call, wanted(action === 'create' ? null : parseIfMatch(call.ifMatch)), readBack)
}

function allow({ method }: Call, ...methods: readonly Call['method'][]): void {
  if (!methods.includes(method)) throw methodNotAllowed(methods)
}
const methodNotAllowed = (methods: readonly Call['method'][]): Problem =>
  new Problem('method-not-allowed', '', { headers: { Allow: methods.join(', ') } })
