import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { importNorthwind } from './northwind.ts'

/** Files without rows: what is told when the server fails comes before any of them is read. */
let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'northwind-'))
  for (const name of ['categories', 'suppliers', 'shippers', 'customers', 'employees', 'products', 'orders', 'order_details'])
    await writeFile(join(dir, `${name}.csv`), 'id\n')
})
afterAll(() => rm(dir, { recursive: true }))

/** What an import says of a server that answers these, in this order, and then no longer. */
async function told(...answers: readonly (readonly [status: number, body: unknown])[]): Promise<{ url: string; message: string }> {
  const left = [...answers]
  const server = createServer((_request, response) => {
    const answer = left.shift()
    if (answer === undefined) return void response.destroy()
    response.writeHead(answer[0], { Connection: 'close' }).end(JSON.stringify(answer[1]))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    const target = { url, operatorToken: 'operator-of-the-tests', tenant: 'north' }
    return { url, message: await importNorthwind(target, dir).then(String, (error: unknown) => (error as Error).message) }
  } finally {
    server.close()
  }
}

test('a server that does not answer is named, and no tenant that there is not', async () => {
  const { url, message } = await told()
  expect(message).toBe(`No server answers at ${url}.`)
})

test('a tenant that was refused is not said to stay', async () => {
  const { message } = await told([409, { detail: 'taken' }])
  expect(message).toBe('POST /api/operator/tenants answered 409: {"detail":"taken"}')
})

test('a tenant that was made stays, whatever fails behind it', async () => {
  const stays = (url: string): string => `The tenant north stays; name another one to try again: npm run northwind -- ${url} north2`
  const first = await told([201, {}])
  expect(first.message).toBe(`No server answers at ${first.url}.\n${stays(first.url)}`)
  const later = await told([201, {}], [200, { accessToken: 'a' }], [500, {}])
  expect(later.message).toBe(`POST /api/inventory/categories/import answered 500: {}\n${stays(later.url)}`)
})
