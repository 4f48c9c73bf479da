import { expect, it } from 'vitest'
import { openWorldWith, type ModuleFiles } from '../engine/testing/dropped-in.ts'
import { ok } from '../engine/testing/world.ts'
import { visiting } from './testing/visit.ts'

/** What only the server can work out is asked for while a form is typed, shown as coming until it is there, and never in the way of typing. */
const files: ModuleFiles = {
  'module.json': {
    title: 'Visits',
    depends: { core: '^1.0.0', crm: '^1.0.0' },
    roles: [{ id: 'visits.user', title: 'User' }],
    menu: [{ entity: 'visits.visit' }],
  },
  'entities/visit.json': {
    title: 'Visit',
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', title: 'Name', maxLength: 80 },
      minutes: { type: 'integer', title: 'Minutes', minimum: 5 },
      company: { title: 'Company', 'x-bos': { type: 'reference', entity: 'crm.company', inverse: 'visits' } },
      before: { title: 'Visits before', 'x-bos': { type: 'integer', lookup: 'count(self.company.visits, v, v.id != self.id)' } },
    },
    'x-bos': {
      plural: 'visits',
      titleField: 'name',
      rules: [{ id: 'enough', assert: 'self.before < 5', message: 'They have had enough.', at: 'company' }],
      permissions: { 'visits.user': { scope: 'all', read: true } },
    },
  },
  'views/visit_all.json': { entity: 'visits.visit', kind: 'list', title: 'All visits', columns: ['name', 'minutes'] },
  'views/visit_long.json': {
    entity: 'visits.visit',
    kind: 'list',
    title: 'Long ones',
    columns: ['name', 'minutes'],
    filter: 'self.minutes > 60',
  },
}
const world = await openWorldWith('visits', files)
const { open, first } = visiting(world)
const make = async (path: string, body: object): Promise<Record<string, unknown>> =>
  ok(await world.call('admin@acme', 'POST', `/api/${path}`, { body }))

it('a value of the server is coming until it is there; what is half filled is no fault, and what is typed stays', async () => {
  const company = await first('/api/crm/companies')
  for (const name of ['One', 'Two']) await make('visits/visits', { name, company: company.id })
  const visit = await make('visits/visits', { name: 'Three', minutes: 30 })
  const { page, complaints } = await open('admin@acme', `/e/visits/visits/${String(visit['id'])}/edit`)
  const before = page.locator('[data-field="before"]')
  const minutes = page.getByLabel('Minutes', { exact: true })
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const tried: unknown[] = []
  await page.route('**/api/visits/visits/*dryRun=true*', async (route) => {
    tried.push(route.request().postDataJSON())
    await held
    await route.continue().catch(() => undefined)
  })
  await minutes.fill('2')
  await page.getByRole('button', { name: 'Company', exact: true }).click()
  await page
    .getByRole('option', { name: String(company['name']) })
    .first()
    .click()
  await before.getByText('Being worked out').waitFor()
  await expect.poll(() => tried.length).toBe(1)
  await page.getByLabel('Name', { exact: false }).first().fill('Three, typed meanwhile')
  release()
  await expect.poll(() => before.innerText()).toContain('2')
  // The half filled value is not asked about; what was typed meanwhile makes the first question stale.
  expect(tried[0]).toEqual({ company: company.id })
  expect(JSON.stringify(tried)).not.toContain('minutes')
  expect(await before.getByText('Being worked out').count()).toBe(0)
  expect(await page.getByLabel('Name', { exact: false }).first().inputValue()).toBe('Three, typed meanwhile')
  expect(await minutes.inputValue()).toBe('2')
  expect(complaints).toEqual([])
})

it('values of the server come for a new record before everything is there that it needs', async () => {
  const { id, name } = await make('crm/companies', { name: 'Company with visits' })
  for (const visit of ['Four', 'Five', 'Six']) await make('visits/visits', { name: visit, company: id })
  const { page, complaints } = await open('admin@acme', '/e/visits/visits/new')
  const before = page.locator('[data-field="before"]')
  await page.getByRole('button', { name: 'Company', exact: true }).click()
  await page.getByRole('combobox', { name: 'Company' }).fill(String(name))
  await page
    .getByRole('option', { name: String(name) })
    .filter({ hasNotText: 'Create' })
    .first()
    .click()
  await expect.poll(() => before.innerText()).toContain('3')
  // Nobody was told that the name is missing: it has not been left yet.
  expect(await page.getByText('Name is required').count()).toBe(0)
  expect(await before.getByText('Being worked out').count()).toBe(0)
  expect(complaints).toEqual([])
})

it('values of the server are told of what its rules refuse as well, beside the refusal', async () => {
  const { id, name } = await make('crm/companies', { name: 'Company that had enough' })
  for (const visit of ['1', '2', '3', '4', '5']) await make('visits/visits', { name: visit, company: id })
  const { page, complaints } = await open('admin@acme', '/e/visits/visits/new')
  const before = page.locator('[data-field="before"]')
  await page.getByLabel('Name', { exact: false }).first().fill('Sixth')
  await page.getByRole('button', { name: 'Company', exact: true }).click()
  await page.getByRole('combobox', { name: 'Company' }).fill(String(name))
  await page
    .getByRole('option', { name: String(name) })
    .filter({ hasNotText: 'Create' })
    .first()
    .click()
  // The picker takes the focus back a moment after it has closed; what is left says what is wrong.
  const left = async (): Promise<number> => {
    await page.getByLabel('Name', { exact: false }).first().focus()
    return page.getByText('They have had enough', { exact: true }).count()
  }
  await expect.poll(left).toBe(1)
  await expect.poll(() => before.innerText()).toContain('5')
  expect(await before.getByText('Being worked out').count()).toBe(0)
  // The refused trial is what a browser complains of, nothing else.
  expect(complaints.filter((each) => !each.includes('422'))).toEqual([])
})

it('the filter of a view is locked: it is told, and nothing takes it away but another view', async () => {
  await make('visits/visits', { name: 'Long', minutes: 90 })
  await make('visits/visits', { name: 'Short', minutes: 20 })
  const { page, complaints } = await open('admin@acme', '/e/visits/visits')
  await page.getByRole('tab', { name: 'Long ones' }).click()
  const chip = page.getByRole('note', { name: 'Expression of the view: self.minutes > 60' })
  await chip.waitFor()
  await page.getByRole('row').filter({ hasText: 'Long' }).first().waitFor()
  await expect.poll(() => page.getByRole('row').filter({ hasText: 'Short' }).count()).toBe(0)
  expect(await page.getByRole('button', { name: 'Remove the expression' }).count()).toBe(0)
  expect(await chip.evaluate((each) => each.closest('button') === null && each.querySelector('button') === null)).toBe(true)
  await page.getByRole('tab', { name: 'All visits' }).click()
  await expect.poll(() => chip.count()).toBe(0)
  await page.getByRole('row').filter({ hasText: 'Short' }).first().waitFor()
  expect(complaints).toEqual([])
})
