import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Query } from '../database/types.ts'
import { addTenants, as, engines, openEngine, tenants, type OpenTestDatabase } from '../testing/engines.ts'
import { verifyAudit, type AuditReport } from './audit.ts'
import { sequenceAll, startSequencer } from './sequencer.ts'

const { acme, globex } = tenants

/** What the records pipeline writes with every change: header, body, outbox. */
const event = (tenant: string, record: string, version: number, at = 'now()', id: string = randomUUID()): Query => ({
  text: `with draft as (select jsonb_build_object('set', jsonb_build_object('naïve "field"', jsonb_build_object('from', 1, 'to', $4::int))) as body, '\\x0102'::bytea as salt, ${at} as at),
    header as (insert into bos.event (id, tenant_id, at, entity, record_id, type, version, revision, changed, via, request_id, digest)
      select $1, $2, at, 'crm.deal', $3, case when $4::int = 1 then 'created' else 'updated' end, $4, 0, '{name,"a, \\"b\\"",é}', 'api', E'r\\t1', bos.body_digest(salt, body) from draft),
    body as (insert into bos.event_body (tenant_id, event_id, at, body, salt) select $2, $1, at, body, salt from draft)
    insert into bos.event_pending (event_id, tenant_id, at) select $1, $2, at from draft`,
  values: [id, tenant, record, version],
})

