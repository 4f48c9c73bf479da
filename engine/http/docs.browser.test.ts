import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, sizes } from '../../renderer/testing/browser.ts'
import { openWorld } from '../testing/world.ts'

/** The page /api/docs in a real browser, under the policy it is served with. */
const world = await openWorld()
let browser: Browser | null = null
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser?.close())

/** A page that remembers everything its policy or its scripts complained about. */
async function openPage(): Promise<{ page: Page; complaints: string[] }> {
  const page = await (browser ?? expect.fail('no browser on this machine')).newPage({ viewport: sizes.desk })
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(world.url) && !request.url().startsWith('data:')) complaints.push(request.url())
  })
  return { page, complaints }
}
const signIn = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const body = JSON.stringify({ email: 'rep@acme.test', password: 'a password for tests only' })
    return (await fetch('/api/auth/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body })).status
  })

describe('/api/docs', () => {
  it('tells who is not signed in where to do so', async () => {
    const { page } = await openPage()
    await page.goto(`${world.url}/api/docs`)
    await page.getByRole('link', { name: /Sign in/ }).waitFor()
    expect(await page.getByText('Nobody is signed in.').isVisible()).toBe(true)
  })

  it('shows what the signed-in person may do, and tries it out as that person', async () => {
    const { page, complaints } = await openPage()
    await page.goto(`${world.url}/api/docs`)
    await page.getByRole('link', { name: /Sign in/ }).waitFor()
    expect(await signIn(page)).toBe(200)
    complaints.length = 0
    await page.reload()
    await page.getByRole('heading', { name: /BusinessOS/ }).waitFor()
    await page.getByRole('link', { name: 'deals', exact: true }).click()
    const deals = page.locator('#operations-CRM-listDeals')
    await deals.waitFor()
    expect(await page.locator('#operations-CRM-deleteDeal').count()).toBe(0)
    await deals.locator('.opblock-summary-control').click()
    await deals.getByRole('button', { name: 'Try it out' }).click()
    await deals.getByRole('button', { name: 'Execute' }).click()
    const status = deals.locator('.live-responses-table .response-col_status').last()
    await status.waitFor()
    expect(await status.innerText()).toContain('200')
    expect(complaints).toEqual([])
    // The policy is really in force: an inline script does not run.
    const ran = await page.evaluate(() => {
      document.body.append(Object.assign(document.createElement('script'), { textContent: 'globalThis.inlineRan = true' }))
      return 'inlineRan' in globalThis
    })
    expect(ran).toBe(false)
  })
})
