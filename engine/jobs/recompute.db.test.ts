import { describe, expect, test } from 'vitest'
import type { StartedApp } from '../app.ts'
import { bos } from '../cli.ts'
import { readConfig } from '../config.ts'
import { openShop } from '../testing/shop.ts'
import { ok } from '../testing/world.ts'
import { actorFrom, asActor, Interrupted } from './jobs.ts'
import { recompute } from './recompute.ts'
import type { Recomputation } from './recompute.ts'

/** A module comes to derive values when there are records already, and changes its mind on how. */
const { world, start, stop } = await openShop()
const { acme, sql, call } = world
type Data = Record<string, unknown> & { id: string }
const make = async (path: string, body: object): Promise<Data> =>
  ok(await call('admin@acme', 'POST', `/api/shop/${path}`, { body })) as Data
const jobs = () =>
  sql<{ id: string; status: string; result: Recomputation; run: number }>(
    `select id, status, result, run from bos.job where tenant_id = $1 and kind = 'recompute' order by created_at`,
    [acme.id],
  )
const kept = () => sql(`select field from bos.derivation where tenant_id = $1 and entity like 'shop.%' order by entity, field`, [acme.id])
const doneOnce = async (): Promise<Recomputation> => {
  await expect.poll(async () => (await jobs()).map(({ status }) => status), { timeout: 30_000 }).toEqual(['done'])
  return (await jobs())[0]!.result
}

/** What should stand in the records, by simple means. */
const wrong = (factor: number) =>
  sql<{ id: string }>(
    `with amounts as (select l.tenant_id, l.parent_id, l.id, l.amount, round(l.price * l.quantity * $2, 2) as right from shop.line l),
       totals as (select b.id, b.customer, b.total, b.paid, b.open, b.label, b.name, b.deleted_at,
         coalesce((select sum(a.right) from amounts a where a.parent_id = b.id), 0) as right_total,
         coalesce((select sum(p.amount) from shop.payment p where p.basket = b.id and p.deleted_at is null), 0) as right_paid
         from shop.basket b where b.tenant_id = $1 and length(b.name) < 12 and b.name <> 'Twin')
     select id from amounts where tenant_id = $1 and amount is distinct from amounts.right
       and parent_id not in (select id from shop.basket where length(name) >= 12 or name = 'Twin')
     union all select id from totals where total is distinct from right_total or paid is distinct from right_paid
       or open is distinct from right_total - right_paid or label is distinct from name || '!'
     union all select c.id from shop.customer c where c.tenant_id = $1 and c.name = 'Plain' and c.owed is distinct from
       coalesce((select sum(t.right_total - t.right_paid) from totals t where t.customer = c.id and t.deleted_at is null), 0)`,
    [acme.id, factor],
  )

const plain = await make('customers', { name: 'Plain' })
const other = await make('customers', { name: 'Other' })
const lineOf = (price: string, quantity = 1): object => ({ price, quantity })
const first = await make('baskets', { name: 'First', customer: plain.id, lines: [lineOf('2.50', 2), lineOf('1.25')] })
const second = await make('baskets', { name: 'Second', customer: plain.id, holder: 'By hand', lines: [lineOf('10')] })
const gone = await make('baskets', { name: 'Gone', customer: plain.id, lines: [lineOf('7')] })
const large = await make('baskets', { name: 'Large', customer: other.id, lines: [lineOf('2000')] })
const long = await make('baskets', { name: 'Much too long a name', customer: other.id, lines: [lineOf('3')] })
const twins = [await make('baskets', { name: 'Twin', customer: other.id }), await make('baskets', { name: 'Twin', customer: other.id })]
await make('payments', { basket: first.id, amount: '1.00' })
ok(await call('admin@acme', 'DELETE', `/api/shop/baskets/${gone.id}`))
await sql(`update shop.basket set kind = null where id = $1`, [second.id])

let later: StartedApp

test('without records, and without a change, there is nothing to do', async () => {
  expect(await jobs()).toEqual([])
  await world.app.derived.look()
  await start({ derived: false, factor: 1 })
  expect(await jobs()).toEqual([])
  expect(await sql(`select count(*)::int as n from bos.job where kind = 'recompute'`)).toEqual([{ n: 0 }])
})