describe.each(engines)('the log on the %s engine', (engine) => {
  let database: OpenTestDatabase
  beforeAll(async () => {
    database = await openEngine(engine)
    await addTenants(database)
  })
  afterAll(() => database.close())
  const owned = (text: string, values?: unknown[]) => database.withOwner(async (owner) => (await owner.query(text, values)).rows)
  const write = (tenant: string, ...queries: Query[]) => database.transaction(as(tenant), (tx) => tx.commit({ role: 'bos_write', queries }))
  const log = (tenant: string) =>
    owned(
      `select l.position::int, e.record_id as record, e.version from bos.log l join bos.event e on e.tenant_id = l.tenant_id and e.id = l.event_id where l.tenant_id = $1 order by 1`,
      [tenant],
    )

  const empty = async () => {
    await owned('truncate bos.event_pending, bos.log, bos.event_body, bos.event, bos.counter')
  }
  beforeEach(empty)

  const expectWhole = async (tenant: string, count: number) => {
    const rows = await log(tenant)
    expect(rows.map((row) => row['position'])).toEqual(Array.from({ length: count }, (_, index) => index + 1))
    const seen = new Map<unknown, number>()
    for (const { record, version } of rows) {
      expect(version, `version order of ${String(record)}`).toBe((seen.get(record) ?? 0) + 1)
      seen.set(record, version as number)
    }
    expect(await owned('select 1 from bos.event_pending')).toEqual([])
  }

  test('has dense positions per tenant, in batches of any size', async () => {
    const [one, two] = [randomUUID(), randomUUID()]
    for (let version = 1; version <= 7; version++) await write(acme, event(acme, one, version), event(acme, two, version))
    await write(globex, event(globex, one, 1))
    expect(await sequenceAll(database, 4)).toBe(15)
    await expectWhole(acme, 14)
    await expectWhole(globex, 1)
    expect(await sequenceAll(database)).toBe(0)
  })

  test('keeps the versions of a record in order, even where the later one began earlier and the batch ends between them', async () => {
    const record = randomUUID()
    // A transaction that began early may write late: its `at` is smaller.
    await write(acme, event(acme, record, 1, `now() - interval '1 s'`), event(acme, record, 2, `now() - interval '2 s'`))
    await write(acme, event(acme, record, 3, `now() - interval '9 s'`), event(acme, randomUUID(), 1, `now() - interval '8 s'`))
    await write(acme, event(acme, record, 4, `now() - interval '5 s'`))
    for (const batch of [1, 2]) expect(await sequenceOnce(database, batch)).toBeGreaterThan(0)
    expect(await sequenceAll(database, 3)).toBeLessThan(4)
    await expectWhole(acme, 5)
  })

  test('the audit finds a log whole, and answers the head of the chain', async () => {
    const record = randomUUID()
    await write(acme, event(acme, record, 1), event(acme, record, 2))
    await sequenceAll(database)
    const [report] = await database.withOwner((owner) => verifyAudit(owner, acme))
    expect(report).toEqual({ tenant: acme, verified: 2, head: expect.stringMatching(/^[0-9a-f]{64}$/) as string, erased: 0, broken: null })
    expect(await database.withOwner((owner) => verifyAudit(owner, globex))).toEqual([
      { tenant: globex, verified: 0, head: null, erased: 0, broken: null },
    ])
  })

  test('bodies may be erased; everything else that is changed or taken away is found where it happened', async () => {
    const ids = Array.from({ length: 4 }, () => randomUUID())
    const record = randomUUID()
    const build = async () => {
      await empty()
      for (const [index, id] of ids.entries()) await write(acme, event(acme, record, index + 1, 'now()', id))
      await sequenceAll(database)
    }
    const check = async (tamper: string): Promise<AuditReport | undefined> => {
      await build()
      await owned(tamper)
      return (await database.withOwner((owner) => verifyAudit(owner, acme)))[0]
    }
    expect(await check(`delete from bos.event_body where event_id = '${ids[1]}'`)).toMatchObject({ verified: 4, erased: 1, broken: null })
    const cases: [tamper: string, position: number | null, why: RegExp, verified?: number][] = [
      [`update bos.event_body set body = jsonb_set(body, '{set}', '{}') where event_id = '${ids[1]}'`, 2, /body was changed/],
      [`update bos.event_body set salt = '\\x00' where event_id = '${ids[1]}'`, 2, /body was changed/],
      [`update bos.event set digest = sha256('') where id = '${ids[2]}'`, 3, /event or the chain/],
      [`update bos.event set actor = '${record}' where id = '${ids[2]}'`, 3, /event or the chain/],
      [`update bos.event set changed = '{other}' where id = '${ids[2]}'`, 3, /event or the chain/],
      [`update bos.log set hash = sha256('') where position = 1`, 1, /event or the chain/],
      [`update bos.log set event_id = '${record}' where position = 4`, 4, /event is missing/],
      [`delete from bos.event where id = '${ids[0]}'`, 1, /event is missing/],
      [`delete from bos.log where position = 2`, 3, /position 2 is missing/, 1],
      [`delete from bos.log where position = 4`, null, /taken out of the log/, 3],
      [
        `insert into bos.event select id, tenant_id, at + interval '1 s', entity, record_id, type, version + 9, revision, changed, actor, via, request_id, digest
          from bos.event where id = '${ids[1]}'`,
        null,
        /never was in it/,
        4,
      ],
      [`update bos.log set position = -position where position in (2, 3)`, 4, /position 2 is missing/, 1],
    ]
    for (const [tamper, position, why, verified = position! - 1] of cases) {
      const report = await check(tamper)
      expect(report, tamper).toMatchObject({ verified, broken: { position, why: expect.stringMatching(why) as string } })
    }
  })

  test('the loop numbers what writers nudge it about, survives errors, and ends when told', async () => {
    let failures = 0
    const flaky = { call: (query: Query) => (failures++ < 2 ? Promise.reject(new Error('away')) : database.call(query)) }
    const errors: unknown[] = []
    const sequenced = Promise.withResolvers<void>()
    let count = 0
    const sequencer = startSequencer(flaky, {
      intervalMs: 30,
      gatherMs: 1,
      onError: (error) => errors.push(error),
      onSequenced: (more) => {
        count += more
        if (count === 40) sequenced.resolve()
      },
    })
    const records = Array.from({ length: 4 }, () => randomUUID())
    for (let version = 1; version <= 10; version++) {
      for (const record of records) await write(acme, event(acme, record, version))
      sequencer.nudge()
    }
    await sequenced.promise
    await sequencer.stop()
    expect(errors).toHaveLength(2)
    await expectWhole(acme, 40)
  })

  if (engine === 'native') {
    test('a late commit gets a later position; nobody waits for it', async () => {
      const [early, late] = [randomUUID(), randomUUID()]
      const written = Promise.withResolvers<void>()
      const finish = Promise.withResolvers<void>()
      const slow = database.transaction(as(acme), async (tx) => {
        await tx.send({ role: 'bos_write', queries: [event(acme, late, 1)] })
        written.resolve()
        await finish.promise
        return tx.commit()
      })
      await written.promise
      await write(acme, event(acme, early, 1))
      expect(await sequenceAll(database)).toBe(1)
      finish.resolve()
      await slow
      expect(await sequenceAll(database)).toBe(1)
      expect((await log(acme)).map((row) => row['record'])).toEqual([early, late])
    })

    const known = {
      'nothing of': [],
      'that the outbox was empty, which it mostly is': [
        'insert into bos.event_pending select gen_random_uuid(), gen_random_uuid(), clock_timestamp() from generate_series(1, 10000)',
        'delete from bos.event_pending',
        'analyze bos.event_pending',
      ],
      'that every tenant had one event, which was long ago': [
        `insert into bos.event (id, tenant_id, at, entity, record_id, type, version, revision, via, digest)
         select gen_random_uuid(), gen_random_uuid(), now(), 'crm.deal', gen_random_uuid(), 'created', 1, 0, 'api', sha256('') from generate_series(1, 200)`,
        'analyze bos.event',
      ],
    }
    test.each(Object.entries(known))(
      'a run costs what its batch costs, also when thousands wait in tables that the planner knows %s',
      async (_what, before) => {
        // The same session throughout, so that whatever it plans while the tables are empty would still be in use when they are not.
        const pages = await database.withOwner(async (owner) => {
          for (let turn = 0; turn < 8; turn++) await owner.query('select bos.sequence(100)')
          for (const statement of before) await owner.query(statement)
          // Ten records with a thousand versions each, by one writer: a bulk load.
          await owner.query(
            `with draft as (select gen_random_uuid() as id, md5((i % 10)::text)::uuid as record, 1 + i / 10 as version, clock_timestamp() as at from generate_series(0, 9999) i),
             header as (insert into bos.event (id, tenant_id, at, entity, record_id, type, version, revision, via, digest)
               select id, $1, at, 'crm.deal', record, 'updated', version, 0, 'api', sha256('') from draft)
           insert into bos.event_pending (event_id, tenant_id, at) select id, $1, at from draft`,
            [acme],
          )
          const { rows } = await owner.query('explain (analyze, buffers, format json) select bos.sequence(100)')
          const [{ Plan: plan }] = rows[0]!['QUERY PLAN'] as [{ Plan: Record<string, number> }]
          return plan['Shared Hit Blocks']! + plan['Shared Read Blocks']!
        })
        // About 20 an event; many times that where a look-up reads all that the tenant has.
        expect(pages / 100).toBeLessThan(40)
        expect(await sequenceAll(database)).toBe(9_900)
        await expectWhole(acme, 10_000)
        expect(await database.withOwner((owner) => verifyAudit(owner, acme))).toMatchObject([{ verified: 10_000, broken: null }])
      },
    )

    test('16 writers on shared records, two sequencers: every event once, in order, the chain whole', async () => {
      const sequencers = [database, database].map((each) => startSequencer(each, { batch: 7, intervalMs: 5, gatherMs: 0 }))
      const records = Array.from({ length: 5 }, () => ({ id: randomUUID(), version: 0 }))
      // A row per record, locked and raised in the writing transaction, as a record's version is.
      await write(
        acme,
        ...records.map(({ id }) => ({
          text: `insert into bos.counter (tenant_id, entity, field, value) values ($1, 'test', $2, 0)`,
          values: [acme, id],
        })),
      )
      await Promise.all(
        Array.from({ length: 16 }, async (_, writer) => {
          for (let round = 0; round < 20; round++) {
            const { id } = records[(writer + round) % records.length]!
            await database.transaction(as(acme), async (tx) => {
              const [raised] = await tx.send({
                role: 'bos_write',
                queries: [
                  {
                    text: `update bos.counter set value = value + 1 where tenant_id = $1 and field = $2 returning value`,
                    values: [acme, id],
                  },
                ],
              })
              return tx.commit({ role: 'bos_write', queries: [event(acme, id, raised!.rows[0]!['value'] as number)] })
            })
          }
        }),
      )
      await Promise.all(sequencers.map((sequencer) => sequencer.stop()))
      await sequenceAll(database)
      await expectWhole(acme, 320)
      expect(await database.withOwner((owner) => verifyAudit(owner, acme))).toMatchObject([{ verified: 320, broken: null }])
    })
  }
})

const sequenceOnce = async (database: OpenTestDatabase, batch: number): Promise<unknown> =>
  (await database.call({ text: 'select bos.sequence($1) as count', values: [batch] })).rows[0]?.['count']
