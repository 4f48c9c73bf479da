import { beforeAll, describe, expect, test } from 'vitest'
import { openTies } from '../testing/ties.ts'
import { ok, type Person, type Reply } from '../testing/world.ts'

/** What a deletion does to other documents is judged: what is frozen stays as it is, what is emptied keeps its rules, and rules may speak of deletions. */
const world = await openTies()
type Json = Record<string, unknown> & { id: string }
const admin = 'admin@acme'
const call = (as: Person, method: string, path: string, body?: unknown): Promise<Reply> =>
  world.call(as, method, `/api/ties/${path}`, body === undefined ? {} : { body })
const make = async (path: string, body: object): Promise<Json> => ok(await call(admin, 'POST', path, body)) as Json
const read = async (path: string, { id }: { id: string }): Promise<Json> => ok(await call(admin, 'GET', `${path}/${id}`)) as Json
const house = (more: object = {}): Promise<Json> => make('houses', { name: 'House', ...more })
const post = async (path: string, { id }: Json): Promise<void> => void ok(await call(admin, 'POST', `${path}/${id}/post`))
const remove = ({ id }: Json, as: Person = admin): Promise<Reply> => call(as, 'DELETE', `houses/${id}`)
const told = ({ status, body }: Reply): unknown[] => {
  const { code, detail, errors = [] } = body as { code?: string; detail?: string; errors?: { pointer: string; detail: string }[] }
  return [status, ...(code === 'request-invalid' ? [] : [code, detail]), ...errors.map((each) => `${each.pointer} ${each.detail}`)]
}
const explained = async (as: Person, { id }: Json): Promise<Record<string, unknown>> =>
  ok(await call(as, 'GET', `houses/${id}/explain?action=delete`))
const eventsOf = async (path: string, { id }: Json): Promise<unknown[]> =>
  (ok(await call(admin, 'GET', `${path}/${id}/history`))['data'] as Json[]).map((each) => each['type'])
/** Each refused twice: as it is and as an explanation says, to whoever asks; nothing of it is done. */
async function refused(as: Person, each: Json, why: unknown[], reason: string): Promise<void> {
  const before = await read('houses', each)
  const explanation = await explained(as, each)
  expect([explanation['allowed'], (explanation['refused'] as { detail: string }[]).map(({ detail }) => detail)]).toEqual([false, [reason]])
  expect(told(await remove(each, as))).toEqual(why)
  expect(await read('houses', each)).toEqual(before)
}
const unsaid = 'Something that you may not see stands against it.'

beforeAll(async () => {
  for (const [person, role] of [
    ['rep', 'outsider'],
    ['manager', 'half'],
  ] as const) {
    const body = { email: `${person}@acme.test`, roles: ['core.user', `ties.${role}`] }
    ok(await world.call(admin, 'PUT', `/api/access/${world.acme.members[person]}`, { body }))
  }
})

describe('what is frozen', () => {
  test('is not deleted along, nor emptied; its kind is told to those who may read it', async () => {
    for (const [path, plural, readers] of [
      ['entries', 'Entries', [admin]],
      ['visits', 'Visits', [admin, 'manager@acme']],
    ] as const) {
      const it = await house()
      const kept = await make(path, { text: 'kept', house: it.id })
      const draft = await make(path, { text: 'draft', house: it.id })
      await post(path, kept)
      const stored = await read(path, kept)
      const detail = `Records of “${plural}” refer to this one.`
      for (const person of [admin, 'rep@acme', 'manager@acme'] as const) {
        const said = readers.some((each) => each === person) ? detail : unsaid
        await refused(person, it, [409, 'still-referenced', said, ` ${said}`], said)
      }
      expect(await read(path, kept)).toEqual(stored)
      expect(await read(path, draft)).toMatchObject({ house: it.id, version: 1 })
      ok(await call(admin, 'POST', `${path}/${kept.id}/unpost`))
      expect((await remove(it)).status).toBe(200)
    }
  })

  test('is emptied where its state leaves that open', async () => {
    const it = await house()
    const visit = await make('visits', { text: 'guided', guide: it.id })
    await post('visits', visit)
    expect((await remove(it)).status).toBe(200)
    expect(await read('visits', visit)).toMatchObject({ guide: null, state: 'posted', version: 3 })
  })

  test('is judged as when it is deleted by itself, also in a batch', async () => {
    const [it, other] = [await house(), await house()]
    const entry = await make('entries', { text: 'x', house: it.id })
    await post('entries', entry)
    expect(told(await call(admin, 'DELETE', `entries/${entry.id}`))).toEqual([
      409,
      'conflict',
      'The record cannot be deleted: it is Posted.',
    ])
    const operations = [it, other].map(({ id }) => ({ op: 'delete', id }))
    expect((await call(admin, 'POST', 'houses/bulk', { mode: 'all', operations })).status).toBe(409)
    expect((await call(admin, 'GET', `houses/${other.id}`)).status).toBe(200)
    const each = ok(await call(admin, 'POST', 'houses/bulk', { mode: 'each', operations }))
    expect((each['results'] as Json[]).map(({ status }) => status)).toEqual([409, 200])
  })

  test('is as the operations before have left it, in a batch of which each is done by itself', async () => {
    const bulk = async (upper: Json, lower: Json, unpostFirst: boolean): Promise<unknown[]> => {
      const operations = [
        { op: 'update', id: lower.id, data: { state: 'draft' } },
        { op: 'delete', id: upper.id },
      ]
      const body = { mode: 'each', operations: unpostFirst ? operations : operations.toReversed() }
      const { results } = ok(await call(admin, 'POST', 'entries/bulk', body)) as unknown as { results: Json[] }
      return results.map(({ status }) => status)
    }
    for (const unpostFirst of [true, false]) {
      const upper = await make('entries', { text: 'upper' })
      const lower = await make('entries', { text: 'lower', under: upper.id })
      await post('entries', lower)
      expect(await bulk(upper, lower, unpostFirst)).toEqual(unpostFirst ? [200, 200] : [409, 200])
      expect((await call(admin, 'GET', `entries/${lower.id}`)).status).toBe(unpostFirst ? 404 : 200)
    }
  })
})

