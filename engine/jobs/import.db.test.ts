import { describe, expect, test } from 'vitest'
import { limits } from '../config.ts'
import { scenarios } from '../testing/scenarios.ts'
import { openWorld, ok, type Person, type Reply } from '../testing/world.ts'
import { create, fingerprint, get, nothingIsWritten, type Json } from '../testing/writing.ts'

/** CSV files in, and back out again. */
const world = await openWorld()
const companies = '/api/crm/companies'
const csvType = { 'content-type': 'text/csv' }
interface Result {
  dryRun: boolean
  created: number
  updated: number
  failed: number
  faults: { row: number; column: string | null; detail: string }[]
  faultsCut: boolean
}
interface JobView {
  id: string
  kind: string
  status: string
  progress: { done: number; total: number }
  result: Result
}

const nobody = null
const login = (): Promise<Reply> =>
  world.call(nobody, 'POST', '/api/auth/login', { body: { email: 'manager@acme.test', password: 'a password for tests only' } })
const submit = (csv: string | Uint8Array, query = '', as: Person = 'manager@acme', path = companies): Promise<Reply> =>
  world.call(as, 'POST', `${path}/import${query}`, { body: csv, headers: csvType })
async function finished(id: string, as: Person = 'manager@acme'): Promise<JobView> {
  let job: JobView | undefined
  await expect
    .poll(async () => (job = (await get(world, as, `/api/jobs/${id}`)) as unknown as JobView).status, { timeout: 25_000, interval: 100 })
    .toMatch(/done|failed|cancelled/)
  return job!
}
async function run(csv: string | Uint8Array, query = '', as: Person = 'manager@acme', path = companies): Promise<JobView> {
  return finished(String(ok(await submit(csv, query, as, path))['id']), as)
}
const rows = (of: JobView): [number, string | null][] => of.result.faults.map((each) => [each.row, each.column])
const named = async (name: string): Promise<Json[]> =>
  ((await get(world, 'manager@acme', `${companies}?name=${encodeURIComponent(name)}`)) as unknown as { data: Json[] }).data
const mapping = (map: object): string => `?mapping=${encodeURIComponent(JSON.stringify(map))}`
const undo = async (
  id: string,
  as: Person = 'manager@acme',
): Promise<{ removed: number; reverted: number; kept: { row: number; why: string }[]; keptCount: number }> =>
  (await finished(String(ok(await world.call(as, 'POST', `/api/jobs/${id}/undo`))['id']), as)).result as never

test('so many files are read at once; who comes later is asked to come again', async () => {
  const hold = new AbortController()
  const held = (): ReadableStream<Uint8Array> =>
    new ReadableStream({
      start: (stream) => {
        stream.enqueue(Buffer.from('foo'))
        hold.signal.addEventListener('abort', () => stream.close())
      },
    })
  const token = String(ok(await login())['accessToken'])
  const waiting = Array.from({ length: limits.uploadsAtOnce + 1 }, () =>
    fetch(`${world.url}${companies}/import`, {
      method: 'POST',
      duplex: 'half',
      headers: { ...csvType, authorization: `Bearer ${token}` },
      body: held(),
    } as RequestInit),
  )
  // None but the one too many can be answered before the files end.
  const refused = await Promise.race(waiting)
  expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'unavailable' }])
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
  hold.abort()
  const answers = await Promise.all(waiting)
  expect(answers.filter(({ status }) => status === 422)).toHaveLength(limits.uploadsAtOnce)
  expect((await submit('foo\n1\n')).status).toBe(422)
})

