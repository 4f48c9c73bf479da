import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { openWorldWith, type ModuleFiles } from '../engine/testing/dropped-in.ts'
import { ok } from '../engine/testing/world.ts'
import { sizes } from './testing/browser.ts'
import { visiting } from './testing/visit.ts'
import { integer, text } from '../engine/testing/properties.ts'

/** What a role shows in some records only is marked in the others: it is not empty there, nobody types into it, and it says why. */
const files: ModuleFiles = {
  'module.json': { title: 'Veil', roles: [{ id: 'veil.user', title: 'User' }], menu: [{ entity: 'veil.item' }] },
  'entities/item.json': {
    title: 'Item',
    type: 'object',
    required: ['name'],
    properties: {
      name: text('Name'),
      cost: integer('Cost'),
      price: integer('Price'),
      margin: integer('Margin', { compute: 'self.price - self.cost' }),
      lines: { title: 'Lines', 'x-bos': { type: 'lines', entity: 'veil.item_line' } },
    },
    'x-bos': {
      use: ['core.owned'],
      plural: 'items',
      titleField: 'name',
      permissions: {
        'veil.user': {
          scope: 'all',
          read: true,
          update: true,
          mask: { cost: { unless: 'self.owner == user' }, 'lines.price': { unless: 'self.owner == user' } },
        },
      },
    },
  },
  'entities/item_line.json': {
    title: 'Item line',
    type: 'object',
    properties: { label: { type: 'string', title: 'Label', maxLength: 80 }, price: integer('Line price') },
    'x-bos': { kind: 'line', plural: 'item_lines' },
  },
}
const world = await openWorldWith('veil', files)
const { open } = visiting(world)
const { rep = '', admin = '' } = world.acme.members
const asAdmin = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> =>
  ok(await world.call('admin@acme', method, path, body ? { body } : {}))
const address = '/api/veil/items'
let foreign = ''
beforeAll(async () => {
  await asAdmin('PUT', `/api/access/${rep}`, { email: 'rep@acme.test', roles: ['core.user', 'veil.user'] })
  const item = { cost: 7411, price: 9000, lines: [{ label: 'one', price: 3141 }] }
  foreign = String((await asAdmin('POST', address, { name: 'Theirs', owner: admin, ...item }))['id'])
  await asAdmin('POST', address, { name: 'Mine', owner: rep, ...item })
})
const mark = 'Hidden from you'
const field = (page: Page, name: string) => page.locator(`[data-field="${name}"]`)

it('a list marks the cell, does not open it, says why, and copies nothing', async () => {
  const { page, complaints } = await open('rep@acme', '/e/veil/items')
  const row = (title: string) => page.getByRole('row').filter({ hasText: title })
  const masked = row('Theirs').getByRole('gridcell').filter({ hasText: mark }).first()
  await masked.waitFor()
  expect(await row('Mine').getByText(mark).count()).toBe(0)
  expect(await row('Mine').getByText('7,411').count()).toBe(1)
  expect(await page.content()).not.toContain('3141')
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await masked.focus()
  await page.evaluate(() => navigator.clipboard.writeText('before'))
  await page.keyboard.press('ControlOrMeta+c')
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('')
  await page.keyboard.press('5')
  expect(await page.locator('.cell-editor').count()).toBe(0)
  await page.keyboard.press('Enter')
  const told = page.getByRole('dialog', { name: 'Why is Cost not shown?' })
  await told.getByText('User shows Cost only where its condition holds: here it is masked.').waitFor()
  await expect.poll(() => told.locator('dd').allInnerTexts()).toEqual(['false', 'Ada Winterfeld', 'Rafael Brandt'])
  await page.keyboard.press('Escape')
  await expect.poll(() => told.count()).toBe(0)
  await expect.poll(() => masked.evaluate((cell) => cell === document.activeElement)).toBe(true)
  await page.getByRole('checkbox', { name: 'Select Theirs' }).click()
  await page.getByRole('button', { name: 'Why can these not be deleted?' }).click({ force: true })
  await page.getByRole('dialog', { name: 'Why can these not be deleted?' }).getByText('User may not delete items.').waitFor()
  expect(complaints).toEqual([])
})

describe.each(Object.keys(sizes) as (keyof typeof sizes)[])('on a %s', (size) => {
  it('a record marks fields and cells of lines, and says why', async () => {
    const { page, complaints } = await open('rep@acme', `/e/veil/items/${foreign}`, size)
    if (size === 'phone') await page.getByRole('tab', { name: 'Details' }).click()
    const cost = page.locator('.property').filter({ hasText: 'Cost' })
    await cost.getByText(mark).waitFor()
    expect(await page.getByRole('button', { name: 'Cost: edit' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Why is Cost not shown?' }).click()
    await page.getByRole('dialog').getByText('User shows Cost only where its condition holds: here it is masked.').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('tab', { name: 'Lines' }).click()
    await page.locator('.tab-panel').getByText(/^on/).first().waitFor()
    await page.locator('.tab-panel').getByText(mark).first().waitFor()
    await page.getByRole('button', { name: 'Why is Line price not shown?' }).first().click({ force: true })
    const because = page.getByRole('dialog', { name: 'Why is Line price not shown?' })
    await because
      .getByText(/Line price/)
      .nth(1)
      .waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Why can I not delete this item?' }).click()
    await page.getByRole('dialog', { name: 'Why can I not delete this item?' }).getByText('User may not delete items.').waitFor()
    expect(complaints).toEqual([])
  })

  it('a form does not open it, and saves without it', async () => {
    const { page, complaints } = await open('rep@acme', `/e/veil/items/${foreign}/edit`, size)
    const sent: unknown[] = []
    page.on('request', (request) => {
      if (request.method() === 'PATCH' && !request.url().includes('dryRun')) sent.push(request.postDataJSON())
    })
    await field(page, 'cost').getByText(mark).waitFor()
    expect(await field(page, 'cost').locator('input').count()).toBe(0)
    if (size === 'desk') {
      expect(await page.getByLabel('Line price, line 1', { exact: true }).count()).toBe(0)
      await page.getByLabel('Label, line 1', { exact: true }).fill(`on a ${size}`)
    }
    await page.getByLabel('Price', { exact: true }).fill(size === 'desk' ? '9100' : '9200')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Saved Theirs').waitFor()
    expect(JSON.stringify(sent)).not.toContain('cost')
    expect(sent).toHaveLength(1)
    const stored = await asAdmin('GET', `${address}/${foreign}`)
    expect([stored['cost'], stored['price'], (stored['lines'] as { price: number }[])[0]!.price]).toEqual([
      7411,
      size === 'desk' ? 9100 : 9200,
      3141,
    ])
    expect(complaints).toEqual([])
  })
})

it('cards on a phone mark it', async () => {
  const { page } = await open('rep@acme', '/e/veil/items', 'phone')
  await page.getByRole('listitem').filter({ hasText: 'Theirs' }).getByText(mark).waitFor()
  expect(await page.getByRole('listitem').filter({ hasText: 'Mine' }).getByText(mark).count()).toBe(0)
})