describe('after a module has come to derive values', () => {
  test('one job waits, however many processes start, and the records answer as before until it runs', async () => {
    const version = { derived: true, factor: 2 }
    ;[later] = await Promise.all([start(version), start(version), start(version)])
    expect((await jobs()).map(({ status }) => status)).toEqual(['queued'])
    expect((await sql(`select total, open from shop.basket where id = $1`, [first.id]))[0]).toEqual({ total: null, open: null })
    expect(await kept()).toEqual([])
    expect((await later.derived.differences(acme.id, 'shop.basket')).length).toBeGreaterThan(5)
  })

  test('only administrators see it', async () => {
    const [job] = await jobs()
    expect((await call('rep@acme', 'GET', `/api/jobs/${job!.id}`)).status).toBe(404)
    expect((await call('admin@globex', 'GET', `/api/jobs/${job!.id}`)).status).toBe(404)
    expect((await call('rep@acme', 'POST', `/api/jobs/${job!.id}/cancel`)).status).toBe(404)
    expect(ok(await call('admin@acme', 'GET', `/api/jobs/${job!.id}`))).toMatchObject({ kind: 'recompute', status: 'queued' })
  })

  test('what was worked out before a process died is not worked out again, and nothing counts before all of it is', async () => {
    const states: unknown[] = []
    const run = (state: unknown, until: number) =>
      recompute(later, {
        id: 'dying',
        input: {},
        state,
        as: asActor(async () =>
          actorFrom(acme.id, (await later.database.call({ text: 'select * from bos.tenants_derived($1)', values: [acme.id] })).rows[0]!),
        ),
        checkpoint: async (next) => {
          states.push(next)
          if (states.length >= until) throw new Interrupted(false)
        },
      })
    // Begun, and one batch of baskets.
    await expect(run({}, 2)).rejects.toThrow(Interrupted)
    expect(states.at(-1)).toMatchObject({ pass: 0, done: 7 })
    expect(await kept()).toEqual([])
    const events = () =>
      sql<{ n: number }>(`select count(*)::int as n from bos.event where type = 'derived' and record_id = $1`, [first.id])
    expect(await events()).toEqual([{ n: 1 }])
    await expect(run(states.at(-1), 4)).rejects.toThrow(Interrupted)
    expect(await events()).toEqual([{ n: 1 }])
  })

  test('a worker brings every record to what it should be', async () => {
    const app = await start({ derived: true, factor: 2 }, 'worker')
    const { complaints } = await doneOnce()
    expect(await wrong(2)).toEqual([])
    expect((await jobs())[0]!.run).toBe(1)
    expect(await kept()).toHaveLength(6)
    expect((await app.derived.differences(acme.id)).filter(({ record }) => record === first.id)).toEqual([])
    const [row] = await sql(`select total, paid, open, label, version, revision from shop.basket where id = $1`, [first.id])
    expect(row).toEqual({ total: '12.50', paid: '1.00', open: '11.50', label: 'First!', version: 1, revision: 2 })
    const [event] = await sql(`select type, version, revision, via, actor from bos.event where record_id = $1 and type <> 'created'`, [
      first.id,
    ])
    expect(event).toEqual({ type: 'derived', version: 1, revision: 2, via: 'job', actor: null })
    expect(complaints.map(({ record }) => record)).toContain(long.id)
    await stop(app)
  })

  test('what breaks a rule is worked out and told; what a field or a key does not take stays as it is and is told', async () => {
    // As the report of one whole run has it: the job above went on from what a process had left.
    await sql(`update shop.basket set total = null where id = $1`, [large.id])
    const { complaints } = await later.derived.recompute(acme.id, { entity: 'shop.basket' })
    const told = new Map(complaints.map((each) => [each.record, each]))
    expect(told.get(large.id)).toMatchObject({ isKept: false, faults: [{ pointer: '/total', detail: 'That is too much.' }] })
    expect(told.get(long.id)).toMatchObject({ isKept: true, faults: [{ pointer: '/label' }] })
    expect(new Set(twins.map(({ id }) => told.get(id)?.isKept ?? false))).toEqual(new Set([false, true]))
    expect((await sql(`select total from shop.basket where id = $1`, [large.id]))[0]).toEqual({ total: '4000.00' })
    expect((await sql(`select total, revision from shop.basket where id = $1`, [long.id]))[0]).toEqual({ total: null, revision: 1 })
  })

  test('what was given by hand or once stays, also where it is nothing', async () => {
    const rows = await sql(`select holder, kind from shop.basket where id = any($1) order by id`, [[first.id, second.id]])
    expect(rows).toEqual([
      { holder: 'Plain', kind: 'usual' },
      { holder: 'By hand', kind: null },
    ])
  })

  test('deleted records are right when they come back, and count nowhere before', async () => {
    expect((await sql(`select total, open from shop.basket where id = $1`, [gone.id]))[0]).toEqual({ total: '14.00', open: '14.00' })
    expect((await sql(`select owed from shop.customer where id = $1`, [plain.id]))[0]).toEqual({ owed: '31.50' })
  })

  test('nothing is left to do: another look, another start, and another run change nothing', async () => {
    await later.derived.look()
    await start({ derived: true, factor: 2 })
    expect((await jobs()).map(({ status }) => status)).toEqual(['done'])
    expect(await later.derived.recompute(acme.id, { all: true })).toMatchObject({ changed: 0 })
  })
})