describe('files that are refused at once', () => {
  nothingIsWritten(world)
  const refused = { as: 'manager@acme', headers: csvType, events: [] } as const
  scenarios(world, `POST ${companies}/import`, [
    { ...refused, name: 'an empty file', body: ' ', status: 422, problem: 'request-invalid' },
    { ...refused, name: 'a file of empty lines', body: '\n\n\n', status: 422, problem: 'request-invalid' },
    {
      ...refused,
      name: 'a quote that is never closed',
      body: 'name\n"Acme\nGlobex\n',
      status: 400,
      problem: 'request-malformed',
      expect: (body: { detail: string }) => expect(body.detail).toMatch(/line/),
    },
    { ...refused, name: 'a quote in the middle of a cell', body: 'name\nAc"me\n', status: 400, problem: 'request-malformed' },
    { ...refused, name: 'another encoding', body: Buffer.from('name\nM\xfcller\n', 'latin1'), status: 400, problem: 'request-malformed' },
    { ...refused, name: 'UTF-16', body: Buffer.from('\ufeffname\nMüller\n', 'utf16le'), status: 400, problem: 'request-malformed' },
    { ...refused, name: 'NUL characters', body: 'name\na\0b\n', status: 400, problem: 'request-malformed' },
    { ...refused, name: 'more than 20 MiB', body: `name\n${'x'.repeat(21 * 1024 * 1024)}`, status: 413, problem: 'body-too-large' },
    {
      ...refused,
      name: 'thousands of columns',
      body: `name${',name'.repeat(limits.importColumns)}\n`,
      status: 413,
      problem: 'body-too-large',
      expect: (body: { detail: string }) => expect(body.detail).toContain('columns'),
    },
    { ...refused, name: 'a body that is not CSV', body: { name: 'x' }, headers: {}, status: 415, problem: 'media-type-unsupported' },
    {
      ...refused,
      name: 'no column that is known',
      body: 'foo;bar\n1;2\n',
      status: 422,
      problem: 'request-invalid',
      pointers: ['/mapping'],
    },
    {
      ...refused,
      name: 'columns that go to the same field',
      body: 'name,Name\na,b\n',
      status: 422,
      problem: 'request-invalid',
      pointers: ['/mapping/Name'],
    },
    {
      ...refused,
      name: 'a mapping to what is not there, of what is not there',
      path: `${companies}/import${mapping({ a: 'nam', b: 'name.x', c: 'parent.nothing', zz: 'name', __proto__x: null })}`,
      body: 'a,b,c\n1,2,3\n',
      status: 422,
      problem: 'request-invalid',
      pointers: ['/mapping/__proto__x', '/mapping/a', '/mapping/b', '/mapping/c', '/mapping/zz'],
    },
    {
      ...refused,
      as: 'rep@acme',
      name: 'a mapping to what is hidden',
      path: `${companies}/import${mapping({ a: 'credit_limit' })}`,
      body: 'a\n1\n',
      status: 422,
      problem: 'request-invalid',
      pointers: ['/mapping/a'],
    },
    {
      ...refused,
      name: 'a mapping that is no object',
      path: `${companies}/import?mapping=[1]`,
      body: 'name\na\n',
      status: 400,
      problem: 'parameter-invalid',
      pointers: ['mapping'],
    },
    {
      ...refused,
      name: 'options that are not',
      path: `${companies}/import?mode=merge&dryRun=yes&x=1`,
      body: 'name\na\n',
      status: 400,
      problem: 'parameter-invalid',
      pointers: ['mode', 'dryRun', 'x'],
    },
    {
      ...refused,
      name: 'an upsert without a key',
      path: `${companies}/import?mode=upsert&key=name`,
      body: 'name\na\n',
      status: 400,
      problem: 'parameter-invalid',
      pointers: ['key'],
    },
    {
      ...refused,
      as: 'rep@acme',
      name: 'a role that may not import',
      path: '/api/inventory/suppliers/import',
      body: 'name\na\n',
      status: 403,
      problem: 'not-allowed',
    },
    {
      ...refused,
      name: 'an entity that is not',
      path: '/api/crm/compnies/import',
      body: 'name\na\n',
      status: 404,
      problem: 'not-found',
      expect: (body: { detail: string }) => expect(body.detail).toContain('crm/companies'),
    },
    {
      ...refused,
      name: 'lines without their document',
      as: 'admin@acme',
      path: '/api/inventory/sales_order_lines/import',
      body: 'name\na\n',
      status: 403,
      problem: 'not-allowed',
    },
    { ...refused, as: null, name: 'nobody', body: 'name\na\n', status: 401, problem: 'not-authenticated' },
  ])
})

test('headers find fields by name and title; others are left out; a BOM, quotes and empty lines are no matter', async () => {
  const job = await run('\ufeffname,Registered name,Rubbish,"Notes"\r\n"One, ""two""",Legal,x,"Wien\nMitte"\r\n\r\nThree,,,\r\n')
  expect(job.result).toMatchObject({ dryRun: false, ignored: ['Rubbish'], created: 2, updated: 0, failed: 0, faults: [], faultsCut: false })
  expect(job).toMatchObject({ kind: 'import', status: 'done', progress: { done: 2, total: 2 } })
  expect((await named('One, "two"'))[0]).toMatchObject({
    legal_name: 'Legal',
    notes: 'Wien\nMitte',
    created_via: 'import',
    owner: world.acme.members['manager'],
  })
})

