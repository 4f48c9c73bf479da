import { limits } from '../config.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addTenants, as, engines, openEngine, tenants, type OpenTestDatabase } from '../testing/engines.ts'
import { toProblem } from './errors.ts'
import { Stale, type Query } from './types.ts'

describe.each(engines)('the executor on the %s engine', (engine) => {
  let database: OpenTestDatabase
  beforeAll(async () => {
    database = await openEngine(engine, { transactionLimitMs: 800, maxPreparedStatements: 20 })
    await addTenants(database)
  })
  afterAll(() => database.close())

  const { acme, globex } = tenants
  const slug: Query = { name: 'slug', text: 'select slug from bos.tenant where id = $1', values: [acme] }
  const addCounter = (field: string): Query => ({
    name: 'add_counter',
    text: `insert into bos.counter (tenant_id, entity, field, value) values ($1, 'test.thing', $2, 1) returning value`,
    values: [acme, field],
  })
  const counters = (pattern: string) =>
    database.withOwner(async (owner) =>
      (await owner.query('select field from bos.counter where field like $1 order by 1', [pattern])).rows.map((row) => row['field']),
    )
  /** Whatever came before, the next trips must find nothing of it. */
  const expectUsable = async () => {
    for (const [rows] of await Promise.all(Array.from({ length: 8 }, () => database.read(as(acme), slug))))
      expect(rows?.rows).toEqual([{ slug: 'acme' }])
  }

  test('a read answers one Rows per query, as bos_read, read-only', async () => {
    const answers = await database.read(as(acme), slug, {
      text: `select current_user as name, current_setting('transaction_read_only') as only`,
    })
    expect(answers.map((answer) => answer.rows)).toEqual([[{ slug: 'acme' }], [{ name: 'bos_read', only: 'on' }]])
    expect(answers[0]?.rowCount).toBe(1)
  })

  test('values arrive exactly: int8, numeric, date, timestamptz, bytea', async () => {
    const [answer] = await database.read(as(acme), {
      text: `select 9007199254740991::int8 as safe, 9007199254740993::int8 as big, 0.10::numeric as exact, date '2026-11-01' as day,
        array[date '2026-11-01'] as days, timestamptz '2026-11-01T10:00:00.123Z' as at, '\\x00ff'::bytea as bytes, current_setting('TimeZone') as zone`,
    })
    expect(answer?.rows).toEqual([
      {
        safe: 9007199254740991,
        big: '9007199254740993',
        exact: '0.10',
        day: '2026-11-01',
        days: ['2026-11-01'],
        at: new Date('2026-11-01T10:00:00.123Z'),
        bytes: Buffer.from([0, 255]),
        zone: 'UTC',
      },
    ])
  })

  test('a generation, a session or a tenant that is not true now is stale, and the pool stays usable', async () => {
    await expect(database.read(as(acme, { generation: 2 }), slug)).rejects.toThrow(Stale)
    await expect(database.read(as('00000000-0000-7000-8000-0000000000ff'), slug)).rejects.toThrow(Stale)
    await expect(database.read(as(acme, { session: acme, member: acme }), slug)).rejects.toThrow(Stale)
    await expect(
      database.transaction(as(acme, { generation: 2 }), (tx) => tx.commit({ role: 'bos_write', queries: [addCounter('stale')] })),
    ).rejects.toThrow(Stale)
    expect(await counters('stale')).toEqual([])
    await expectUsable()
  })

  test('a session holds until it is revoked or expires, for its own member and tenant only', async () => {
    const [account, member, session] = ['c1', 'c2', 'c3'].map((end) => `00000000-0000-7000-8000-0000000000${end}`) as [
      string,
      string,
      string,
    ]
    await database.withOwner(async (owner) => {
      await owner.query(`insert into bos.account (id, email) values ($1, 'ann@acme.test')`, [account])
      await owner.query('insert into bos.member_account (tenant_id, member_id, account_id) values ($1, $2, $3)', [acme, member, account])
    })
    const opened = await database.call({
      text: `select bos.session_open($1, $2, $3, $4, '\\x01', now() + interval '1 hour') as opened`,
      values: [session, acme, member, account],
    })
    expect(opened.rows).toEqual([{ opened: true }])
    expect((await database.read(as(acme, { session, member }), slug))[0]?.rowCount).toBe(1)
    await expect(database.read(as(acme, { session, member: account }), slug)).rejects.toThrow(Stale)
    await expect(database.read(as(globex, { session, member }), slug)).rejects.toThrow(Stale)
    await database.call({ text: 'select bos.session_revoke($1)', values: [session] })
    await expect(database.read(as(acme, { session, member }), slug)).rejects.toThrow(Stale)
    await database.withOwner((owner) =>
      owner.query('update bos.session set revoked_at = null, expires_at = now() where id = $1', [session]),
    )
    await expect(database.read(as(acme, { session, member }), slug)).rejects.toThrow(Stale)
  })

  test('the first real error of a trip is thrown, nothing of it is kept, and the pool stays usable', async () => {
    const broken: Query = { text: 'select 1 / $1::int', values: [0] }
    await expect(database.read(as(acme), slug, broken, slug)).rejects.toMatchObject({ code: '22012' })
    await expect(
      database.transaction(as(acme), (tx) => tx.commit({ role: 'bos_write', queries: [addCounter('half'), broken, addCounter('half2')] })),
    ).rejects.toMatchObject({ code: '22012' })
    await expect(
      database.transaction(as(acme), async (tx) => {
        await tx.send({ role: 'bos_write', queries: [addCounter('half3')] })
        await tx.send({ role: 'bos_write', queries: [broken] }).catch(() => undefined)
        return tx.commit({ role: 'bos_write', queries: [addCounter('half4')] })
      }),
    ).rejects.toMatchObject({ code: '22012' })
    expect(await counters('half%')).toEqual([])
    await expectUsable()
  })

  test('what cannot be written to the wire is refused before anything is sent', async () => {
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    await expect(
      database.transaction(as(acme), (tx) =>
        tx.commit({ role: 'bos_write', queries: [addCounter('wire'), { text: 'select $1::jsonb', values: [circular] }] }),
      ),
    ).rejects.toThrow(/circular/i)
    await expect(
      database.transaction(as(acme), (tx) =>
        tx.commit({ role: 'bos_write', queries: [addCounter('wire'), { name: 'bos_begin', text: 'select 2' }] }),
      ),
    ).rejects.toThrow(/two statements/)
    await expect(database.read(as(acme), { name: 'same', text: 'select 1' }, { name: 'same', text: 'select 2' })).rejects.toThrow(
      /two statements/,
    )
    expect(await counters('wire')).toEqual([])
    await expectUsable()
  })

  test('a query is one statement: a second one behind a semicolon is refused', async () => {
    await expect(database.read(as(acme), { text: 'select 1; select 2' })).rejects.toMatchObject({ code: '42601' })
  })

  test('work that returns without commit is rolled back, and so is work that throws', async () => {
    await database.transaction(as(acme), (tx) => tx.send({ role: 'bos_write', queries: [addCounter('lost1')] }))
    await expect(
      database.transaction(as(acme), async (tx) => {
        await tx.send({ role: 'bos_write', queries: [addCounter('lost2')] })
        throw new Error('changed my mind')
      }),
    ).rejects.toThrow('changed my mind')
    expect(await counters('lost%')).toEqual([])
    await expectUsable()
  })

  test('steps take their roles in order, over several trips', async () => {
    const who: Query = { text: 'select current_user::text as name, bos.tenant() as tenant' }
    const names = await database.transaction(as(acme), async (tx) => {
      const first = await tx.send({ role: 'bos_read', queries: [who] }, { role: 'bos_write', queries: [addCounter('steps'), who] })
      return [...first, ...(await tx.commit({ role: 'bos_write', queries: [who] }, { role: 'bos_read', queries: [who] }))]
    })
    expect(names.map((answer) => answer.rows[0]?.['name'] ?? answer.rows[0]?.['value'])).toEqual([
      'bos_read',
      1,
      'bos_write',
      'bos_write',
      'bos_read',
    ])
    expect(await counters('steps')).toEqual(['steps'])
  })

  test('nothing follows a commit', async () => {
    await expect(
      database.transaction(as(acme), async (tx) => {
        await tx.commit({ role: 'bos_read', queries: [slug] })
        return tx.send({ role: 'bos_read', queries: [slug] })
      }),
    ).rejects.toThrow('the transaction has ended')
    await expectUsable()
  })

  test('a query beside the transaction it is made in is refused instead of waiting for ever', async () => {
    await expect(database.transaction(as(acme), () => database.read(as(acme), slug))).rejects.toThrow(/outside the transaction/)
    await expectUsable()
  })

  test('work that takes longer than the limit loses its transaction', async () => {
    let late: Promise<unknown> | undefined
    const error = await database
      .transaction(as(acme), async (tx) => {
        await tx.send({ role: 'bos_write', queries: [addCounter('slow')] })
        late = new Promise((resolve) => setTimeout(resolve, 1200)).then(() =>
          tx.commit({ role: 'bos_write', queries: [addCounter('slow2')] }),
        )
        return late
      })
      .catch((reason: unknown) => reason)
    expect(toProblem(error).code).toBe('timeout')
    await expect(late).rejects.toThrow(/open for more than 800 ms/)
    expect(await counters('slow%')).toEqual([])
    await expectUsable()
  })

  test('a connection with too many prepared statements is replaced', async () => {
    for (let number = 0; number < 50; number++) {
      const [answer] = await database.read(as(acme), {
        name: `many_${number}`,
        text: `select ${number} as number, count(*)::int as held from pg_prepared_statements`,
      })
      expect(answer?.rows[0]?.['number']).toBe(number)
      expect(answer?.rows[0]?.['held']).toBeLessThanOrEqual(25)
    }
  })

  test('a connection whose prepared statements are long is replaced sooner', async () => {
    const filler = 'x'.repeat(limits.preparedCharacters / 5)
    const held = await Promise.all(
      Array.from({ length: 12 }, async (_, number) => {
        const text = `select count(*)::int as held, sum(length(statement))::int as length from pg_prepared_statements -- ${number} ${filler}`
        return (await database.read(as(acme), { name: `long_${number}`, text }))[0]?.rows[0]?.['length'] as number
      }),
    )
    // One more than may be, and the engine's own short ones.
    for (const length of held) expect(length).toBeLessThan(limits.preparedCharacters * 1.5)
  })

  test('a table that changed under prepared statements makes the request stale once, in every connection', async () => {
    const all: Query = { name: 'all_of_it', text: 'select * from bos.job' }
    await database.withOwner((owner) => owner.query('alter table bos.job add column test_one int'))
    await Promise.all(Array.from({ length: 12 }, () => database.read(as(acme), all)))
    await database.withOwner((owner) => owner.query('alter table bos.job drop column test_one'))
    const first = await database.read(as(acme), all).catch((error: unknown) => error)
    // The embedded engine's one connection was the owner's in between, and forgot its statements.
    if (engine === 'native') expect(first).toBeInstanceOf(Stale)
    for (let attempt = 1; attempt <= 12; attempt++) expect((await database.read(as(acme), all))[0]?.rows).toEqual([])
  })

  test('100 trips at once, writes and reads and failures, are answered each with its own', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, async (_, number) => {
        if (number % 10 === 9) return database.read(as(acme), { text: 'select 1 / 0' }).catch((error: { code: string }) => error.code)
        if (number % 2 === 0)
          return (await database.read(as(acme), { name: 'echo', text: 'select $1::int as number', values: [number] }))[0]?.rows[0]?.[
            'number'
          ]
        await database.transaction(as(acme), (tx) => tx.commit({ role: 'bos_write', queries: [addCounter(`many${number}`)] }))
        return number
      }),
    )
    expect(outcomes).toEqual(Array.from({ length: 100 }, (_, number) => (number % 10 === 9 ? '22012' : number)))
    expect(await counters('many%')).toHaveLength(40)
  })

  test('calls outside a tenant reach the short list of functions and no table', async () => {
    const { rows } = await database.call({ text: 'select id, modules from bos.tenant_by_slug($1)', values: ['globex'] })
    expect(rows).toEqual([{ id: globex, modules: [] }])
    await expect(database.call({ text: 'select * from bos.tenant' })).rejects.toMatchObject({ code: '42501' })
    await expect(database.call({ text: `select bos.begin('${acme}', null, null, 1, '{}')` })).rejects.toMatchObject({ code: '42501' })
  })

  test('the queue has its own schema and sees nothing else; every statement answers', async () => {
    const { rows } = await database.queue(
      `create table pgboss.thing (id int); insert into pgboss.thing values (1), (2) returning id; select 3 as id`,
    )
    expect(rows).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }])
    expect((await database.queue('select count(*) as n from pgboss.thing where id > $1', [1])).rows).toEqual([{ n: 1 }])
    await expect(database.queue('select * from bos.tenant')).rejects.toMatchObject({ code: '42501' })
    await database.queue('drop table pgboss.thing')
  })

  test('the owner works in a session of its own, and leaves nothing behind', async () => {
    const { rows } = await database.withOwner((owner) => owner.query('select current_user as name'))
    expect(rows).toEqual([{ name: 'bos_owner' }])
    await expect(database.withOwner((owner) => owner.query('begin; select 1 / 0'))).rejects.toMatchObject({ code: '22012' })
    await expectUsable()
  })
})
