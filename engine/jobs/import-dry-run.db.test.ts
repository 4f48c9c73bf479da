import { describe, expect, test } from 'vitest'
import { openLab } from '../testing/lab.ts'
import { ok, type Reply } from '../testing/world.ts'
import { get } from '../testing/writing.ts'

/** A dry run says what the real one would; a file is taken once; cells are parted as the header says; a file is kept no longer than needed. */
const world = await openLab()
const as = 'admin@acme'
interface Report {
  created: number
  updated: number
  failed: number
  faults: { row: number; column: string | null; detail: string }[]
}
const submit = (path: string, csv: string, query = '', headers: Record<string, string> = {}): Promise<Reply> =>
  world.call(as, 'POST', `/api/${path}/import${query}`, { body: csv, headers: { 'content-type': 'text/csv', ...headers } })
async function report(reply: Reply): Promise<Report> {
  const id = String(ok(reply)['id'])
  let job: Record<string, unknown> = {}
  await expect
    .poll(async () => (job = await get(world, as, `/api/jobs/${id}`))['status'], { timeout: 25_000, interval: 100 })
    .toMatch(/done|failed|cancelled/)
  const { created, updated, failed, faults } = job['result'] as Report
  return { created, updated, failed, faults }
}
/** What the dry run says; and that the real run then says the same. */
async function foreseen(path: string, csv: string, query = ''): Promise<Report> {
  const dry = await report(await submit(path, csv, `?dryRun=true${query}`))
  expect(await report(await submit(path, csv, `?${query.slice(1)}`)), 'the real run').toEqual(dry)
  return dry
}
const rows = ({ faults }: Report): unknown[] => faults.map(({ row, column }) => [row, column])

describe('documents of one file that want the same', () => {
  test('a unique value, also when they stand batches apart', async () => {
    const far = Array.from({ length: 230 }, (_, i) => `C${i},D-${i === 229 ? 3 : i}`)
    const found = await foreseen('crm/companies', `name,external_id\n${far.join('\n')}\nlast,D-1\nnone,\nnone,\n`)
    expect(found).toMatchObject({ created: 231, updated: 0, failed: 2 })
    expect(rows(found)).toEqual([
      [231, 'external_id'],
      [232, 'external_id'],
    ])
    expect(found.faults[0]!.detail).toMatch(/^Another record has the same /)
  })

  test('a value that is unique among some of them', async () => {
    const found = await foreseen('lab/notes', 'text,slot,pinned\na,7,true\nb,7,\nc,7,true\nd,7,false\ne,8,true\n')
    expect([found.created, rows(found)]).toEqual([4, [[4, 'slot']]])
  })

  test('one that failed holds nothing', async () => {
    const found = await foreseen('crm/companies', 'name,external_id,email\nA,E-1,no address\nB,E-1,\nC,E-1,\n')
    expect([found.created, rows(found)]).toEqual([
      1,
      [
        [2, 'email'],
        [4, 'external_id'],
      ],
    ])
  })

  test('letters that count as the same, where the key says so; fields of a key together', async () => {
    const found = await foreseen('inventory/warehouses', 'code,name\nHQ,a\nhq,b\nHQ2,c\n')
    expect([found.created, rows(found)]).toEqual([2, [[3, 'code']]])
  })

  test('an upsert by that key changes what the row before it made', async () => {
    const found = await foreseen('crm/companies', 'name,external_id\nU,U-1\nU again,U-1\nV,U-2\n', '&mode=upsert&key=external_id')
    expect(found).toMatchObject({ created: 2, updated: 1, failed: 0 })
  })

  test('a key of lines', async () => {
    const found = await foreseen('lab/projects', 'name,sections.heading,sections.badge\nP,a,B-1\nQ,b,B-2\nR,c,B-1\n')
    expect([found.created, found.failed]).toEqual([2, 1])
    expect(found.faults.map((each) => each.row)).toEqual([4])
  })

  test('a time that must not overlap; an instant that ends one begins the next', async () => {
    const at = (hour: number): string => `2031-05-01T${String(hour).padStart(2, '0')}:00:00Z`
    const found = await foreseen(
      'lab/bookings',
      `room,from,to\nZ,${at(8)},${at(10)}\nZ,${at(10)},${at(11)}\nZ,${at(9)},${at(12)}\nY,${at(9)},${at(12)}\n`,
    )
    expect([found.created, [...new Set(found.faults.map((each) => each.row))]]).toEqual([3, [4]])
  })
})