test('a mapping names fields, members and ways to find records, or leaves a column out', async () => {
  const parent = await create(world, 'manager@acme', companies, { name: 'Head office', external_id: 'HQ' })
  const job = await run(
    'N,City,Umsatz,Whg,HQ\nMapped,Linz,12.5,EUR,HQ\n',
    mapping({ N: 'name', City: null, Umsatz: 'annual_revenue.amount', Whg: 'annual_revenue.currency', HQ: 'parent.external_id' }),
  )
  expect(job.result.faults).toEqual([])
  expect((await named('Mapped'))[0]).toMatchObject({ city: null, annual_revenue: { amount: '12.50', currency: 'EUR' }, parent: parent.id })
})

test('every row is reported by its number and column, and the good ones are made', async () => {
  const foreign = await create(world, 'manager@globex', companies, { name: 'Theirs', external_id: 'G-1' })
  await create(world, 'manager@acme', companies, { name: 'Taken', external_id: 'R-1' })
  const job = await run(
    [
      'name,external_id,founded,parent,annual_revenue.amount,annual_revenue.currency',
      'Report good,R-2,1999,,,',
      ',R-3,,,,',
      'Report x,R-1,,,,',
      '',
      'Report x,R-4,soon,,,',
      'Report x,R-5,99999,,,',
      'Report x,R-6,,nobody,,',
      `Report x,R-7,,${foreign.id},,`,
      'Report x,R-8,,G-1,,',
      'Report x,R-2,,,,',
      'Report x,R-9,,,12,EURO',
      'Report x,R-10,,,,,surplus',
      'Report good,R-11,,R-1,5,EUR',
    ].join('\n'),
  )
  expect(rows(job)).toEqual(
    [
      [3, 'name'],
      [4, 'external_id'],
      [6, 'founded'],
      [7, 'founded'],
      [8, 'parent'],
      [9, 'parent'],
      [10, 'parent'],
      [11, 'external_id'],
      [12, 'annual_revenue.currency'],
      [13, null],
    ].toSorted((a, b) => Number(a[0]) - Number(b[0])),
  )
  expect(job.result).toMatchObject({ created: 2, failed: 10 })
  const [unknown, other] = [job.result.faults.find((each) => each.row === 8)!, job.result.faults.find((each) => each.row === 10)!]
  expect(other.detail.replace('G-1', 'nobody')).toBe(unknown.detail)
  expect(await world.sql('select status from bos.import_row where job_id = $1 order by row_number', [job.id])).toHaveLength(12)
})

test('what a cell names must be one record', async () => {
  await create(world, 'manager@acme', '/api/inventory/products', { name: 'By SKU', sku: 'Both' })
  await create(world, 'manager@acme', '/api/inventory/products', { name: 'By external id', external_id: 'Both' })
  const head = 'product,kind,quantity,moved_at\n'
  const line = (product: string) => `${product},receipt,1,2026-11-02T08:00:00Z\n`
  const ambiguous = await run(head + line('Both') + line('BOTH'), '', 'manager@acme', '/api/inventory/stock_moves')
  expect([rows(ambiguous), ambiguous.result.created]).toEqual([[[2, 'product']], 1])
  expect(ambiguous.result.faults[0]!.detail).toContain('several')
  const job = await run(head.replace('product', 'product.sku') + line('both'), '', 'manager@acme', '/api/inventory/stock_moves')
  expect(job.result).toMatchObject({ created: 1, failed: 0 })
})

test('a dry run says what would happen, and writes nothing', async () => {
  const before = (await fingerprint(world)).replace(/"bos\.(job|import)","n":"\d+","h":[^}]*/g, '')
  const job = await run('name,external_id,founded\nDry,DRY-1,1999\nDry,R-1,\nDry,DRY-2,x\n', '?dryRun=true')
  expect(job.result).toMatchObject({ dryRun: true, created: 1, failed: 2 })
  expect(rows(job)).toEqual([
    [3, 'external_id'],
    [4, 'founded'],
  ])
  expect((await fingerprint(world)).replace(/"bos\.(job|import)","n":"\d+","h":[^}]*/g, '')).toBe(before)
  expect(await world.sql('select 1 from bos.import_row where job_id = $1', [job.id])).toEqual([])
})

