import { expect, test } from 'vitest'
import { openWorld } from '../testing/world.ts'
import { create, get } from '../testing/writing.ts'

const world = await openWorld()
const as = 'admin@acme'

const newTag = async (name: string): Promise<string> => (await create(world, as, '/api/core/tags', { name })).id

/** What the link rows of a deal say, and what its own row says. */
async function stored(id: string): Promise<readonly unknown[]> {
  const [row] = await world.sql(
    `select d.tags as list, array(select l.target from crm.deal__tags l where l.parent_id = d.id order by l.position) as links
     from crm.deal d where d.id = $1`,
    [id],
  )
  return [row?.['list'], row?.['links']]
}

test('a list of links stands in its link rows and in the row of what has them, whatever is done to it', async () => {
  const [a, b, c] = [await newTag('Anna'), await newTag('Ben'), await newTag('Cleo')]
  const company = (await create(world, as, '/api/crm/companies', { name: 'Linked' })).id
  const deal = await create(world, as, '/api/crm/deals', { name: 'Linked', company, tags: [b, a], external_id: 'linked-1' })
  const { id } = deal
  const expectList = async (tags: readonly string[]): Promise<void> => {
    expect(await stored(id)).toEqual([tags, tags])
    expect((await get(world, as, `/api/crm/deals/${id}`))['tags']).toEqual(tags)
  }
  await expectList([b, a])
  for (const tags of [[a, b], [c], [], [c, a, b]]) {
    expect((await world.call(as, 'PATCH', `/api/crm/deals/${id}`, { body: { tags } })).status).toBe(200)
    await expectList(tags)
  }

  // The same list again changes nothing; neither does a list with somebody who is not there.
  const before = (await get(world, as, `/api/crm/deals/${id}`))['version']
  expect((await world.call(as, 'PATCH', `/api/crm/deals/${id}`, { body: { tags: [c, a, b] } })).status).toBe(200)
  expect((await world.call(as, 'PATCH', `/api/crm/deals/${id}`, { body: { tags: [a, company] } })).status).toBe(422)
  expect((await get(world, as, `/api/crm/deals/${id}`))['version']).toBe(before)
  await expectList([c, a, b])

  // A tag that goes takes no link along.
  expect((await world.call(as, 'DELETE', `/api/core/tags/${a}`)).status).toBe(200)
  await expectList([c, a, b])
})

test('a record without links has an empty list, in one record and in a list', async () => {
  const company = (await create(world, as, '/api/crm/companies', { name: 'No links' })).id
  const deal = await create(world, as, '/api/crm/deals', { name: 'No links', company })
  expect(deal['tags']).toEqual([])
  const { body } = await world.call(as, 'GET', `/api/crm/deals?company=${company}`)
  expect((body as { data: { tags: unknown }[] }).data.map(({ tags }) => tags)).toEqual([[]])
})