describe('bos recompute', () => {
  const run = async (...args: string[]): Promise<{ code: number; lines: string[] }> => {
    const lines: string[] = []
    const code = await bos(['recompute', ...args], {
      out: (line) => lines.push(line),
      modulesDir: '',
      config: () => readConfig({}, '/'),
      open: () => Promise.resolve({ ...later, withOwner: later.database.withOwner, close: () => Promise.resolve() }),
    })
    return { code, lines }
  }

  test.each([
    [2, ['--everything'], /^bos recompute \[--tenant/],
    [2, ['acme'], /^bos recompute \[--tenant/],
    [1, ['--tenant', 'nowhere'], /^There is no tenant "nowhere"\.$/],
    [1, ['--tenant', 'acme', '--entity', 'shop.nothing'], /^There are no records of "shop\.nothing"\.$/],
    [1, ['--tenant', 'acme', '--entity', 'shop.line'], /^There are no records of "shop\.line"\.$/],
  ])('answers %i to %j', async (expected, args, told) => {
    const { code, lines } = await run(...args)
    expect([code, lines]).toEqual([expected, [expect.stringMatching(told)]])
  })

  test('says what is not as it should be and changes nothing, or puts it right', async () => {
    const customers = ['--tenant', 'acme', '--entity', 'shop.customer']
    expect(await run(...customers, '--check')).toEqual({ code: 0, lines: ['acme: every stored value is what it should be'] })
    await sql(`update shop.customer set owed = 1 where id = $1`, [plain.id])
    for (let again = 0; again < 2; again++)
      expect(await run(...customers, '--check')).toEqual({
        code: 1,
        lines: [`acme  shop.customer ${plain.id} owed: "1.00", should be "31.50"`, 'acme: 1 value not what it should be'],
      })
    expect(await run(...customers)).toEqual({ code: 0, lines: ['acme: 2 records worked out, 1 changed'] })
    expect((await run('--entity', 'shop.customer', '--check')).code).toBe(0)
  })

  test('tells of records that stay as they are', async () => {
    const { code, lines } = await run('--tenant', 'acme')
    expect(code).toBe(1)
    expect(lines.filter((line) => line.includes(long.id))).toEqual([expect.stringMatching(/shop\.basket .* stays as it is: \/label /)])
  })
})

test('going back to what a formula was, half way through, is a change too', async () => {
  const half = await start({ derived: true, factor: 3 })
  expect((await jobs()).map(({ status }) => status)).toContain('queued')
  // Somebody writes with what the module says now, before the job has run.
  await half.derived.recompute(acme.id, { entity: 'shop.basket' })
  expect(await wrong(3)).toEqual([])
  await sql(`delete from bos.derivation where tenant_id = $1 and entity = 'shop.line'`, [acme.id])
  await start({ derived: true, factor: 2 }, 'worker')
  await expect.poll(async () => (await jobs()).map(({ status }) => status), { timeout: 30_000 }).toEqual(['done'])
  expect(await wrong(2)).toEqual([])
})