describe('what is emptied', () => {
  test('is judged by its rules and by what it requires; who may not see it is not told of it', async () => {
    const it = await house()
    await make('visits', { text: 'fee', house: it.id, fee: 5 })
    const [rule, plain] = ['/ Visit, House: A fee needs a house.', '/ A fee needs a house.'].map((each) => each.replace('/', ''))
    await refused(admin, it, [422, rule], 'Visit, House: A fee needs a house.')
    await refused('manager@acme', it, [422, rule], 'Visit, House: A fee needs a house.')
    await refused('rep@acme', it, [422, plain], 'A fee needs a house.')
    const strict = await house()
    for (const n of [1, 2]) await make('visits', { text: `strict ${n}`, house: strict.id, strict: true })
    await refused(admin, strict, [422, ' Visit, Reason: Reason is required.'], 'Visit, Reason: Reason is required.')
    for (const person of ['rep@acme', 'manager@acme'] as const) await refused(person, strict, [422, ` ${unsaid}`], unsaid)
  })

  test('is derived anew with it, as one change, though people could not make it', async () => {
    const it = await house()
    const group = await make('groups', { name: 'G' })
    const visit = await make('visits', { text: 'v', house: it.id, first: it.id, guide: it.id, party: group.id })
    expect([visit['lost'], visit['place'], (await read('groups', group))['homeless']]).toEqual([0, 'House', 0])
    expect((await remove(it, 'rep@acme')).status).toBe(200)
    expect(await read('visits', visit)).toMatchObject({
      house: null,
      first: null,
      guide: null,
      lost: 1,
      place: null,
      version: 2,
      revision: 2,
    })
    expect(await eventsOf('visits', visit)).toEqual(['updated', 'created'])
    expect((await read('groups', group))['homeless']).toBe(1)
  })

  test('stays empty when what it referred to comes back, with what was done to it meanwhile; what went along comes back', async () => {
    const it = await house()
    const [visit, entry] = [await make('visits', { text: 'v', house: it.id }), await make('entries', { text: 'e', house: it.id })]
    expect((await remove(it)).status).toBe(200)
    ok(await call(admin, 'PATCH', `visits/${visit.id}`, { strict: true, reason: 'changed' }))
    await post('visits', visit)
    ok(await call(admin, 'POST', `houses/${it.id}/restore`))
    expect(await read('visits', visit)).toMatchObject({ house: null, lost: 1, reason: 'changed', state: 'posted', version: 4 })
    expect(await read('entries', entry)).toMatchObject({ house: it.id, version: 3 })
  })
})

