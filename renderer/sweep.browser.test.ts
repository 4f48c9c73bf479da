import { describe, expect, it } from 'vitest'
import { openWorldWith, readmeModule } from '../engine/testing/dropped-in.ts'
import { ok } from '../engine/testing/world.ts'
import { pageFaults } from './testing/page-faults.ts'
import { visiting } from './testing/visit.ts'

/**
 * Every screen of every entity, at both widths: it opens, complains of nothing, fits, and can be used without eyes or mouse. Among them
 * those of a module that was dropped in: nobody wrote a line of code for it.
 */
const world = await openWorldWith('library', await readmeModule())
const { blank, open, first } = visiting(world)

interface View {
  readonly modules: readonly { readonly menu: readonly { readonly entity: string }[] }[]
  readonly entities: Record<string, { path: string; kind: string; title: string; actions: readonly string[] }>
}

describe.each(['desk', 'phone'] as const)('on a %s', (size) => {
  it('every entity of the menu has a list, a record and a form', async () => {
    const { page, complaints } = await open('admin@acme', '/', size)
    const view = ok(await world.call('admin@acme', 'GET', '/api/catalogue')) as unknown as View
    const found: string[] = []
    const look = async (what: string): Promise<void> => {
      for (const fault of await pageFaults(page)) found.push(`${what}: ${fault}`)
    }
    const entities = view.modules.flatMap((module) => module.menu.map(({ entity }) => entity))
    expect(entities).toEqual(expect.arrayContaining(['crm.deal', 'inventory.sales_order', 'library.book', 'library.loan']))
    for (const entity of entities) {
      const { path = '', kind, title = '', actions = [] } = view.entities[entity] ?? {}
      const address = world.url + path.replace('/api/', '/e/')
      await page.goto(address)
      await page.locator('.grid, .cards, .state, .record[aria-label]').first().waitFor()
      await look(`${entity} list`)
      expect([entity, await page.getByText(/could not be loaded|leads nowhere/).count()]).toEqual([entity, 0])
      const record =
        kind === 'single' ? null : (ok(await world.call('admin@acme', 'GET', `${path}?limit=1`)) as { data: { id: string }[] }).data[0]
      if (record) {
        await page.goto(`${address}/${record.id}`)
        await page.getByRole('article').waitFor()
        await look(`${entity} record`)
      }
      if (kind !== 'record' || !actions.includes('create')) continue
      await page.goto(`${address}/new`)
      await page.getByRole('button', { name: `Create ${title.toLowerCase()}` }).waitFor()
      await page.locator('[data-field]').first().waitFor()
      await look(`${entity} form`)
    }
    expect(found).toEqual([])
    expect(complaints).toEqual([])
  })

  it('the screens that are there once: sign-in, home, every tab of a record, lines, import, nothing', async () => {
    const { page: out } = await blank(size)
    await out.goto(world.url)
    await out.getByRole('heading', { name: 'Sign in to BusinessOS' }).waitFor()
    expect(await pageFaults(out)).toEqual([])

    const { page, complaints } = await open('manager@acme', '/', size)
    await page.locator('.home-row').first().waitFor()
    expect(await pageFaults(page)).toEqual([])
    const { id } = await first('/api/inventory/sales_orders?limit=1&sort=number')
    for (const tab of ['lines', 'stock_moves', 'comments', 'history']) {
      await page.goto(`${world.url}/e/inventory/sales_orders/${id}?_tab=${tab}`)
      await page.getByRole('tabpanel').waitFor()
      expect([tab, await pageFaults(page)]).toEqual([tab, []])
    }
    await page.goto(`${world.url}/e/inventory/sales_orders/${id}/edit`)
    await page.locator('.line-grid').waitFor()
    expect(await pageFaults(page)).toEqual([])
    await page.goto(`${world.url}/e/crm/companies/import`)
    const buffer = Buffer.from('Name,Colour\nA,red\n')
    await page.setInputFiles('input[type=file]', { name: 'companies.csv', mimeType: 'text/csv', buffer })
    await page.getByText('1 of 2 columns have a place').waitFor()
    expect(await pageFaults(page)).toEqual([])
    await page.goto(`${world.url}/e/crm/nothing`)
    await page.getByRole('heading', { name: 'There is no such list' }).waitFor()
    expect(await pageFaults(page)).toEqual([])
    expect(complaints).toEqual([])

    const { page: rep } = await open('rep@acme', '/e/inventory/suppliers/import', size)
    await rep.getByRole('heading', { name: 'Your role does not include this' }).waitFor()
    expect(await pageFaults(rep)).toEqual([])
  })
})

it('the keyboard meets the skip link first, the fields of a dialog in their order, and comes back to where it was', async () => {
  const { page } = await open('manager@acme', '/e/crm/deals')
  await page.getByRole('grid').waitFor()
  await page.keyboard.press('Tab')
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content')
  const button = page.getByRole('button', { name: 'New deal' })
  await button.focus()
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'New deal' })
  await expect.poll(() => dialog.getByLabel('Name').evaluate((node) => node === document.activeElement)).toBe(true)
  const fields = await dialog.locator('[data-field]').evaluateAll((nodes) => nodes.map((node) => node.getAttribute('data-field')))
  const met = ['name']
  for (let step = 0; step < 14 && met.length < fields.length; step++) {
    await page.keyboard.press('Tab')
    const at = await page.evaluate(() => document.activeElement?.closest('[data-field]')?.getAttribute('data-field') ?? '')
    if (at !== met.at(-1)) met.push(at)
  }
  expect(met).toEqual(fields)
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await expect.poll(() => button.evaluate((node) => node === document.activeElement)).toBe(true)
})
