import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ok, openWorld } from '../engine/testing/world.ts'
import { openBrowser, signIn, sizes } from './testing/browser.ts'

/** Whole routes in a real browser, against the real server and its sample data. Nothing here is simulated but one refusal. */
const world = await openWorld()
let browser: Browser | null = null
beforeAll(async () => {
  browser = await openBrowser()
})
afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close()
})
afterAll(async () => browser?.close())

/** A signed-in page that remembers everything that went wrong in it. */
async function open(person: string, path = '/', size: keyof typeof sizes = 'desk'): Promise<{ page: Page; complaints: string[] }> {
  const context = await (browser ?? expect.fail('no browser on this machine')).newContext({ viewport: sizes[size], locale: 'en-GB' })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text())
  })
  await signIn(page, world.url, `${person}.test`, 'a password for tests only')
  if (path !== '/') await page.goto(world.url + path)
  return { page, complaints }
}

const grid = (page: Page): Locator => page.getByRole('grid')
const count = async (path: string): Promise<number> => {
  const { page } = ok(await world.call('manager@acme', 'GET', `${path}${path.includes('?') ? '&' : '?'}count=exact&limit=1`)) as {
    page: { total: number }
  }
  return page.total
}
const first = async (path: string): Promise<Record<string, unknown> & { id: string }> => {
  const { data } = ok(await world.call('manager@acme', 'GET', path)) as { data: (Record<string, unknown> & { id: string })[] }
  return data[0] ?? expect.fail(`${path} is empty`)
}

describe('signing in', () => {
  it('with a wrong password says so, and keeps the address typed', async () => {
    const page = await (browser ?? expect.fail('no browser on this machine')).newPage()
    await page.goto(world.url)
    await page.getByLabel('E-mail').fill('rep@acme.test')
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').filter({ hasText: 'E-mail or password is wrong' }).waitFor()
    expect(await page.getByLabel('E-mail').inputValue()).toBe('rep@acme.test')
  })
  it('lasts over a reload by the cookie alone, and ends when signed out', async () => {
    const { page } = await open('rep@acme')
    await page.reload()
    await page.getByRole('heading', { name: 'Home', exact: true }).waitFor()
    expect(await page.evaluate(() => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]))).not.toContain('eyJ')
    await page.getByRole('button', { name: /^Account/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in to BusinessOS' }).waitFor()
  })
})

