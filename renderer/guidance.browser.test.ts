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
  'entities/parcel.json': {
    title: 'Parcel',
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', title: 'Name', maxLength: 80 },
      due: { title: 'Due', type: 'string', format: 'date' },
      boxes: { title: 'Boxes', 'x-bos': { type: 'lines', entity: 'flows.parcel_box' } },
    },
    'x-bos': { plural: 'parcels', titleField: 'name', permissions: { 'flows.boss': { scope: 'all', read: true } } },
  },
  'entities/parcel_box.json': {
    title: 'Box',
    type: 'object',
    properties: {
      label: { type: 'string', title: 'Label', maxLength: 80 },
      weight: { title: 'Weight', 'x-bos': { type: 'decimal', scale: 3, visibleWhen: "self.label != 'void'" } },
      seal: { title: 'Seal', type: 'string', maxLength: 80, 'x-bos': { createOnly: true } },
      remark: { title: 'Remark', 'x-bos': { type: 'longText' } },
      about: { title: 'About', 'x-bos': { type: 'reference', entity: 'flows.bill' } },
      items: { title: 'Items', 'x-bos': { type: 'lines', entity: 'flows.parcel_item' } },
    },
    'x-bos': { kind: 'line', plural: 'parcel_boxes' },
  },
  'entities/parcel_item.json': {
    title: 'Content',
    type: 'object',
    properties: {
      what: { type: 'string', title: 'What', maxLength: 80 },
      quantity: { title: 'Quantity', 'x-bos': { type: 'decimal', scale: 3 } },
    },
    'x-bos': { kind: 'line', plural: 'parcel_items' },
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
    expect(await told.getByRole('paragraph').allInnerTexts()).toEqual(['Why is “Submit” not possible?', 'A bill needs items.'])
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

describe('lines', () => {
  const text = (page: Page, label: string): Locator => page.getByLabel(label, { exact: true })
  const paste = (where: Locator, content: string): Promise<void> =>
    where.evaluate((node, pasted) => {
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', pasted)
      node.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    }, content)
  const parcel = async (): Promise<string> => {
    const boxes = ['one', 'two'].map((label) => ({ label, weight: '1', seal: 's', items: [{ what: `of ${label}`, quantity: '2' }] }))
    const { id } = ok(await world.call('admin@acme', 'POST', '/api/flows/parcels', { body: { name: 'Parcel', boxes } }))
    return String(id)
  }
  const stored = async (id: string) =>
    ok(await world.call('admin@acme', 'GET', `/api/flows/parcels/${id}`)) as {
      boxes: { label: string; seal: string; items: { what: string; quantity: string }[] }[]
    }
  const save = async (page: Page): Promise<void> => {
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Saved Parcel').waitFor()
  }

  it('of lines are a table of their own to the keyboard and to what is pasted; so is what only floats above them', async () => {
    const id = await parcel()
    const { page, complaints } = await open('admin@acme', `/e/flows/parcels/${id}/edit`)
    const inner = page.getByRole('group', { name: 'Items of line 1' })
    await paste(text(page, 'What, line 1').first(), 'a\t5\nb\t6')
    await inner.getByLabel('Quantity, line 2', { exact: true }).waitFor()
    expect(await text(page, 'Label, line 1').inputValue()).toBe('one')
    await inner.getByLabel('Quantity, line 1', { exact: true }).focus()
    await page.keyboard.press('ArrowDown')
    await expect
      .poll(() => inner.getByLabel('Quantity, line 2', { exact: true }).evaluate((node) => node === document.activeElement))
      .toBe(true)
    await text(page, 'Label, line 1').focus()
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => text(page, 'Label, line 2').evaluate((node) => node === document.activeElement)).toBe(true)
    // A long text has lines of its own, and a search is none of them.
    await paste(text(page, 'Remark, line 1'), 'first\nsecond')
    await page.getByRole('button', { name: 'About, line 1' }).click()
    await paste(page.getByRole('combobox', { name: 'About, line 1' }), 'x\ty\nz')
    await page.keyboard.press('Escape')
    expect(await text(page, 'Label, line 1').inputValue()).toBe('one')
    // What cannot be typed cannot be pasted.
    expect(await text(page, 'Seal, line 1').count()).toBe(0)
    await paste(text(page, 'Label, line 1'), 'uno\t2\tbroken')
    await save(page)
    expect((await stored(id)).boxes).toMatchObject([
      {
        label: 'uno',
        weight: '2.000',
        seal: 's',
        items: [
          { what: 'a', quantity: '5.000' },
          { what: 'b', quantity: '6.000' },
        ],
      },
      { label: 'two', items: [{ what: 'of two' }] },
    ])
    expect(complaints).toEqual([])
  })

  it('that put a half typed cell away take what was wrong with it along', async () => {
    const id = await parcel()
    const { page } = await open('admin@acme', `/e/flows/parcels/${id}/edit`)
    await text(page, 'Weight, line 1').fill('heavy')
    await page.locator('.cell-fault').first().waitFor()
    await text(page, 'Label, line 1').fill('void')
    await expect.poll(() => text(page, 'Weight, line 1').count()).toBe(0)
    await text(page, 'Due').fill('xyz')
    await page.getByRole('button', { name: 'Due: open calendar' }).click()
    await page.getByRole('dialog').getByRole('button', { name: /15/ }).first().click()
    await save(page)
    expect((await stored(id)).boxes[0]).toMatchObject({ label: 'void' })
  })

  it('on a phone hold their own lines; what is half typed is not done', async () => {
    const id = await parcel()
    const { page, complaints } = await open('admin@acme', `/e/flows/parcels/${id}/edit`, 'phone')
    await page.locator('.line-card').first().click()
    const sheet = page.getByRole('dialog', { name: 'Box 1' })
    await sheet.getByLabel('Weight').fill('heavy')
    await sheet.getByRole('button', { name: 'Done' }).click()
    await sheet.locator('.field-fault').waitFor()
    await sheet.getByLabel('Weight').fill('3')
    await sheet.locator('.line-card').first().click()
    const inner = page.getByRole('dialog', { name: 'Content 1' })
    // A sheet takes the focus a moment after it is there.
    await expect.poll(() => inner.getByLabel('What').evaluate((node) => node === document.activeElement)).toBe(true)
    await inner.getByLabel('Quantity').fill('41')
    await inner.getByRole('button', { name: 'Done' }).click()
    await expect.poll(() => inner.count()).toBe(0)
    await sheet.getByRole('button', { name: 'Done' }).click()
    await expect.poll(() => sheet.count()).toBe(0)
    await save(page)
    expect((await stored(id)).boxes[0]).toMatchObject({ weight: '3.000', items: [{ quantity: '41.000' }] })
    expect(complaints).toEqual([])
  })

  it('of a record that a state keeps are open where the state leaves them open, and nowhere else', async () => {
    const body = { name: 'Frozen', amount: '5', account: 'x', items: [{ what: 'one' }] }
    const { id } = ok(await world.call('rep@acme', 'POST', '/api/flows/claims', { body }))
    for (const step of ['submit', 'approve']) ok(await world.call('admin@acme', 'POST', `/api/flows/claims/${String(id)}/${step}`))
    const { page, complaints } = await open('admin@acme', `/e/flows/claims/${String(id)}/edit`)
    await text(page, 'Checked, line 1').click()
    expect(await text(page, 'What, line 1').count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Add line' }).count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Line 1: actions' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Saved Frozen').waitFor()
    expect(ok(await world.call('admin@acme', 'GET', `/api/flows/claims/${String(id)}`))).toMatchObject({
      items: [{ checked: true, what: 'one' }],
    })
    expect(complaints).toEqual([])
  })
})
