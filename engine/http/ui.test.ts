import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../config.ts'
import { unlimited } from '../testing/gateway.ts'
import { createMetrics } from './metrics.ts'
import { createGateway, listen, type Listening } from './server.ts'
import { servePages } from './ui.ts'

let folder = ''
let listening: Listening
const script = `console.log(${JSON.stringify('x'.repeat(2000))})`

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'businessos-pages-'))
  await mkdir(join(folder, 'dist/assets'), { recursive: true })
  await mkdir(join(folder, 'dist/admin'))
  await writeFile(join(folder, 'secret.txt'), 'secret')
  await writeFile(join(folder, 'dist/index.html'), '<title>main</title><meta nonce="%CSP_NONCE%">')
  await writeFile(join(folder, 'dist/admin/index.html'), '<title>designer</title><meta nonce="%CSP_NONCE%">')
  await writeFile(join(folder, 'dist/assets/main-abc.js'), script)
  await writeFile(join(folder, 'dist/.stamp'), 'hash')
  const guards = {
    asMember: () => Promise.reject(new Error('no member route is here')),
    asDirectory: () => Promise.reject(new Error('nor one of a directory')),
    asOperator: () => undefined,
  }
  const app = createGateway({
    config: { limits, trustedProxies: 0 },
    demo: false,
    guards,
    routes: [],
    ui: await servePages(join(folder, 'dist')),
    metrics: createMetrics(),
    ...unlimited,
  })
  listening = await listen(app, { host: '127.0.0.1', port: 0, limits })
})
afterAll(async () => {
  await listening.close()
  await rm(folder, { recursive: true })
})
const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`http://127.0.0.1:${listening.port}${path}`, init)
/** As a browser that opens the address. Not with fetch: it says so itself in `sec-fetch-mode`, and tidies addresses. */
const visit = (path: string, headers: Record<string, string> = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-mode': 'navigate' }) =>
  new Promise<{ status: number; headers: IncomingHttpHeaders; text: string }>((resolve, reject) => {
    request({ port: listening.port, host: '127.0.0.1', path, headers }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
      .on('error', reject)
      .end()
  })

describe('pages', () => {
  it.each([
    '/assets/gone.js',
    '/favicon.ico',
    '/..%2fsecret.txt',
    '/assets/..%2f..%2f..%2fsecret.txt',
    '/assets/',
    '/robots.txt',
    '/api',
    '/api/x',
    '//api/crm/deals',
    '///api',
    '/API/crm/deals',
    '/Api',
    '/api%2fcrm/deals',
    '/api%2Fx',
    '/%61pi/x',
    '/api;x',
    '/api.json',
    '/.stamp',
    '/.env',
    '/.git/config',
    '/.well-known/x',
    '/e/.git/config',
    '/e/crm/.env',
    '/admin/.env',
    '/admin/..%2f.env',
    '/%2eenv',
    '/wp-login.php',
    '/backup.zip',
    '/crm/deals',
    '/e',
    '/e/crm',
    '/e/crm/deals/1/edit/more',
    '/administration',
    '/e//deals',
    '//e/crm/deals',
    '/e/crm/deals.json',
    '/E/crm/deals',
    '/Admin',
    '/index.html/',
  ])('%s is not there', async (path) => {
    const { status, headers, text } = await visit(path)
    expect([status, headers['content-type'], text]).toEqual([404, 'application/problem+json', expect.stringContaining('"not-found"')])
  })

  it('take no POST', async () => {
    expect((await get('/', { method: 'POST' })).status).toBe(404)
  })

  it.each([
    ['/', 'main'],
    ['/?view=x', 'main'],
    ['/index.html', 'main'],
    ['/e/crm/deals?sort=-value&path=/.env', 'main'],
    ['/e/crm/deals/', 'main'],
    ['/admin', 'designer'],
    ['/admin/', 'designer'],
    ['/admin/crm.deal', 'designer'],
  ])('%s is the page of its part', async (path, title) => {
    const { status, headers, text } = await visit(path)
    expect([status, headers['cache-control'], text]).toEqual([200, 'no-store', expect.stringContaining(`<title>${title}</title>`)])
  })

  it('are at every address that the router in the browser knows', async () => {
    const router = await readFile(new URL('../../renderer/router.tsx', import.meta.url), 'utf8')
    const addresses = [...router.matchAll(/\bpath: '([^']+)'/g)].map(([, path = '']) => path.replaceAll(/\$\w+/g, 'x_1'))
    expect(addresses.length).toBeGreaterThan(4)
    for (const address of addresses) expect([address, (await visit(address)).status]).toEqual([address, 200])
  })

  it('are for who opens them, not for scripts that ask there', async () => {
    expect((await visit('/', { accept: '*/*', 'sec-fetch-mode': 'cors' })).status).toBe(404)
    expect((await visit('/e/crm/deals', { accept: 'application/json' })).status).toBe(404)
    expect((await visit('/', { accept: '*/*' })).status).toBe(200)
    expect((await visit('/', {})).status).toBe(200)
  })

  it('allow scripts and styles from our files only, and styles with the nonce of this answer', async () => {
    const seen = new Set<string>()
    for (const address of ['/', '/', '/admin', '/index.html']) {
      const { headers, text } = await visit(address)
      const policy = String(headers['content-security-policy'])
      const [, nonce = ''] = /<meta nonce="([A-Za-z0-9+/]{22}==)">/.exec(text) ?? []
      seen.add(nonce)
      expect(policy).toContain("script-src 'self';")
      expect(policy).toContain(`style-src 'self' 'nonce-${nonce}';`)
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toMatch(/unsafe-|\*/)
    }
    expect(seen.size).toBe(4)
  })

  it('hashed files stay for ever, compressed for who asks; a page is another one every time', async () => {
    const response = await get('/assets/main-abc.js')
    expect([response.headers.get('cache-control'), response.headers.get('content-encoding'), await response.text()]).toEqual([
      'public, max-age=31536000, immutable',
      'gzip',
      script,
    ])
    expect((await get('/assets/main-abc.js', { headers: { 'accept-encoding': 'gzip;q=0' } })).headers.get('content-encoding')).toBeNull()
    expect((await visit('/', { 'if-none-match': '*' })).status).toBe(200)
    const head = await get('/index.html', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })
})
