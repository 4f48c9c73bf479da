import { setTimeout } from 'node:timers/promises'
import { sqlState } from '../database/errors.ts'

const attempts = 5
const jitterMs = 20

/** SQLSTATE class 40: PostgreSQL ended one of those who waited for each other. */
export const isThrownOut = (error: unknown): boolean => sqlState(error).startsWith('40')

/** Work that met somebody else's is done afresh, a few times. Throws what is no such race, and the last one. */
export async function again<T>(work: (attempt: number) => Promise<T>, isRace: (error: unknown) => boolean): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt)
    } catch (error) {
      if (attempt === attempts || !isRace(error)) throw error
      // Those who met do not start again at the same moment.
      await setTimeout(Math.random() * attempt * jitterMs)
    }
  }
}