describe('a rule on delete', () => {
  test('is judged on the stored record, whatever changed of it, and on its lines', async () => {
    const it = await house({ locked: true, worth: 5000, rooms: [{ name: 'A', used: true }, { name: 'B' }] })
    const [room] = it['rooms'] as Json[]
    expect(told(await remove(it))).toEqual([422, '/locked Unlock it first.', `/rooms/${room!.id}/used A used room stays.`])
    expect((await read('houses', it)).version).toBe(1)
    ok(await call(admin, 'PATCH', `houses/${it.id}`, { name: 'Ruin', locked: false }))
    expect(ok(await remove(it))['_warnings']).toEqual([{ pointer: '/worth', detail: 'It was dear.' }])
  })

  test('is no rule on other changes; one on both is judged where it says so', async () => {
    const it = await house({ locked: true, secret: 'keep' })
    ok(await call(admin, 'PATCH', `houses/${it.id}`, { locked: true, name: 'Other' }))
    expect(told(await call(admin, 'PATCH', `houses/${it.id}`, { secret: 'x' }))).toEqual([422, '/secret It is kept.'])
    expect(told(await remove(it))).toEqual([422, '/locked Unlock it first.', '/secret It is kept.'])
  })

  test('is judged of a line that is taken out, at its place', async () => {
    const it = await house({ rooms: [{ name: 'A', used: true }, { name: 'B' }] })
    const [a, b] = it['rooms'] as Json[]
    const patch = (rooms: unknown, more: object = {}) => call(admin, 'PATCH', `houses/${it.id}?replace=rooms`, { rooms, ...more })
    expect(told(await patch({ [a!.id]: null }))).toEqual([422, `/rooms/${a!.id} A used room stays.`])
    expect(told(await patch([{ id: b!.id, name: 'B' }]))).toEqual([422, '/rooms A used room stays.'])
    // What the same request says of it makes no difference.
    expect(told(await patch([], { name: 'Ruin' }))).toEqual([422, '/rooms A used room stays.'])
    expect((await patch({ [b!.id]: null })).status).toBe(200)
    expect((await patch({ [a!.id]: { used: false } })).status).toBe(200)
    expect((await patch([])).status).toBe(200)
  })

  test('is judged of what goes along, and reads other records as they are before', async () => {
    const it = await house()
    const entry = await make('entries', { text: 'pin', house: it.id, pinned: true })
    await refused(admin, it, [422, ' Entry, Pinned: Unpin it first.'], 'Entry, Pinned: Unpin it first.')
    await refused('rep@acme', it, [422, ' Unpin it first.'], 'Unpin it first.')
    ok(await call(admin, 'PATCH', `entries/${entry.id}`, { pinned: false, text: 'busy' }))
    await refused(admin, it, [422, ' Something goes on.'], 'Something goes on.')
    ok(await call(admin, 'PATCH', `entries/${entry.id}`, { text: 'calm' }))
    expect((await remove(it)).status).toBe(200)
  })

  test('refuses each of a batch for itself, and the whole of one that is all or nothing', async () => {
    const [locked, free] = [await house({ locked: true }), await house()]
    const operations = [locked, free].map(({ id }) => ({ op: 'delete', id }))
    const all = await call(admin, 'POST', 'houses/bulk', { mode: 'all', operations })
    expect(told(all)).toEqual([422, '/operations/0/locked Unlock it first.'])
    const each = ok(await call(admin, 'POST', 'houses/bulk', { mode: 'each', operations }))
    expect((each['results'] as Json[]).map(({ status }) => status)).toEqual([422, 200])
  })

  test('is explained with its reasons, to whoever may read what it reads', async () => {
    const it = await house({ locked: true, secret: 'keep' })
    const rules = async (as: Person) =>
      ((await explained(as, it))['expressions'] as Json[]).map(({ kind, rule, holds, why }) => [kind, rule, holds, (why as Json)['value']])
    expect(await rules(admin)).toEqual([
      ['rule', 'locked', false, false],
      ['rule', 'kept', false, false],
    ])
    expect(await rules('rep@acme')).toEqual([['rule', 'locked', false, false]])
    const { refused: reasons } = await explained('rep@acme', it)
    expect(reasons).toEqual([{ detail: 'Unlock it first.', pointer: '/locked' }, { detail: 'It is kept.' }])
    expect(told(await remove(it, 'rep@acme'))).toEqual([422, '/locked Unlock it first.', ' It is kept.'])
  })

  test('lets a trial say so, and a restore is judged by none', async () => {
    const it = await house({ worth: 5000 })
    expect((await explained(admin, it))['allowed']).toBe(true)
    expect((await remove(it)).status).toBe(200)
    ok(await call(admin, 'POST', `houses/${it.id}/restore`))
    expect((await read('houses', it)).version).toBe(3)
  })

  test('keeps a row of an import that is undone, and says why', async () => {
    const finished = async (started: Reply): Promise<Json> => {
      const path = `/api/jobs/${String(ok(started)['id'])}`
      let job = {} as Json
      const status = async () => (job = ok(await world.call(admin, 'GET', path)) as Json)['status']
      await expect.poll(status, { timeout: 25_000, interval: 100 }).toMatch(/done|failed|cancelled/)
      return job
    }
    const body = 'name,locked\nOpen house,false\nLocked house,true\n'
    const job = await finished(
      await world.call(admin, 'POST', '/api/ties/houses/import', { body, headers: { 'content-type': 'text/csv' } }),
    )
    const { result } = await finished(await world.call(admin, 'POST', `/api/jobs/${job.id}/undo`))
    expect(result).toMatchObject({ removed: 1, kept: [{ row: 3, why: 'Unlock it first.' }] })
    const { data } = ok(await call(admin, 'GET', 'houses?name.contains=house&sort=name')) as unknown as { data: Json[] }
    expect(data.map(({ name }) => name).filter((each) => each !== 'House')).toEqual(['Locked house'])
  })
})
