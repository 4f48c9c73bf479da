import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { ok, openWorld } from '../engine/testing/world.ts'
import { visiting, type Row } from './testing/visit.ts'

/** What becomes of values and records that people change: kept, taken back, deleted, restored. */
const world = await openWorld()
const { open, first, count, rows } = visiting(world)

const rowOf = (page: Page, id: string): Locator =>
  page
    .locator('[data-row]')
    .filter({ has: page.locator(`a[href$="${id}"]`) })
    .first()
const dealNow = (id: string): Promise<Row> => first(`/api/crm/deals?id=${id}`)

describe('an amount in a cell', () => {
  it('is not emptied by words, nor by a currency alone', async () => {
    const deal = await first('/api/crm/deals?sort=name&limit=1&value.null=false')
    const { page } = await open('manager@acme', '/e/crm/deals?_draft=1&sort=name')
    const cell = rowOf(page, deal.id).getByRole('gridcell').nth(3)
    const editor = page.getByRole('textbox', { name: 'Value', exact: true })
    for (const text of ['abc', 'TBD', 'x']) {
      await cell.click()
      await page.keyboard.type(text)
      await page.keyboard.press('Enter')
      await expect.poll(() => editor.getAttribute('aria-invalid')).toBe('true')
      await page.keyboard.press('Escape')
    }
    await cell.click()
    await page.keyboard.press('Enter')
    await editor.fill('€')
    await page.keyboard.press('Enter')
    await expect.poll(() => editor.getAttribute('aria-invalid')).toBe('true')
    expect((await dealNow(deal.id))['value']).toEqual(deal['value'])
  })
})

describe('rows that arrive while somebody works in the grid', () => {
  it.each(['before typing', 'while typing', 'after saving'])('leave the hands on their record, and its new value: %s', async (when) => {
    const deals = await rows('/api/crm/deals?sort=name&limit=20')
    const above = deals[0]!
    const deal = deals.find(({ name }) => name !== above['name'])!
    const { page } = await open('manager@acme', '/e/crm/deals?_draft=1&sort=name')
    const cell = rowOf(page, deal.id).getByRole('gridcell').nth(3)
    await cell.waitFor()
    // The rows are read at once and arrive later.
    const read = Promise.withResolvers<void>()
    const arrive = Promise.withResolvers<void>()
    await page.route('**/api/crm/deals?*search=*', async (route) => {
      const response = await route.fetch()
      read.resolve()
      await arrive.promise
      await route.fulfill({ response }).catch(() => undefined)
    })
    const arrived = () => rowOf(page, above.id).waitFor({ state: 'detached' })
    await page.getByRole('textbox', { name: 'Search deals' }).fill(String(deal['name']))
    await read.promise
    await cell.click()
    if (when === 'before typing') {
      arrive.resolve()
      await arrived()
    }
    const amount = { 'before typing': '421', 'while typing': '422', 'after saving': '423' }[when]!
    await page.keyboard.type(amount[0]!)
    if (when === 'while typing') {
      const answered = page.waitForResponse(/deals\?.*search=/)
      arrive.resolve()
      await answered
      await expect.poll(() => page.getByRole('textbox', { name: 'Value', exact: true }).inputValue()).toBe('4')
    }
    await page.keyboard.type(amount.slice(1))
    await page.keyboard.press('Enter')
    await expect.poll(async () => (await dealNow(deal.id))['value']).toMatchObject({ amount: `${amount}.00` })
    if (when === 'after saving') {
      await page.getByText('Value changed').first().waitFor()
      arrive.resolve()
    }
    await arrived()
    await cell.getByText(`${amount}.00`).waitFor()
    expect((await dealNow(above.id))['value']).toEqual(above['value'])
  })
})

it('a cell that somebody else changed meanwhile asks which to keep', async () => {
  const deal = await first('/api/crm/deals?sort=name&limit=1&value.null=false')
  const { page } = await open('manager@acme', '/e/crm/deals?_draft=1&sort=name')
  const cell = rowOf(page, deal.id).getByRole('gridcell').nth(3)
  await cell.click()
  await page.keyboard.type('333')
  const value = { amount: '1.00', currency: 'EUR' }
  ok(await world.call('admin@acme', 'PATCH', `/api/crm/deals/${deal.id}`, { body: { value }, headers: { 'if-match': '*' } }))
  await page.keyboard.press('Enter')
  const asked = page.getByRole('alert').filter({ hasText: `changed value of ${String(deal['name'])} to` })
  await asked.getByRole('button', { name: 'Keep yours' }).click()
  await expect.poll(async () => (await dealNow(deal.id))['value']).toMatchObject({ amount: '333.00' })
  await expect.poll(() => asked.count()).toBe(0)
})