test('upsert changes what is there, as far as cells say something', async () => {
  const made = await create(world, 'manager@acme', companies, { name: 'Before', external_id: 'UP-1', notes: 'kept', city: 'Graz' })
  const job = await run('external_id,name,city\nUP-1,After,\nUP-2,New,Linz\nUP-2,Newer,\n', '?mode=upsert&key=external_id')
  expect(job.result).toMatchObject({ created: 1, updated: 2, failed: 0 })
  expect(await get(world, 'manager@acme', `${companies}/${made.id}`)).toMatchObject({
    name: 'After',
    city: 'Graz',
    notes: 'kept',
    version: 2,
  })
  expect((await named('Newer'))[0]).toMatchObject({ city: 'Linz', version: 2 })
})

test('a document takes rows that repeat, or leave empty, its own columns', async () => {
  const customer = await create(world, 'admin@acme', companies, { name: 'Buyer', external_id: 'BUY' })
  await create(world, 'admin@acme', '/api/inventory/products', { name: 'Bolt', sku: 'BOLT' })
  const orders = '/api/inventory/sales_orders'
  const job = await run(
    [
      'external_id,customer,order_date,product,quantity,unit_price',
      'O-1,BUY,2026-11-02,bolt,1,1.5',
      'O-1,BUY,2026-11-02,BOLT,2,1.5',
      ',,,BOLT,3,1.5',
      'O-2,BUY,2026-11-03,,,',
      'O-3,BUY,2026-11-03,BOLT,1,1',
      'O-3,BUY,2026-11-03,,,',
      'O-3,BUY,2026-11-03,NONE,1,1',
      'O-4,BUY,2026-11-03,BOLT,1,1',
      'O-4,BUY,2026-11-03,,,',
      'O-4,BUY,2026-11-03,BOLT,0,1',
    ].join('\n'),
    '',
    'admin@acme',
    orders,
  )
  expect(rows(job)).toEqual([
    [8, 'product'],
    [11, 'quantity'],
  ])
  expect(job.result).toMatchObject({ created: 2, failed: 2 })
  const { data } = (await get(world, 'admin@acme', `${orders}?customer=${customer.id}&expand=lines&sort=external_id`)) as unknown as {
    data: { lines: { quantity: number; position: number }[] }[]
  }
  expect(data.map((each) => each.lines.map((line) => [line.position, line.quantity]))).toEqual([
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
    [],
  ])
})

test('what an export writes, an import reads: formulas are disarmed on the way out and whole again', async () => {
  const odd = ['=1+1', '+43 1 234', '-x', '@me', "'quoted", '"q"', 'a,b;c']
  const tag = await create(world, 'manager@acme', '/api/core/tags', { name: 'round trip' })
  for (const [i, name] of odd.entries())
    await create(world, 'manager@acme', companies, {
      name,
      external_id: `RT-${i}`,
      city: 'Roundtrip',
      notes: `${name}\n"next", line`,
      tags: [tag.id],
      founded: 1999,
      annual_revenue: { amount: '-5.25', currency: 'EUR' },
    })
  const reply = await world.call('manager@acme', 'GET', `${companies}/export?city=Roundtrip&sort=external_id`)
  expect(reply.text).toContain("'=1+1")
  const before = await world.sql(
    'select name, notes, tags.target, founded, annual_revenue from crm.company c left join crm.company__tags tags on tags.parent_id = c.id where city = $1 order by external_id',
    ['Roundtrip'],
  )
  await world.sql(`update crm.company set name = 'changed', notes = null, founded = null where city = 'Roundtrip'`)
  const job = await run(reply.text, '?mode=upsert&key=external_id')
  expect(job.result).toMatchObject({ updated: odd.length, failed: 0, faults: [] })
  expect(
    await world.sql(
      'select name, notes, tags.target, founded, annual_revenue from crm.company c left join crm.company__tags tags on tags.parent_id = c.id where city = $1 order by external_id',
      ['Roundtrip'],
    ),
  ).toEqual(before)
})

