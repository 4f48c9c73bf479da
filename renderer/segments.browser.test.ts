import { describe, expect, it } from 'vitest'
import { openWorld } from '../engine/testing/world.ts'
import { sizes } from './testing/browser.ts'
import { visiting } from './testing/visit.ts'

/** Segments of companies, as the people of the demo meet them: each says how many fulfil its condition, and leads to them. */
const world = await openWorld()
const { open, rows, count } = visiting(world)
const segments = '/api/crm/segments'
const named = async (name: string): Promise<string> => (await rows(`${segments}?name=${encodeURIComponent(name)}`))[0]!.id
const matching = (condition: string): Promise<number> => count(`/api/crm/companies?filter=${encodeURIComponent(condition)}`)

it('every segment of the demo has companies', async () => {
  const found = await rows(`${segments}?sort=name`)
  const sized = await Promise.all(found.map(async ({ name, condition }) => [name, await matching(String(condition))] as const))
  expect(sized.length).toBeGreaterThan(5)
  expect(sized.filter(([, size]) => size < 2 || size > 30)).toEqual([])
})

describe.each(Object.keys(sizes) as (keyof typeof sizes)[])('on a %s', (size) => {
  it('a segment leads to its companies', async () => {
    const condition = String((await rows(`${segments}?name=Large%20prospects`))[0]!['condition'])
    const { page, complaints } = await open('rep@acme', `/e/crm/segments/${await named('Large prospects')}`, size)
    if (size === 'phone') await page.getByRole('tab', { name: 'Details' }).click()
    // Its conditions stand below each other.
    await expect.poll(() => page.locator('.formula-roomy > code').first().innerText()).toBe(condition.replace(' && ', ' \n&& '))
    const total = await matching(condition)
    await page.getByRole('link', { name: `${total} companies match`, exact: true }).click()
    await page.getByText(`${total} companies`, { exact: true }).waitFor()
    expect(await page.locator('.grid [data-row], .cards .card').count()).toBe(total)
    expect(complaints).toEqual([])
  })

  it('one about what only managers see is named, and not told', async () => {
    const { page, complaints } = await open('rep@acme', `/e/crm/segments/${await named('Long terms on a high limit')}`, size)
    if (size === 'phone') await page.getByRole('tab', { name: 'Details' }).click()
    await page.getByRole('article').getByText('Hidden').first().waitFor()
    expect(await page.locator('.formula').count()).toBe(0)
    expect(await page.content()).not.toContain('credit_limit')
    expect(complaints).toEqual([])
  })
})

it('a new segment is found, changed and told of in its history', async () => {
  const { page, complaints } = await open('manager@acme', '/e/crm/segments')
  await page.getByRole('button', { name: 'New segment', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'New segment' })
  await dialog.getByLabel('Name').fill('Small partners')
  await dialog.getByRole('combobox', { name: 'Condition', exact: true }).click()
  await page.keyboard.type("self.relationship == 'partner'")
  await dialog.getByLabel('Notes').focus()
  await dialog.getByRole('button', { name: /^Create segment/ }).click()
  await page.getByText('Created Small partners').waitFor()
  const id = await named('Small partners')
  const condition = "self.relationship == 'partner'"
  expect((await rows(`${segments}?name=Small%20partners`))[0]).toMatchObject({ condition })
  const changed = await world.call('manager@acme', 'PATCH', `${segments}/${id}`, { body: { condition: `${condition} && self.rating > 3` } })
  expect(changed.status).toBe(200)
  await page.goto(`${world.url}/e/crm/segments/${id}?_tab=history`)
  const change = page.locator('.history-change').filter({ hasText: 'Condition' })
  await expect.poll(() => change.locator('code').allInnerTexts()).toEqual([condition, `${condition} && self.rating > 3`])
  expect(complaints).toEqual([])
})