describe('Idempotency-Key', () => {
  const key = (name: string) => ({ 'idempotency-key': name })
  const csv = 'name\nOnce\n'

  test('the same file again, even at the same moment, is the same job', async () => {
    const replies = await Promise.all(Array.from({ length: 8 }, () => submit('crm/companies', csv, '', key('import-1'))))
    expect(replies.map((each) => each.status)).toEqual(replies.map(() => 202))
    expect(new Set(replies.map((each) => (each.body as { id: string }).id)).size).toBe(1)
    expect(await report(replies[0]!)).toMatchObject({ created: 1 })
    const later = await submit('crm/companies', csv, '', key('import-1'))
    expect([later.status, later.headers.get('location'), later.body]).toMatchObject([
      202,
      replies[0]!.headers.get('location'),
      { id: (replies[0]!.body as { id: string }).id, status: 'done' },
    ])
    expect(await world.sql(`select 1 from crm.company where name = 'Once'`)).toHaveLength(1)
  })

  test('another file, or other parameters, are refused; a key that is none too; other people have keys of their own', async () => {
    const first = ok(await submit('crm/companies', 'name\nK\n', '?dryRun=true', key('import-2')))
    for (const reply of [
      await submit('crm/companies', 'name\nL\n', '?dryRun=true', key('import-2')),
      await submit('crm/companies', 'name\nK\n', '', key('import-2')),
    ])
      expect([reply.status, (reply.body as { code: string }).code]).toEqual([422, 'idempotency-mismatch'])
    expect((await submit('crm/companies', 'name\nK\n', '', key('no blanks'))).status).toBe(400)
    const theirs = await world.call('manager@acme', 'POST', '/api/crm/companies/import?dryRun=true', {
      body: 'name\nK\n',
      headers: { 'content-type': 'text/csv', ...key('import-2') },
    })
    expect(ok(theirs)['id']).not.toBe(first['id'])
    expect((await world.call(as, 'POST', '/api/crm/companies', { body: { name: 'K' }, headers: key('import-2') })).status).toBe(201)
  })
})

test.each([
  ['semicolons', 'name;external_id;notes\n"Semi; colon";S-1;a, b\n'],
  ['tabs', 'name\texternal_id\tnotes\nTab\tS-2\ta, b; c\n'],
  ['semicolons, commas in a quoted header', '"name";"external_id";"a, b, c, d"\nQuoted;S-3;x\n'],
  ['a byte order mark and semicolons', '\ufeffname;external_id\nMark;S-4\n'],
])('cells are parted by %s', async (_, csv) => {
  expect(await report(await submit('crm/companies', csv))).toMatchObject({ created: 1, failed: 0 })
})

test('a header that names nothing is told by its own names, however it is parted', async () => {
  const reply = await submit('crm/companies', 'nam;x\na;b\n', `?mapping=${encodeURIComponent('{"nam":"nam"}')}`)
  expect([reply.status, (reply.body as { errors: unknown }).errors]).toEqual([
    422,
    [{ pointer: '/mapping/nam', detail: 'Company has no field "nam". Did you mean "name"?' }],
  ])
})

test('when a job is over, however it ended, the file is gone; undo needs none', async () => {
  const reply = await submit('crm/companies', 'name\nForgotten\n')
  await report(reply)
  const { id } = reply.body as { id: string }
  expect(
    await world.sql(
      `select 1 from bos.import i join bos.job j on j.id = i.job_id where j.finished_at is not null and i.source is not null`,
    ),
  ).toEqual([])
  expect(await world.sql('select source from bos.import where job_id = $1', [id])).toEqual([{ source: null }])
  const undone = await report(await world.call(as, 'POST', `/api/jobs/${id}/undo`))
  expect(undone).toMatchObject({})
  expect(await world.sql(`select 1 from crm.company where name = 'Forgotten' and deleted_at is null`)).toEqual([])
})
