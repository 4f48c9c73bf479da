import { expect, test } from 'vitest'
import { openShop } from '../testing/shop.ts'
import { ok, type Reply } from '../testing/world.ts'

/** People go on writing while a job works everything out. */
const { world, start } = await openShop()
const { acme, sql, call: ask } = world
type Data = Record<string, unknown> & { id: string }

const call = async (url: string, token: string, method: string, path: string, body?: object): Promise<Reply['status']> => {
  const response = await fetch(`${url}/api/shop/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  await response.text()
  return response.status
}

test('fifty writers hammer while it runs: in the end every value is what a recomputation from scratch gives', async () => {
  const token = String(
    ok(await ask(null, 'POST', '/api/auth/login', { body: { email: 'admin@acme.test', password: 'a password for tests only' } }))[
      'accessToken'
    ],
  )
  const made = async (path: string, body: object): Promise<Data> =>
    ok(await ask('admin@acme', 'POST', `/api/shop/${path}`, { body })) as Data
  const customers = await Promise.all(['A', 'B', 'C'].map((name) => made('customers', { name })))
  const baskets = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      made('baskets', { name: `B${i}`, customer: customers[i % 3]!.id, lines: [{ price: '1.50', quantity: 1 + (i % 4) }, { price: '2' }] }),
    ),
  )
  // Many more, so that the passes last.
  await sql(
    `with b as (insert into shop.basket (tenant_id, id, version, revision, created_at, created_via, updated_at, name, customer)
       select $1, gen_random_uuid(), 1, 1, now(), 'seed', now(), 'S' || n, $2 from generate_series(1, 4000) n returning id)
     insert into shop.line (tenant_id, id, parent_id, position, price, quantity) select $1, gen_random_uuid(), b.id, 1, 3, 2 from b`,
    [acme.id, customers[0]!.id],
  )
  const writing = await start({ derived: true, factor: 2 })
  const worker = await start({ derived: true, factor: 2 }, 'worker')
  const over = new AbortController()
  const statuses = new Map<number, number>()
  const writers = Array.from({ length: 50 }, async (_, i) => {
    for (let n = 0; !over.signal.aborted; n++) {
      const basket = baskets[(i * 7 + n) % baskets.length]!
      const [line] = basket['lines'] as Data[]
      const status = await [
        () => call(writing.url, token, 'PATCH', `baskets/${basket.id}`, { lines: { [line!.id]: { quantity: 1 + ((i + n) % 5) } } }),
        () => call(writing.url, token, 'POST', 'payments', { basket: basket.id, amount: '0.25' }),
        () => call(writing.url, token, 'PATCH', `baskets/${basket.id}`, { customer: customers[(i + n) % 3]!.id }),
        () => call(writing.url, token, 'POST', 'baskets', { name: `N${i}-${n}`, customer: customers[n % 3]!.id, lines: [{ price: '1' }] }),
      ][(i + n) % 4]!()
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  })
  const job = async () => (await sql<{ status: string }>(`select status from bos.job where kind = 'recompute'`))[0]?.status
  await expect.poll(job, { timeout: 60_000, interval: 100 }).toBe('done')
  over.abort()
  await Promise.all(writers)
  expect((statuses.get(200) ?? 0) + (statuses.get(201) ?? 0)).toBeGreaterThan(50)
  expect(Math.max(...statuses.keys())).toBeLessThan(500)
  const wrong = await sql(
    `with totals as (select b.id, b.customer, b.total, b.paid, b.open, b.label, b.name,
         (select sum(round(l.price * l.quantity * 2, 2)) from shop.line l where l.parent_id = b.id) as right_total,
         coalesce((select sum(p.amount) from shop.payment p where p.basket = b.id), 0) as right_paid
       from shop.basket b where b.tenant_id = $1)
     select id from shop.line where tenant_id = $1 and amount is distinct from round(price * quantity * 2, 2)
     union all select id from totals where total is distinct from right_total or paid is distinct from right_paid
       or open is distinct from right_total - right_paid or label is distinct from name || '!'
     union all select c.id from shop.customer c where c.tenant_id = $1 and c.owed is distinct from
       (select sum(right_total - right_paid) from totals t where t.customer = c.id)`,
    [acme.id],
  )
  expect(wrong).toEqual([])
  expect(await worker.derived.differences(acme.id)).toEqual([])
}, 120_000)
