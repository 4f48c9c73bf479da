import type { lookup } from 'node:dns'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOutbound } from './outbound.ts'

const limits = { outboundBytes: 1_000, outboundSeconds: 2 }
let server: Server
let port = 0
let asked: string[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (request.url === '/away') response.writeHead(302, { location: 'http://127.0.0.2/' }).end()
    else response.end(request.url === '/long' ? 'x'.repeat(5_000) : 'hello')
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  ;({ port } = server.address() as AddressInfo)
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

/** A resolver that says what it is told, each time the next. */
const saying = (...answers: string[]): typeof lookup =>
  ((_name: string, _options: object, callback: (error: null, found: object[]) => void) => {
    const address = answers.length > 1 ? answers.shift()! : answers[0]!
    callback(null, [{ address, family: address.includes(':') ? 6 : 4 }])
  }) as unknown as typeof lookup

const why = async (address: string, parts: Partial<Parameters<typeof createOutbound>[0]> = {}): Promise<string> => {
  const outbound = createOutbound({ networks: [], limits, ...parts })
  try {
    const answer = await outbound.fetch(address, {})
    return `${answer.status} ${await answer.text()}`
  } catch (error) {
    const { message, cause } = error as Error
    return cause instanceof Error ? cause.message : message
  } finally {
    await outbound.close()
  }
}

describe('what a tenant names', () => {
  it.each([
    'https://127.0.0.1/',
    'https://10.1.2.3/',
    'https://192.168.0.1/',
    'https://172.16.0.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://100.64.0.1/',
    'https://0.0.0.0/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[fe80::1]/',
    'https://[fd00::1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
  ])('%s is refused, however it is written', async (address) => {
    expect(await why(address)).toBe('the address leads into a private network')
  })

  it.each(['127.0.0.1', '10.0.0.1', '::1', '::ffff:10.0.0.1', 'fd12::1', '169.254.169.254'])(
    'nor does a name lead to %s',
    async (address) => {
      expect(await why('https://idp.example/', { lookup: saying(address) })).toBe('the address leads into a private network')
    },
  )

  it('is refused when one of several addresses is private', async () => {
    const both = ((_name: string, _options: object, callback: (error: null, found: object[]) => void) => {
      callback(null, [
        { address: '203.0.113.5', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ])
    }) as unknown as typeof lookup
    expect(await why('https://idp.example/', { lookup: both })).toMatch(/private network/)
  })

  it.each(['http://example.com/', 'http://203.0.113.5/', 'ftp://example.com/', 'file:///etc/passwd', 'https://user:secret@example.com/'])(
    '%s is not asked',
    async (address) => {
      expect(await why(address, { lookup: saying('203.0.113.5') })).toMatch(/only https/)
    },
  )

  it('may lead into a network that the operator opened, and there without TLS; the connection goes to the address that was judged', async () => {
    const networks = ['127.0.0.0/8']
    asked = []
    expect(await why(`http://127.0.0.1:${port}/`, { networks })).toBe('200 hello')
    // Resolved once: what the name says afterwards is not asked.
    expect(await why(`http://idp.example:${port}/`, { networks, lookup: saying('127.0.0.1', '10.0.0.1') })).toBe('200 hello')
    expect(await why(`http://idp.example:${port}/`, { networks, lookup: saying('10.0.0.1') })).toMatch(/only https/)
    expect(asked).toEqual(['/', '/'])
  })

  it('is not followed elsewhere, and may not answer without end', async () => {
    const networks = ['127.0.0.1/32']
    expect(await why(`http://127.0.0.1:${port}/away`, { networks })).toMatch(/^302/)
    expect(await why(`http://127.0.0.1:${port}/long`, { networks })).toMatch(/size/i)
  })
})
