/** A typed tree as an author would write it, so that parser, checker and formatter take part in the comparison. */
import { compileExpression } from '../../expressions/check.ts'
import type { Context } from '../../expressions/check.ts'
import { format } from '../../expressions/format.ts'
import { functions } from '../../expressions/functions.ts'
import type { BinaryOperator, Member, Names, Node, RecordNode, Shape, Source, Syntax, Type } from '../../expressions/types.ts'
import type { ValueType } from '../../fields/type.ts'
import type { EntityOf, World } from './world.ts'

const nowhere = { start: 0, end: 0 }
const nameOf = new Map(functions.flatMap((each) => each.overloads.map(({ id }) => [id, each.name] as const)))
const binary = new Set<string>(['==', '!=', '<', '<=', '>', '>=', 'in', '+', '-', '*', '/', '%'])

/** There is no way to write it. */
class Unwritable extends Error {}

class Writer {
  readonly #prefix: string
  /** Constants that have no literal are parameters. */
  readonly params = new Map<string, { readonly type: ValueType; readonly value: unknown }>()

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  node(node: Node): Syntax {
    switch (node.kind) {
      case 'constant':
        return this.#constant(node.type, node.value)
      case 'parameter':
        return path(node.name)
      case 'field':
        return node.member === null
          ? member(this.#record(node.of), node.field)
          : member(member(this.#record(node.of), node.field), node.member)
      case 'identity':
        if (node.type.kind === 'text') return member(this.#record(node.of), 'id')
        // A reference reads as the id it holds, whether or not its record is there.
        if (node.of.kind === 'hop' || node.of.kind === 'document') throw new Unwritable()
        return this.#record(node.of)
      case 'variable':
        return name(`v${node.variable}`)
      case 'call':
        return this.#call(node)
      case 'and':
        return { ...nowhere, kind: 'binary', operator: '&&', left: this.node(node.left), right: this.node(node.right) }
      case 'or':
        return { ...nowhere, kind: 'binary', operator: '||', left: this.node(node.left), right: this.node(node.right) }
      case 'not':
        return { ...nowhere, kind: 'unary', operator: '!', operand: this.node(node.operand) }
      case 'if':
        return {
          ...nowhere,
          kind: 'conditional',
          condition: this.node(node.condition),
          then: this.node(node.then),
          otherwise: this.node(node.otherwise),
        }
      case 'list':
        return { ...nowhere, kind: 'list', items: node.items.map((each) => this.node(each)) }
      case 'money':
        return call('money', [this.node(node.amount), this.node(node.currency)])
      case 'aggregate':
        return this.#aggregate(node)
    }
  }

  #constant(type: Type, value: unknown): Syntax {
    if (type.kind === 'null') return { ...nowhere, kind: 'literal', type: 'null' }
    if (value !== null) {
      if (type.kind === 'boolean') return { ...nowhere, kind: 'literal', type: 'boolean', value: value === true }
      if (type.kind === 'text') return { ...nowhere, kind: 'literal', type: 'text', value: value as string }
      const digits = typeof value === 'number' ? String(value) : (value as string)
      if (type.kind === 'number' && !digits.startsWith('-')) return { ...nowhere, kind: 'literal', type: 'number', value: digits }
    }
    if (type.kind === 'record' || type.kind === 'rows') throw new Unwritable()
    const id = `${this.#prefix}_${this.params.size}`
    this.params.set(id, { type, value })
    return path(`params.${id}`)
  }

  #call({ overload, args }: Node & { kind: 'call' }): Syntax {
    const called = nameOf.get(overload)!
    const written = args.map((each) => this.node(each))
    const [left, right] = written
    if (called === 'neg') return { ...nowhere, kind: 'unary', operator: '-', operand: left! }
    // The first overload that fits is what an author means.
    if (overload === 'isEmpty.any' && ['text', 'list', 'null'].includes(args[0]!.type.kind)) throw new Unwritable()
    // A null beside == is a test.
    if (/^(eq|ne)\./.test(overload) && args.some(({ type }) => type.kind === 'null')) throw new Unwritable()
    if (binary.has(called)) return { ...nowhere, kind: 'binary', operator: called as BinaryOperator, left: left!, right: right! }
    // Their calendar is a record; see the checker's own tests.
    if (called === 'workdays' || called === 'businessTime') throw new Unwritable()
    return call(called, written)
  }

  #record(record: RecordNode): Syntax {
    switch (record.kind) {
      case 'root':
        return name(record.root)
      case 'element':
        return name(`v${record.variable}`)
      case 'hop':
        return member(this.#record(record.of), record.field)
      case 'document':
        return record.of.kind === 'root' && record.of.root === 'self' ? name('parent') : member(this.#record(record.of), 'parent')
      case 'first':
        return this.#chosen('first', record.source)
    }
  }

  /** `first` and `filter` say a condition and an order. */
  #chosen(how: 'first' | 'filter', source: Source): Syntax {
    if (source.kind !== 'filter')
      return call(how, [this.#source(source), name('v99'), { ...nowhere, kind: 'literal', type: 'boolean', value: true }])
    const order = source.order.map(({ key, descending }) => (descending ? call('desc', [this.node(key)]) : this.node(key)))
    return call(how, [this.#source(source.source, isKeyed(source)), name(`v${source.variable}`), this.node(source.where), ...order])
  }

  #source(source: Source, isFound = false): Syntax {
    switch (source.kind) {
      case 'lines':
        if (source.running) throw new Unwritable()
        return member(this.#record(source.of), source.field)
      case 'links':
        return member(this.#record(source.of), source.field)
      case 'inverse':
        return member(this.#record(source.of), inverseName(source.entity, source.field))
      case 'entity':
        // Only ever below a condition on a key.
        if (!isFound) throw new Unwritable()
        return path(source.entity)
      case 'values':
        return this.node(source.list)
      case 'filter':
        // Of values it is a list again, which holds no null.
        if (isOfValues(source)) throw new Unwritable()
        return this.#chosen('filter', source)
    }
  }

  #aggregate({ operation, source, variable, body }: Node & { kind: 'aggregate' }): Syntax {
    if (body === null) return call(operation, [this.#source(source)])
    if (source.kind === 'lines' && source.running && operation === 'sum')
      return call('running', [path('parent.lines'), name(`v${variable}`), this.node(body)])
    return call(operation, [this.#source(source), name(`v${variable}`), this.node(body)])
  }
}

const isOfValues = (source: Source): boolean => (source.kind === 'filter' ? isOfValues(source.source) : source.kind === 'values')

/** As the generator makes them: an equality, alone or on the left of &&. */
function isKeyed({ where }: Source & { kind: 'filter' }): boolean {
  const [first] = [where.kind === 'and' ? where.left : where]
  return first.kind === 'call' && first.overload.startsWith('eq.') && first.args[0]?.kind === 'field'
}

const name = (text: string): Syntax => ({ ...nowhere, kind: 'name', name: text })
const member = (of: Syntax, text: string): Syntax => ({ ...nowhere, kind: 'member', of, name: text, nameSpan: nowhere })
const call = (text: string, args: readonly Syntax[]): Syntax => ({
  ...nowhere,
  kind: 'call',
  name: text,
  nameSpan: nowhere,
  args,
  isMethod: false,
})
function path(text: string): Syntax {
  const [first = '', ...rest] = text.split('.')
  return rest.reduce(member, name(first))
}
const inverseName = (entity: string, field: string): string => `${entity.replace('.', '_')}_by_${field}`

/** The names of a world. */
function namesOf(world: World): Names {
  const shapes = new Map([...world.schema.values()].map((entity) => [entity.id, shapeOf(world, entity)]))
  return { shape: (id) => shapes.get(id), entityNamed: (full) => (shapes.has(full) ? full : undefined), entityNames: [...shapes.keys()] }
}

function shapeOf(world: World, { id: entity, values, references, lines, links, document }: EntityOf): Shape {
  const titled = (id: string) => ({ id, name: id, title: id })
  const pointing = [...world.schema.values()].flatMap((other) => [
    ...other.references.filter((each) => each.entities.includes(entity)).map(({ id }) => ({ from: other.id, id })),
    ...[...other.links].filter(([, to]) => to === entity).map(([id]) => ({ from: other.id, id })),
  ])
  const members: Member[] = [
    ...values.map(({ id, type }): Member => ({ ...titled(id), kind: 'value', type })),
    ...references.map(({ id, entities }): Member => ({ ...titled(id), kind: 'reference', entities })),
    ...[...lines].map(([id, to]): Member => ({ ...titled(id), kind: 'rows', via: 'lines', entity: to })),
    ...[...links].map(([id, to]): Member => ({ ...titled(id), kind: 'rows', via: 'links', entity: to })),
    ...pointing.map(({ from, id: field }): Member => ({
      id: `${from}/${field}`,
      name: inverseName(from, field),
      title: field,
      kind: 'rows',
      via: 'inverse',
      entity: from,
      field,
    })),
  ]
  return {
    entity,
    title: entity,
    byName: (text) => members.find((each) => each.name === text),
    byId: (id) => members.find((each) => each.id === id),
    members,
    document,
    keys: values.map(({ id }) => [id]),
    treePath: entity === 'fuzz.deal' ? 'path' : null,
  }
}

/** What became of a tree that was written down and read again; `params` are the values it speaks of. Null: it cannot be written. */
export interface Rewritten {
  readonly original: Node
  readonly text: string
  readonly node: Node | null
  readonly faults: readonly string[]
  readonly params: ReadonlyMap<string, unknown>
}

/** `prefix`: of the names of its parameters. */
export function rewritten(world: World, self: string, parameters: ReadonlyMap<string, Type>, node: Node, prefix: string): Rewritten | null {
  const writer = new Writer(prefix)
  let text: string
  try {
    text = format(writer.node(node))
  } catch (error) {
    if (error instanceof Unwritable) return null
    throw error
  }
  const known = [...parameters]
    .filter(([each]) => each.startsWith('params.'))
    .map(([each, type]) => [each.slice(7), type as ValueType] as const)
  const context: Context = {
    names: namesOf(world),
    self,
    roots: new Set(['self', 'old', 'parent', 'user', 'tenant', 'settings', 'now', 'today', 'params']),
    params: new Map([...known, ...[...writer.params].map(([id, { type }]) => [id, type] as const)]),
    settings: 'fuzz.tag',
  }
  const { expression, faults = [] } = compileExpression(text, context)
  return {
    original: node,
    text,
    node: expression?.root ?? null,
    faults: faults.map(({ detail }) => detail),
    params: new Map([...writer.params].map(([id, { value }]) => [`params.${id}`, value])),
  }
}
