import type { Locator, Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { openFlows } from '../engine/testing/flows.ts'
import { ok } from '../engine/testing/world.ts'
import { visiting } from './testing/visit.ts'

/** Somebody with few rights finds their way: what is offered is possible, what is not says why, and no click is lost. */
const world = await openFlows({
  'entities/bill.json': {
    title: 'Bill',
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', title: 'Name', maxLength: 80 },
      discount: { title: 'Discount', 'x-bos': { type: 'percent', scale: 2 } },
      family: { title: 'Family', 'x-bos': { type: 'reference', entity: 'flows.bill', inverse: 'members' } },
      twin: {
        title: 'Twin',
        'x-bos': { type: 'reference', entity: 'flows.bill', where: 'target.family == self.family', inverse: 'twins' },
      },
      reason: { title: 'Reason', 'x-bos': { type: 'text', readOnlyWhen: 'self.discount > 5' } },
      items: { title: 'Items', 'x-bos': { type: 'lines', entity: 'flows.bill_item' } },
      state: {
        title: 'State',
        enum: ['draft', 'open', 'approved', 'void'],
        'x-bos': {
          lifecycle: {
            transitions: {
              submit: { from: ['draft'], to: 'open', guard: 'count(self.items) > 0', message: 'A bill needs items.' },
              approve: { from: ['open'], to: 'approved', roles: ['flows.boss'] },
              cancel: { from: ['draft'], to: 'void', roles: ['flows.boss'] },
            },
          },
        },
      },
    },
    'x-bos': {
      use: ['core.owned', 'core.shareable'],
      plural: 'bills',
      titleField: 'name',
      scopes: [{ id: 'opened', title: 'Open ones', where: "self.state == 'open'" }],
      rules: [{ id: 'discount', assert: 'self.discount == null || self.discount <= 10', message: 'At most a tenth.', at: 'discount' }],
      permissions: {
        'flows.clerk': { scope: ['own', 'shared', 'opened'], read: true, create: true, update: 'self.name != null' },
        'flows.boss': { scope: 'all', read: true },
      },
    },
  },
  'entities/bill_item.json': {
    title: 'Item',
    type: 'object',
    properties: {
      what: { type: 'string', title: 'What', maxLength: 80 },
      quantity: { title: 'Quantity', default: '1', 'x-bos': { type: 'decimal', scale: 3, readOnlyWhen: "self.what == 'fixed'" } },
    },
    'x-bos': { kind: 'line', plural: 'bill_items' },
  },
})
const { open } = visiting(world)
const { rep = '' } = world.acme.members
const make = async (body: object): Promise<{ id: string }> =>
  ok(await world.call('rep@acme', 'POST', '/api/flows/bills', { body })) as { id: string }

beforeAll(async () => {
  const body = { email: 'rep@acme.test', roles: ['core.user', 'flows.clerk'] }
  ok(await world.call('admin@acme', 'PUT', `/api/access/${rep}`, { body }))
})

const nextFrames = (page: Page): Promise<void> =>
  page.evaluate(
    () =>
      new Promise<void>((done) => {
        requestAnimationFrame(() => requestAnimationFrame(() => done()))
      }),
  )
async function ask(page: Page, question: string): Promise<Locator> {
  const why = page.getByRole('button', { name: question, exact: true })
  await why.focus()
  await page.keyboard.press('Enter')
  return page.getByRole('dialog')
}

