import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { ok, openWorld } from '../engine/testing/world.ts'
import { visiting } from './testing/visit.ts'

/** Whole routes in a real browser, against the real server and its sample data. Only refusals that the server would not give are simulated. */
const world = await openWorld()
const { blank, open, count, first, rows } = visiting(world)

const grid = (page: Page): Locator => page.getByRole('grid')

describe('signing in', () => {
  it('with a wrong password says so, and keeps the address typed', async () => {
    const { page } = await blank()
    await page.goto(world.url)
    await page.getByLabel('E-mail').fill('rep@acme.test')
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').filter({ hasText: 'E-mail or password is wrong' }).waitFor()
    expect(await page.getByLabel('E-mail').inputValue()).toBe('rep@acme.test')
  })
  it('lasts over a reload by the cookie alone, and ends when signed out', async () => {
    const { page, complaints } = await open('rep@acme')
    await page.reload()
    await page.getByRole('heading', { name: 'Home', exact: true }).waitFor()
    expect(await page.evaluate(() => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]))).not.toContain('eyJ')
    await page.getByRole('button', { name: /^Account/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in to BusinessOS' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Sign in to BusinessOS' }).waitFor()
    expect(complaints).toEqual([])
  })
})

it('the entries of the account menu stand in one line', async () => {
  const { page } = await open('rep@acme')
  await page.getByRole('button', { name: /^Account/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).waitFor()
  const starts = page.locator('[role=menu] :is([role=radio], [role=menuitem])').evaluateAll((entries) =>
    entries.map((entry) => {
      const texts = document.createTreeWalker(entry, NodeFilter.SHOW_TEXT)
      const range = document.createRange()
      range.selectNode(texts.nextNode() ?? entry)
      return Math.round(range.getBoundingClientRect().left - entry.getBoundingClientRect().left)
    }),
  )
  const [start, ...others] = await starts
  expect(others.length).toBeGreaterThan(3)
  expect(others.filter((other) => other !== start)).toEqual([])
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
    await page.locator('.filter-value:focus').waitFor()
    await page.reload()
    await page.getByText(`${won} deals`, { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Remove the filter on Stage' }).click()
    await page.getByText(`${await count('/api/crm/deals')} deals`, { exact: true }).waitFor()
    expect(complaints).toEqual([])
  })
  it('is as it was after a filter that was left without a value', async () => {
    const { page, complaints } = await open('manager@acme', '/e/crm/deals')
    await grid(page).waitFor()
    const reset = page.getByRole('button', { name: 'Reset', exact: true })
    await page.keyboard.press('f')
    await page.getByRole('combobox', { name: 'Filter by' }).fill('stage')
    await page.keyboard.press('Enter')
    await page.getByRole('combobox', { name: 'Stage' }).waitFor()
    expect(await reset.count()).toBe(0)
    await page.keyboard.press('Escape')
    await page.locator('[data-filter-button]:focus').waitFor()
    await expect.poll(() => new URL(page.url()).search).toBe('')
    expect(await reset.count()).toBe(0)
    expect(complaints).toEqual([])
  })
  it('that is sorted still shows the whole title of every column', async () => {
    const { page } = await open('manager@acme', '/e/inventory/sales_orders')
    await page.getByRole('columnheader', { name: 'Ordered on', exact: true }).waitFor()
    await page.evaluate(() => document.fonts.ready)
    const cut = page
      .locator('.head-title')
      .evaluateAll((titles) =>
        titles
          .filter((title) => [...title.querySelectorAll('.ellipsis')].some((text) => text.scrollWidth > text.clientWidth))
          .map((title) => title.textContent),
      )
    expect(await cut).toEqual([])
  })
  it('is entered by J or ↓ from anywhere on the page', async () => {
    const { page, complaints } = await open('manager@acme', '/e/crm/deals')
    await page.getByRole('grid').locator('.grid-row').first().waitFor()
    const isAt = (row: number): Promise<void> => page.locator(`.grid-row[data-row="${row}"]:focus`).waitFor()
    await page.keyboard.press('j')
    await isAt(0)
    await page.keyboard.press('ArrowDown')
    await isAt(1)
    await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur())
    await page.keyboard.press('ArrowDown')
    await isAt(1)
    expect(complaints).toEqual([])
  })

  it('sorts by a click on a column, and brings the next pages as one scrolls', async () => {
    const { page, complaints } = await open('manager@acme', '/e/crm/deals?_draft=1')
    await grid(page).waitFor()
    await page.getByRole('columnheader', { name: 'Deal', exact: true }).getByRole('button', { name: 'Deal', exact: true }).click()
    await expect.poll(() => page.url()).toContain('sort=name')
    const [top] = await rows('/api/crm/deals?sort=name&limit=1')
    const total = await count('/api/crm/deals')
    expect(total).toBeGreaterThan(100)
    await page.locator(`[data-row] a[href$="${top?.id ?? ''}"]`).waitFor()
    await page.getByText(`${total} deals`, { exact: true }).waitFor()
    // The last row of the whole list is not among the first page: it is there because scrolling fetched it.
    const [last] = await rows('/api/crm/deals?sort=-name&limit=1')
    await expect
      .poll(async () => {
        await page.locator('.grid').evaluate((node) => node.scrollTo(0, node.scrollHeight))
        return page.locator(`[data-row] a[href$="${last?.id ?? ''}"]`).count()
      })
      .toBe(1)
    expect(complaints).toEqual([])
  })
  it('that the server fails to send says so, keeps its place and tries again', async () => {
    const { page } = await open('rep@acme')
    const body = JSON.stringify({ code: 'internal', title: 'x', status: 500, detail: 'x', requestId: 'r-1' })
    await page.route('**/api/crm/deals?*', (route) => route.fulfill({ status: 500, contentType: 'application/problem+json', body }))
    await page.goto(`${world.url}/e/crm/deals`)
    await page.getByRole('heading', { name: 'Deals could not be loaded' }).waitFor()
    await page.getByText('Reference r-1').waitFor()
    await page.unroute('**/api/crm/deals?*')
    await page.getByRole('button', { name: 'Retry' }).click()
    await grid(page).waitFor()
  })
  it('and its import are not there for whom the role leaves them out', async () => {
    const { page } = await open('rep@acme', '/e/inventory/suppliers')
    await grid(page).waitFor()
    expect(await page.getByRole('button', { name: 'New supplier' }).count()).toBe(0)
    for (const path of ['/e/inventory/suppliers/import', '/e/inventory/suppliers/new']) {
      await page.goto(world.url + path)
      await page.getByRole('heading', { name: 'Your role does not include this' }).waitFor()
    }
    await page.goto(`${world.url}/e/inventory/nothing`)
    await page.getByRole('heading', { name: 'There is no such list' }).waitFor()
  })
  it('says why it is empty, and offers the way back', async () => {
    const { page } = await open('rep@acme', '/e/crm/companies?_draft=1&search=zzzzzz')
    await page.getByRole('heading', { name: 'No companies match “zzzzzz”' }).waitFor()
    await page.getByText('Clear the search', { exact: true }).click()
    await grid(page).waitFor()
  })
  it('shows the whole editor of a cell in its first row, under the header', async () => {
    const { page } = await open('manager@acme', '/e/crm/deals')
    await grid(page).waitFor()
    await page.getByRole('button', { name: 'Columns and density' }).click()
    await page.getByRole('option', { name: 'Notes', exact: true }).click()
    await page.keyboard.press('Escape')
    await page.getByRole('columnheader', { name: 'Notes', exact: true }).waitFor()
    await page.locator('.grid').evaluate((node) => node.scrollTo(node.scrollWidth, 0))
    await page
      .locator('[data-row="0"] .grid-cell')
      .last()
      .dblclick({ position: { x: 20, y: 15 } })
    const editor = page.locator('.cell-editor-tall')
    await editor.locator('textarea:focus').waitFor()
    const bottom = await page.locator('.grid-head').evaluate((head) => head.getBoundingClientRect().bottom)
    expect(await editor.evaluate((node) => node.getBoundingClientRect().top)).toBeGreaterThanOrEqual(bottom)
    // What is drawn outside of its box would lie under the header.
    expect(await editor.evaluate((node) => getComputedStyle(node).boxShadow)).toContain('0px 0px 0px 2px inset')
  })
  it('edits a cell in place and takes it back', async () => {
    const { page } = await open('manager@acme', '/e/crm/deals?_draft=1&sort=name')
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
    // The schemas that forms check against are narrowed like everything else.
    const written = async (person: 'rep@acme' | 'manager@acme', mode: 'create' | 'patch'): Promise<readonly string[]> => {
      const view = ok(await world.call(person, 'GET', '/api/catalogue')) as {
        entities: Record<string, { schemas: Record<string, { properties: object }> }>
      }
      return Object.keys(view.entities['crm.deal']?.schemas[mode]?.properties ?? {})
    }
    for (const mode of ['create', 'patch'] as const) {
      expect(await written('rep@acme', mode)).not.toContain('margin')
      expect(await written('manager@acme', mode)).toContain('margin')
    }
    expect(await page.getByRole('option', { name: 'Value', exact: true }).count()).toBe(1)
  })
})

