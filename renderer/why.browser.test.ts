import { describe, expect, it, vi } from 'vitest'
import { openFlows } from '../engine/testing/flows.ts'
import { postings } from '../engine/testing/postings.ts'
import { ok } from '../engine/testing/world.ts'
import { sizes } from './testing/browser.ts'
import { visiting } from './testing/visit.ts'

/** What leads on from a state stands on the record's page, what is read-only says why, and an administrator can look as somebody else. */
const world = await openFlows(postings)
const { open } = visiting(world)
const make = async (path: string, body: object): Promise<Record<string, unknown> & { id: string }> =>
  ok(await world.call('admin@acme', 'POST', `/api/${path}`, { body })) as Record<string, unknown> & { id: string }
const stateOf = async (path: string): Promise<unknown> => ok(await world.call('admin@acme', 'GET', `/api/${path}`))['state']
const { rep = '' } = world.acme.members

describe.each(Object.keys(sizes) as (keyof typeof sizes)[])('on a %s', (size) => {
  it('a step that is not possible is disabled and says why; a possible one is done', async () => {
    const claim = await make('flows/claims', { name: 'Train', amount: '50' })
    const { page, complaints } = await open('admin@acme', `/e/flows/claims/${claim.id}`, size)
    const submit = page.getByRole('button', { name: 'Submit', exact: true })
    await expect.poll(() => submit.getAttribute('aria-disabled')).toBe('true')
    // Its words are seen, also where other actions are icons.
    expect((await submit.boundingBox())!.width).toBeGreaterThan(60)
    const why = page.getByRole('button', { name: 'Why is “Submit” not possible?' })
    await why.focus()
    await page.keyboard.press('Enter')
    const told = page.getByRole('dialog')
    await told.getByText('A claim needs an amount and items.').waitFor()
    await told.getByText('count(self.items) > 0', { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => told.count()).toBe(0)
    ok(
      await world.call('admin@acme', 'PATCH', `/api/flows/claims/${claim.id}`, {
        body: { items: { 'new:1': { what: 'ticket' } }, account: 'A' },
      }),
    )
    await page.reload()
    await expect.poll(() => submit.getAttribute('aria-disabled')).toBe('false')
    await submit.click()
    await page.getByRole('button', { name: 'Approve', exact: true }).waitFor()
    expect(await stateOf(`flows/claims/${claim.id}`)).toBe('open')
    await page.getByRole('button', { name: 'State: steps from here' }).click()
    await page.getByRole('menuitem', { name: 'Approve' }).waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByRole('menuitem').count()).toBe(0)
    await page.getByRole('button', { name: 'Other steps' }).click()
    await page.getByRole('menuitem', { name: 'Reject' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('what a step does elsewhere is shown before it is done; what is frozen then says why', async () => {
    const entry = await make('flows/entries', {
      text: 'Rent',
      day: '2026-11-02',
      lines: [
        { account: '100', debit: '5' },
        { account: '200', credit: '5' },
      ],
    })
    const { page, complaints } = await open('admin@acme', `/e/flows/entries/${entry.id}`, size)
    if (size === 'phone') await page.getByRole('tab', { name: 'Details' }).click()
    const made = page.getByRole('button', { name: 'Why can Debit not be changed?' })
    await made.focus()
    await page.keyboard.press('Enter')
    const sheet = page.getByRole('dialog')
    await sheet.getByText('sum(self.lines, x, x.debit)', { exact: true }).waitFor()
    expect(await sheet.locator('.why-parts dd').allTextContents()).toEqual(['5'])
    await page.keyboard.press('Escape')
    await expect.poll(() => sheet.count()).toBe(0)
    await page.getByRole('button', { name: 'Post', exact: true }).click()
    await sheet.getByText('New: posting').first().waitFor()
    expect(await sheet.getByText('New: posting').count()).toBe(2)
    await sheet.getByRole('button', { name: 'Keep as it is' }).click()
    expect(await stateOf(`flows/entries/${entry.id}`)).toBe('draft')
    await page.getByRole('button', { name: 'Post', exact: true }).click()
    await sheet.getByRole('button', { name: 'Post', exact: true }).click()
    await page.getByRole('button', { name: 'Cancel', exact: true }).waitFor()
    expect(await stateOf(`flows/entries/${entry.id}`)).toBe('posted')
    if (size === 'phone') await page.getByRole('tab', { name: 'Details' }).click()
    const why = page.getByRole('button', { name: 'Why can Day not be changed?' })
    await why.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByText('The record is Posted: this no longer changes.').waitFor()
    // The form offers nothing that would be refused, and shows it all the same.
    await page.goto(`${world.url}/e/flows/entries/${entry.id}?_tab=history`)
    await page.getByText('ran “Post”').waitFor()
    await page.goto(`${world.url}/e/flows/entries/${entry.id}/edit`)
    await page.locator('[data-field="text"]').getByText('Rent', { exact: true }).waitFor()
    await page.locator('[data-field="lines"]').getByText('200', { exact: true }).first().waitFor()
    expect(await page.locator('[data-field="text"] input, [data-field="day"] input, [data-field="lines"] input').count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Add line' }).count()).toBe(0)
    expect(complaints).toEqual([])
  })
})

it('a step among the others that is not possible says why when it is asked for', async () => {
  const claim = await make('flows/claims', { name: 'Taxi', amount: '50' })
  const { page, complaints } = await open('admin@acme', `/e/flows/claims/${claim.id}`)
  await page.getByRole('button', { name: 'State: steps from here' }).click()
  await page.getByRole('menuitem', { name: 'Submit' }).click({ force: true })
  const told = page.getByRole('dialog')
  await told.getByText('Submit is not possible now').waitFor()
  await told.getByText('count(self.items) > 0', { exact: true }).waitFor()
  await told.getByRole('button', { name: 'Close' }).click()
  expect(await stateOf(`flows/claims/${claim.id}`)).toBe('draft')
  expect(complaints).toEqual([])
})

it('a step asks for what is missing where it can be typed, and is shown before it freezes the record', async () => {
  const claim = await make('flows/claims', { name: 'Train', amount: '50', items: [{ what: 'Ticket' }] })
  ok(await world.call('admin@acme', 'POST', `/api/flows/claims/${claim.id}/submit`, { body: {} }))
  const { page, complaints } = await open('admin@acme', `/e/flows/claims/${claim.id}`)
  const approve = page.getByRole('button', { name: 'Approve', exact: true })
  await approve.click()
  const sheet = page.getByRole('dialog')
  await sheet.getByText('Approve is not possible now').waitFor()
  await sheet.getByRole('button', { name: 'Fill in Account' }).click()
  await page.getByLabel('Account').and(page.locator(':focus')).waitFor()
  await page.keyboard.type('4711')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await approve.click()
  await sheet.getByText('Approve: this will happen').waitFor()
  await sheet.getByText('Approved by:').waitFor()
  expect(await stateOf(`flows/claims/${claim.id}`)).toBe('open')
  await sheet.getByRole('button', { name: 'Approve', exact: true }).click()
  await expect.poll(() => stateOf(`flows/claims/${claim.id}`)).toBe('approved')
  const locked = page.getByText('Approved: only Notes and Checked (Items) can be changed.')
  await locked.waitFor()
  await page.getByRole('button', { name: 'Edit', exact: true }).click()
  await page.getByLabel('Notes').waitFor()
  await locked.waitFor()
  // Nothing is marked as required that nobody can fill.
  expect(await page.locator('.form-required').count()).toBe(0)
  expect(complaints).toEqual([])
})

it('who looks as somebody else on a phone is told in one line, with the way back in reach', async () => {
  vi.spyOn(console, 'info').mockImplementation(() => undefined)
  const { page, complaints } = await open('admin@acme', `/e/core/members/${rep}`, 'phone')
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: /^View as / }).click()
  const banner = page.locator('.banner-viewing')
  const back = page.getByRole('button', { name: 'Back to yourself' })
  await back.waitFor()
  const [line, button, content] = [await banner.boundingBox(), await back.boundingBox(), await page.locator('main').boundingBox()]
  expect(line!.height).toBeLessThanOrEqual(48)
  expect(line!.width).toBe(sizes.phone.width)
  expect(button!.x + button!.width).toBeLessThanOrEqual(sizes.phone.width)
  expect(button!.height).toBeGreaterThanOrEqual(44)
  expect(content!.y).toBeGreaterThanOrEqual(line!.y + line!.height)
  await back.click()
  await expect.poll(() => banner.count()).toBe(0)
  expect(complaints).toEqual([])
})

it('a step that leaves a draft opens it, filled in', async () => {
  const purchase = await make('flows/purchases', { name: 'Bolts', items: [{ what: 'bolt', quantity: 3 }] })
  ok(await world.call('admin@acme', 'POST', `/api/flows/purchases/${purchase.id}/order`, { body: {} }))
  const { page, complaints } = await open('admin@acme', `/e/flows/purchases/${purchase.id}`)
  await page.getByRole('button', { name: 'Receive', exact: true }).click()
  await expect.poll(() => page.getByLabel('Note', { exact: true }).inputValue()).toBe('For Bolts')
  expect(complaints).toEqual([])
})

it('an administrator looks as somebody else, reads only, and comes back', async () => {
  vi.spyOn(console, 'info').mockImplementation(() => undefined)
  const { page, complaints } = await open('admin@acme', `/e/core/members/${rep}`)
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: /^View as / }).click()
  const banner = page.getByText(/^You see BusinessOS as /)
  await banner.waitFor()
  // The token is in memory alone, and still a reload goes on.
  await page.goto(`${world.url}/e/core/members/${rep}`).catch(() => undefined)
  await banner.waitFor()
  expect(await page.evaluate(() => JSON.stringify([Object.entries(sessionStorage), Object.entries(localStorage)]))).not.toMatch(/eyJ/)
  expect(await page.getByRole('button', { name: 'Edit', exact: true }).count()).toBe(0)
  expect(await page.getByRole('button', { name: /^New / }).count()).toBe(0)
  await page.getByRole('button', { name: 'Back to yourself' }).click()
  await page.getByText('You are yourself again.').waitFor()
  await expect.poll(() => banner.count()).toBe(0)
  await page.reload()
  await page.getByRole('button', { name: 'Edit', exact: true }).waitFor()
  expect(await banner.count()).toBe(0)
  expect(complaints).toEqual([])
})
