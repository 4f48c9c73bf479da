import { EventEmitter } from 'node:events'
import { DatabaseError, type PoolClient } from 'pg'
import { expect, test } from 'vitest'
import { WrongAnswer } from './errors.ts'
import { sendTrip } from './trip.ts'

interface Submitted {
  submit(): void
  handleRowDescription(message: { fields: { name: string; dataTypeID: number }[] }): void
  handleDataRow(message: { fields: (string | null)[] }): void
  handleCommandComplete(message: { text: string }): void
  handleReadyForQuery(): void
  handleError(error: Error): void
}

/** A connection that notes what is written, and answers as `answer` says once everything is. */
function clientThat(answer: (trip: Submitted, wire: EventEmitter) => void): { client: PoolClient; written: string[] } {
  const written: string[] = []
  const note =
    (name: string) =>
    (message?: { text?: string }): void =>
      void written.push(message?.text === undefined ? name : `${name} ${message.text}`)
  const wire = Object.assign(new EventEmitter(), {
    stream: { cork: note('cork'), uncork: note('uncork') },
    parsedStatements: { known: 'select 1' },
    parse: note('parse'),
    bind: note('bind'),
    describe: note('describe'),
    execute: note('execute'),
    sync: note('sync'),
  })
  const query = (trip: Submitted): void => {
    trip.submit()
    setImmediate(() => answer(trip, wire))
  }
  return { client: { connection: wire, query } as unknown as PoolClient, written }
}

const two = [{ text: 'select $1', values: [1] }, { text: 'select 2' }]
const completing =
  (...texts: string[]) =>
  (trip: Submitted): void => {
    for (const text of texts) trip.handleCommandComplete({ text })
    trip.handleReadyForQuery()
  }

test('a trip is one write with one Sync at its end; what the connection knows already is neither parsed nor described again', async () => {
  const known = { name: 'known', text: 'select 1' }
  const { client, written } = clientThat((trip) => {
    trip.handleRowDescription({ fields: [{ name: 'n', dataTypeID: 20 }] })
    trip.handleDataRow({ fields: ['1'] })
    completing('SELECT 1', 'BEGIN')(trip)
  })
  expect(await sendTrip(client, [known, { text: 'begin' }])).toEqual([
    { rows: [{ n: 1 }], rowCount: 1 },
    { rows: [], rowCount: 0 },
  ])
  expect(written).toEqual(['cork', 'bind', 'describe', 'execute', 'parse begin', 'bind', 'describe', 'execute', 'sync', 'uncork'])
  written.length = 0
  await sendTrip(client, [known, { text: 'begin' }])
  expect(written.slice(0, 3)).toEqual(['cork', 'bind', 'execute'])
})

test('a statement without completion, or a write that counts nothing, is a wrong answer', async () => {
  for (const texts of [['SELECT 1'], ['SELECT 1', ''], ['SELECT 1', 'INSERT'], ['SELECT 1', 'UPDATE'], ['SELECT 1', 'SELECT']]) {
    await expect(sendTrip(clientThat(completing(...texts)).client, two)).rejects.toThrow(WrongAnswer)
  }
  await expect(sendTrip(clientThat(completing('SET', 'INSERT 0 0')).client, two)).resolves.toHaveLength(2)
})

test('an error of the server is told once the server is ready again, or gone', async () => {
  for (const end of ['readyForQuery', 'end']) {
    const seen: string[] = []
    const { client } = clientThat((trip, wire) => {
      trip.handleError(new DatabaseError('first', 1, 'error'))
      setImmediate(() => {
        seen.push(end)
        wire.emit(end)
      })
    })
    await expect(sendTrip(client, two).finally(() => seen.push('told'))).rejects.toThrow('first')
    expect(seen).toEqual([end, 'told'])
  }
})

test('a connection that broke says so at once', async () => {
  const { client } = clientThat((trip) => trip.handleError(new Error('gone')))
  await expect(sendTrip(client, two)).rejects.toThrow('gone')
})

test('a statement whose parsing failed is parsed again; one that was parsed before it is not', async () => {
  const trip = [
    { name: 'good', text: 'select 1' },
    { name: 'bad', text: 'selekt' },
  ]
  const { client, written } = clientThat((submitted, wire) => {
    wire.emit('parseComplete')
    submitted.handleCommandComplete({ text: 'SELECT 1' })
    submitted.handleError(new DatabaseError('syntax', 1, 'error'))
    wire.emit('readyForQuery')
  })
  await expect(sendTrip(client, trip)).rejects.toThrow('syntax')
  written.length = 0
  await expect(sendTrip(client, trip)).rejects.toThrow('syntax')
  expect(written.filter((each) => each.startsWith('parse'))).toEqual(['parse selekt'])
})

test('nothing is written when a message cannot be', async () => {
  const { client, written } = clientThat(completing())
  await expect(sendTrip(client, [...two, { name: 'known', text: 'select 2' }])).rejects.toThrow('two statements have the name known')
  await expect(sendTrip(client, [...two, { text: 'select $1', values: [{ big: 1n }] }])).rejects.toThrow(/BigInt/)
  expect(written).toEqual([])
})