describe('undo', () => {
  test('takes back what nobody touched; keeps what was edited or referred to, and says so', async () => {
    const held = await create(world, 'manager@acme', companies, {
      name: 'Old',
      external_id: 'UN-0',
      annual_revenue: { amount: '1', currency: 'EUR' },
    })
    const same = await create(world, 'manager@acme', companies, { name: 'Same', external_id: 'UN-S' })
    const job = await run(
      [
        'external_id,name,street,city',
        'UN-0,New,Ring 1,Wien',
        'UN-1,Free,,',
        'UN-2,Edited,,',
        'UN-3,Commented,,',
        'UN-4,Child’s parent,,',
        'UN-5,Involved,,',
        'UN-S,Same,,',
        'UN-6,Twice,,',
        'UN-6,Twice again,,',
        'UN-7,Deleted,,',
      ].join('\n'),
      '?mode=upsert&key=external_id',
    )
    expect(job.result).toMatchObject({ created: 7, updated: 3, failed: 0 })
    const id = async (external: string): Promise<string> =>
      String(((await get(world, 'manager@acme', `${companies}?external_id=${external}`)) as unknown as { data: Json[] }).data[0]!['id'])
    await world.call('manager@acme', 'PATCH', `${companies}/${await id('UN-2')}`, { body: { notes: 'mine' } })
    await create(world, 'rep@acme', '/api/crm/activities', { subject: 'Call', kind: 'call' })
    await create(world, 'manager@acme', '/api/crm/activities', {
      subject: 'Call',
      kind: 'call',
      about: { entity: 'crm.company', id: await id('UN-3') },
    })
    await create(world, 'manager@acme', companies, { name: 'Child', parent: await id('UN-4') })
    await create(world, 'manager@acme', '/api/crm/contacts', { name: 'At work', company: await id('UN-5') })
    await world.call('manager@acme', 'DELETE', `${companies}/${await id('UN-7')}`)
    const result = await undo(job.id)
    expect(result.kept.map((each) => [each.row, each.why.split(' ').slice(0, 4).join(' ')])).toEqual([
      [7, 'Records of “Contacts” refer'],
      [6, 'Records of “Companies” refer'],
      [5, 'Records of “Activities” refer'],
      [4, 'It was changed since.'],
    ])
    expect(result).toMatchObject({ removed: 3, reverted: 2, keptCount: 4 })
    expect(await get(world, 'manager@acme', `${companies}/${held.id}`)).toMatchObject({ name: 'Old', street: null, city: null, version: 3 })
    expect(await get(world, 'manager@acme', `${companies}/${same.id}`)).toMatchObject({ name: 'Same', version: 1 })
    expect((await named('Free')).concat(await named('Twice'), await named('Twice again'))).toEqual([])
  })

  test('belongs to importing: who may not delete takes back their own import, who may not import any more is refused at once', async () => {
    const job = await run('name\nRep’s import\n', '', 'rep@acme')
    const role = (...roles: string[]): Promise<Reply> =>
      world.call('admin@acme', 'PUT', `/api/access/${world.acme.members['rep']}`, {
        body: { email: 'rep@acme.test', roles: ['core.user', ...roles] },
      })
    ok(await role())
    expect((await world.call('rep@acme', 'POST', `/api/jobs/${job.id}/undo`)).body).toMatchObject({ status: 403, code: 'not-allowed' })
    ok(await role('crm.rep'))
    expect(await undo(job.id, 'rep@acme')).toMatchObject({ removed: 1, keptCount: 0 })
  })

  test('is tried again for what was kept, when nothing stands against it any more', async () => {
    const job = await run('name\nHeld\nFree of all\n')
    const child = await create(world, 'manager@acme', companies, { name: 'Holds', parent: String((await named('Held'))[0]!.id) })
    expect(await undo(job.id)).toMatchObject({ removed: 1, keptCount: 1 })
    ok(await world.call('manager@acme', 'DELETE', `${companies}/${child.id}`))
    expect(await undo(job.id)).toMatchObject({ removed: 2, keptCount: 0 })
    expect(await named('Held')).toEqual([])
    expect((await world.call('manager@acme', 'POST', `/api/jobs/${job.id}/undo`)).status).toBe(409)
  })

  test('keeps what somebody edited under the name of the job: anybody may choose a request id', async () => {
    const job = await run('external_id,name\nUN-8,Claimed\nUN-9,Untouched\n')
    const path = `${companies}/${String((await named('Claimed'))[0]!.id)}`
    ok(await world.call('manager@acme', 'PATCH', path, { body: { notes: 'mine' }, headers: { 'x-request-id': job.id } }))
    const { removed, kept } = await undo(job.id)
    expect([removed, kept]).toMatchObject([1, [{ row: 2, why: 'It was changed since.' }]])
    expect(await get(world, 'manager@acme', path)).toMatchObject({ name: 'Claimed', notes: 'mine' })
  })

  test('is for imports that are over', async () => {
    const job = await run('name\nx\n', '?dryRun=true')
    const result = await undo(job.id)
    expect(result).toMatchObject({ removed: 0, reverted: 0 })
    const [undone] = await world.sql<{ id: string }>(`select id from bos.job where kind = 'import-undo' order by created_at desc limit 1`)
    expect((await world.call('manager@acme', 'POST', `/api/jobs/${undone!.id}/undo`)).status).toBe(409)
  })
})

