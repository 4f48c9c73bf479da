import { createHmac, timingSafeEqual } from 'node:crypto'
import { Problem } from '../problems.ts'

/**
 * Keyset cursors: the sort values of the last row, sealed to one list and one actor. A cursor carries values of the record,
 * so it is authenticated (nobody can ask "is there a row after x" with a value of their own making), not secret: it never
 * holds a field that the caller could not sort by.
 */
export interface Cursors {
  seal(scope: string, keys: readonly (string | null)[]): string
  /** Throws Problem 'cursor-invalid' for anything that this scope did not seal. */
  open(scope: string, cursor: string): readonly (string | null)[]
}

const macBytes = 16

export function createCursors(key: Buffer): Cursors {
  const sign = (scope: string, payload: string) =>
    createHmac('sha256', key).update(scope).update('\0').update(payload).digest().subarray(0, macBytes)
  return {
    seal(scope, keys) {
      const payload = JSON.stringify(keys)
      return Buffer.concat([sign(scope, payload), Buffer.from(payload)]).toString('base64url')
    },
    open(scope, cursor) {
      const bytes = Buffer.from(cursor, 'base64url')
      const payload = bytes.subarray(macBytes).toString()
      // Decoding forgives stray characters; one page has one cursor.
      if (
        bytes.length <= macBytes ||
        bytes.toString('base64url') !== cursor ||
        !timingSafeEqual(bytes.subarray(0, macBytes), sign(scope, payload))
      ) {
        throw new Problem('cursor-invalid', 'The cursor was made for another list, or altered. Start again without it.')
      }
      return JSON.parse(payload) as (string | null)[]
    },
  }
}
