import type { Locator, Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { openWorks } from '../engine/testing/works.ts'
import { ok } from '../engine/testing/world.ts'
import { visiting } from './testing/visit.ts'

/** What modules say in expressions is true in forms as one types, by the same expressions; the server is asked only for what it alone knows. */
const world = await openWorks()
const { open } = visiting(world)
const make = async (path: string, body: object): Promise<Record<string, unknown> & { id: string }> =>
  ok(await world.call('admin@acme', 'POST', path, { body })) as Record<string, unknown> & { id: string }
const orderNow = async (id: unknown): Promise<Record<string, unknown>> =>
  ok(await world.call('admin@acme', 'GET', `/api/works/orders/${String(id)}`))

let vienna: { id: string }
let bolt: { id: string }
beforeAll(async () => {
  bolt = await make('/api/works/articles', { name: 'Bolt', price: '2.5', weight: '0.125' })
  await make('/api/works/articles', { name: 'Gift', price: '0' })
  vienna = await make('/api/crm/companies', { name: 'Vienna works', country: 'Austria' })
  const berlin = await make('/api/crm/companies', { name: 'Berlin works', country: 'Germany' })
  await make('/api/crm/contacts', { name: 'Anna of Vienna', company: vienna.id })
  await make('/api/crm/contacts', { name: 'Bert of Berlin', company: berlin.id })
  for (const name of ['X1', 'X2', 'X3']) await make('/api/works/orders', { name, customer: berlin.id })
})

const field = (page: Page, name: string): Locator => page.locator(`[data-field="${name}"]`)
const total = (page: Page, name: string): Locator => page.locator(`[data-total="${name}"]`)
async function choose(page: Page, button: Locator, text: string): Promise<void> {
  await button.click()
  await page.getByRole('option', { name: text }).first().click()
}
/** Every write that was tried or done, in order. */
function watch(page: Page): string[] {
  const sent: string[] = []
  page.on('request', (request) => {
    if (['POST', 'PATCH'].includes(request.method()) && request.url().includes('/api/works/'))
      sent.push(`${request.method()} ${new URL(request.url()).search}`)
  })
  return sent
}

describe('a new order', () => {
  it('shows and demands fields as one types, without asking anybody', async () => {
    const { page, complaints } = await open('admin@acme', '/e/works/orders/new')
    const sent = watch(page)
    const discount = page.getByLabel('Discount', { exact: true })
    await page.getByLabel('Name', { exact: false }).first().fill('Conditions')
    expect(await field(page, 'reason').count()).toBe(0)
    const before = await field(page, 'customer').boundingBox()
    await discount.fill('5')
    await field(page, 'reason').waitFor()
    expect(await field(page, 'reason').locator('.form-required').count()).toBe(0)
    expect(await field(page, 'customer').boundingBox()).toEqual(before)
    await discount.fill('60')
    await field(page, 'reason').locator('.form-required').waitFor()
    expect(await page.locator('.field-fault').count()).toBe(0)
    await page.getByLabel('Name', { exact: false }).first().focus()
    await field(page, 'discount').getByText('At most half of the price', { exact: true }).waitFor()
    await discount.fill('0')
    await expect.poll(() => field(page, 'reason').count()).toBe(0)
    expect(await page.locator('.field-fault').count()).toBe(0)
    expect([sent, complaints]).toEqual([[], []])
  })

  it('adds up while its lines are typed; what was copied may be typed over until another is chosen', async () => {
    const { page, complaints } = await open('admin@acme', '/e/works/orders/new')
    await page.getByLabel('Name', { exact: false }).first().fill('Live')
    await page.getByRole('button', { name: 'Add line' }).click()
    await choose(page, page.getByRole('button', { name: 'Article, line 1' }), 'Bolt')
    const price = page.getByLabel('Price, line 1', { exact: true })
    await expect.poll(() => price.inputValue()).toBe('2.50')
    await page.getByLabel('Quantity, line 1', { exact: true }).fill('3')
    await expect.poll(() => total(page, 'total').innerText()).toBe('7.50')
    await price.fill('2')
    await expect.poll(() => total(page, 'total').innerText()).toBe('6.00')
    expect(await price.inputValue()).toBe('2')
    await page.getByLabel('Discount', { exact: true }).fill('10')
    await expect.poll(() => total(page, 'net').innerText()).toBe('5.40')
    await expect.poll(() => field(page, 'size').innerText()).toContain('Small')
    await choose(page, page.getByRole('button', { name: 'Article, line 1' }), 'Gift')
    await expect.poll(() => price.inputValue()).toBe('0.00')
    await page.getByLabel('Note, line 1', { exact: true }).focus()
    await page.getByLabel('Quantity, line 1', { exact: true }).focus()
    await page.getByText('Note is required', { exact: true }).waitFor()
    await choose(page, page.getByRole('button', { name: 'Article, line 1' }), 'Bolt')
    await expect.poll(() => total(page, 'total').innerText()).toBe('7.50')
    await page.getByRole('button', { name: 'Create order' }).click()
    await page.getByText('Created Live').waitFor()
    const id = /orders\/([0-9a-f-]{36})/.exec(page.url())?.[1]
    expect(await orderNow(id)).toMatchObject({ total: '7.50', net: '6.75', lines: [{ price: '2.5000', quantity: 3 }] })
    expect(complaints).toEqual([])
  })

  it('warns and stores all the same', async () => {
    const { page } = await open('admin@acme', '/e/works/orders/new')
    await page.getByLabel('Name', { exact: false }).first().fill('Large')
    await page.getByRole('button', { name: 'Add line' }).click()
    await choose(page, page.getByRole('button', { name: 'Article, line 1' }), 'Bolt')
    await page.getByLabel('Quantity, line 1', { exact: true }).fill('4000')
    await page.locator('.field-warning', { hasText: 'That is a large order' }).waitFor()
    await page.getByRole('button', { name: 'Create order' }).click()
    await page.locator('.toast-warning', { hasText: 'That is a large order.' }).waitFor()
  })

  it('asks the server, once typing pauses, for what it alone knows; typing goes on meanwhile', async () => {
    const { page } = await open('admin@acme', '/e/works/orders/new')
    const sent = watch(page)
    await page.getByLabel('Name', { exact: false }).first().fill('Fourth')
    await choose(page, page.getByRole('button', { name: 'Customer', exact: true }), 'Berlin works')
    await page.getByLabel('Name', { exact: false }).first().focus()
    await page.getByText('The customer has three open orders already').waitFor()
    // Refused, it is asked once more for what else only the server knows.
    const refused = ['POST ?dryRun=true', 'POST ?dryRun=unfinished']
    await expect.poll(() => sent).toEqual(refused)
    await page.getByLabel('Name', { exact: false }).first().fill('Fourth of them')
    await page.waitForTimeout(800)
    expect(sent).toEqual(refused)
    await choose(page, page.getByRole('button', { name: 'Customer', exact: true }), 'Vienna works')
    await expect.poll(() => page.getByText('The customer has three open orders already').count()).toBe(0)
    await field(page, 'country').getByText('Austria').waitFor()
    await expect.poll(() => sent.length).toBe(3)
  })

  it('offers in a limited reference only what fits, asked of the server; what is made there fits', async () => {
    const { page, complaints } = await open('admin@acme', '/e/works/orders/new')
    const filters: (string | null)[] = []
    page.on('request', (request) => {
      const { pathname, searchParams } = new URL(request.url())
      if (pathname === '/api/crm/contacts' && searchParams.has('limit')) filters.push(searchParams.get('filter'))
    })
    await choose(page, page.getByRole('button', { name: 'Customer', exact: true }), 'Vienna works')
    await page.getByRole('button', { name: 'Contact', exact: true }).click()
    await page.getByRole('option', { name: 'Anna of Vienna' }).waitFor()
    await page.getByRole('combobox', { name: 'Contact' }).fill('Bert')
    await page.getByRole('option', { name: 'Create “Bert”' }).waitFor()
    // What there is elsewhere is not said to be nowhere.
    await page.getByText('No match for “Bert” among what fits here').waitFor()
    await page.getByRole('combobox', { name: 'Contact' }).fill('of')
    await page.getByRole('option', { name: 'Anna of Vienna' }).waitFor()
    expect(await page.getByRole('option', { name: 'Bert of Berlin' }).count()).toBe(0)
    expect([...new Set(filters)]).toEqual([`self.company == '${vienna.id}'`])
    await page.getByRole('combobox', { name: 'Contact' }).fill('Carl')
    await page.getByRole('option', { name: 'Create “Carl”' }).click()
    const dialog = page.getByRole('dialog', { name: 'New contact' })
    await dialog.getByRole('button', { name: 'Company', exact: true }).getByText('Vienna works').waitFor()
    await dialog.getByRole('button', { name: /^Create contact/ }).click()
    await expect.poll(() => page.getByRole('button', { name: 'Contact', exact: true }).innerText()).toContain('Carl')
    expect(complaints).toEqual([])
  })

  it('marks the cells that a line needs, and shows in a cell what the server says of it', async () => {
    const { page } = await open('admin@acme', '/e/works/orders/new')
    await page.getByLabel('Name', { exact: false }).first().fill('Cells')
    for (const [line, article] of ['Bolt', 'Gift'].entries()) {
      await page.getByRole('button', { name: 'Add line' }).click()
      await choose(page, page.getByRole('button', { name: `Article, line ${line + 1}` }), article)
    }
    const cell = (line: number, title: string): Locator => page.locator(`[data-line="${line}"] td`).filter({ has: page.getByLabel(title) })
    await cell(1, 'Note, line 2').getByText('Required', { exact: true }).waitFor()
    expect(await cell(0, 'Note, line 1').getByText('Required', { exact: true }).count()).toBe(0)
    await page.getByLabel('Note, line 2', { exact: true }).fill('free')
    await page.route('**/api/works/orders', (route) =>
      route.fulfill({
        status: 422,
        contentType: 'application/problem+json',
        body: JSON.stringify({
          title: 'The request has invalid values',
          status: 422,
          code: 'request-invalid',
          errors: [{ pointer: '/lines/1/price', detail: 'Nobody sells it for that.' }],
        }),
      }),
    )
    await page.getByRole('button', { name: 'Create order' }).click()
    await cell(1, 'Price, line 2').getByText('Nobody sells it for that').waitFor()
    expect(await page.getByLabel('Price, line 2', { exact: true }).getAttribute('aria-invalid')).toBe('true')
    await page.getByLabel('Price, line 2', { exact: true }).fill('3')
    await expect.poll(() => page.getByText('Nobody sells it for that').count()).toBe(0)
  })

  it('is the same on a phone, line by line', async () => {
    const { page, complaints } = await open('admin@acme', '/e/works/orders/new', 'phone')
    await page.getByRole('button', { name: 'Add line' }).click()
    const sheet = page.getByRole('dialog', { name: 'Order line 1' })
    await choose(page, sheet.getByRole('button', { name: 'Article', exact: true }), 'Bolt')
    await expect.poll(() => sheet.getByLabel('Price', { exact: false }).first().inputValue()).toBe('2.50')
    expect(await sheet.getByText('Gift', { exact: true }).count()).toBe(0)
    await sheet.getByRole('button', { name: 'Done' }).click()
    await expect.poll(() => total(page, 'total').innerText()).toBe('2.50')
    expect(complaints).toEqual([])
  })
})

describe('a stored order', () => {
  it('stands in columns, whether its fields are typed or worked out', async () => {
    const order = await make('/api/works/orders', { name: 'Columns' })
    const { page } = await open('admin@acme', `/e/works/orders/${order.id}/edit`)
    await field(page, 'country').waitFor()
    const box = async (name: string) => (await field(page, name).boundingBox()) ?? expect.fail(name)
    const boxes = await Promise.all(['country', 'greeting', 'due'].map(box))
    const { width } = await box('customer')
    expect(boxes.map((each) => Math.abs(Math.round(each.width - width)))).toEqual([0, 0, 0])
    expect(new Set(boxes.map(({ y }) => y)).size).toBe(1)
  })
  it('says why a field may not be changed, in its form and on its page', async () => {
    const closed = await make('/api/works/orders', { name: 'Closed', status: 'closed', discount: '5', reason: 'old friend' })
    const { page, complaints } = await open('admin@acme', `/e/works/orders/${closed.id}/edit`)
    await field(page, 'reason').getByRole('img', { name: 'Cannot be changed now. This depends on Status (Closed).' }).waitFor()
    expect(await field(page, 'reason').locator('input').count()).toBe(0)
    await page.goto(`${world.url}/e/works/orders/${closed.id}`)
    await page.getByRole('img', { name: 'Cannot be changed now. This depends on Status (Closed).' }).waitFor()
    expect(complaints).toEqual([])
  })
})

it('a cell keeps in its editor what a rule refuses, with the reason', async () => {
  const deal = await make('/api/crm/deals', { name: 'Won for nothing', company: vienna.id })
  const { page } = await open('admin@acme', '/e/crm/deals?_draft=1&search=Won for nothing')
  const row = page.locator('[data-row]').filter({ has: page.locator(`a[href$="${deal.id}"]`) })
  await row.waitFor()
  const heads = await page.getByRole('columnheader').allInnerTexts()
  await row
    .getByRole('gridcell')
    .nth(heads.findIndex((head) => head.includes('Stage')))
    .click()
  await page.keyboard.press('Enter')
  await page.getByRole('option', { name: 'Won', exact: true }).click()
  // Nothing stands over it: the row below comes later in the document.
  await page.getByText('A won deal needs a value.').click({ trial: true })
  await page.keyboard.press('Escape')
  expect(ok(await world.call('admin@acme', 'GET', `/api/crm/deals/${deal.id}`))).toMatchObject({ stage: 'new', version: 1 })
})

describe('what a rule asks for on a record’s page', () => {
  const edit = (page: Page, title: string): Locator => page.getByRole('button', { name: `${title}: edit`, exact: true })
  const chosen = async (page: Page, title: string, option: string): Promise<void> => {
    await edit(page, title).click()
    await page.getByRole('option', { name: option, exact: true }).click()
  }
  const dealNow = async (id: string): Promise<Record<string, unknown>> => ok(await world.call('admin@acme', 'GET', `/api/crm/deals/${id}`))

  it('is saved together with what it was asked for, and undone together', async () => {
    const deal = await make('/api/crm/deals', { name: 'Lost for a reason', company: vienna.id, next_step: 'Call' })
    const { page, complaints } = await open('admin@acme', `/e/crm/deals/${deal.id}`)
    await chosen(page, 'Stage', 'Lost')
    await page.getByText('Lost because is required.').waitFor()
    await chosen(page, 'Lost because', 'Price')
    await page.getByText('Stage and Lost because changed').waitFor()
    expect(await dealNow(deal.id)).toMatchObject({ stage: 'lost', lost_reason: 'price', version: 2 })
    await edit(page, 'Stage').waitFor()
    await edit(page, 'Lost because').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(async () => (await dealNow(deal.id))['stage']).toBe('new')
    expect(await dealNow(deal.id)).toMatchObject({ lost_reason: null, version: 3 })
    expect(complaints).toEqual([])
  })

  it('holds up nothing else: what it says nothing of is saved, and what it refuses stays in its editor', async () => {
    const deal = await make('/api/crm/deals', { name: 'Lost later', company: vienna.id, next_step: 'Call' })
    const { page } = await open('admin@acme', `/e/crm/deals/${deal.id}`)
    await chosen(page, 'Stage', 'Lost')
    await page.getByText('Lost because is required.').waitFor()
    await edit(page, 'Next step').click()
    await page.getByLabel('Next step', { exact: true }).fill('Write')
    await page.keyboard.press('Enter')
    await page.getByText('Next step changed').waitFor()
    expect(await dealNow(deal.id)).toMatchObject({ stage: 'new', next_step: 'Write', version: 2 })
    await page.getByText('Lost because is required.').waitFor()
    await page.getByRole('button', { name: 'Stage', exact: true }).focus()
    await page.keyboard.press('Escape')
    await edit(page, 'Stage').getByText('New', { exact: true }).waitFor()
  })

  it('is forgotten with its editor: what is folded away is not saved with anything', async () => {
    const deal = await make('/api/crm/deals', { name: 'Folded', company: vienna.id, next_step: 'Call' })
    const { page } = await open('admin@acme', `/e/crm/deals/${deal.id}`)
    await chosen(page, 'Stage', 'Won')
    await page.getByText('A won deal needs a value.').waitFor()
    const progress = page.getByRole('button', { name: 'Progress', exact: true })
    await progress.click()
    await page.getByRole('button', { name: /^Show \d+ empty$/ }).click()
    await edit(page, 'Value').click()
    await page.getByRole('textbox', { name: 'Value', exact: true }).fill('100')
    await page.keyboard.press('Enter')
    await page.getByText('Value changed').waitFor()
    expect(await dealNow(deal.id)).toMatchObject({ stage: 'new', version: 2 })
    await progress.click()
    await edit(page, 'Stage').getByText('New', { exact: true }).waitFor()
  })
})

it('a record’s page shows what would follow, while a value stands in its editor', async () => {
  const { page, complaints } = await open('admin@acme', `/e/works/articles/${bolt.id}`)
  const gross = page.locator('.property', { hasText: 'With tax' })
  await gross.getByText('3.00').waitFor()
  await page.getByRole('button', { name: 'Price: edit' }).click()
  await page.getByLabel('Price', { exact: true }).fill('10')
  await gross.getByText('12.00').waitFor()
  await page.keyboard.press('Escape')
  await gross.getByText('3.00').waitFor()
  expect(complaints).toEqual([])
})
