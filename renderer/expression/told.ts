import { isProblem } from '../api/problem.ts'
import type { ExpressionFault } from '../../engine/expressions/types.ts'

/** Places in what the server was sent are places in the person's own text after this many characters. */
const ownStart = (own: string, given: string): number => (own !== '' && given !== '' ? 1 : 0)

/** A list's own expression and that of its view, as the one that the server is sent. */
export const joined = (own: string, given: string): string | undefined =>
  own !== '' && given !== '' ? `(${own}) && (${given})` : own || given || undefined

const place = /^Characters? (\d+)(?:–(\d+))?: /

/** What the server had against the person's own expression, with places in it; empty: the list failed for another reason. */
export function toldFaults(error: unknown, own: string, given: string): readonly ExpressionFault[] {
  if (own === '' || !isProblem(error, 'parameter-invalid')) return []
  return error.faults
    .filter(({ pointer }) => pointer === 'filter')
    .map(({ detail }) => {
      const [found, first, last = first] = place.exec(detail) ?? []
      const begin = ownStart(own, given)
      const within = (offset: number): number => Math.max(0, Math.min(offset - begin, own.length))
      if (found === undefined) return { start: 0, end: own.length, detail }
      return { start: within(Number(first) - 1), end: within(Number(last)), detail: detail.slice(found.length) }
    })
}
