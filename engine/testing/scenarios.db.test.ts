import { describe, expect, test } from 'vitest'
import { eventsOf, scenarios } from './scenarios.ts'
import { ok, openWorld } from './world.ts'

const world = await openWorld()
const companyOf = async (person: 'rep@acme' | 'rep@globex'): Promise<string> => {
  const { data } = ok(await world.call(person, 'GET', '/api/crm/companies?limit=1')) as { data: { id: string }[] }
  return data[0]?.id ?? ''
}
const acme = { company: await companyOf('rep@acme') }
const deal = { name: 'Fleet renewal', company: acme.company }

describe('the world', () => {
  test('has two tenants that share no person and no company', async () => {
    expect(world.acme.id).not.toBe(world.globex.id)
    expect(world.acme.members['rep']).not.toBe(world.globex.members['rep'])
    expect(await companyOf('rep@globex')).not.toBe(acme.company)
  })

  test('events are told apart from those that were there before', async () => {
    const quiet = await eventsOf(world, () => world.call('rep@acme', 'GET', '/api/crm/deals'))
    expect(quiet.events).toEqual([])
    const busy = await eventsOf(world, () => world.call('rep@acme', 'POST', '/api/crm/deals', { body: deal }))
    expect(busy.events).toEqual(['crm.deal.created'])
  })
})

let made = ''
scenarios(world, 'POST /api/crm/deals', [
  { name: 'nobody may', as: null, body: deal, status: 401, problem: 'not-authenticated' },
  { name: 'JSON that ends too early', as: 'rep@acme', body: '{"name":', status: 400, problem: 'request-malformed' },
  {
    name: 'a deal cannot point into another tenant',
    as: 'rep@globex',
    body: deal,
    status: 422,
    problem: 'request-invalid',
    pointers: ['/company'],
  },
  {
    name: 'every fault at once',
    as: 'rep@acme',
    body: { ...deal, stage: 'dreaming', company: 7 },
    status: 422,
    problem: 'request-invalid',
    pointers: ['/company', '/stage'],
  },
  {
    name: 'a rep creates a deal',
    as: 'rep@acme',
    body: deal,
    status: 201,
    events: ['crm.deal.created'],
    expect: (created: { id: string; owner: string }) => {
      expect(created.owner).toBe(world.acme.members['rep'])
      made = created.id
    },
  },
  { name: 'and reads it', as: 'rep@acme', method: 'GET', path: () => `/api/crm/deals/${made}`, status: 200, events: [] },
  {
    name: 'which another tenant cannot',
    as: 'admin@globex',
    method: 'GET',
    path: () => `/api/crm/deals/${made}`,
    status: 404,
    problem: 'not-found',
  },
])
