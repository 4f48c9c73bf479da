/** Well-typed expressions of every kind of node and every overload, as typed trees. */
import { functions, parameterOf } from '../../expressions/functions.ts'
import { mergedType } from '../../expressions/merged-type.ts'
import type { Node, Overload, RecordNode, Source, Type } from '../../expressions/types.ts'
import type { ValueType } from '../../fields/type.ts'
import { likely, literals } from './likely.ts'
import type { Random } from '../random.ts'
import { sample } from './samples.ts'
import type { World } from './world.ts'

const scalars: readonly Type[] = [
  { kind: 'boolean' },
  { kind: 'number', whole: true },
  { kind: 'number', whole: false },
  { kind: 'text' },
  { kind: 'date' },
  { kind: 'dateTime' },
  { kind: 'time' },
  { kind: 'duration' },
]
const ordered = scalars.filter(({ kind }) => kind !== 'boolean')

/** Parameters of the surroundings; the comparison gives them values. */
export const parameters: ReadonlyMap<string, Type> = new Map<string, Type>([
  ['now', { kind: 'dateTime' }],
  ['today', { kind: 'date' }],
  ['user.roles', { kind: 'list', of: { kind: 'text' } }],
  ['tenant.name', { kind: 'text' }],
  ['params.whole', { kind: 'number', whole: true }],
  ['params.number', { kind: 'number', whole: false }],
  ['params.nothing', { kind: 'text' }],
  ['params.flag', { kind: 'boolean' }],
  ['params.lasting', { kind: 'duration' }],
  ['params.time', { kind: 'time' }],
])

interface Call {
  readonly overload: Overload
  readonly args: readonly Type[]
}

const isSame = (a: Type, b: Type): boolean =>
  a.kind === b.kind &&
  (a.kind !== 'list' || isSame(a.of, (b as typeof a).of)) &&
  (a.kind !== 'record' || a.entities[0] === (b as typeof a).entities[0])
/** A whole number stands where any number may, not the other way round. */
export function fits(type: Type, wanted: Type): boolean {
  if (type.kind === 'list' && wanted.kind === 'list') return fits(type.of, wanted.of)
  return isSame(type, wanted) && !(wanted.kind === 'number' && wanted.whole && type.kind === 'number' && !type.whole)
}

export class Generator {
  readonly #random: Random
  readonly #world: World
  readonly #self: string
  readonly #entities: readonly string[]
  #variables = 0
  /** What stands around the node being made: elements of loops by variable. */
  #scope: { readonly variable: number; readonly type: Type; readonly entity: string | null }[] = []
  #loops = 0
  /** Loops still allowed in this expression. */
  #budget = 0
  /** How often each overload has been used, so that all are. */
  readonly #used: Map<string, number>

  constructor(random: Random, world: World, self: string, used = new Map<string, number>()) {
    this.#used = used
    this.#random = random
    this.#world = world
    this.#self = self
    this.#entities = [...world.schema.keys()]
  }

