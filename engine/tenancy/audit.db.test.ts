import { describe, expect, test } from 'vitest'
import { sequenceAll } from '../events/sequencer.ts'
import { verifyAudit } from '../events/audit.ts'
import { ok, openWorld, type Person, type Reply } from '../testing/world.ts'

const world = await openWorld()
const { acme, call, sql } = world

interface Entry {
  readonly id: string
  readonly position: number | null
  readonly entity: string
  readonly record: string
  readonly type: string
  readonly actor: string | null
  readonly changed: readonly string[]
  readonly told: Readonly<Record<string, unknown>> | null
}
const page = async (query: string, as: Person = 'admin@acme') =>
  ok(await call(as, 'GET', `/api/audit?${query}`)) as unknown as { data: Entry[]; next: string | null }
const problem = ({ status, body }: Reply): unknown[] => [status, (body as { code?: string }).code]
/** Entries of the access stream are written after the answer. */
const seen = async (query: string, matching: object): Promise<void> => {
  await expect.poll(async () => (await page(query)).data).toContainEqual(expect.objectContaining(matching))
}

describe('the access stream', () => {
  test('tells who was refused what, in an entry that the refused transaction did not write', async () => {
    const rep = acme.members['rep']!
    expect((await call('rep@acme', 'GET', `/api/access/${rep}`)).status).toBe(403)
    await seen('about=bos.access&type=refused', {
      actor: rep,
      type: 'refused',
      told: expect.objectContaining({ reason: 'not-allowed', route: 'GET /api/access/:member', count: 1 }) as object,
    })
  })

  test('counts what is alike instead of writing it, and tells the number when its minute is over', async () => {
    const manager = acme.members['manager']!
    const tries = await Promise.all(Array.from({ length: 40 }, () => call('manager@acme', 'GET', '/api/access/roles')))
    expect(new Set(tries.map(({ status }) => status))).toEqual(new Set([403]))
    const about = () => page(`about=bos.access&type=refused&actor=${manager}`)
    await expect.poll(async () => (await about()).data.length).toBe(1)
    await world.app.accessLog.flush()
    const { data } = await about()
    expect(data.map(({ told }) => told?.['count'])).toEqual([39, 1])
  })

  test('tells failed sign-ins to each workspace of the account, and to nobody where there is no account', async () => {
    const login = (email: string, password: string) => call(null, 'POST', '/api/auth/login', { body: { email, password } })
    await login('rep@globex.test', 'not the password')
    await login('nobody@globex.test', 'not the password')
    const query = 'about=bos.access&type=sign_in_failed'
    await expect.poll(async () => (await page(query, 'admin@globex')).data.length).toBe(1)
    const [entry] = (await page(query, 'admin@globex')).data
    expect(entry).toMatchObject({ actor: world.globex.members['rep'], told: { reason: 'credentials-wrong', methods: 'pwd' } })
    expect(JSON.stringify(entry)).not.toContain('not the password')
    expect((await page(query)).data).toEqual([])
    await login('rep@globex.test', 'a password for tests only')
    await expect.poll(async () => (await page('type=signed_in', 'admin@globex')).data.length).toBeGreaterThan(0)
  })

  test('tells exports and the use of keys', async () => {
    ok(await call('admin@acme', 'GET', '/api/crm/deals/export?format=csv'))
    await seen('type=exported', { actor: acme.members['admin'], told: expect.objectContaining({ entity: 'crm.deal' }) as object })
    const { key, id } = ok(await call('rep@acme', 'POST', '/api/keys', { body: { name: 'Sync', role: 'crm.rep' } })) as {
      key: string
      id: string
    }
    for (let turn = 0; turn < 5; turn++) await call(null, 'GET', '/api/crm/deals?limit=1', { headers: { authorization: `Bearer ${key}` } })
    await seen('type=key_used', { actor: acme.members['rep'], told: expect.objectContaining({ key: id, count: 1 }) as object })
    await call(null, 'GET', '/api/access', { headers: { authorization: `Bearer ${key}` } })
    await seen('type=refused', { told: expect.objectContaining({ key: id, reason: 'not-allowed', route: 'GET /api/access' }) as object })
  })

  test('is of bounded size in a flood of different refusals', async () => {
    const note = (i: number) =>
      world.app.accessLog.note({ type: 'refused', tenant: world.globex.id, member: null, about: { reason: `r${i}` }, requestId: null })
    for (let i = 0; i < 3_000; i++) note(i)
    await world.app.accessLog.flush()
    const [row] = await sql<{ entries: number; counted: number }>(
      `select count(*)::int as entries, sum((b.body #>> '{noted,count}')::int)::int as counted
       from bos.event e join bos.event_body b on b.event_id = e.id where e.tenant_id = $1 and e.entity = 'bos.access' and e.type = 'refused'`,
      [world.globex.id],
    )
    // All of them are counted, in no more entries than the limit and the one that stands for the rest.
    expect(row!.counted).toBe(3_000)
    expect(row!.entries).toBeLessThan(510)
  })
})

