import { toElements, toStep } from './evaluate.ts'
import type { Bound, Environment } from './evaluate.ts'
import { format } from './format.ts'
import type { Names, Node, Value } from './types.ts'
import { toCanonical } from './values.ts'
import { written } from './written.ts'

/** Why an expression has its value. */
export interface Explanation {
  /** The part as text, with the names of today. */
  readonly label: string
  /** Canonical. Absent: it hangs on a field that the reader may not see. */
  readonly value?: unknown
  /** The whole value hangs on this part: in a && b the first that is false, in a || b the first that is true, else each. */
  readonly decides: boolean
  /** Of what it is made; of a loop, the element that decided. What is written out (`10`) is told by the label alone. */
  readonly parts: readonly Explanation[]
}

export interface Reader {
  /** What the reader may know by name. */
  readonly names: Names
  readonly mayRead: (entity: string, field: string) => boolean
  /** A part of the tree as its author wrote it, where what is evaluated has another form; absent: it has none. */
  readonly original?: (part: Node) => Node
}

/**
 * The parts of an expression with their values on one record. Where the reader may not see what a part reads, its value is withheld, and
 * so are those it is part of; which of several withheld parts decided is not told either.
 */
export function explain(root: Node, environment: Environment, reader: Reader): Explanation {
  return new Explainer(environment, reader).part(root, true)
}

/** What stands for a part of which the reader may not even know the fields. */
const unnamed = '…'

class Explainer {
  readonly #environment: Environment
  readonly #reader: Reader
  /** What the variables of loops are here. */
  readonly #bound: Bound = []

  constructor(environment: Environment, reader: Reader) {
    this.#environment = environment
    this.#reader = reader
  }

  part(node: Node, decides: boolean): Explanation {
    const label = this.#label(node)
    const parts = this.#parts(node, decides)
    if (!this.#isSeen(node)) return { label, decides, parts }
    return { label, value: toCanonical(node.type, this.#value(node)), decides, parts }
  }

  #value(node: Node): Value {
    return toStep(node)(this.#environment, this.#bound)
  }

  #label(node: Node): string {
    const { names } = this.#reader
    const original = this.#original(node)
    const isNamed = reads(original).every(({ entity, field }) => names.shape(entity)?.byId(field) !== undefined)
    return isNamed ? format(written(original, names)) : unnamed
  }

  #original(node: Node): Node {
    return this.#reader.original?.(node) ?? node
  }

  #isSeen(node: Node): boolean {
    return reads(this.#original(node)).every(({ entity, field }) => this.#reader.mayRead(entity, field))
  }

  #parts(node: Node, decides: boolean): readonly Explanation[] {
    switch (node.kind) {
      case 'and':
      case 'or':
        return this.#alternatives(node, decides)
      case 'not':
        return [this.part(node.operand, decides)]
      case 'if': {
        // Which branch was taken says what the condition was.
        if (!this.#isSeen(node.condition)) return [this.part(node.condition, decides)]
        const taken = this.#value(node.condition) === true ? node.then : node.otherwise
        return [this.part(node.condition, decides), ...(taken.kind === 'constant' ? [] : [this.part(taken, decides)])]
      }
      case 'call':
        return node.args.filter((each) => each.kind !== 'constant').map((each) => this.part(each, false))
      case 'list':
        return node.items.filter((each) => each.kind !== 'constant').map((each) => this.part(each, false))
      case 'money':
        return [this.part(node.amount, false)]
      case 'aggregate':
        return this.#element(node, decides)
      default:
        return []
    }
  }

  /** a && b && c, in one row. */
  #alternatives(node: Node & { kind: 'and' | 'or' }, decides: boolean): readonly Explanation[] {
    const all = chain(node, node.kind)
    const deciding = node.kind === 'or'
    const seen = all.filter((each) => this.#isSeen(each))
    const first = seen.find((each) => this.#value(each) === deciding)
    if (first) return all.map((each) => this.part(each, decides && each === first))
    // Without one, the value is what all of them make of it: those that are null where one is, and whatever is withheld.
    const hasNull = seen.length === all.length && seen.some((each) => this.#value(each) === null)
    const isMade = (each: Node): boolean => (seen.length < all.length ? !seen.includes(each) : !hasNull || this.#value(each) === null)
    return all.map((each) => this.part(each, decides && isMade(each)))
  }

  /** The first element for which exists(…) is true or all(…) is not. */
  #element({ operation, source, variable, body }: Node & { kind: 'aggregate' }, decides: boolean): readonly Explanation[] {
    if (body === null || (operation !== 'exists' && operation !== 'all')) return []
    // Which element it is says what its body was.
    const { mayRead } = this.#reader
    if (![...reads(source), ...reads(this.#original(body))].every(({ entity, field }) => mayRead(entity, field))) return []
    for (const element of toElements(source)(this.#environment, this.#bound)) {
      this.#bound[variable] = element
      if ((this.#value(body) === true) === (operation === 'exists')) return [this.part(body, decides)]
    }
    return []
  }
}

function chain(node: Node, kind: 'and' | 'or'): readonly Node[] {
  return node.kind === kind ? [...chain(node.left, kind), ...chain(node.right, kind)] : [node]
}

/** Every field that a part of a tree looks at, by the entity that has it. */
function reads(part: unknown): readonly { readonly entity: string; readonly field: string }[] {
  if (typeof part !== 'object' || part === null) return []
  const below = Object.values(part).flatMap(reads)
  const { kind, entity, field, of } = part as { kind?: string; entity?: string; field?: string; of?: { entity: string } }
  if (typeof field !== 'string' || typeof entity !== 'string') return below
  // An inverse relation is a field of those who refer.
  return [{ entity: kind === 'field' || kind === 'inverse' ? entity : (of?.entity ?? entity), field }, ...below]
}