  /** One expression of any type. */
  expression(): Node {
    this.#variables = 0
    this.#scope = []
    this.#loops = 0
    this.#budget = 4
    const random = this.#random
    const depth = random.pick([1, 2, 2, 3, 3, 4, 5])
    if (random.chance(0.03)) {
      const money: Type = { kind: 'money', currency: { kind: 'own' } }
      return {
        kind: 'money',
        type: money,
        amount: this.node({ kind: 'number', whole: false }, depth),
        currency: this.node({ kind: 'text' }, 1),
      }
    }
    // Every overload comes up as the outermost call, again and again.
    if (random.chance(0.4)) {
      const least = Math.min(...overloads.map(({ id }) => this.#used.get(id) ?? 0))
      const overload = random.pick(overloads.filter(({ id }) => (this.#used.get(id) ?? 0) === least))
      return this.#call(this.#argumentsOf(overload), depth)
    }
    return this.node(this.#anyType(), depth)
  }

  #anyType(): Type {
    const random = this.#random
    if (random.chance(0.35)) return { kind: 'boolean' }
    if (random.chance(0.2)) return { kind: 'list', of: random.pick(scalars) as ValueType }
    return random.chance(0.05) ? this.#recordType() : random.pick(scalars)
  }
  #recordType(): Type {
    return { kind: 'record', entities: [this.#random.pick(this.#entities)] }
  }

  node(type: Type, depth: number): Node {
    const random = this.#random
    if (random.chance(0.01)) return { kind: 'constant', type: { kind: 'null' }, value: null }
    if (depth <= 0) return this.#leaf(type)
    const roll = random.next()
    if (roll < 0.12) return this.#leaf(type)
    if (roll < 0.22) return this.#if(type, depth)
    if (roll < 0.4) {
      const loop = this.#aggregate(type, depth)
      if (loop) return loop
    }
    if (type.kind === 'boolean' && roll < 0.65) return this.#logic(depth)
    if (type.kind === 'list' && roll < 0.6) {
      return { kind: 'list', type, items: random.many(0, 3, () => this.node(type.of, depth - 1)) }
    }
    const call = this.#callFor(type)
    return call ? this.#call(call, depth) : this.#leaf(type)
  }

  #if(type: Type, depth: number): Node {
    const [condition, then, otherwise] = [this.node({ kind: 'boolean' }, depth - 1), this.node(type, depth - 1), this.node(type, depth - 1)]
    const merged = mergedType([then.type, otherwise.type])
    return { kind: 'if', type: merged.kind === 'null' ? type : merged, condition, then, otherwise }
  }

  #logic(depth: number): Node {
    const boolean: Type = { kind: 'boolean' }
    const kind = this.#random.pick(['and', 'or', 'not'] as const)
    if (kind === 'not') return { kind, type: boolean, operand: this.node(boolean, depth - 1) }
    return { kind, type: boolean, left: this.node(boolean, depth - 1), right: this.node(boolean, depth - 1) }
  }

  // ── Calls ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #callFor(type: Type): Call | null {
    const random = this.#random
    for (let n = 0; n < 20; n++) {
      const call = this.#argumentsOf(random.pick(overloads))
      if (fits(call.overload.result(call.args), type)) return call
    }
    const wanted = type.kind === 'list' ? type.of : type
    const fitting = overloads
      .map((each) => this.#argumentsOf(each, wanted))
      .filter(({ overload, args }) => fits(overload.result(args), type))
    return fitting.length === 0 ? null : random.pick(fitting)
  }

  /** Types for the parameters of an overload; `same` ones agree. */
  #argumentsOf(overload: Overload, wanted?: Type): Call {
    const random = this.#random
    const isScalar = wanted !== undefined && (scalars.some((each) => isSame(each, wanted)) || wanted.kind === 'record')
    const same = isScalar ? wanted : random.chance(0.1) ? this.#recordType() : random.pick(scalars)
    const args = overload.parameters
      .flatMap((each) => (each.repeated ? random.many(1, 2, () => each) : [each]))
      .map((parameter): Type => {
        const { takes } = parameter
        if (takes === 'same') return same.kind === 'number' ? { kind: 'number', whole: random.chance(0.5) } : same
        if (takes === 'list of same') return { kind: 'list', of: same as ValueType }
        if (takes === 'any') return random.chance(0.2) ? random.pick<Type>(oddTypes) : this.#anyType()
        if ('of' in takes) return takes
        const kind = random.pick(takes)
        if (kind === 'record') return same.kind === 'record' ? same : { kind: 'record', entities: ['core.member'] }
        if (kind === 'list') return { kind: 'list', of: random.pick(scalars) as ValueType }
        return kind === 'number' ? { kind: 'number', whole: random.chance(0.5) } : ({ kind } as Type)
      })
    return { overload, args }
  }

  #call({ overload, args }: Call, depth: number): Node {
    this.#used.set(overload.id, (this.#used.get(overload.id) ?? 0) + 1)
    const nodes = args.map((type, i): Node => {
      const { literal, takes } = parameterOf(overload, i)
      if (literal)
        return { kind: 'constant', type: { kind: 'text' }, value: this.#random.pick(literals.filter((each) => literal(each) === null)) }
      if (type.kind === 'list' && this.#random.chance(0.15)) return this.#bareList(takes === 'list of same' ? type.of : { kind: 'text' })
      return this.#random.chance(0.6) ? (likely(this.#random, overload, i) ?? this.node(type, depth - 1)) : this.node(type, depth - 1)
    })
    // An untyped null has no type to give: what the other arguments say holds.
    const type = overload.result(nodes.map((node, i) => (node.type.kind === 'null' && overload.nulls !== 'handles' ? args[i]! : node.type)))
    return { kind: 'call', type, overload: overload.id, args: nodes }
  }

  /** As the checker leaves `null`, `[]` and `[null]`: it calls them lists of text where nothing else says of what. */
  #bareList(of: Type): Node {
    const random = this.#random
    const nothing: Node = { kind: 'constant', type: { kind: 'null' }, value: null }
    if (random.chance(0.3)) return nothing
    return { kind: 'list', type: { kind: 'list', of: of as ValueType }, items: random.many(0, 2, () => nothing) }
  }

  // ── Leaves ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #leaf(type: Type): Node {
    const random = this.#random
    const variables = this.#scope.filter((each) => each.entity === null && fits(each.type, type))
    if (variables.length > 0 && random.chance(0.4)) {
      const { variable, type: own } = random.pick(variables)
      return { kind: 'variable', type: own, variable }
    }
    if (type.kind === 'record') return this.#recordValue(type)
    if (random.chance(0.6)) {
      const field = this.#field(type)
      if (field) return field
    }
    const known = [...parameters].filter(([, each]) => fits(each, type))
    if (known.length > 0 && random.chance(0.3)) {
      const [name, own] = random.pick(known)
      return { kind: 'parameter', type: own, name }
    }
    if (type.kind === 'null') return { kind: 'constant', type, value: null }
    if (type.kind === 'text' && random.chance(0.1)) return { kind: 'identity', type, of: this.#record(random.pick(this.#entities), 1) }
    if (oddTypes.some((each) => each.kind === type.kind)) return this.#field(type)!
    const value = random.chance(0.03) ? null : this.#sample(type)
    return { kind: 'constant', type, value }
  }

  #sample(type: Type): unknown {
    const random = this.#random
    if (type.kind === 'list') return random.many(0, 4, () => (random.chance(0.1) ? null : this.#sample(type.of)))
    return type.kind === 'record' ? (random.pick(this.#world.of(type.entities[0] ?? ''))?.id ?? nobody) : sample(random, type as ValueType)
  }

  #recordValue(type: Type & { kind: 'record' }): Node {
    const random = this.#random
    const [entity = ''] = type.entities
    const roll = random.next()
    if (roll < 0.2) return { kind: 'constant', type, value: this.#sample(type) }
    const referring = this.#entities.flatMap((from) =>
      this.#world.schema
        .get(from)!
        .references.filter((each) => each.entities.includes(entity))
        .map((each) => ({ from, ...each })),
    )
    if (roll < 0.7 && referring.length > 0) {
      const { from, id, entities } = random.pick(referring)
      return { kind: 'field', type: { kind: 'record', entities }, of: this.#record(from, 1), entity: from, field: id, member: null }
    }
    return { kind: 'identity', type, of: this.#record(entity, 1) }
  }

  #field(type: Type): Node | null {
    const random = this.#random
    const fields = this.#entities.flatMap((entity) =>
      this.#world.schema.get(entity)!.values.flatMap(({ id, type: own }) => {
        const members: [string | null, Type][] = [[null, own]]
        if (own.kind === 'composite') for (const member of own.members) members.push([member, { kind: 'text' }])
        if (own.kind === 'money') members.push(['amount', { kind: 'number', whole: false }], ['currency', { kind: 'text' }])
        return members.filter(([, each]) => fits(each, type)).map(([member, each]) => ({ entity, id, member, type: each }))
      }),
    )
    const near = fields.filter(({ entity }) => entity === this.#self || this.#scope.some((each) => each.entity === entity))
    const from = near.length > 0 && random.chance(0.7) ? near : fields
    if (from.length === 0) return null
    const { entity, id, member, type: own } = random.pick(from)
    return { kind: 'field', type: own, of: this.#record(entity, random.pick([0, 1, 2])), entity, field: id, member }
  }

  // ── Records and loops ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #record(entity: string, depth: number): RecordNode {
    const random = this.#random
    const near: RecordNode[] = [
      ...(entity === this.#self ? [{ kind: 'root', root: 'self', entity } as const] : []),
      ...this.#scope.filter((each) => each.entity === entity).map(({ variable }): RecordNode => ({ kind: 'element', variable, entity })),
    ]
    if (near.length > 0 && (depth <= 0 || random.chance(0.4))) return random.pick(near)
    const far: (() => RecordNode)[] = []
    if (depth > 0) {
      for (const from of this.#entities) {
        const { references, document } = this.#world.schema.get(from)!
        for (const { id, entities } of references) {
          if (entities.length === 1 && entities[0] === entity)
            far.push(() => ({ kind: 'hop', of: this.#record(from, depth - 1), field: id, entity }))
        }
        if (document === entity) far.push(() => ({ kind: 'document', of: this.#record(from, depth - 1), entity }))
      }
      if (this.#budget > 0 && this.#loops < 2) far.push(() => this.#first(entity, depth))
    }
    if (far.length > 0 && random.chance(0.8)) return random.pick(far)()
    if (near.length > 0) return random.pick(near)
    if (entity === 'core.member') return { kind: 'root', root: 'user', entity }
    if (entity === 'fuzz.tag') return { kind: 'root', root: 'settings', entity }
    return random.chance(0.5) && entity === this.#self ? { kind: 'root', root: 'old', entity } : this.#first(entity, 1)
  }

  #first(entity: string, depth: number): RecordNode {
    return { kind: 'first', source: this.#rows(entity, depth - 1), entity }
  }

  #rows(entity: string, depth: number): Source {
    const random = this.#random
    if (this.#budget <= 0) return { kind: 'entity', entity }
    this.#budget--
    const made: (() => Source)[] = [() => ({ kind: 'entity', entity })]
    for (const [from, { lines, links }] of this.#world.schema) {
      for (const [field, to] of lines) if (to === entity) made.push(() => ({ kind: 'lines', of: this.#record(from, depth), field, entity }))
      for (const [field, to] of links) if (to === entity) made.push(() => ({ kind: 'links', of: this.#record(from, depth), field, entity }))
    }
    const { references, links } = this.#world.schema.get(entity)!
    const pointing = [
      ...references.map((each) => ({ id: each.id, to: each.entities })),
      ...[...links].map(([id, to]) => ({ id, to: [to] })),
    ]
    for (const { id: field, to } of pointing) {
      for (const target of to) made.push(() => ({ kind: 'inverse', of: this.#record(target, depth), field, entity }))
    }
    if (entity === 'fuzz.line' && this.#self === 'fuzz.line') {
      const self: RecordNode = { kind: 'root', root: 'self', entity: 'fuzz.line' }
      made.push(() => ({ kind: 'lines', of: { kind: 'document', of: self, entity: 'fuzz.deal' }, field: 'lines', entity, running: true }))
    }
    const source = random.pick(made)()
    if (source.kind === 'entity' && random.chance(0.7)) return this.#keyed(source, depth)
    return random.chance(0.5) ? this.#filter(source, { kind: 'record', entities: [entity] }, entity, depth) : source
  }

  /** Found by a field that equals something outside of the loop, as the checker demands of whole entities. */
  #keyed(source: Source & { kind: 'entity' }, depth: number): Source {
    const random = this.#random
    const { entity } = source
    const { id, type } = random.pick(
      this.#world.schema.get(entity)!.values.filter((each) => scalars.some((scalar) => isSame(scalar, each.type))),
    )
    const wanted = this.node(type, Math.min(depth, 1))
    const { variable, made: more } = this.#within({ kind: 'record', entities: [entity] }, entity, () =>
      random.chance(0.3) ? this.node({ kind: 'boolean' }, 1) : null,
    )
    const found: Node = { kind: 'field', type, of: { kind: 'element', variable, entity }, entity, field: id, member: null }
    const boolean: Type = { kind: 'boolean' }
    const isIt: Node = { kind: 'call', type: boolean, overload: `eq.${type.kind}`, args: [found, wanted] }
    const where: Node = more === null ? isIt : { kind: 'and', type: boolean, left: isIt, right: more }
    return { kind: 'filter', source, variable, where, order: [] }
  }

  #filter(source: Source, type: Type, entity: string | null, depth: number): Source {
    const random = this.#random
    const { variable, made } = this.#within(type, entity, () => ({
      where: random.chance(0.2)
        ? ({ kind: 'constant', type: { kind: 'boolean' }, value: true } as const)
        : this.node({ kind: 'boolean' }, Math.min(depth, 2)),
      order: random.many(0, 2, () => ({ key: this.node(random.pick(ordered), 1), descending: random.chance(0.5) })),
    }))
    const order = made.order.filter(({ key }) => key.type.kind !== 'null')
    return { kind: 'filter', source, variable, where: made.where, order }
  }

  #within<T>(type: Type, entity: string | null, make: () => T): { variable: number; made: T } {
    const variable = this.#variables++
    const before = this.#scope
    this.#scope = [...before, { variable, type, entity }]
    this.#loops++
    const made = make()
    this.#loops--
    this.#scope = before
    return { variable, made }
  }

  #aggregate(type: Type, depth: number): Node | null {
    const random = this.#random
    if (this.#budget <= 0 || this.#loops >= 2) return null
    const operation = random.pick(operationsFor(type))
    if (operation === undefined) return null
    const isValues = random.chance(0.25)
    const entity = isValues ? null : random.pick(this.#entities)
    const item: Type = entity === null ? random.pick(scalars) : { kind: 'record', entities: [entity] }
    if (entity !== null) return this.#looped(type, operation, this.#rows(entity, depth - 1), item, entity, depth)
    this.#budget--
    const list = this.node({ kind: 'list', of: item as ValueType }, depth - 1)
    if (list.type.kind !== 'list') return null
    const values: Source = { kind: 'values', list }
    const source = random.chance(0.3) ? this.#filter(values, list.type.of, null, depth - 1) : values
    return this.#looped(type, operation, source, list.type.of, null, depth)
  }

  #looped(
    type: Type,
    operation: (Node & { kind: 'aggregate' })['operation'],
    source: Source,
    item: Type,
    entity: string | null,
    depth: number,
  ): Node {
    const wanted: Type =
      operation === 'exists' || operation === 'all' || operation === 'count'
        ? { kind: 'boolean' }
        : operation === 'list' && type.kind === 'list'
          ? type.of
          : type
    const { variable, made: body } = this.#within(item, entity, () => this.node(wanted, depth - 1))
    const own = body.type.kind === 'null' ? wanted : body.type
    const answer: Type =
      operation === 'list' ? { kind: 'list', of: own as ValueType } : operation === 'min' || operation === 'max' ? own : type
    return { kind: 'aggregate', type: answer, operation, source, variable, body }
  }
}

const overloads: readonly Overload[] = functions.flatMap((each) => each.overloads)
/** Where the world has no such record. */
const nobody = '00000000-0000-7000-a000-000000000000'
const oddTypes: readonly Type[] = [{ kind: 'json' }, { kind: 'composite', members: ['city', 'country'] }]

function operationsFor(type: Type): readonly (Node & { kind: 'aggregate' })['operation'][] {
  if (type.kind === 'boolean') return ['exists', 'all']
  if (type.kind === 'list') return type.of.kind === 'list' ? [] : ['list']
  if (type.kind === 'number') return type.whole ? ['count', 'min', 'max'] : ['count', 'sum', 'avg', 'min', 'max']
  if (type.kind === 'duration') return ['sum', 'avg', 'min', 'max']
  return ordered.some((each) => each.kind === type.kind) ? ['min', 'max'] : []
}
