import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Request, Response } from 'express'
import { expect, test } from 'vitest'
import { sendAnswer } from './send.ts'

interface Sent {
  /** Of the whole answer; an error where it broke off. */
  readonly text: Promise<string>
  /** What `sendAnswer` came to. */
  readonly outcome: Promise<unknown>
  readonly listeners: readonly number[]
  readonly leave: () => void
}

/** Sends pages to a client, and writes down before each of them how many listen to the response. */
async function sendPages(pages: () => AsyncIterable<string>): Promise<Sent> {
  const { promise: outcome, resolve } = Promise.withResolvers<unknown>()
  const listeners: number[] = []
  const server = createServer((request, response) => {
    async function* watched(): AsyncGenerator<string> {
      for await (const page of pages()) {
        listeners.push(Math.max(...response.eventNames().map((name) => response.listenerCount(name))))
        yield page
      }
    }
    const express = Object.assign(response, { locals: { requestId: 'test' } }) as unknown as Response
    const answer = { status: 200, headers: { 'content-type': 'text/csv' }, body: watched() }
    sendAnswer(request as Request, express, answer, 1024).then(
      () => resolve('sent'),
      (error: unknown) => {
        resolve(error)
        response.destroy()
      },
    )
  })
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening))
  const leave = new AbortController()
  const reply = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { signal: leave.signal })
  const text = reply.text().finally(() => server.close())
  text.catch(() => undefined)
  return { text, outcome, listeners, leave: () => leave.abort() }
}

const page = 'x'.repeat(128 * 1024)

test('an error in the middle breaks off the answer: it is not taken for whole', async () => {
  const failure = new Error('in the middle')
  const { text, outcome } = await sendPages(async function* () {
    yield page
    throw failure
  })
  await expect(text).rejects.toThrow(/terminated|aborted/)
  expect(await outcome).toBe(failure)
})

test('a client that goes away ends the work behind the pages, and is no failure', async () => {
  let isOver = false
  const { text, outcome, leave } = await sendPages(async function* () {
    try {
      for (;;) yield page
    } finally {
      isOver = true
    }
  })
  leave()
  await expect(text).rejects.toThrow(/terminated|aborted/)
  expect(await outcome).toBe('sent')
  expect(isOver).toBe(true)
})

test('however many pages wait for the client, the response has no more listeners than at first', async () => {
  const { text, outcome, listeners } = await sendPages(async function* () {
    for (let i = 0; i < 50; i++) yield page
  })
  expect((await text).length).toBe(50 * page.length)
  expect(await outcome).toBe('sent')
  expect(listeners).toHaveLength(50)
  expect(Math.max(...listeners)).toBeLessThan(10)
})
