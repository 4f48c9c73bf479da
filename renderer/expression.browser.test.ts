import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { openWorld } from '../engine/testing/world.ts'
import { visiting } from './testing/visit.ts'

/** The expression of a list: written with suggestions, checked before it is sent, kept in the address. */
const world = await openWorld()
const { open, count, rows } = visiting(world)

const field = (page: Page): Locator => page.getByRole('combobox', { name: 'Expression' })
const offers = (page: Page): Locator => page.getByRole('listbox', { name: 'Expression: suggestions' })
const chip = (page: Page): Locator => page.getByRole('button', { name: /^Expression .*Change it$/ })
const filterOf = (page: Page): string | null => new URL(page.url()).searchParams.get('filter')
const asked = (filter: string, more = ''): string => `/api/crm/deals?${new URLSearchParams({ filter })}${more}`
const shownCount = (page: Page, number: number): Promise<void> =>
  page.getByText(`${number} ${number === 1 ? 'deal' : 'deals'}`, { exact: true }).waitFor()

/** By the menu of filters, as somebody finds it who has never used one. */
async function write(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Filter', exact: true }).click()
  await page.getByRole('option', { name: 'Expression' }).click()
  await expect.poll(() => field(page).evaluate((node) => node === document.activeElement)).toBe(true)
}

