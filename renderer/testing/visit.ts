import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { ok, type Person, type World } from '../../engine/testing/world.ts'
import { openBrowser, signIn, sizes } from './browser.ts'

export type Row = Record<string, unknown> & { readonly id: string }

/** A browser for one test file, its windows closed after every test, and the questions that tests ask the API beside it. */
export function visiting(world: World) {
  let browser: Browser | null = null
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterEach(async () => {
    for (const context of browser?.contexts() ?? []) await context.close()
  })
  afterAll(async () => browser?.close())

  /** A page that remembers everything that went wrong in it; nobody is signed in yet. */
  async function blank(size: keyof typeof sizes = 'desk'): Promise<{ page: Page; complaints: string[] }> {
    const touch = size === 'phone'
    const context = await (browser ?? expect.fail('no browser on this machine')).newContext({
      viewport: sizes[size],
      hasTouch: touch,
      isMobile: touch,
      locale: 'en-GB',
    })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    return { page, complaints }
  }

  return {
    blank,
    async open(person: Person, path = '/', size: keyof typeof sizes = 'desk') {
      const window = await blank(size)
      await signIn(window.page, world.url, `${person}.test`, 'a password for tests only')
      if (path !== '/') await window.page.goto(world.url + path)
      return window
    },
    async count(path: string): Promise<number> {
      const reply = await world.call('manager@acme', 'GET', `${path}${path.includes('?') ? '&' : '?'}count=exact&limit=1`)
      return (ok(reply) as { page: { total: number } }).page.total
    },
    async rows(path: string): Promise<readonly Row[]> {
      return (ok(await world.call('manager@acme', 'GET', path)) as { data: readonly Row[] }).data
    },
    async first(path: string): Promise<Row> {
      const { data } = ok(await world.call('manager@acme', 'GET', path)) as { data: readonly Row[] }
      return data[0] ?? expect.fail(`${path} is empty`)
    },
  }
}
