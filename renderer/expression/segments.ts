import { rootNames } from '../../engine/expressions/terms.ts'
import { tokensOf } from '../../engine/expressions/tokens.ts'
import type { Span } from '../../engine/expressions/types.ts'

/** A piece of the text of one look. */
export interface Segment {
  readonly start: number
  readonly text: string
  readonly look: 'plain' | 'root' | 'call' | 'text' | 'number' | 'word' | 'sign'
  readonly faulty: boolean
}

const words: ReadonlySet<string> = new Set(['true', 'false', 'null', 'in'])
const roots: ReadonlySet<string> = new Set(rootNames)

/** Cuts a text into pieces for colouring; together they are the text. What has a fault is marked. */
export function segmentsOf(text: string, faults: readonly Span[]): readonly Segment[] {
  const { tokens } = tokensOf(text)
  const looks = tokens.map(({ kind, text: own, start, end }, at) => {
    const isMember = tokens[at - 1]?.text === '.' && tokens[at - 1]?.kind === 'sign'
    const isCall = tokens[at + 1]?.text === '(' && tokens[at + 1]?.kind === 'sign'
    const named = isCall ? 'call' : isMember ? 'plain' : words.has(own) ? 'word' : roots.has(own) ? 'root' : 'plain'
    return { start, end, look: kind === 'name' ? named : kind === 'end' ? 'plain' : kind } as const
  })
  const bounds = new Set([0, text.length, ...[...looks, ...faults].flatMap(({ start, end }) => [start, end])])
  const sorted = [...bounds].filter((bound) => bound <= text.length).sort((a, b) => a - b)
  return sorted.slice(1).map((end, at): Segment => {
    const start = sorted[at]!
    const look = looks.find((each) => each.start <= start && end <= each.end)?.look ?? 'plain'
    return { start, text: text.slice(start, end), look, faulty: faults.some((fault) => fault.start <= start && end <= fault.end) }
  })
}