describe('an expression above a list', () => {
  it('is written by keyboard with suggestions, and the list shows its rows', async () => {
    const { page, complaints } = await open('manager@acme', '/e/crm/deals?_draft=1&sort=name')
    await page.getByRole('grid').waitFor()
    await write(page)
    await page.keyboard.type('stag')
    await offers(page)
      .getByRole('option', { name: /self\.stage/ })
      .waitFor()
    expect(await field(page).getAttribute('aria-activedescendant')).toBe(await offers(page).getByRole('option').first().getAttribute('id'))
    await page.keyboard.press('Enter')
    expect(await field(page).inputValue()).toBe('self.stage')
    await page.keyboard.type(' ')
    await page.keyboard.press('Tab')
    expect(await field(page).inputValue()).toBe('self.stage == ')
    // The quote brings its other half, and the option takes both.
    await page.keyboard.type("'w")
    await page.keyboard.press('Enter')
    await page.keyboard.type(' && self.company.count')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await page.keyboard.type(" in ['Germany', 'Spain'")
    await page.keyboard.press('End')
    const filter = "self.stage == 'won' && self.company.country in ['Germany', 'Spain']"
    expect(await field(page).inputValue()).toBe(filter)
    await page.keyboard.press('Enter')
    const number = await count(asked(filter))
    expect(number).toBeGreaterThan(0)
    expect(number).toBeLessThan(await count('/api/crm/deals?stage=won'))
    await shownCount(page, number)
    const expected = await rows(asked(filter, '&sort=name&limit=5'))
    await expect
      .poll(() => page.locator('[data-row] .row-title').evaluateAll((links) => links.map((link) => link.textContent).slice(0, 3)))
      .toEqual(expected.slice(0, 3).map((each) => each['name']))
    expect(filterOf(page)).toBe(filter)
    await chip(page).waitFor()
    expect(complaints).toEqual([])
  })

  it('keeps what is typed while the field is still on its way', async () => {
    const { page, complaints } = await open('manager@acme', '/e/crm/deals')
    await page.getByRole('grid').waitFor()
    let arrive = (): void => undefined
    const held = new Promise<void>((resolve) => (arrive = resolve))
    await page.route('**/assets/expression-bar-*.js', async (route) => {
      await held
      await route.continue()
    })
    await page.keyboard.press('=')
    await page.keyboard.type('self.stage')
    arrive()
    await field(page).waitFor()
    await page.keyboard.type(" == 'won'")
    expect(await field(page).inputValue()).toBe("self.stage == 'won'")
    await page.keyboard.press('Enter')
    await shownCount(page, await count('/api/crm/deals?stage=won'))
    expect(complaints).toEqual([])
  })

  it('is not sent while it has a fault, and a click puts it right', async () => {
    const { page } = await open('manager@acme', '/e/crm/deals?_draft=1')
    await page.getByRole('grid').waitFor()
    const sent: string[] = []
    page.on('request', (request) => {
      const filter = new URL(request.url()).searchParams.get('filter')
      if (filter !== null) sent.push(filter)
    })
    await page.keyboard.press('=')
    await field(page).fill("self.stag == 'won'")
    await page.getByText('Deal has no "stag".').waitFor()
    await page.keyboard.press('Enter')
    await expect.poll(() => field(page).getAttribute('aria-invalid')).toBe('true')
    expect(await page.locator('[data-fault]').allTextContents()).toEqual(['stag'])
    expect([sent, filterOf(page)]).toEqual([[], null])
    await page.getByRole('button', { name: 'Change to stage' }).click()
    expect(await field(page).inputValue()).toBe("self.stage == 'won'")
    await page.getByRole('button', { name: 'Apply', exact: true }).click()
    await shownCount(page, await count('/api/crm/deals?stage=won'))
    expect(new Set(sent)).toEqual(new Set(["self.stage == 'won'"]))
  })

  it('comes back with the address, goes with the other filters, and Back undoes it', async () => {
    const filter = 'self.value.amount > 10000 || self.company == null'
    const { page, complaints } = await open('manager@acme', '/e/crm/deals?stage=won')
    await shownCount(page, await count('/api/crm/deals?stage=won'))
    await page.keyboard.press('=')
    await field(page).fill(filter)
    await page.keyboard.press('Enter')
    const both = await count(asked(filter, '&stage=won'))
    await shownCount(page, both)
    await page.reload()
    await shownCount(page, both)
    await chip(page).click()
    expect(await field(page).inputValue()).toBe(filter)
    await page.keyboard.press('Escape')
    await expect.poll(() => chip(page).evaluate((node) => node === document.activeElement)).toBe(true)
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Export as JSON lines' }).click()
    const chunks = await (await (await saved).createReadStream()).toArray()
    expect(
      Buffer.concat(chunks as Buffer[])
        .toString()
        .trim()
        .split('\n'),
    ).toHaveLength(both)
    await page.goBack()
    await shownCount(page, await count('/api/crm/deals?stage=won'))
    await page.goForward()
    await shownCount(page, both)
    await page.getByRole('button', { name: 'Remove the expression' }).click()
    await shownCount(page, await count('/api/crm/deals?stage=won'))
    expect(complaints).toEqual([])
  })

  it('that the server refuses shows no rows, and says where the fault is', async () => {
    const { page } = await open('rep@acme', `/e/crm/deals?${new URLSearchParams({ filter: 'self.margin > 1' })}`)
    // A field that the role hides is one that does not exist, here as there.
    await page.getByRole('heading', { name: 'No deals are shown: the expression has a fault' }).waitFor()
    expect(await page.locator('[data-row]').count()).toBe(0)
    await page.getByRole('button', { name: 'Change the expression' }).click()
    await page.getByText('Deal has no "margin".').waitFor()
    expect(await page.locator('[data-fault]').allTextContents()).toEqual(['margin'])
    await page.keyboard.press('Control+a')
    await page.keyboard.type('self.marg')
    expect(await offers(page).count()).toBe(0)
    await page.getByRole('button', { name: 'Remove the expression' }).click()
    await page.getByRole('grid').waitFor()
  })

  it('is a sheet on a phone', async () => {
    const { page, complaints } = await open('manager@acme', '/e/crm/deals?_draft=1', 'phone')
    await page.locator('.card').first().waitFor()
    await page.getByRole('button', { name: 'Filter', exact: true }).tap()
    await page.getByRole('option', { name: 'Expression' }).tap()
    const sheet = page.getByRole('dialog', { name: 'Expression' })
    await field(page).pressSequentially('stage')
    await offers(page).getByRole('option').first().tap()
    await field(page).pressSequentially(' ')
    await offers(page).getByRole('option').first().tap()
    await offers(page).getByRole('option', { name: "'won'" }).tap()
    const box = await sheet.boundingBox()
    expect([box?.x, box?.width, (box?.y ?? 0) + (box?.height ?? 0)]).toEqual([0, 390, 844])
    await sheet.getByRole('button', { name: 'Apply' }).tap()
    await shownCount(page, await count('/api/crm/deals?stage=won'))
    expect(filterOf(page)).toBe("self.stage == 'won'")
    expect(complaints).toEqual([])
  })
})
