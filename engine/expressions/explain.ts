import { toElements, toStep } from './evaluate.ts'
import type { Bound, Environment } from './evaluate.ts'
import { format } from './format.ts'
import { limits } from './limits.ts'
import type { Names, Node, Value } from './types.ts'
import { chain } from './transform.ts'
import { toCanonical } from './values.ts'
import { written } from './written.ts'

/** Why an expression has its value. */
export interface Explanation {
  /** The part as text, with the names of today; cut where it is long. */
  readonly label: string
  /** Canonical. Absent: it hangs on a field that the reader may not see. */
  readonly value?: unknown
  /** The value is the id of a record of this entity, of which the reader may know. */
  readonly entity?: string
  /** The whole value hangs on this part: in a && b the first that is false, in a || b the first that is true, else each. */
  readonly decides: boolean
  /** Of what it is made; of a loop, the element that decided. What is written out (`10`) is told by the label alone. */
  readonly parts: readonly Explanation[]
  /** It is made of more than `parts`: an explanation tells no more than `limits.explainedParts`. */
  readonly cut?: true
}

export interface Reader {
  /** What the reader may know by name. */
  readonly names: Names
  readonly mayRead: (entity: string, field: string) => boolean
  /** Whether what stands beside it in a part may be told; absent: where it may be read. */
  readonly mayQuote?: (entity: string, field: string) => boolean
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

/** What stands for a part of which the reader may not even know the fields, or with what they are compared. */
const unnamed = '…'

class Explainer {
  readonly #environment: Environment
  readonly #reader: Reader
  /** What the variables of loops are here. */
  readonly #bound: Bound = []
  /** What is known for these. */
  #values = new Map<Node, Value>()
  #left: number = limits.explainedParts

  constructor(environment: Environment, reader: Reader) {
    this.#environment = environment
    this.#reader = reader
  }

  part(node: Node, decides: boolean): Explanation {
    this.#left--
    const isSeen = this.#isSeen(node)
    const label = this.#label(node)
    const below = this.#below(node, decides)
    const parts: Explanation[] = []
    const here = this.#values
    this.#values = below.values ?? here
    for (const each of below.parts) if (this.#left > 0) parts.push(this.part(each.node, each.decides))
    this.#values = here
    // Behind its parts, which are known then.
    const value = isSeen ? this.#told(node) : {}
    return { label, ...value, decides, parts, ...(parts.length < below.parts.length && { cut: true }) }
  }

  #told(node: Node): Pick<Explanation, 'value' | 'entity'> {
    const { type } = node
    const value = toCanonical(type, this.#value(node))
    const [entity, ...others] = type.kind === 'record' && value !== null ? type.entities : []
    const isKnown = entity !== undefined && others.length === 0 && this.#reader.names.shape(entity) !== undefined
    return { value, ...(isKnown && { entity }) }
  }

  #value(node: Node): Value {
    const known = this.#values.get(node)
    if (known !== undefined) return known
    const value = toStep(node, this.#values)(this.#environment, this.#bound)
    this.#values.set(node, value)
    return value
  }

  #label(node: Node): string {
    const { names, mayRead, mayQuote = mayRead } = this.#reader
    const original = this.#original(node)
    const all = reads(original)
    const isNamed = all.every(({ entity, field }) => names.shape(entity)?.byId(field) !== undefined)
    // What a value is compared with says where it lies.
    const isTold = all.every(({ entity, field }) => mayQuote(entity, field)) || !quotes(original)
    if (!isNamed || !isTold) return unnamed
    const text = format(written(original, names))
    return text.length > limits.explainedCharacters ? `${text.slice(0, limits.explainedCharacters).toWellFormed()}…` : text
  }

  #original(node: Node): Node {
    return this.#reader.original?.(node) ?? node
  }

  #isSeen(node: Node): boolean {
    return reads(this.#original(node)).every(({ entity, field }) => this.#reader.mayRead(entity, field))
  }

