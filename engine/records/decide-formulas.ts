import { toFunction, toStep } from '../expressions/evaluate.ts'
import type { Bound, Environment, RecordView } from '../expressions/evaluate.ts'
import { explain } from '../expressions/explain.ts'
import type { Explanation, Reader } from '../expressions/explain.ts'
import { joined, split } from '../expressions/split.ts'
import type { Question } from '../expressions/split.ts'
import type { Expression, Node, Value } from '../expressions/types.ts'
import { toCanonical } from '../expressions/values.ts'
import type { Draft } from './decide-draft.ts'
import { storedViewOf, viewOf } from './decide-views.ts'

/** What expressions are told besides the document. */
export interface Surroundings {
  /** IANA name: where moments have a date. */
  readonly zone: string
  /** Canonical value of `now`, `user.roles`, `tenant.currency` … */
  readonly parameter: (name: string) => unknown
  /** What the database says to a question with these inputs, canonical; undefined: it was not asked yet. */
  readonly answer: (asked: Asked) => unknown
}
/** A question and what it is about; `inputs` are canonical. */
export interface Asked {
  readonly question: Question
  readonly inputs: readonly unknown[]
}

interface Compiled {
  readonly root: Node
  readonly run: (environment: Environment) => Value
  readonly questions: readonly {
    readonly question: Question
    readonly inputs: readonly ((environment: Environment, bound: Bound) => unknown)[]
  }[]
}

const compiled = new WeakMap<Expression, Compiled>()

function compile(expression: Expression): Compiled {
  const known = compiled.get(expression)
  if (known) return known
  const parts = split(expression.root)
  if (!parts) throw new Error('the catalogue was compiled without a check: a loop over lines inside a question')
  const made: Compiled = {
    root: parts.root,
    run: toFunction(parts.root),
    questions: parts.questions.map((question) => ({
      question,
      inputs: question.inputs.map((input) => {
        const run = toStep(input)
        return (environment: Environment, bound: Bound) => toCanonical(input.type, run(environment, bound))
      }),
    })),
  }
  compiled.set(expression, made)
  return made
}

/** What effects hand to their expressions: `params.…` (canonical), and the record that `target` is. */
export interface Given {
  readonly params?: Readonly<Record<string, unknown>>
  readonly target?: RecordView | null
}

/** Thrown where a value hangs on an answer that is still out. */
class Pending extends Error {}

/**
 * Evaluates expressions on the draft of a document. What lies outside of it is asked for: a value that hangs on an answer that is still
 * out is pending, as is all that hangs on it; once the answers are there, everything is evaluated anew.
 */
export class Formulas {
  /** Questions that nobody has answered yet. */
  readonly open: Asked[] = []
  readonly #surroundings: Surroundings
  readonly #pending = new Map<Draft, Set<string>>()

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  /** The canonical value for a draft as it will be, or (`stored`) as it is; undefined: pending. */
  value(expression: Expression, draft: Draft, as: 'will be' | 'stored' = 'will be', given: Given = {}): unknown {
    return this.#unlessPending(() => toCanonical(expression.type, compile(expression).run(this.#environment(expression, draft, as, given))))
  }

  /** Why it has its value for a draft; undefined: pending. */
  explain(expression: Expression, draft: Draft, reader: Reader): Explanation | undefined {
    const { root, questions } = compile(expression)
    const asked = questions.map(({ question }) => question)
    return this.#unlessPending(() =>
      explain(root, this.#environment(expression, draft, 'will be', {}), { ...reader, original: (part) => joined(part, asked) }),
    )
  }

  #unlessPending<T>(evaluate: () => T): T | undefined {
    try {
      return evaluate()
    } catch (error) {
      if (error instanceof Pending) return undefined
      throw error
    }
  }

  #environment(expression: Expression, draft: Draft, as: 'will be' | 'stored', given: Given): Environment {
    const { questions } = compile(expression)
    const { zone, parameter } = this.#surroundings
    const environment: Environment = {
      zone,
      self:
        as === 'stored'
          ? storedViewOf(draft)
          : viewOf(draft, this.#refusePending, (field) => (field === 'created_by' ? parameter('user.id') : null)),
      old: storedViewOf(draft),
      user: null,
      settings: null,
      target: given.target ?? null,
      search: () => [],
      parameter: (name, bound) => {
        const index = /^question:(\d+)$/.exec(name)?.[1]
        if (index === undefined) return name.startsWith('params.') ? (given.params?.[name.slice(7)] ?? null) : parameter(name)
        const { question, inputs } = questions[Number(index)]!
        return this.#ask({ question, inputs: inputs.map((input) => input(environment, bound)) })
      },
    }
    return environment
  }

  /** Whether a condition is true; undefined: pending. */
  holds(expression: Expression, draft: Draft, as: 'will be' | 'stored' = 'will be'): boolean | undefined {
    const value = this.value(expression, draft, as)
    return value === undefined ? undefined : value === true
  }

  /** The value of this field is not worked out yet. */
  postpone(draft: Draft, field: string): void {
    this.#pending.set(draft, (this.#pending.get(draft) ?? new Set()).add(field))
  }

  /** It is, now. */
  settle(draft: Draft, field: string): void {
    this.#pending.get(draft)?.delete(field)
  }

  isPending(draft: Draft, field: string): boolean {
    return this.#pending.get(draft)?.has(field) === true
  }

  readonly #refusePending = (draft: Draft, field: string): void => {
    if (this.isPending(draft, field)) throw new Pending()
  }

  #ask(asked: Asked): unknown {
    const answer = this.#surroundings.answer(asked)
    if (answer !== undefined) return answer
    this.open.push(asked)
    throw new Pending()
  }
}