it('what is half typed in a cell that is left is told, not lost in silence', async () => {
  const deal = await first('/api/crm/deals?sort=name&limit=1&value.null=false')
  const { page } = await open('manager@acme', '/e/crm/deals?_draft=1&sort=name')
  await rowOf(page, deal.id).getByRole('gridcell').nth(3).click()
  await page.keyboard.type('12 apples')
  await page.getByRole('textbox', { name: 'Search deals' }).click()
  await page.getByText(/^Value was not changed\./).waitFor()
  expect(await dealNow(deal.id)).toMatchObject({ value: deal['value'] })
})

it('a reference is chosen where it stands on a phone, too', async () => {
  const [from, to] = (await rows('/api/crm/companies?limit=2&sort=name')) as [Row, Row]
  const contact = ok(await world.call('manager@acme', 'POST', '/api/crm/contacts', { body: { name: 'Phone Choice', company: from.id } }))
  const { page, complaints } = await open('manager@acme', `/e/crm/contacts/${String(contact['id'])}`, 'phone')
  await page.getByRole('tab', { name: 'Details' }).click()
  await page.getByRole('button', { name: 'Company: edit' }).press('Enter')
  await page.getByRole('combobox', { name: 'Company' }).fill(String(to['name']))
  await page
    .getByRole('option', { name: String(to['name']) })
    .filter({ hasNotText: 'Create' })
    .first()
    .tap()
  await page.getByRole('button', { name: 'Company: edit' }).getByText(String(to['name'])).waitFor()
  expect(await first(`/api/crm/contacts?id=${String(contact['id'])}`)).toMatchObject({ company: to.id })
  expect(complaints).toEqual([])
})

it('Enter before a search has answered picks what it brings, and never what was there for an older text', async () => {
  const known = String((await first('/api/crm/companies?sort=name&limit=1'))['name'])
  const sought = ok(await world.call('manager@acme', 'POST', '/api/crm/companies', { body: { name: 'Zymurgy of the Far End' } }))
  const { page } = await open('manager@acme', '/e/crm/contacts/new')
  const held: (() => void)[] = []
  // Searches answer when they are told to, and other lists know nothing of the new one.
  await page.route('**/api/crm/companies?*', async (route) => {
    const { searchParams } = new URL(route.request().url())
    if (searchParams.has('search')) await new Promise<void>((resolve) => held.push(resolve))
    await (searchParams.has('search') || !searchParams.has('limit')
      ? route.continue()
      : route.continue({ url: `${route.request().url()}&name.ne=Zymurgy%20of%20the%20Far%20End` }))
  })
  const picker = page.locator('[data-field=company]').getByRole('button', { name: 'Company', exact: true })
  await picker.click()
  const search = page.getByRole('combobox', { name: 'Company' })
  await page.getByRole('option', { name: known }).first().waitFor()
  await search.fill('Zymurgy')
  await search.press('Enter')
  await expect.poll(() => held.length).toBe(1)
  expect(await page.getByRole('option').allInnerTexts()).toEqual(['Create “Zymurgy”'])
  held.forEach((release) => release())
  await picker.getByText(String(sought['name'])).waitFor()
  expect(await page.getByRole('dialog', { name: 'New company' }).count()).toBe(0)
})

describe('Ctrl+Z', () => {
  it('takes edits of cells back one by one and leaves the search alone', async () => {
    const deal = await first('/api/crm/deals?sort=name&limit=1&value.null=false')
    const { page } = await open('manager@acme', '/e/crm/deals?_draft=1&sort=name')
    const search = page.getByRole('textbox', { name: 'Search deals' })
    await search.fill(String(deal['name']))
    await expect.poll(() => page.url()).toContain('search=')
    const cell = rowOf(page, deal.id).getByRole('gridcell').nth(3)
    for (const amount of ['111', '222']) {
      await cell.click()
      await page.keyboard.type(amount)
      await page.keyboard.press('Enter')
      await cell.getByText(`${amount}.00`).waitFor()
      await page.getByText('Value changed').first().waitFor()
    }
    // One takes the other's place.
    await expect.poll(() => page.locator('.toast').count()).toBe(1)
    await cell.click()
    await page.keyboard.press('Control+z')
    await expect.poll(async () => (await dealNow(deal.id))['value']).toMatchObject({ amount: '111.00' })
    await cell.click()
    await page.keyboard.press('Control+z')
    await expect.poll(async () => (await dealNow(deal.id))['value']).toEqual(deal['value'])
    await cell.click()
    await page.keyboard.press('Control+z')
    expect(await search.inputValue()).toBe(deal['name'])
  })
})