describe('a record', () => {
  it('is created with another one that its picker creates on the way', async () => {
    const { page, complaints } = await open('manager@acme', '/e/crm/deals')
    await grid(page).waitFor()
    await page.keyboard.press('c')
    const dialog = page.getByRole('dialog', { name: 'New deal' })
    await dialog.getByRole('button', { name: /^Create deal/ }).click()
    await dialog.getByText('Name is required', { exact: true }).waitFor()
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
  it('whose field only the server can judge gets the fault at that field, and keeps what was typed', async () => {
    const known = ok(
      await world.call('manager@acme', 'POST', '/api/crm/companies', { body: { name: 'First of its id', external_id: 'X-1' } }),
    )
    const { page } = await open('manager@acme', '/e/crm/companies/new')
    await page.getByLabel('Name', { exact: false }).first().fill('Second of its id')
    await page.getByLabel('External ID', { exact: true }).fill(String(known['external_id']))
    await page.getByRole('button', { name: 'Create company' }).click()
    await page.locator('[data-field=external_id] .field-fault').waitFor()
    await expect.poll(() => page.getByLabel('External ID', { exact: true }).evaluate((node) => node === document.activeElement)).toBe(true)
    expect(await page.getByLabel('Name', { exact: false }).first().inputValue()).toBe('Second of its id')
    expect(await count('/api/crm/companies?name=Second of its id')).toBe(0)
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
    const { page, complaints } = await open('manager@acme', `/e/crm/companies/${company.id}/edit`)
    const name = page.getByLabel('Name', { exact: false }).first()
    await name.fill('My name for it')
    ok(
      await world.call('admin@acme', 'PATCH', `/api/crm/companies/${company.id}`, {
        body: { name: 'Their name for it' },
        headers: { 'if-match': '*' },
      }),
    )
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('alert').filter({ hasText: 'changed Name since you opened it' }).waitFor()
    // What is chosen is what stands in the form, and the server may still refuse it.
    await name.fill('My better name for it')
    await page.route(`**/companies/${company.id}`, async (route) => {
      if (route.request().method() !== 'PATCH') return route.continue()
      const faults = [{ pointer: '/name', detail: 'Nobody is called that.' }]
      return route.fulfill({
        status: 422,
        contentType: 'application/problem+json',
        body: JSON.stringify({ code: 'request-invalid', title: 'x', status: 422, detail: 'x', errors: faults }),
      })
    })
    await page.getByRole('button', { name: 'Keep yours' }).click()
    await page.locator('[data-field="name"]').getByText('Nobody is called that').waitFor()
    await page.unroute(`**/companies/${company.id}`)
    await name.fill('My best name for it')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Saved My best name for it').waitFor()
    expect(await first(`/api/crm/companies?id=${company.id}`)).toMatchObject({ name: 'My best name for it' })
    expect(complaints.filter((each) => !/412|422/.test(each))).toEqual([])
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
    await expect.poll(() => quantity.evaluate((node) => node === document.activeElement)).toBe(true)
    await quantity.fill(String((order.lines[0]?.quantity ?? 0) + 1))
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
  it('is edited line by line in sheets on a phone', async () => {
    const { id } = await first('/api/inventory/purchase_orders?limit=1&sort=number')
    const { page, complaints } = await open('manager@acme', `/e/inventory/purchase_orders/${id}`, 'phone')
    await page.getByRole('tab', { name: 'Lines' }).click()
    await page.locator('.line-face').first().waitFor()
    await page.goto(`${world.url}/e/inventory/purchase_orders/${id}/edit`)
    await page.locator('.line-card').first().click()
    const sheet = page.getByRole('dialog', { name: 'Purchase order line 1' })
    await sheet.getByLabel('Quantity').fill('41')
    await sheet.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText(/^Saved /).waitFor()
    const saved = ok(await world.call('manager@acme', 'GET', `/api/inventory/purchase_orders/${id}`)) as { lines: { quantity: number }[] }
    expect(saved.lines[0]?.quantity).toBe(41)
    expect(complaints).toEqual([])
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

it('takes a file of another country, and one that was exported before; says at once what is no CSV', async () => {
  const { page, complaints } = await open('manager@acme', '/e/crm/companies/import')
  const choose = (text: string) =>
    page.setInputFiles('input[type=file]', { name: 'companies.csv', mimeType: 'text/csv', buffer: Buffer.from(text, 'latin1') })
  await choose('PK\x03\x04')
  await page.getByText('This is an Excel workbook; save it as CSV UTF-8.').waitFor()
  await choose('Name;City\nM\xfcller;x\n')
  await page.getByText('not in UTF-8').waitFor()
  const { id } = await first('/api/crm/companies?limit=1')
  await choose(`id;Name;City;E-mail\n${id};;Oslo;\n;Semicolon Ltd;Rome;\n`)
  await page.getByText('4 of 4 columns have a place. Cells are parted by semicolons.').waitFor()
  expect(await page.getByRole('radio', { name: 'Update the record with the same id' }).isChecked()).toBe(true)
  await page.getByRole('button', { name: 'Check the file' }).click()
  await page.getByText('1 would be updated').waitFor()
  await page.getByText('1 would be new').waitFor()
  expect(complaints).toEqual([])
})

it('shows how far a long import is, and can be left meanwhile', async () => {
  const { page } = await open('manager@acme', '/e/crm/companies/import')
  const before = await count('/api/crm/companies')
  const buffer = Buffer.from(['Name', ...Array.from({ length: 3000 }, (_, i) => `Long Import ${i + 1}`)].join('\n'))
  await page.setInputFiles('input[type=file]', { name: 'companies.csv', mimeType: 'text/csv', buffer })
  await page.getByRole('button', { name: 'Check the file' }).click()
  await page.getByText('A check changes nothing.').waitFor()
  await page.getByRole('button', { name: 'Import 3,000 companies' }).click()
  await page.getByRole('progressbar', { name: 'Progress' }).waitFor()
  const address = page.url()
  await page.getByRole('link', { name: 'Home' }).click()
  await page.getByRole('heading', { name: 'Home', exact: true }).waitFor()
  await page.goto(address)
  await page.getByRole('heading', { name: 'Imported 3,000 companies' }).waitFor()
  expect(await count('/api/crm/companies')).toBe(before + 3000)
})