describe('a new bill', () => {
  it('takes the click that ends typing, though what was typed is wrong', async () => {
    const { page, complaints } = await open('rep@acme', '/e/flows/bills/new')
    await page.getByLabel('Name', { exact: false }).first().fill('First')
    await page.getByLabel('Discount', { exact: true }).fill('20')
    const fault = page.getByText('At most a tenth', { exact: true })
    for (const line of [1, 2]) {
      const add = page.getByRole('button', { name: 'Add line' })
      const before = (await add.boundingBox())!
      await page.mouse.move(before.x + before.width / 2, before.y + 4)
      await page.mouse.down()
      await nextFrames(page)
      expect((await add.boundingBox())!.y).toBe(before.y)
      expect(await fault.count()).toBe(line - 1)
      await page.mouse.up()
      await page.getByLabel(`What, line ${line}`, { exact: true }).waitFor()
      await fault.waitFor()
    }
    expect(complaints).toEqual([])
  })

  it('offers the states that it can be in, one of which it is in', async () => {
    const { page, complaints } = await open('rep@acme', '/e/flows/bills/new')
    const state = page.getByRole('button', { name: 'State', exact: true })
    await state.getByText('Draft').waitFor()
    expect(await page.getByRole('button', { name: 'Clear State' }).count()).toBe(0)
    await state.click()
    await page.getByRole('option', { name: 'Draft' }).waitFor()
    expect(await page.getByRole('option').allInnerTexts()).toEqual(['Draft', 'Open'])
    expect(complaints).toEqual([])
  })

  it('says what is to be chosen before anything fits', async () => {
    const family = await make({ name: 'Smith' })
    await make({ name: 'Of the family', family: family.id })
    const { page, complaints } = await open('rep@acme', '/e/flows/bills/new')
    await page.getByRole('button', { name: 'Twin', exact: true }).click()
    await page.getByText('Choose Family first', { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Family', exact: true }).click()
    await page.getByRole('option', { name: 'Smith' }).first().click()
    await page.getByRole('button', { name: 'Twin', exact: true }).click()
    await page.getByRole('option', { name: 'Of the family' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('on a phone is typed from the first field of a line on, over what is there', async () => {
    const { page, complaints } = await open('rep@acme', '/e/flows/bills/new', 'phone')
    await page.getByRole('button', { name: 'Add line' }).click()
    const sheet = page.getByRole('dialog', { name: 'Item 1' })
    const what = sheet.getByLabel('What', { exact: true })
    await expect.poll(() => what.evaluate((input) => input === document.activeElement)).toBe(true)
    await page.keyboard.type('bolt')
    await page.keyboard.press('Tab')
    await page.keyboard.type('1.5')
    expect([await what.inputValue(), await sheet.getByLabel('Quantity', { exact: true }).inputValue()]).toEqual(['bolt', '1.5'])
    expect(complaints).toEqual([])
  })
})

describe('a bill', () => {
  it('says why a step is not possible, and nothing that is not so', async () => {
    const draft = await make({ name: 'Draft' })
    const { page, complaints } = await open('rep@acme', `/e/flows/bills/${draft.id}`)
    const told = await ask(page, 'Why is “Submit” not possible?')
    await told.getByText('A bill needs items.').waitFor()
    expect(await told.getByRole('listitem').allInnerTexts()).toEqual(['A bill needs items.'])
    expect(complaints).toEqual([])
  })

  it('says of its state what leads on and who may go there', async () => {
    const opened = await make({ name: 'Opened', items: [{ what: 'x' }] })
    ok(await world.call('rep@acme', 'POST', `/api/flows/bills/${opened.id}/submit`, { body: {} }))
    const { page, complaints } = await open('rep@acme', `/e/flows/bills/${opened.id}`)
    const told = await ask(page, 'Why can State not be changed?')
    await told.getByText('From Open only Approve leads on; only Boss may approve.', { exact: true }).waitFor()
    expect(complaints).toEqual([])
  })

  it('says why a value that a condition keeps cannot be changed, in its form and on its page, empty or not', async () => {
    const kept = await make({ name: 'Kept', discount: '6' })
    const { page, complaints } = await open('rep@acme', `/e/flows/bills/${kept.id}/edit`)
    const question = 'Why can Reason not be changed?'
    await (await ask(page, question)).getByText('self.discount > 5', { exact: true }).waitFor()
    await page.goto(`${world.url}/e/flows/bills/${kept.id}`)
    await page.getByRole('button', { name: /^Show \d+ empty$/ }).click()
    await (await ask(page, question)).getByText('self.discount > 5', { exact: true }).waitFor()
    expect(complaints).toEqual([])
  })

  it.each(['desk', 'phone'] as const)('says it of a value of a line, in its form on a %s', async (size) => {
    const fixed = await make({ name: 'Fixed', items: [{ what: 'fixed' }] })
    const { page, complaints } = await open('rep@acme', `/e/flows/bills/${fixed.id}/edit`, size)
    if (size === 'phone') await page.locator('.line-card').click()
    await page.getByRole('button', { name: 'Why can Quantity not be changed?', exact: true }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('Quantity cannot be changed now.', { exact: true }).waitFor()
    expect(complaints).toEqual([])
  })
})
