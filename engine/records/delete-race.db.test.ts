import { expect, test } from 'vitest'
import { openTies } from '../testing/ties.ts'
import { ok, type Reply } from '../testing/world.ts'

/** Deletions that meet with changes of what they take along or empty: whoever comes second sees what the first one did. */
const world = await openTies()
type Json = Record<string, unknown> & { id: string }
const call = (method: string, path: string, body?: unknown): Promise<Reply> =>
  world.call('admin@acme', method, `/api/ties/${path}`, body === undefined ? {} : { body })
const make = async (path: string, body: object): Promise<Json> => ok(await call('POST', path, body)) as Json

test('what becomes frozen while a deletion is under way is neither gone nor emptied', async () => {
  const seen = new Map<string, number>()
  const visits: Json[] = []
  for (let round = 0; round < 6; round++) {
    const attempts = await Promise.all(
      Array.from({ length: 5 }, async (_, i) => {
        const house = await make('houses', { name: `House ${round}.${i}` })
        const entry = await make('entries', { text: 'e', house: house.id })
        const visit = await make('visits', { text: 'v', house: house.id })
        visits.push(visit)
        const deletion = (): Promise<Reply> => call('DELETE', `houses/${house.id}`)
        const others = [
          () => call('POST', `${round % 2 ? 'entries' : 'visits'}/${(round % 2 ? entry : visit).id}/post`),
          () => call('PATCH', `visits/${visit.id}`, { fee: i % 2 ? 5 : null, text: 'changed' }),
          () => call('PATCH', `entries/${entry.id}`, { text: 'changed' }),
        ]
        return i % 2 ? [deletion, ...others] : [...others, deletion]
      }),
    )
    // Twenty at once.
    const replies = await Promise.all(attempts.flat().map((attempt) => attempt()))
    for (const { status, text } of replies) {
      expect([200, 404, 409, 422], text).toContain(status)
      seen.set(String(status), (seen.get(String(status)) ?? 0) + 1)
    }
  }
  // Both sides have won.
  expect([...seen.keys()]).toEqual(expect.arrayContaining(['200', '409']))
  expect(
    await world.sql(`
      select 'frozen, and gone' as what, e.id from ties.entry e where e.state = 'posted' and e.deleted_at is not null
      union all select 'left behind', e.id from ties.entry e join ties.house h on h.id = e.house where e.deleted_at is null and h.deleted_at is not null
      union all select 'not emptied', v.id from ties.visit v join ties.house h on h.id = v.house where h.deleted_at is not null
      union all select 'a fee without a house', v.id from ties.visit v where v.fee is not null and v.house is null
      union all select 'derived of what is not so', v.id from ties.visit v where v.lost <> (case when v.house is null then 1 else 0 end)
      union all select 'miscounted', h.id from ties.house h where h.deleted_at is null
        and h.posted <> (select count(*) from ties.entry e where e.house = h.id and e.state = 'posted')`),
  ).toEqual([])
  for (const { id } of visits) {
    const history = ok(await call('GET', `visits/${id}/history`))['data'] as { type: string; version: number; changes: object }[]
    const posted = history.find(({ type }) => type === 'post')?.version ?? Infinity
    expect(history.filter(({ version, changes }) => version > posted && 'house' in changes)).toEqual([])
  }
})
