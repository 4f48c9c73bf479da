import type { Field, Numbering } from '../catalogue/types.ts'
import type { Expression } from '../expressions/types.ts'
import { fieldOf } from '../fields/index.ts'
import { formatSequence } from '../fields/sequence.ts'
import type { SequenceSettings } from '../fields/type.ts'
import type { Report } from '../problems.ts'
import { before, pointerOf } from './decide-draft.ts'
import type { Draft } from './decide-draft.ts'
import type { Formulas } from './decide-formulas.ts'

/** A number that somebody has to count. */
export interface WantedNumber {
  /** Of the operation: its how-manieth number it is. */
  readonly operation: string
  readonly index: number
  /** What is counted. */
  readonly entity: string
  readonly field: string
  readonly scope: string
}

/** Numbers that are counted apart, taken at a transition, or given to what an effect makes: everything but the plain count of what is created. */
export interface NumberGiver {
  /** The count that was taken for it; undefined: none yet. */
  readonly counted: (wanted: Pick<WantedNumber, 'operation' | 'index'>) => number | undefined
}

/** Stands where a number will be; nothing reads it, as it is pending. */
const unknown = '…'

/**
 * The numbers of one operation. A counter is the last thing that is locked, so a number is asked for once everything else is decided: until
 * then it is pending, as is all that is made of it. Once it is counted, everything is decided afresh.
 */
export class Numbered {
  readonly wanted: WantedNumber[] = []
  readonly #giver: NumberGiver
  readonly #formulas: Formulas
  readonly #operation: string
  #held: readonly Held[] = []
  #next = 0

  constructor(giver: NumberGiver, formulas: Formulas, operation: string) {
    this.#giver = giver
    this.#formulas = formulas
    this.#operation = operation
  }

  /** What a new record is numbered by. `isMade`: by an effect, of which nobody has counted the records. */
  holdNew(draft: Draft, report: Report, isMade: boolean): void {
    for (const field of draft.entity.fields) {
      if (!field.sequence) continue
      const numbering = field.logic?.numbering ?? (isMade ? plain(field.sequence) : null)
      if (numbering?.at === null) this.#hold({ draft, field, numbering, report })
    }
  }

  /** What a transition numbers, where there is no number yet: one that is assigned never changes. */
  holdAt(transition: string, draft: Draft, report: Report): void {
    for (const field of draft.entity.fields) {
      const numbering = field.logic?.numbering
      if (numbering?.at === transition && before(draft, field.id) === null) this.#hold({ draft, field, numbering, report })
    }
  }

  #hold(held: Omit<Held, 'index'>): void {
    const { draft, field } = held
    this.#held = [...this.#held, { ...held, index: this.#next++ }]
    draft.values.set(field.id, unknown)
    this.#formulas.postpone(draft, field.id)
  }

  /** Writes the numbers that were counted, and asks for the others. True: some were written, so that what is made of them can be worked out. */
  write(): boolean {
    const held = this.#held
    this.#held = held.filter((each) => !this.#isDone(each))
    return this.#held.length < held.length
  }

  /** Numbers that are neither written nor asked for: what they are made of is not known yet. */
  get isOpen(): boolean {
    return this.#held.length > this.wanted.length
  }

  #isDone({ draft, field, numbering, report, index }: Held): boolean {
    const value = (part: string | Expression): unknown => (typeof part === 'string' ? part : this.#formulas.value(part, draft))
    const [prefix, suffix, scope] = [numbering.prefix.map(value), numbering.suffix.map(value), numbering.scope.map(value)]
    const parts = [...prefix, ...suffix]
    if ([...parts, ...scope].includes(undefined)) return false
    const at = pointerOf(draft, field)
    if (parts.includes(null)) {
      report(at, `${field.title}: what the number is made of has no value yet.`)
      return true
    }
    const wanted = { operation: this.#operation, index }
    const count = this.#giver.counted(wanted)
    if (count === undefined) {
      if (!this.wanted.some((each) => each.index === index))
        this.wanted.push({ ...wanted, entity: draft.entity.id, field: field.id, scope: scope.length === 0 ? '' : JSON.stringify(scope) })
      return false
    }
    const text = formatSequence({ prefix: prefix.join(''), digits: field.sequence!.digits, suffix: suffix.join('') }, count)
    const parsed = fieldOf(field.type).parse(text, field.settings, (pointer, detail) => report(at + pointer, `${field.title}: ${detail}`))
    if (parsed !== undefined) draft.values.set(field.id, parsed)
    this.#formulas.settle(draft, field.id)
    return true
  }
}

interface Held {
  readonly draft: Draft
  readonly field: Field
  readonly numbering: Numbering
  readonly report: Report
  readonly index: number
}

const plain = ({ prefix, suffix }: SequenceSettings): Numbering => ({ prefix: [prefix], suffix: [suffix], scope: [], at: null })
