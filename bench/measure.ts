import type { Outcome } from './load.ts'

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

/** Both once to warm up, then in turns; who goes first alternates too. */
export async function compare(
  rounds: number,
  one: () => Promise<Outcome>,
  other: () => Promise<Outcome>,
): Promise<(readonly [Outcome, Outcome])[]> {
  await one()
  await other()
  const measured: (readonly [Outcome, Outcome])[] = []
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      const first = await one()
      measured.push([first, await other()])
    } else {
      const second = await other()
      measured.push([await one(), second])
    }
  }
  return measured
}

export interface Line {
  readonly name: string
  readonly ours: string
  readonly theirs: string
  readonly ratio: number
  readonly goal: number
  readonly better: 'higher' | 'lower'
}

/** The result, line by line, each printed as soon as it is known and all once more at the end. */
export class Table {
  readonly #lines: Line[] = []

  add(line: Line): void {
    this.#lines.push(line)
    console.log(format(line))
  }

  get missed(): number {
    return this.#lines.filter((line) => !isMet(line)).length
  }

  text(): string {
    const head = [`${''.padEnd(46)} ${'engine'.padStart(17)} ${'against'.padStart(17)} ${'ratio'.padStart(7)}   goal`]
    return [...head, ...this.#lines.map(format), this.missed === 0 ? 'every goal is met' : `goals missed: ${this.missed}`].join('\n')
  }
}

const isMet = ({ ratio, goal, better }: Line): boolean => (better === 'higher' ? ratio >= goal : ratio <= goal)

function format(line: Line): string {
  const { name, ours, theirs, ratio, goal, better } = line
  const wanted = `${better === 'higher' ? '≥' : '≤'} ${goal}`
  return `${name.padEnd(46)} ${ours.padStart(17)} ${theirs.padStart(17)} ${ratio.toFixed(2).padStart(7)}   ${wanted.padEnd(6)} ${isMet(line) ? 'ok' : 'MISSED'}`
}
