import { beforeAll, describe, expect, test } from 'vitest'
import { openFlows } from '../testing/flows.ts'
import { ok, type Person, type Reply } from '../testing/world.ts'

/** States, transitions, what they set, what they freeze, and who may run them. */
const world = await openFlows()
type Data = Record<string, unknown> & { id: string }
const claims = '/api/flows/claims'
const call = (as: Person, method: string, path: string, body?: object): Promise<Reply> => world.call(as, method, path, body ? { body } : {})
const faults = (reply: Reply): unknown[] => [
  reply.status,
  ...((reply.body as { errors?: { pointer: string; detail: string }[] }).errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`),
]
const make = async (more: object = {}): Promise<Data> =>
  ok(await call('rep@acme', 'POST', claims, { name: 'C', amount: '50', account: 'A1', items: [{ what: 'train' }], ...more })) as Data
const run = (as: Person, { id }: Data, transition: string, body?: object) => call(as, 'POST', `${claims}/${id}/${transition}`, body)

beforeAll(async () => {
  for (const [person, role] of [
    ['rep', 'flows.clerk'],
    ['manager', 'flows.boss'],
  ] as const) {
    const path = `/api/access/${world.acme.members[person]}`
    ok(await call('admin@acme', 'PUT', path, { email: `${person}@acme.test`, roles: ['core.user', role] }))
  }
})

describe('a state', () => {
  test('is the first one for a new record, and changes by transitions only', async () => {
    const claim = await make()
    expect(claim['state']).toBe('draft')
    expect(faults(await call('rep@acme', 'PATCH', `${claims}/${claim.id}`, { state: 'paid' }))).toEqual([
      422,
      '/state State cannot go from Draft to Paid; from here: Submit.',
    ])
    expect(ok(await call('rep@acme', 'PATCH', `${claims}/${claim.id}`, { state: 'open' }))['state']).toBe('open')
    expect(faults(await run('rep@acme', claim, 'submit'))).toEqual([422, '/state State is Open already; from here: Approve, Reject.'])
    expect((await run('rep@acme', claim, 'fly')).status).toBe(404)
  })

  test('of a new record that is not the first needs the way there, with its guard', async () => {
    expect((await make({ state: 'open' }))['state']).toBe('open')
    expect(faults(await call('rep@acme', 'POST', claims, { name: 'C', state: 'open' }))).toEqual([
      422,
      '/state A claim needs an amount and items.',
    ])
    expect(faults(await call('rep@acme', 'POST', claims, { name: 'C', state: 'paid' }))[0]).toBe(422)
  })
})

describe('a transition', () => {
  test('sets what it says, and what is derived follows; history calls it by its name', async () => {
    const claim = await make({ state: 'open', notes: 'Fine' })
    const approved = ok(await run('manager@acme', claim, 'approve')) as Data
    expect(approved).toMatchObject({ state: 'approved', approved_by: world.acme.members['manager'], notes: 'Fine ok', version: 2 })
    expect(approved['approved_on']).toMatch(/^\d{4}-\d\d-\d\d$/)
    const [last] = ok(await call('manager@acme', 'GET', `${claims}/${claim.id}/history`))['data'] as Data[]
    expect(last).toMatchObject({ type: 'approve', version: 2 })
    const back = ok(await run('manager@acme', claim, 'reopen')) as Data
    expect(back).toMatchObject({ state: 'open', approved_on: null, approved_by: null })
  })

  test('is for the roles it names, whatever else they may do', async () => {
    const claim = await make({ state: 'open' })
    expect((await run('rep@acme', claim, 'approve')).status).toBe(403)
    expect(faults(await call('rep@acme', 'PATCH', `${claims}/${claim.id}`, { state: 'approved' }))).toEqual([
      422,
      '/state Your role may not do this: Approve.',
    ])
    // Who may only run it changes nothing else.
    expect((await call('manager@acme', 'PATCH', `${claims}/${claim.id}`, { name: 'X' })).status).toBe(403)
    expect((await run('manager@acme', claim, 'approve', { name: 'X' })).status).toBe(403)
    expect((await run('manager@acme', claim, 'approve')).status).toBe(200)
    expect((await run('manager@acme', claim, 'pay')).status).toBe(403)
  })

  test('has a guard that knows who acts', async () => {
    const own = ok(
      await call('admin@acme', 'POST', claims, { name: 'C', amount: '500', account: 'A', items: [{ what: 'x' }], state: 'open' }),
    ) as Data
    expect(faults(await run('admin@acme', own, 'approve'))).toEqual([422, '/state “Approve” is not possible as the record is.'])
    expect((await run('manager@acme', own, 'approve')).status).toBe(200)
  })

  test('demands what the new state needs', async () => {
    const claim = await make({ state: 'open', account: null })
    expect(faults(await run('manager@acme', claim, 'approve'))).toEqual([422, '/account Account is required.'])
  })

  test('brings further changes along, all or nothing', async () => {
    const claim = await make()
    const submitted = ok(await run('rep@acme', claim, 'submit', { name: 'D', amount: '60' }))
    expect(submitted).toMatchObject({ state: 'open', name: 'D', amount: '60.00', twice: '120.00' })
    const other = await make({ items: [] })
    expect(faults(await run('rep@acme', other, 'submit', { name: 'D' }))[0]).toBe(422)
    expect(ok(await call('rep@acme', 'GET', `${claims}/${other.id}`))).toMatchObject({ name: 'C', version: 1 })
  })

  test('is refused to a stale reader like any edit', async () => {
    const claim = await make()
    ok(await call('rep@acme', 'PATCH', `${claims}/${claim.id}`, { state: 'open' }))
    ok(await call('rep@acme', 'PATCH', `${claims}/${claim.id}`, { state: 'rejected' }))
    const reply = await world.call('rep@acme', 'POST', `${claims}/${claim.id}/submit`, { headers: { 'if-match': '"1.1"' } })
    expect(reply.status).toBe(412)
  })
})

describe('a frozen state', () => {
  test('keeps everything but its exceptions, down to columns of lines', async () => {
    const claim = await make({ state: 'open', items: [{ what: 'train' }, { what: 'hotel' }] })
    ok(await run('manager@acme', claim, 'approve'))
    const path = `${claims}/${claim.id}`
    const [first, second] = (claim['items'] as Data[]).map((each) => each.id) as [string, string]
    expect(
      faults(
        await call('rep@acme', 'PATCH', path, {
          name: 'X',
          items: { [first]: { what: 'bus', checked: true }, 'new:1': { what: 'y' }, [second]: null },
        }),
      ),
    ).toEqual([
      422,
      '/name Name cannot be changed: the record is Approved.',
      '/items Items cannot be changed: the record is Approved.',
      `/items/${first}/what What cannot be changed: the record is Approved.`,
      '/items/new:1 Items cannot be changed: the record is Approved.',
    ])
    ok(await call('rep@acme', 'PATCH', path, { notes: 'n', name: 'C', items: { [first]: { checked: true } } }))
    expect(faults(await run('rep@acme', claim, 'pay'))).toEqual([422, '/state “Pay out” is not possible as the record is.'])
    ok(await run('rep@acme', claim, 'pay', { items: { [second]: { checked: true } } }))
    expect(faults(await call('rep@acme', 'PATCH', path, { notes: 'm' }))).toEqual([
      422,
      '/notes Notes cannot be changed: the record is Paid.',
    ])
    const gone = await call('rep@acme', 'DELETE', path)
    expect([gone.status, (gone.body as { detail: string }).detail]).toEqual([409, 'The record cannot be deleted: it is Paid.'])
  })
})

test('the catalogue tells each caller which transitions there are', async () => {
  const view = ok(await call('manager@acme', 'GET', '/api/catalogue'))
  const claim = (view['entities'] as Record<string, { lifecycles: { field: string; transitions: { name: string }[] }[] }>)['flows.claim']!
  expect(claim.lifecycles.map(({ field, transitions }) => [field, transitions.map((each) => each.name)])).toEqual([
    ['state', ['approve', 'reopen']],
  ])
})
