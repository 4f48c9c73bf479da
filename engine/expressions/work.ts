import { overloadOf } from './functions.ts'
import { limits } from './limits.ts'
import type { Extent, Node, RecordNode, Source, Type } from './types.ts'

/**
 * How much an expression may have to do for one record, in steps: a call is one, fifty characters that it reads or makes are one more, and so is
 * each value of a list. Loops multiply. It is not measured but foreseen, of the largest texts and lists that can be made; what a record holds
 * counts as much as records usually do, since its size was checked when it was stored.
 */
export function workOf(root: Node): number {
  const elements = new Map<number, Extent>()

  function ofRecord(record: RecordNode): number {
    switch (record.kind) {
      case 'root':
      case 'element':
        return 0
      case 'hop':
      case 'document':
        return ofRecord(record.of)
      case 'first':
        return ofSource(record.source, null).work
    }
  }

  /** What finding the elements takes, and what they all are. `variable`: of the loop over them. */
  function ofSource(source: Source, variable: number | null): Weighed {
    const bound = (found: Weighed): Weighed => {
      if (variable !== null) elements.set(variable, { items: 1, characters: found.extent.characters / Math.max(1, found.extent.items) })
      return found
    }
    switch (source.kind) {
      case 'lines':
      case 'links':
      case 'inverse':
        return bound({ work: ofRecord(source.of) + usual.items, extent: usual })
      case 'entity':
        return bound({ work: usual.items, extent: usual })
      case 'named':
        return bound(weigh(source.ids))
      case 'naming':
        return bound({ work: weigh(source.id).work + usual.items, extent: usual })
      case 'values':
        return bound(weigh(source.list))
      case 'filter': {
        const found = ofSource(source.source, source.variable)
        const each = [source.where, ...source.order.map(({ key }) => key)].reduce((sum, node) => sum + weigh(node).work, 0)
        return bound({ ...found, work: found.work + found.extent.items * each })
      }
    }
  }

  function weigh(node: Node): Weighed {
    switch (node.kind) {
      case 'constant':
        return { work: 0, extent: ofConstant(node.value) }
      case 'parameter':
        return { work: 0, extent: ofStored(node.type) }
      case 'variable':
        return { work: 0, extent: elements.get(node.variable) ?? single }
      case 'field':
        return { work: ofRecord(node.of), extent: ofStored(node.type) }
      case 'identity':
        return { work: ofRecord(node.of), extent: single }
      case 'call':
        return ofCall(node)
      case 'and':
      case 'or':
        return { work: weigh(node.left).work + weigh(node.right).work, extent: single }
      case 'not':
        return { work: weigh(node.operand).work, extent: single }
      case 'if': {
        const [then, otherwise] = [weigh(node.then), weigh(node.otherwise)]
        const { items, characters } = [then.extent, otherwise.extent].reduce(larger)
        return { work: weigh(node.condition).work + Math.max(then.work, otherwise.work), extent: { items, characters } }
      }
      case 'list':
        return joined(node.items.map(weigh), node.items.length)
      case 'money':
        return joined([weigh(node.amount), weigh(node.currency)], 1)
      case 'aggregate':
        return ofAggregate(node)
    }
  }

  function ofCall({ overload, args, type }: Node & { kind: 'call' }): Weighed {
    const given = args.map(weigh)
    const { extent, steps = 1 } = overloadOf(overload)
    const all = joined(
      given,
      given.reduce((sum, each) => sum + each.extent.items - 1, 1),
    )
    const size = type.kind === 'text' || type.kind === 'list' ? all.extent : single
    const made = extent ? extent(given.map((each) => each.extent)) : size
    const lists = all.extent.items - 1 + (type.kind === 'list' ? made.items : 0)
    return { work: all.work + steps + lists + (all.extent.characters + made.characters) / charactersAStep, extent: made }
  }

  function ofAggregate({ source, variable, body, operation, type }: Node & { kind: 'aggregate' }): Weighed {
    const found = ofSource(source, variable)
    const each = weigh(body)
    const { items } = found.extent
    const characters = type.kind === 'text' || type.kind === 'list' ? each.extent.characters * (operation === 'list' ? items : 1) : 0
    const work = found.work + items * (1 + each.work) + characters / charactersAStep
    return { work, extent: { items: operation === 'list' ? items : 1, characters } }
  }

  return weigh(root).work
}

interface Weighed {
  readonly work: number
  readonly extent: Extent
}

const charactersAStep = 50
const single: Extent = { items: 1, characters: 0 }
/** Values of a record's list, its lines, or what refers to it. */
const usual: Extent = { items: 10, characters: limits.storedCharacters }

function ofStored(type: Type): Extent {
  if (type.kind === 'list') return usual
  return type.kind === 'text' ? { items: 1, characters: limits.storedCharacters } : single
}

function ofConstant(value: unknown): Extent {
  if (!Array.isArray(value)) return { items: 1, characters: typeof value === 'string' ? value.length : 0, value }
  return { items: value.length, characters: value.reduce<number>((sum, each) => sum + (typeof each === 'string' ? each.length : 0), 0) }
}

const larger = (a: Extent, b: Extent): Extent => ({ items: Math.max(a.items, b.items), characters: Math.max(a.characters, b.characters) })

const joined = (parts: readonly Weighed[], items: number): Weighed => ({
  work: parts.reduce((sum, each) => sum + each.work, 0),
  extent: { items, characters: parts.reduce((sum, each) => sum + each.extent.characters, 0) },
})
