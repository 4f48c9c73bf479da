import type { PoolClient } from 'pg'
import { expect, test } from 'vitest'
import { WrongAnswer } from './errors.ts'
import { sendTrip } from './trip.ts'

/** A connection that answers every message with the next of these, and notes what was written. */
function clientThatAnswers(...answers: unknown[]): { client: PoolClient; written: unknown[] } {
  const written: unknown[] = []
  const stream = { cork: () => undefined, uncork: () => undefined }
  const query = (config: unknown): Promise<unknown> => {
    written.push(config)
    const answer = answers[written.length - 1]
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
  }
  return { client: { connection: { stream, parsedStatements: { known: 'select 1' } }, query } as unknown as PoolClient, written }
}
const done = (command: string, rowCount: number | null) => ({ command, rows: [], rowCount })
const two = [{ text: 'select $1', values: [1] }, { text: 'select 2' }]

test('a statement without completion, or a write that counts nothing, is a wrong answer', async () => {
  for (const answer of [{ command: null, rows: [], rowCount: null }, done('INSERT', null), done('UPDATE', null), done('SELECT', null)]) {
    await expect(sendTrip(clientThatAnswers(done('SELECT', 1), answer).client, two)).rejects.toThrow(WrongAnswer)
  }
  await expect(sendTrip(clientThatAnswers(done('BEGIN', null), [done('SET', null), done('INSERT', 0)]).client, two)).resolves.toHaveLength(
    2,
  )
})

test('every message is written before the first answer; the first error is thrown once all have answered', async () => {
  const { client, written } = clientThatAnswers(new Error('first'), new Error('follow-up'))
  await expect(sendTrip(client, two)).rejects.toThrow('first')
  expect(written).toHaveLength(2)
})

test('nothing is written when a message cannot be', async () => {
  const { client, written } = clientThatAnswers()
  await expect(sendTrip(client, [...two, { name: 'known', text: 'select 2' }])).rejects.toThrow('two statements have the name known')
  await expect(sendTrip(client, [...two, { text: 'select $1', values: [{ big: 1n }] }])).rejects.toThrow(/BigInt/)
  expect(written).toEqual([])
})
