import type { Catalogue } from '../catalogue/types.ts'
import type { Transaction } from '../database/types.ts'
import type { Surroundings } from './decide-formulas.ts'
import type { WantedNumber } from './decide-numbers.ts'
import { Unanswered } from './decide-refusals.ts'
import type { Consequences } from './decide.ts'
import { FoundDocuments } from './found-documents.ts'
import { heldByReturning, heldBySetting, holdQueries, referencesIn } from './hold.ts'
import type { SetReference } from './hold.ts'
import { Answers } from './questions.ts'
import type { Actor } from './types.ts'

/** `decide` is pure and asks nobody: what it lacks it throws, and is run again with the answers. */

/** An answer may lead to further questions, a few deep: as long as values are derived from values that are asked for. */
const deepestQuestions = 20
/** What is decided anew may come to refer to further records, which are held in turn. */
const longestHolds = 20

interface Sources {
  readonly answers: Answers
  readonly documents: FoundDocuments
  readonly count: (wanted: readonly WantedNumber[]) => Promise<void>
}
/** What is worked out anew is numbered already. */
const countNothing = (): Promise<void> => Promise.reject(new Error('derived values have no numbers'))

/** Decides, asking the database what expressions want to know of it. */
export async function decided<T>(tx: Transaction, { answers, documents, count }: Sources, decide: () => T): Promise<T> {
  for (let round = 1; ; round++) {
    try {
      return decide()
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error
      if (round === deepestQuestions) throw new Error('answers lead to questions without end', { cause: error })
      if (error.asked.length > 0) await answers.ask(tx, error.asked)
      if (error.sought.length > 0) await documents.seek(tx, error.sought)
      if (error.wanted.length > 0) await count(error.wanted)
    }
  }
}

interface Holding {
  readonly tx: Transaction
  readonly catalogue: Catalogue
  readonly actor: Actor
  readonly answers: Answers
}

/**
 * Decides. References that come of it (copies, defaults, effects, what is restored) were not held while values were read through them: then
 * they are, and it is decided on what is there now.
 */
export async function decideHeld<T extends Pick<Consequences, 'events'>>(
  { tx, catalogue, actor: { tenant }, answers }: Holding,
  set: readonly SetReference[],
  decide: () => Promise<T>,
): Promise<T> {
  const keyOf = ({ entity, field, target }: SetReference): string => `${entity}/${field} ${target.id}`
  const known = new Set(set.map(keyOf))
  for (let round = 0; ; round++) {
    const outcome = await decide()
    const more = referencesIn(catalogue, outcome.events).filter((each) => !known.has(keyOf(each)))
    const returning = round === 0 ? outcome.events.filter(({ type }) => type === 'restored') : []
    const queries = holdQueries(catalogue, tenant, [
      ...heldBySetting(catalogue, more),
      ...returning.flatMap(({ entity, record }) => heldByReturning(catalogue, entity, [record])),
    ])
    if (queries.length === 0) return outcome
    if (round === longestHolds) throw new Error('what a request comes to refer to has no end')
    await tx.send({ role: 'bos_write', queries })
    for (const each of more) known.add(keyOf(each))
    answers.forget()
  }
}

/** Works out derived values alone. What others have written meanwhile is only seen by asking now. */
export function decideNow<T>(tx: Transaction, catalogue: Catalogue, actor: Actor, decide: (surroundings: Surroundings) => T): Promise<T> {
  const answers = new Answers(catalogue, actor, new Date())
  const sources = { answers, documents: new FoundDocuments(catalogue, actor), count: countNothing }
  return decided(tx, sources, () => decide(answers.surroundings))
}
