import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { ok, openWorld } from '../engine/testing/world.ts'
import { sizes } from './testing/browser.ts'
import { visiting } from './testing/visit.ts'

/** A record is shared with a person or a team where the catalogue says that this can be; what the server says stands where it was chosen. */
const world = await openWorld()
const { open, first } = visiting(world)
const { rep = '', manager = '' } = world.acme.members
const nameOf = async (member: string): Promise<string> =>
  String(ok(await world.call('admin@acme', 'GET', `/api/core/members/${member}`))['_title'])
const deal = async (name: string): Promise<string> =>
  String(
    ok(await world.call('rep@acme', 'POST', '/api/crm/deals', { body: { name, company: (await first('/api/crm/companies')).id } }))['id'],
  )
const shares = async (id: string): Promise<unknown> =>
  (ok(await world.call('rep@acme', 'GET', `/api/crm/deals/${id}/share`))['data'] as Record<string, unknown>[]).map((each) => [
    each['member'] ?? each['team'],
    each['access'],
  ])
async function openDialog(page: Page, size: keyof typeof sizes): Promise<void> {
  if (size === 'desk') await page.getByRole('button', { name: 'Share', exact: true }).click()
  else {
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Share', exact: true }).click()
  }
}

describe.each(Object.keys(sizes) as (keyof typeof sizes)[])('on a %s', (size) => {
  it('is shared with a person, for more, and no more', async () => {
    const id = await deal(`Shared on a ${size}`)
    const { page, complaints } = await open('rep@acme', `/e/crm/deals/${id}`, size)
    await openDialog(page, size)
    const dialog = page.getByRole('dialog', { name: `Share Shared on a ${size}` })
    await dialog.getByText('Nobody yet.', { exact: false }).waitFor()
    await dialog.getByRole('button', { name: 'Person or team' }).and(page.locator(':focus')).waitFor()
    await dialog.getByRole('button', { name: 'Share', exact: true }).click()
    await dialog.getByText('Choose a person or team.').waitFor()
    expect(await shares(id)).toEqual([])
    await dialog.getByRole('button', { name: 'Person or team' }).click()
    const name = await nameOf(manager)
    await page.getByRole('combobox', { name: 'Person or team' }).fill(name)
    await page.getByRole('option', { name }).filter({ hasNotText: 'Create' }).first().click()
    await dialog.getByRole('button', { name: 'Share', exact: true }).click()
    const row = dialog.getByRole('listitem').filter({ hasText: name })
    await row.waitFor()
    expect(await shares(id)).toEqual([[manager, 'read']])
    await row.getByLabel('Access').selectOption('update')
    await expect.poll(() => shares(id)).toEqual([[manager, 'update']])
    await row.getByRole('button', { name: 'Share no more' }).click()
    await expect.poll(() => row.count()).toBe(0)
    expect(await shares(id)).toEqual([])
    await page.keyboard.press('Escape')
    await expect.poll(() => dialog.count()).toBe(0)
    // Sharing made revisions: what is saved next stands in no conflict with them.
    await page.getByRole('button', { name: 'Edit', exact: true }).click()
    await page.getByLabel('Next step', { exact: true }).fill('Call back')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Call back', { exact: true }).first().waitFor()
    expect(ok(await world.call('rep@acme', 'GET', `/api/crm/deals/${id}`))['next_step']).toBe('Call back')
    expect(complaints).toEqual([])
  })
})

it('what the server refuses stands at the field, and what was chosen stays', async () => {
  const id = await deal('Refused')
  const { page } = await open('rep@acme', `/e/crm/deals/${id}`)
  await openDialog(page, 'desk')
  const dialog = page.getByRole('dialog', { name: 'Share Refused' })
  await dialog.getByRole('button', { name: 'Person or team' }).click()
  const name = await nameOf(manager)
  await page.getByRole('combobox', { name: 'Person or team' }).fill(name)
  await page.getByRole('option', { name }).filter({ hasNotText: 'Create' }).first().click()
  await page.route('**/share', (route) =>
    route.fulfill({
      status: 422,
      contentType: 'application/problem+json',
      body: JSON.stringify({
        title: 'The request has invalid values',
        status: 422,
        code: 'request-invalid',
        errors: [{ pointer: '/member', detail: 'There is no such record, or you may not see it.' }],
      }),
    }),
  )
  await dialog.getByRole('button', { name: 'Share', exact: true }).click()
  await dialog.getByText('There is no such record, or you may not see it.').waitFor()
  const face = dialog.getByRole('button', { name: 'Person or team' })
  await dialog
    .locator(`[id="${await face.getAttribute('aria-describedby')}"]`)
    .getByText('There is no such record')
    .waitFor()
  expect(await face.innerText()).toContain(name)
})