describe('GET /api/audit', () => {
  test('is one report across entities: what changed, who did it, where it stands in the chain', async () => {
    const { id } = ok(await call('manager@acme', 'POST', '/api/crm/companies', { body: { name: 'Audited' } })) as { id: string }
    ok(await call('manager@acme', 'PATCH', `/api/crm/companies/${id}`, { body: { name: 'Audited twice' } }))
    await sequenceAll(world.app.database)
    const { data } = await page(`record=${id}`)
    expect(data.map(({ type, changed, actor }) => [type, changed, actor])).toEqual([
      ['updated', ['name'], acme.members['manager']],
      ['created', expect.arrayContaining(['name']), acme.members['manager']],
    ])
    expect(data.every(({ position }) => position !== null)).toBe(true)
    // Values are in the record's history, under the reader's masks.
    expect(JSON.stringify(data)).not.toContain('Audited twice')
    const all = await page(`actor=${acme.members['manager']!}&about=crm.company&limit=1`)
    expect(all.data[0]).toMatchObject({ record: id, type: 'updated' })
  })

  test('is filtered and read on from where it ended', async () => {
    const everything: Entry[] = []
    for (let next: string | null = null, turn = 0; turn === 0 || next !== null; turn++) {
      const at: { data: Entry[]; next: string | null } = await page(`about=security&limit=7${next === null ? '' : `&before=${next}`}`)
      everything.push(...at.data)
      next = at.next
    }
    expect(new Set(everything.map(({ id }) => id)).size).toBe(everything.length)
    expect(everything.length).toBeGreaterThan(8)
    expect(
      everything.every(({ entity, type }) => entity.startsWith('bos.') || ['access_changed', 'invited', 'viewed_as'].includes(type)),
    ).toBe(true)
    expect((await page('about=security&to=2000-01-01T00:00:00Z')).data).toEqual([])
    for (const query of ['limit=0', 'limit=9999', 'actor=x', 'from=yesterday', 'about=%27', 'nope=1', 'before=1'])
      expect((await call('admin@acme', 'GET', `/api/audit?${query}`)).status, query).toBe(400)
  })

  test('is for administrators, of their own tenant', async () => {
    for (const person of ['rep@acme', 'manager@acme'] as const)
      expect(problem(await call(person, 'GET', '/api/audit'))).toEqual([403, 'not-allowed'])
    const theirs = await page('limit=200', 'admin@globex')
    expect(theirs.data.some(({ actor }) => Object.values(acme.members).includes(actor ?? ''))).toBe(false)
  })

  test('stands in the chain: a changed or removed entry is found', async () => {
    await world.app.accessLog.flush()
    await sequenceAll(world.app.database)
    const verify = async () => (await world.app.database.withOwner((owner) => verifyAudit(owner, acme.id)))[0]!
    expect((await verify()).broken).toBeNull()
    const [entry] = await sql<{ id: string; body: object }>(
      `select e.id, b.body from bos.event e join bos.event_body b on b.event_id = e.id where e.tenant_id = $1 and e.entity = 'bos.access' limit 1`,
      [acme.id],
    )
    await sql(`update bos.event_body set body = jsonb_set(body, '{noted,count}', '7') where event_id = $1`, [entry!.id])
    expect((await verify()).broken).toMatchObject({ event: entry!.id, why: 'the body was changed' })
    await sql(`update bos.event_body set body = $2::jsonb where event_id = $1`, [entry!.id, JSON.stringify(entry!.body)])
    expect((await verify()).broken).toBeNull()
    await sql(`update bos.event set actor = null, type = 'signed_in' where id = $1`, [entry!.id])
    expect((await verify()).broken).toMatchObject({ event: entry!.id })
  })
})
