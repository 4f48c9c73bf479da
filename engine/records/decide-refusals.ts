import { Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import type { Sought } from './decide-touched.ts'
import type { WantedNumber } from './decide-numbers.ts'
import type { Asked } from './decide-formulas.ts'

/** What expressions ask of the database before anything can be decided. Once it is answered, everything is decided afresh. */
export class Unanswered extends Error {
  readonly asked: readonly Asked[]
  readonly sought: readonly Sought[]
  /** Wanted once there are no other questions: whoever counts makes others wait. */
  readonly wanted: readonly WantedNumber[]
  constructor(asked: readonly Asked[], sought: readonly Sought[] = [], wanted: readonly WantedNumber[] = []) {
    super('questions are open')
    this.asked = asked
    this.sought = sought
    this.wanted = wanted
  }
}

/**
 * Operations that meet in one record: what one finds depends on what another does. One after the other they could be done, each
 * in a transaction of its own; set-wise they cannot.
 */
export class Entangled extends Problem {
  constructor(detail: string, faults: readonly Fault[] = []) {
    super(faults.length > 0 ? 'request-invalid' : 'conflict', detail, { faults })
  }
}

export const invalid = (faults: readonly Fault[]): Problem =>
  new Problem('request-invalid', faults.length === 1 ? faults[0]!.detail : `${faults.length} values cannot be accepted.`, { faults })