it('is not offered where it means nothing, nor to who may not', async () => {
  const id = await deal('Read alone')
  const path = '/api/access/roles/crm.manager/permissions/crm/deals'
  ok(await world.call('admin@acme', 'PUT', path, { body: { scope: 'all', read: true, update: true } }))
  const { page: theirs } = await open('manager@acme', `/e/crm/deals/${id}`)
  await theirs.getByRole('button', { name: 'Edit', exact: true }).waitFor()
  await theirs.getByRole('button', { name: 'More actions' }).click()
  await theirs.getByRole('menuitem', { name: 'Copy the link' }).waitFor()
  expect(await theirs.getByRole('menuitem', { name: 'Share' }).count()).toBe(0)
  expect(await theirs.getByRole('button', { name: 'Share', exact: true }).count()).toBe(0)
  ok(await world.call('admin@acme', 'DELETE', path))
  const { page } = await open('admin@acme', `/e/core/members/${rep}`)
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Copy the link' }).waitFor()
  expect(await page.getByRole('menuitem', { name: 'Share' }).count()).toBe(0)
  expect(await page.getByRole('button', { name: 'Share', exact: true }).count()).toBe(0)
})

it('what a role does with its own records alone is not offered on those of others, and says why', async () => {
  const { id } = ok(await world.call('admin@acme', 'POST', '/api/crm/companies', { body: { name: 'Theirs' } })) as { id: string }
  const { page, complaints } = await open('rep@acme', `/e/crm/companies/${id}`)
  await page.getByRole('button', { name: 'Why can I not change this company?' }).click()
  await page
    .getByRole('dialog')
    .getByText(/may update companies/)
    .first()
    .waitFor()
  await page.keyboard.press('Escape')
  expect(await page.getByRole('button', { name: 'Edit', exact: true }).count()).toBe(0)
  expect(await page.getByRole('button', { name: 'Phone: edit' }).count()).toBe(0)
  await page.goto(`${new URL(page.url()).origin}/e/crm/companies/${id}/edit`)
  await page.getByRole('button', { name: 'Why can I not change this company?' }).waitFor()
  expect(new URL(page.url()).pathname).toBe(`/e/crm/companies/${id}`)
  expect(await page.getByRole('button', { name: /^Why can .* not be changed/ }).count()).toBe(0)
  await page.goto(`${new URL(page.url()).origin}/e/crm/companies?search=Theirs`)
  const row = page.getByRole('row').filter({ hasText: 'Theirs' })
  await row.getByRole('gridcell').nth(2).click()
  await page.keyboard.press('Enter')
  await page
    .getByRole('dialog')
    .getByText(/may update companies/)
    .first()
    .waitFor()
  expect(await page.locator('.cell-editor').count()).toBe(0)
  await page.keyboard.press('Escape')
  ok(await world.call('admin@acme', 'PATCH', `/api/crm/companies/${id}`, { body: { owner: rep } }))
  await page.goto(`${new URL(page.url()).origin}/e/crm/companies/${id}`)
  await page.getByRole('button', { name: 'Edit', exact: true }).waitFor()
  expect(complaints).toEqual([])
  // The owner changes while the page stands: what is refused is not offered again.
  await page.goto(`${new URL(page.url()).origin}/e/crm/companies?search=Theirs`)
  await row.getByRole('gridcell').nth(3).click()
  ok(await world.call('admin@acme', 'PATCH', `/api/crm/companies/${id}`, { body: { owner: null } }))
  await page.keyboard.type('Changed')
  await page.keyboard.press('Enter')
  await page.getByText('Your role may not update this record.').waitFor()
  expect(await page.getByRole('button', { name: 'Retry' }).count()).toBe(0)
})