describe('a list', () => {
  it('is filtered by keyboard alone; the address keeps it', async () => {
    const { page, complaints } = await open('manager@acme', '/e/crm/deals')
    await grid(page).waitFor()
    await page.keyboard.press('f')
    await page.getByRole('combobox', { name: 'Filter by' }).fill('stage')
    await page.keyboard.press('Enter')
    await page.getByRole('combobox', { name: 'Stage' }).fill('won')
    await page.keyboard.press('Enter')
    const won = await count('/api/crm/deals?stage=won')
    await page.getByText(`${won} deals`, { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await page.reload()
    await page.getByText(`${won} deals`, { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Remove the filter on Stage' }).click()
    await page.getByText(`${await count('/api/crm/deals')} deals`, { exact: true }).waitFor()
    expect(complaints).toEqual([])
  })
  it('says why it is empty, and offers the way back', async () => {
    const { page } = await open('rep@acme', '/e/crm/companies?draft=1&search=zzzzzz')
    await page.getByRole('heading', { name: 'No companies match “zzzzzz”' }).waitFor()
    await page.getByRole('button', { name: 'Clear the search' }).click()
    await grid(page).waitFor()
  })
  it('edits a cell in place and takes it back', async () => {
    const { page } = await open('manager@acme', '/e/crm/deals?draft=1&sort=name')
    const deal = await first('/api/crm/deals?sort=name&limit=1&value.null=false')
    await grid(page).waitFor()
    const title = page.locator(`a[href$="${deal.id}"]`)
    const row = page.locator('[data-row]').filter({ has: title }).first()
    await row.getByRole('gridcell').nth(3).click()
    await page.keyboard.type('1,234.5')
    await page.keyboard.press('Enter')
    await row.getByText('1,234.50').waitFor()
    await page.getByText('Value changed').waitFor()
    expect(await first(`/api/crm/deals?id=${deal.id}`)).toMatchObject({ value: { amount: '1234.50' } })
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(async () => (await first(`/api/crm/deals?id=${deal.id}`))['value']).toEqual(deal['value'])
  })
  it('a role that may not see a field gets no trace of it', async () => {
    const { page } = await open('rep@acme', '/e/crm/deals')
    await grid(page).waitFor()
    await page.getByRole('button', { name: 'Filter', exact: true }).click()
    expect(await page.getByRole('option', { name: 'Margin' }).count()).toBe(0)
    expect(await page.getByRole('option', { name: 'Value' }).count()).toBe(1)
  })
})

describe('a record', () => {
  it('is created with another one that its picker creates on the way', async () => {
    const { page, complaints } = await open('manager@acme', '/e/crm/deals')
    await grid(page).waitFor()
    await page.keyboard.press('c')
    const dialog = page.getByRole('dialog', { name: 'New deal' })
    await dialog.getByRole('button', { name: /^Create deal/ }).click()
    await dialog.getByText('Enter a name', { exact: true }).waitFor()
    await dialog.getByLabel('Name').fill('Coffee for the station')
    await dialog.getByRole('button', { name: 'Company', exact: true }).press('S')
    await page.getByRole('combobox', { name: 'Company' }).fill('Station Kiosk Ltd')
    await page.getByRole('option', { name: 'Create “Station Kiosk Ltd”' }).click()
    await page
      .getByRole('dialog', { name: 'New company' })
      .getByRole('button', { name: /^Create company/ })
      .click()
    await dialog.getByText('Station Kiosk Ltd').waitFor()
    await dialog.getByLabel('Value', { exact: true }).fill('12,5')
    await dialog.getByLabel('Expected close', { exact: true }).fill('+3d')
    await page.keyboard.press('Control+Enter')
    await page.getByText('Created Coffee for the station').waitFor()
    const company = await first('/api/crm/companies?name=Station Kiosk Ltd')
    expect(await first('/api/crm/deals?name=Coffee for the station')).toMatchObject({
      company: company.id,
      value: { amount: '12.50', currency: 'EUR' },
      stage: 'new',
    })
    expect(complaints).toEqual([])
  })
  it('is deleted without a question and comes back whole', async () => {
    const contact = await first('/api/crm/contacts?limit=1&sort=-name&email.null=false')
    const { page } = await open('manager@acme', `/e/crm/contacts/${contact.id}`)
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText(/^Restored /).waitFor()
    expect(await first(`/api/crm/contacts?id=${contact.id}`)).toMatchObject({ email: contact['email'], name: contact['name'] })
  })
  it('that someone else changed meanwhile asks which to keep', async () => {
    const company = await first('/api/crm/companies?limit=1&sort=name')
    const { page } = await open('manager@acme', `/e/crm/companies/${company.id}/edit`)
    await page.getByLabel('Name', { exact: false }).first().fill('My name for it')
    ok(
      await world.call('admin@acme', 'PATCH', `/api/crm/companies/${company.id}`, {
        body: { name: 'Their name for it' },
        headers: { 'if-match': '*' },
      }),
    )
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('alert').filter({ hasText: 'changed Name since you opened it' }).waitFor()
    await page.getByRole('button', { name: 'Keep yours' }).click()
    await page.getByText('Saved My name for it').waitFor()
    expect(await first(`/api/crm/companies?id=${company.id}`)).toMatchObject({ name: 'My name for it' })
  })
})

describe('an order', () => {
  it('shows what is wrong inside its lines, and saves when it is put right', async () => {
    const { id } = await first('/api/inventory/sales_orders?limit=1&sort=number')
    const order = ok(await world.call('manager@acme', 'GET', `/api/inventory/sales_orders/${id}`)) as {
      lines: { id: string; quantity: number }[]
    }
    const { page } = await open('manager@acme', `/e/inventory/sales_orders/${id}/edit`)
    const quantity = page.getByLabel('Quantity, line 1', { exact: true })
    await quantity.fill('-3')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Enter at least 1', { exact: true }).waitFor()
    expect(await quantity.evaluate((node) => node === document.activeElement)).toBe(true)
    await quantity.fill('7')
    await page.route(`**/sales_orders/${id}`, async (route) => {
      if (route.request().method() !== 'PATCH') return route.continue()
      const faults = [{ pointer: `/lines/${order.lines[0]?.id}/quantity`, detail: 'must be a multiple of 6' }]
      return route.fulfill({
        status: 422,
        contentType: 'application/problem+json',
        body: JSON.stringify({ code: 'request-invalid', title: 'x', status: 422, detail: 'x', errors: faults }),
      })
    })
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Quantity must be a multiple of 6', { exact: true }).waitFor()
    await page.unroute(`**/sales_orders/${id}`)
    const better = (order.lines[0]?.quantity ?? 0) + 6
    await quantity.fill(String(better))
    await page.getByRole('button', { name: 'Add line' }).click()
    await page.getByRole('button', { name: `Line ${order.lines.length + 1}: actions` }).click()
    await page.getByRole('menuitem', { name: 'Delete line' }).click()
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText(/^Saved /).waitFor()
    const saved = ok(await world.call('manager@acme', 'GET', `/api/inventory/sales_orders/${id}`)) as {
      lines: { id: string; quantity: number }[]
    }
    expect(saved.lines.map((line) => line.id)).toEqual(order.lines.map((line) => line.id))
    expect(saved.lines[0]?.quantity).toBe(better)
  })
  it('keeps a draft over a reload, and warns before it is left', async () => {
    const { id } = await first('/api/inventory/sales_orders?limit=1&sort=-number')
    const { page } = await open('manager@acme', `/e/inventory/sales_orders/${id}/edit`)
    await page.getByLabel('Quantity, line 1', { exact: true }).fill('77')
    await expect.poll(() => page.evaluate(() => JSON.stringify(Object.entries(localStorage)))).toContain('draft')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('dialog', { name: 'Leave without saving?' }).getByRole('button', { name: 'Leave' }).click()
    await page.goto(`${world.url}/e/inventory/sales_orders/${id}/edit`)
    await page.getByText('Restored what you typed before.').waitFor()
    expect(await page.getByLabel('Quantity, line 1', { exact: true }).inputValue()).toBe('77')
  })
})

it('imports a file: columns matched, checked without a trace, run, undone', async () => {
  const { page, complaints } = await open('manager@acme', '/e/crm/companies/import')
  const before = await count('/api/crm/companies')
  const buffer = Buffer.from('Name,City,E-mail\nOne Import Ltd,Oslo,one@import.test\nTwo Import Ltd,Rome,nonsense\n')
  await page.setInputFiles('input[type=file]', { name: 'companies.csv', mimeType: 'text/csv', buffer })
  await page.getByText('3 of 3 columns have a place').waitFor()
  await page.getByRole('button', { name: 'Check the file' }).click()
  await page.getByRole('heading', { name: '1 row needs attention' }).waitFor()
  expect(await count('/api/crm/companies')).toBe(before)
  await page.getByRole('button', { name: 'Import 1 company' }).click()
  await page.getByRole('heading', { name: 'Imported 1 company' }).waitFor()
  // Leave, and come back to the same job.
  const address = page.url()
  await page.goto(world.url)
  await page.goto(address)
  await page.getByRole('button', { name: 'Undo this import' }).click()
  await page.getByRole('heading', { name: 'The import was undone' }).waitFor()
  expect(await count('/api/crm/companies')).toBe(before)
  expect(complaints).toEqual([])
})

describe.each(['desk', 'phone'] as const)('every entity of the menu on a %s', (size) => {
  it('has a list, a record and a form, without a complaint and without sideways scrolling', async () => {
    const { page, complaints } = await open('admin@acme', '/', size)
    const view = ok(await world.call('admin@acme', 'GET', '/api/catalogue')) as {
      modules: { menu: { entity: string }[] }[]
      entities: Record<string, { path: string; kind: string; title: string; actions: string[] }>
    }
    const wide = (): Promise<boolean> => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
    for (const { entity } of view.modules.flatMap((module) => module.menu)) {
      const { path = '', kind, title = '', actions = [] } = view.entities[entity] ?? {}
      const address = world.url + path.replace('/api/', '/e/')
      await page.goto(address)
      await page.locator('.grid, .cards, .state, .record[aria-label]').first().waitFor()
      expect([entity, await wide(), await page.getByText(/could not be loaded|leads nowhere/).count()]).toEqual([entity, false, 0])
      const record =
        kind === 'single' ? null : (ok(await world.call('admin@acme', 'GET', `${path}?limit=1`)) as { data: { id: string }[] }).data[0]
      if (record) {
        await page.goto(`${address}/${record.id}`)
        await page.getByRole('article').waitFor()
        expect([entity, await wide()]).toEqual([entity, false])
      }
      if (kind !== 'record' || !actions.includes('create')) continue
      await page.goto(`${address}/new`)
      await page.getByRole('button', { name: `Create ${title.toLowerCase()}` }).waitFor()
      await page.locator('[data-field]').first().waitFor()
      expect([entity, await wide()]).toEqual([entity, false])
    }
    expect(complaints).toEqual([])
  })
})
