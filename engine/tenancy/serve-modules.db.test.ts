import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nativeSession } from '../testing/schema.ts'
import { serveModules } from './serve-modules.ts'

const shipped = join(import.meta.dirname, '../../modules-json')
let folder = ''
let session: Awaited<ReturnType<typeof nativeSession>>
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'businessos-modules-'))
  await cp(join(shipped, 'core'), join(folder, 'core'), { recursive: true })
  session = await nativeSession()
})
afterEach(async () => {
  await session.close()
  await rm(folder, { recursive: true, force: true })
})

/** Writes a module anew from these files; `module.json` is made up. */
async function write(id: string, files: Readonly<Record<string, unknown>>, depends: readonly string[] = ['core']): Promise<void> {
  await rm(join(folder, id), { recursive: true, force: true })
  const own = { id, version: '1.0.0', metamodel: 1, title: id, depends: Object.fromEntries(depends.map((name) => [name, '>=0.0.1'])) }
  for (const [path, value] of Object.entries({ 'module.json': own, ...files })) {
    await mkdir(join(folder, id, dirname(path)), { recursive: true })
    await writeFile(join(folder, id, path), JSON.stringify(value))
  }
}
const book = (properties: object, settings: object = {}): Record<string, unknown> => ({
  'entities/book.json': { title: 'Book', type: 'object', properties: { name: { type: 'string' }, ...properties }, 'x-bos': settings },
})

/** What is served, and what is said of the rest. */
async function start(): Promise<{ served: string[]; kept: readonly string[]; faults: string[] }> {
  const { catalogues, faults } = await serveModules(session, { call: () => Promise.resolve({ rows: [], rowCount: 0 }) }, folder)
  const said = faults.map((fault) => `${fault.file}:${fault.pointer}: ${fault.detail}`)
  return { served: [...catalogues.full.modules.keys()], kept: catalogues.chosen.kept, faults: said }
}
/** A tenant that uses the modules, so that their tables hold rows of somebody. */
const tenant = '00000000-0000-7000-8000-000000000001'
const addBook = (id: number, name: string): Promise<unknown> =>
  session.query(
    `insert into library.book (tenant_id, id, version, revision, created_at, created_via, updated_at, name)
     values ($1, $2, 1, 1, now(), 'test', now(), $3)`,
    [tenant, `00000000-0000-7000-8000-${String(id).padStart(12, '0')}`, name],
  )
const before = 'The module is served as it was before.'
const notServed = 'The module is not served.'

describe('a change that the tables refuse keeps the module as it was, and says where it stands', () => {
  test.each<[name: string, was: Record<string, unknown>, is: Record<string, unknown>, fault: RegExp]>([
    [
      'another type',
      book({ pages: { type: 'string' } }),
      book({ pages: { type: 'integer' } }),
      /^library\/entities\/book\.json:\/properties\/pages: library\.book, field "pages": .* Wanted: a?.*bigint\./,
    ],
    [
      'another scale, of a renamed property',
      book({ price: { 'x-bos': { type: 'decimal', scale: 2 } } }),
      book({ cost: { 'x-bos': { type: 'decimal', scale: 4, id: 'price' } } }),
      /^library\/entities\/book\.json:\/properties\/cost: .*numeric\(18,2\).*numeric\(18,4\)/,
    ],
    [
      'lines out of records',
      { ...book({}), 'entities/page.json': book({})['entities/book.json'] },
      {
        ...book({ pages: { 'x-bos': { type: 'lines', entity: 'library.page' } } }),
        'entities/page.json': book({}, { kind: 'line' })['entities/book.json'],
      },
      /^library\/entities\/page\.json:: library\.page: .* There is: a record\. Wanted: a line\./,
    ],
    [
      'a unique key that rows break',
      book({}),
      book(
        {},
        {
          unique: [
            { id: 'other', fields: ['name'], noOverlap: undefined },
            { id: 'name', fields: ['name'], ignoreCase: true },
          ],
        },
      ),
      /^library\/entities\/book\.json:\/x-bos\/unique\/[01]: .*could not create unique index/,
    ],
    [
      'an index of texts that are too long for one',
      book({ note: { type: 'string', maxLength: 4000 } }),
      book({ note: { type: 'string', maxLength: 300, 'x-bos': { index: true } } }),
      /^library\/entities\/book\.json:\/properties\/note: .*records that are there do not allow it\. There is: index row size/,
    ],
  ])('%s', async (_name, was, is, fault) => {
    await write('library', was)
    expect(await start()).toEqual({ served: ['core', 'library'], kept: [], faults: [] })
    await addBook(1, 'One')
    await addBook(2, 'One')
    if ('note' in ((was['entities/book.json'] as { properties: object }).properties ?? {})) {
      // Random letters: what repeats is compressed, and fits.
      await session.query(`update library.book set note = (select string_agg(md5(i::text), '') from generate_series(1, 120) i)`)
    }
    await write('library', is)
    await write('reading', { 'entities/room.json': book({})['entities/book.json'] })
    const outcome = await start()
    expect(outcome).toEqual({ served: ['core', 'library', 'reading'], kept: ['library'], faults: [expect.stringMatching(fault)] })
    expect(outcome.faults[0]).toContain(before)
    // And again: what was refused leaves nothing behind.
    expect(await start()).toEqual(outcome)
  })
})

describe('a new module whose tables cannot be made is left out, and what depends on it', () => {
  const shelf = { 'x-bos': { type: 'reference', entity: 'library.book' } }
  test('because its schema is somebody else’s', async () => {
    await session.query('reset role; create schema library; set role bos_owner')
    await write('library', book({}))
    await write('reading', { 'entities/shelf.json': (book({ shelf }) as { 'entities/book.json': object })['entities/book.json'] }, [
      'core',
      'library',
    ])
    await write('other', book({}))
    expect(await start()).toEqual({
      served: ['core', 'other'],
      kept: [],
      faults: [
        expect.stringMatching(/^library\/module\.json:: library: the name of the module is taken in the database\..*not served\.$/),
        'reading/entities/shelf.json:/properties/shelf/x-bos/entity: there is no entity "library.book"',
        'reading/module.json:/depends/library: there is no module "library"',
      ],
    })
  })

  test('also where it is the table of another module that refuses', async () => {
    await start()
    await session.query('alter table core.comment add column about__library__book text')
    await write('library', book({}, { use: ['core.commentable'] }))
    await write('other', book({}, { use: ['core.commentable'] }))
    expect(await start()).toEqual({
      served: ['core', 'other'],
      kept: [],
      faults: [expect.stringMatching(new RegExp(`^library/module\\.json:: core\\.comment, field "about": .*${notServed}$`))],
    })
  })
})

test('more entities can use a trait that lengthens a reference than a call of PostgreSQL has arguments', async () => {
  const many = Array.from({ length: 120 }, (_, i) => [
    `entities/book_${i}.json`,
    book({}, { use: ['core.commentable'] })['entities/book.json'],
  ])
  await write('library', Object.fromEntries(many) as Record<string, unknown>)
  expect((await start()).faults).toEqual([])
})

test('without a module that gives way the start is refused: the tables were changed by hand', async () => {
  await start()
  await session.query('alter table core.tag rename column name to label')
  await expect(start()).rejects.toMatchObject({ name: 'SchemaRefused', refusals: [{ entity: 'core.tag', field: 'name' }] })
})
