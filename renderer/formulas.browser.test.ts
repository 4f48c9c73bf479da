import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { openPolicies } from '../engine/testing/policies.ts'
import { ok } from '../engine/testing/world.ts'
import { sizes } from './testing/browser.ts'
import { visiting } from './testing/visit.ts'

/** Formulas that records hold: written with suggestions, checked as they are typed, shown with a way to the records that fulfil them. */
const world = await openPolicies()
const { open } = visiting(world)
type Data = Record<string, unknown> & { id: string }
const asAdmin = async (method: string, path: string, body?: object): Promise<Data> =>
  ok(await world.call('admin@acme', method, `/api/policy/${path}`, body ? { body } : {})) as Data
let rule = ''
let secret = ''
let alert = ''
beforeAll(async () => {
  for (const [name, total, stage] of [
    ['Small', 5, 'open'],
    ['Large', 500, 'open'],
    ['Larger', 900, 'won'],
  ] as const)
    await asAdmin('POST', 'orders', { name, total, stage })
  rule = (await asAdmin('POST', 'rules', { name: 'Large ones', condition: 'self.total > 100', points: 'self.total * 2' })).id
  alert = (await asAdmin('POST', 'alerts', { name: 'Large ones', condition: 'self.total > 100' })).id
  secret = (await asAdmin('POST', 'rules', { name: 'Secret one', condition: 'self.margin > 1' })).id
})
const formula = (page: Page, name = 'Condition') => page.getByRole('combobox', { name, exact: true })
const field = (page: Page, name: string) => page.locator(`[data-field="${name}"]`)

describe.each(Object.keys(sizes) as (keyof typeof sizes)[])('on a %s', (size) => {
  it('a formula that means nothing is told where it stands, and not saved; a whole one is', async () => {
    const { page, complaints } = await open('admin@acme', '/e/policy/rules/new', size)
    await page.getByLabel('Name', { exact: false }).first().fill(`From a ${size}`)
    await formula(page).click()
    await page.keyboard.type('self.totl > 5')
    await page.getByLabel('Code', { exact: true }).focus()
    await field(page, 'condition').getByText('Order has no "totl". Did you mean "total"?').first().waitFor()
    expect(await field(page, 'condition').locator('[data-fault]').allTextContents()).toEqual(['totl'])
    await page.getByRole('button', { name: 'Create rule' }).click()
    await expect.poll(() => formula(page).getAttribute('aria-invalid')).toBe('true')
    expect(page.url()).toContain('/new')
    await formula(page).fill('')
    await formula(page).focus()
    await page.keyboard.type('self.tot')
    await page.getByRole('option', { name: /total/ }).first().waitFor()
    await page.keyboard.press('Enter')
    expect(await formula(page).inputValue()).toBe('self.total')
    await page.keyboard.type(' >100')
    await page.keyboard.press('Tab')
    await page.getByRole('button', { name: 'Create rule' }).click()
    await page.getByText(`Created From a ${size}`).waitFor()
    const id = /rules\/([0-9a-f-]{36})/.exec(page.url())?.[1] ?? expect.fail(page.url())
    expect(await asAdmin('GET', `rules/${id}`)).toMatchObject({ condition: 'self.total > 100', severe: null })
    expect(complaints).toEqual([])
  })

  it('a condition leads to the records that fulfil it', async () => {
    const { page, complaints } = await open('admin@acme', `/e/policy/rules/${rule}`, size)
    if (size === 'phone') await page.getByRole('tab', { name: 'Details' }).click()
    await page.getByText('self.total * 2', { exact: true }).first().waitFor()
    const links = page.locator('.formula-matching')
    await page.getByRole('link', { name: '2 orders match' }).waitFor()
    expect(await links.count()).toBe(1)
    await links.click()
    await page.getByText('2 orders', { exact: true }).waitFor()
    expect(new URL(page.url()).searchParams.get('filter')).toBe('self.total > 100')
    expect(complaints).toEqual([])
  })

  it('one that is withheld is marked as hidden, and the form saves without it', async () => {
    const { page, complaints } = await open('rep@acme', `/e/policy/rules/${secret}/edit`, size)
    await field(page, 'condition').getByText('Hidden from you').waitFor()
    expect(await page.content()).not.toContain('margin')
    await page.getByLabel('Code', { exact: true }).fill(size)
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Saved Secret one').waitFor()
    expect(await asAdmin('GET', `rules/${secret}`)).toMatchObject({ condition: 'self.margin > 1', code: size })
    expect(complaints).toEqual([])
  })
})

it('a cell of a list is written in place', async () => {
  const { page, complaints } = await open('admin@acme', '/e/policy/alerts')
  const row = page.getByRole('row').filter({ hasText: 'Large ones' })
  await row.getByText('self.total > 100', { exact: true }).dblclick()
  await expect.poll(() => formula(page).inputValue()).toBe('self.total > 100')
  await expect.poll(() => formula(page).evaluate((node) => node === document.activeElement)).toBe(true)
  await page.keyboard.press('End')
  await page.keyboard.type('0')
  await page.keyboard.press('Enter')
  await expect.poll(async () => (await asAdmin('GET', `alerts/${alert}`))['condition']).toBe('self.total > 1000')
  expect(complaints).toEqual([])
})
