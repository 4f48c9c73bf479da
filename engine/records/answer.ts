import { limits } from '../config.ts'
import { Problem } from '../problems.ts'
import type { Answer } from './types.ts'

/** JSON text as an answer; one too large to buffer is refused. */
export function jsonAnswer(body: string, headers: Answer['headers'] = {}): Answer {
  if (Buffer.byteLength(body) > limits.pageBytes) throw new Problem('answer-too-large')
  return { status: 200, body, headers }
}

/** RFC 9110 §13.1.2: a list of tags, weak or strong, or `*`. */
export const matchesTag = (ifNoneMatch: string | null, etag: string): boolean =>
  ifNoneMatch !== null && ifNoneMatch.split(',').some((each) => each.trim() === '*' || each.trim().replace(/^W\//, '') === etag)

/** A statement that PostgreSQL stopped for its time costs too much: the caller can narrow it, waiting does not help. */
export async function withinCost<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code !== '57014') throw error
    throw new Problem('too-expensive', 'The query took too long. Narrow it with filters, or ask for fewer groups, paths and relations.', {
      cause: error,
    })
  }
}