describe('a deleted record', () => {
  it('can be looked at but not edited, and is restored where it is seen', async () => {
    const made = ok(await world.call('manager@acme', 'POST', '/api/crm/companies', { body: { name: 'Gone and back' } })) as Row
    await world.call('manager@acme', 'DELETE', `/api/crm/companies/${made.id}`, { headers: { 'if-match': '*' } })
    const { page, complaints } = await open('manager@acme', '/e/crm/companies?_draft=1&deleted=only')
    await page.locator(`a[href$="${made.id}"]`).click()
    const panel = page.getByRole('complementary', { name: 'Company' })
    await panel.getByRole('heading', { name: 'Gone and back' }).waitFor()
    expect(await panel.getByRole('button', { name: /edit$/i }).count()).toBe(0)
    await panel.getByRole('button', { name: 'Restore' }).click()
    await panel.getByRole('button', { name: 'Edit', exact: true }).waitFor()
    expect(await count(`/api/crm/companies?id=${made.id}`)).toBe(1)
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([])
  })
  it('whose address is not there any more leaves a panel that can be closed', async () => {
    const { page } = await open('manager@acme', '/e/crm/companies?_panel=0198c0de-0000-7000-8000-000000000009')
    const panel = page.getByRole('complementary', { name: 'Company' })
    await panel.getByText('This company is not here').waitFor()
    await panel.getByRole('button', { name: 'Close' }).click()
    await panel.waitFor({ state: 'detached' })
  })
})

it('“Create and add another” that was refused does not reopen the dialog later', async () => {
  const { page } = await open('manager@acme', '/e/crm/companies')
  await page.getByRole('grid').waitFor()
  await page.keyboard.press('c')
  const dialog = page.getByRole('dialog', { name: 'New company' })
  await dialog.getByRole('button', { name: 'Create and add another' }).click()
  await dialog.locator('.field-fault').first().waitFor()
  await dialog.getByLabel('Name').first().fill('One and no more')
  await dialog.getByRole('button', { name: /^Create company/ }).click()
  await page.getByText('Created One and no more').waitFor()
  await dialog.waitFor({ state: 'detached' })
})

describe('a new document', () => {
  it('is written on a page of its own; a new line is not wrong before its cells were left', async () => {
    const { page, complaints } = await open('manager@acme', '/e/inventory/purchase_orders')
    await page.getByRole('button', { name: 'New purchase order' }).click()
    await page.getByRole('button', { name: 'Add line' }).click()
    expect(page.url()).toContain('/purchase_orders/new')
    const price = page.getByLabel('Unit price, line 1', { exact: true })
    await price.waitFor()
    expect(await page.locator('.field-fault').count()).toBe(0)
    await price.focus()
    await page.getByLabel('Quantity, line 1', { exact: true }).focus()
    await page.getByText('Unit price is required', { exact: true }).waitFor()
    // The product, where the new line began, was left too; no other cell was.
    expect(await page.locator('.field-fault').allInnerTexts()).toEqual(['Product is required', 'Unit price is required'])
    await page.getByRole('button', { name: 'Create purchase order' }).click()
    await expect.poll(() => page.locator('.field-fault').count()).toBeGreaterThan(2)
    await page.getByRole('button', { name: 'Add line' }).click()
    expect(await page.locator('[data-line="1"] .field-fault').count()).toBe(0)
    expect(complaints).toEqual([])
  })
  it('opens the sheet of a new line at once on a phone; its lines are what one sees first', async () => {
    const { id } = await first('/api/inventory/purchase_orders?limit=1&sort=number')
    const { page, complaints } = await open('manager@acme', `/e/inventory/purchase_orders/${id}`, 'phone')
    await page.locator('.line-face').first().waitFor()
    await page.goto(`${world.url}/e/inventory/purchase_orders/new`)
    await page.getByRole('button', { name: 'Add line' }).click()
    await page.getByRole('dialog', { name: 'Purchase order line 1' }).getByLabel('Quantity').waitFor()
    expect(complaints).toEqual([])
  })
})

it('searching changes no view, and the blank part of a column’s head sorts', async () => {
  const { page } = await open('manager@acme', '/e/crm/deals')
  await page.getByRole('grid').waitFor()
  await page.getByRole('textbox', { name: 'Search deals' }).fill('a')
  await expect.poll(() => page.url()).toContain('search=a')
  expect(page.url()).not.toMatch(/sort=|draft=/)
  expect(await page.getByRole('button', { name: 'Reset', exact: true }).count()).toBe(0)
  const head = page.getByRole('columnheader', { name: 'Deal', exact: true })
  const box = (await head.boundingBox()) ?? expect.fail('no head')
  await page.mouse.click(box.x + box.width - 60, box.y + box.height / 2)
  await expect.poll(() => page.url()).toContain('sort=name')
})