describe('jobs', () => {
  test('are their owner’s, and the administrator’s; to anybody else they are not there', async () => {
    const job = await run('name\nMine\n')
    expect((await world.call('admin@acme', 'GET', `/api/jobs/${job.id}`)).status).toBe(200)
    for (const person of ['rep@acme', 'admin@globex'] as const) {
      for (const [method, path] of [
        ['GET', ''],
        ['POST', '/cancel'],
        ['POST', '/undo'],
      ] as const)
        expect((await world.call(person, method, `/api/jobs/${job.id}${path}`)).status, `${person} ${method} ${path}`).toBe(404)
      expect((await world.call(person, 'GET', '/api/jobs')).text).not.toContain(job.id)
    }
    expect((await world.call('manager@acme', 'GET', '/api/jobs/x')).status).toBe(404)
    expect((await world.call('manager@acme', 'POST', `/api/jobs/${job.id}/cancel`)).status).toBe(409)
  })

  test('can be cancelled: what was done stays, is counted, and can be taken back', async () => {
    const { id } = ok(await submit(`name\n${Array.from({ length: 4000 }, (_, i) => `Cancel ${i}`).join('\n')}\n`)) as { id: string }
    await expect
      .poll(async () => ((await get(world, 'manager@acme', `/api/jobs/${id}`)) as unknown as JobView).progress.done, {
        timeout: 25_000,
        interval: 20,
      })
      .toBeGreaterThan(0)
    ok(await world.call('manager@acme', 'POST', `/api/jobs/${id}/cancel`))
    const job = await finished(id)
    const [{ n }] = (await world.sql<{ n: number }>(
      `select count(*)::int as n from crm.company where name like 'Cancel %' and deleted_at is null`,
    )) as [{ n: number }]
    expect([job.status, job.result.created]).toEqual(['cancelled', n])
    expect(n).toBeLessThan(4000)
    expect(await undo(id)).toMatchObject({ removed: n, keptCount: 0 })
  })

  test('whose worker died go on where they were, and nothing is done twice', async () => {
    const head = 'name,external_id,parent\n'
    // The second row names what the first makes: found only once that is there.
    const csv = `${head}Resume 0,RES-0,\nResume 1,RES-1,RES-0\n${Array.from({ length: 130 }, (_, i) => `Resume ${i + 2},RES-${i + 2},`).join('\n')}\n`
    const job = await run(csv)
    expect(job.result).toMatchObject({ created: 131, failed: 1 })
    // As if it had died after the records were written and before it could say so.
    await world.sql('update bos.import set source = $2 where job_id = $1', [job.id, csv])
    await world.sql('delete from bos.import_row where job_id = $1', [job.id])
    await world.sql(
      `update bos.job set status = 'running', state = '{}', result = null, finished_at = null, progress_done = 0, updated_at = now() - interval '1 hour' where id = $1`,
      [job.id],
    )
    const again = await finished(job.id)
    expect([again.status, again.result]).toMatchObject(['done', { created: 132, failed: 0 }])
    expect(await world.sql(`select 1 from crm.company where external_id like 'RES-%'`)).toHaveLength(132)
    expect(await world.sql('select 1 from bos.import_row where job_id = $1 and record_id is not null', [job.id])).toHaveLength(132)
  })

  test('fail, with what was done so far, when the role is taken away', async () => {
    const member = world.globex.members['manager']!
    const { id } = ok(await submit(`name\n${Array.from({ length: 3000 }, (_, i) => `Fail ${i}`).join('\n')}\n`, '', 'manager@globex')) as {
      id: string
    }
    await expect
      .poll(async () => ((await get(world, 'manager@globex', `/api/jobs/${id}`)) as unknown as JobView).progress.done, {
        timeout: 25_000,
        interval: 20,
      })
      .toBeGreaterThan(0)
    ok(await world.call('admin@globex', 'PUT', `/api/access/${member}`, { body: { email: 'manager@globex.test', roles: ['core.user'] } }))
    const job = await finished(id, 'manager@globex')
    expect(job).toMatchObject({ status: 'failed', result: { problem: { code: 'not-allowed' } } })
    const [{ n }] = (await world.sql<{ n: number }>(`select count(*)::int as n from crm.company where name like 'Fail %'`)) as [
      { n: number },
    ]
    expect(job.result.created).toBe(n)
  })
})
