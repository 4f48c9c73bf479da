import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../config.ts'
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
  await writeFile(join(folder, 'dist/index.html'), '<title>main</title>')
  await writeFile(join(folder, 'dist/admin/index.html'), '<title>designer</title>')
  await writeFile(join(folder, 'dist/assets/main-abc.js'), script)
  await writeFile(join(folder, 'dist/.stamp'), 'hash')
  const guards = { asMember: () => Promise.reject(new Error('no member route is here')), asOperator: () => undefined }
  const app = createGateway({
    config: { limits, trustedProxies: 0 },
    demo: false,
    guards,
    routes: [],
    ui: await servePages(join(folder, 'dist')),
    metrics: createMetrics(),
  })
  listening = await listen(app, { host: '127.0.0.1', port: 0, limits })
})
afterAll(async () => {
  await listening.close()
  await rm(folder, { recursive: true })
})
const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`http://127.0.0.1:${listening.port}${path}`, init)

describe('pages', () => {
  it.each(['/assets/gone.js', '/favicon.ico', '/..%2fsecret.txt', '/assets/..%2f..%2f..%2fsecret.txt', '/assets/', '/api', '/api/x'])(
    '%s is not there',
    async (path) => {
      const response = await get(path)
      expect(response.status).toBe(404)
      expect(await response.text()).not.toContain('secret')
    },
  )

  it('take no POST', async () => {
    expect((await get('/', { method: 'POST' })).status).toBe(404)
  })

  it.each([
    ['/', 'main'],
    ['/crm/deals?sort=-value', 'main'],
    ['/administration', 'main'],
    ['/admin', 'designer'],
    ['/admin/', 'designer'],
    ['/admin/crm.deal', 'designer'],
    ['/.stamp', 'main'],
  ])('%s is the page of its part', async (path, title) => {
    const response = await get(path)
    expect([response.status, response.headers.get('cache-control'), await response.text()]).toEqual([
      200,
      'no-cache',
      `<title>${title}</title>`,
    ])
  })

  it('allow scripts from our files only', async () => {
    const policy = (await get('/')).headers.get('content-security-policy') ?? ''
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe-eval|script-src[^;]*unsafe-inline|\*/)
  })

  it('hashed files stay for ever, compressed for who asks; a page is asked about again', async () => {
    const response = await get('/assets/main-abc.js')
    expect([response.headers.get('cache-control'), response.headers.get('content-encoding'), await response.text()]).toEqual([
      'public, max-age=31536000, immutable',
      'gzip',
      script,
    ])
    expect((await get('/assets/main-abc.js', { headers: { 'accept-encoding': 'gzip;q=0' } })).headers.get('content-encoding')).toBeNull()
    const page = await get('/')
    expect((await get('/', { headers: { 'if-none-match': page.headers.get('etag') ?? '' } })).status).toBe(304)
    const head = await get('/', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })
})