  #below(node: Node, decides: boolean): Below {
    switch (node.kind) {
      case 'and':
      case 'or':
        return { parts: this.#alternatives(node, decides) }
      case 'not':
        return { parts: [{ node: node.operand, decides }] }
      case 'if': {
        const condition = { node: node.condition, decides }
        // Which branch was taken says what the condition was.
        if (!this.#isSeen(node.condition)) return { parts: [condition] }
        const taken = this.#value(node.condition) === true ? node.then : node.otherwise
        return { parts: [condition, ...(taken.kind === 'constant' ? [] : [{ node: taken, decides }])] }
      }
      case 'call':
        return { parts: givenIn(node.args) }
      case 'list':
        return { parts: givenIn(node.items) }
      case 'money':
        return { parts: [{ node: node.amount, decides: false }] }
      case 'aggregate':
        return this.#element(node, decides)
      default:
        return { parts: [] }
    }
  }

  /** a && b && c, in one row. */
  #alternatives(node: Node & { kind: 'and' | 'or' }, decides: boolean): readonly Part[] {
    const all = chain(node, node.kind)
    const deciding = node.kind === 'or'
    const seen = new Set(all.filter((each) => this.#isSeen(each)))
    const first = [...seen].find((each) => this.#value(each) === deciding)
    if (first) return all.map((each) => ({ node: each, decides: decides && each === first }))
    // Without one, the value is what all of them make of it: those that are null where one is, and whatever is withheld.
    const hasNull = seen.size === all.length && [...seen].some((each) => this.#value(each) === null)
    const isMade = (each: Node): boolean => (seen.size < all.length ? !seen.has(each) : !hasNull || this.#value(each) === null)
    return all.map((each) => ({ node: each, decides: decides && isMade(each) }))
  }

  /** The first element for which exists(…) is true or all(…) is not. */
  #element({ operation, source, variable, body }: Node & { kind: 'aggregate' }, decides: boolean): Below {
    if (operation !== 'exists' && operation !== 'all') return { parts: [] }
    // Which element it is says what its body was.
    const { mayRead } = this.#reader
    if (![...reads(source), ...reads(this.#original(body))].every(({ entity, field }) => mayRead(entity, field))) return { parts: [] }
    const holds = toStep(body, this.#values)
    for (const element of toElements(source)(this.#environment, this.#bound)) {
      this.#bound[variable] = element
      if ((holds(this.#environment, this.#bound) === true) === (operation === 'exists'))
        return { parts: [{ node: body, decides }], values: new Map() }
    }
    return { parts: [] }
  }
}

interface Below {
  readonly parts: readonly Part[]
  /** What is known of them, where it holds for them alone: of the element of a loop. */
  readonly values?: Map<Node, Value>
}
interface Part {
  readonly node: Node
  readonly decides: boolean
}

const givenIn = (nodes: readonly Node[]): readonly Part[] =>
  nodes.flatMap((node) => (node.kind === 'constant' ? [] : [{ node, decides: false }]))

/** Whether anything is written out in a part of a tree. */
const quotes = (part: unknown): boolean =>
  typeof part === 'object' &&
  part !== null &&
  ((part as { kind?: string }).kind === 'constant' || Object.entries(part).some(([key, each]) => key !== 'type' && quotes(each)))

/** Every field that a part of a tree looks at, by the entity that has it. */
function reads(part: unknown): readonly { readonly entity: string; readonly field: string }[] {
  if (typeof part !== 'object' || part === null) return []
  // Its type speaks of no field.
  const below = Object.entries(part).flatMap(([key, each]) => (key === 'type' ? [] : reads(each)))
  const { kind, entity, field, of } = part as { kind?: string; entity?: string; field?: string; of?: { entity: string } }
  if (typeof field !== 'string' || typeof entity !== 'string') return below
  // An inverse relation is a field of those who refer.
  return [{ entity: kind === 'field' || kind === 'inverse' ? entity : (of?.entity ?? entity), field }, ...below]
}
