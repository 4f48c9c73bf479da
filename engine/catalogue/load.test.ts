import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { check } from './check.ts'
import { catalogueHash, fromStored, loadModules, toStored } from './load.ts'
import { compiledValidate } from './validate.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bos-modules-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
}
const library = {
  'library/module.json': '{"id": "library", "version": "1.0.0", "metamodel": 1, "title": "Library"}',
  'library/entities/book.json': '{"title": "Book", "type": "object", "properties": {"name": {"type": "string"}}}',
}
const faults = async (): Promise<string[]> =>
  check(await loadModules(folder), compiledValidate()).map((fault) => `${fault.file}:${fault.pointer}: ${fault.detail}`)

test('a folder of modules', async () => {
  await write({
    ...library,
    'library/seed/10_book.json': 'not read',
    'library/README.md': '# Library',
    'library/.cache/x.json': '{',
    '.git/config': '',
    'notes.txt': '',
  })
  const sources = await loadModules(folder)
  expect(sources.map(({ id, files, seeds }) => ({ id, files: [...files.keys()], seeds }))).toEqual([
    { id: 'library', files: ['entities/book.json', 'module.json'], seeds: ['seed/10_book.json'] },
  ])
  expect(await faults()).toEqual([])
})

test.each([
  ['broken syntax', '{\n  "title": "Book",\n  "type" "object"\n}', 'Expected ":" at line 3, column 10'],
  ['a key that stands twice', '{"title": "Book",\n "title": "Buch"}', 'The same key stands twice, at line 2, column 2'],
  ['nothing', '', 'The text ends too early at line 1, column 1'],
  ['nesting without end', '['.repeat(100_000), 'Nested deeper than 64 levels at line 1, column 65'],
  ['a file that is too large', ' '.repeat(1024 * 1024 + 1), 'the file has 1048577 bytes; at most 1048576 are read'],
  ['bytes that are not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), 'the file is not UTF-8 text'],
])('%s is a fault of the file, and of nothing that refers to it', async (_name, content, detail) => {
  await write({
    ...library,
    'library/entities/book.json': content,
    'library/entities/loan.json':
      '{"title": "Loan", "type": "object", "properties": {"book": {"x-bos": {"type": "reference", "entity": "library.book"}}}}',
  })
  expect(await faults()).toEqual([`library/entities/book.json:: ${detail}`])
})

test('a number whose digits would be lost', async () => {
  await write({
    ...library,
    'library/entities/book.json':
      '{"title": "Book", "type": "object", "properties": {"p": {"x-bos": {"type": "decimal", "scale": 20}, "default": 0.12345678901234567891}}}',
  })
  expect(await faults()).toEqual([
    'library/entities/book.json:/properties/p/default: has more digits than a JSON number keeps: write it as a text',
  ])
})

test('half of a character, in a key or a text', async () => {
  await write({
    ...library,
    'library/entities/book.json': '{"title": "\\ud800", "type": "object", "properties": {"\\udc00": {"title": "\\ud83d\\ude00"}}}',
  })
  expect((await faults()).filter((fault) => fault.includes('surrogate'))).toEqual([
    'library/entities/book.json:/title: contains half of a surrogate pair, which is not a character',
    'library/entities/book.json:/properties/\ufffd: contains half of a surrogate pair, which is not a character',
  ])
})

test('a key __proto__ reaches nobody', async () => {
  await write({
    ...library,
    'library/entities/book.json':
      '{"title": "Book", "type": "object", "properties": {"name": {"type": "string"}, "__proto__": {"polluted": true}}, "__proto__": {"polluted": true}}',
  })
  expect(await faults()).toEqual([
    'library/entities/book.json:/properties/__proto__: "__proto__" cannot be a name: a name has lower-case letters, digits and underscores and begins with a letter',
    'library/entities/book.json:/__proto__: there is no keyword "__proto__" here',
    'library/entities/book.json:/properties/__proto__/polluted: there is no keyword "polluted" here',
  ])
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
})

test('a folder without module.json', async () => {
  await write({ 'library/entities/book.json': library['library/entities/book.json'] })
  expect(await faults()).toEqual(['library/module.json:: the file is missing: a module needs it'])
})

test('the hash follows the content, in its order, not the white space', async () => {
  await write(library)
  const [before] = await loadModules(folder)
  await write({ 'library/module.json': library['library/module.json'].replaceAll(', ', ',\n  ') })
  const [spaced] = await loadModules(folder)
  expect(spaced?.hash).toBe(before?.hash)
  await write({ 'library/module.json': library['library/module.json'].replace('Library', 'Books') })
  const [changed] = await loadModules(folder)
  expect(changed?.hash).not.toBe(before?.hash)
  expect(catalogueHash([changed!])).not.toBe(catalogueHash([before!]))
})

test('what is stored comes back as it was, order of keys included', async () => {
  await write({
    ...library,
    'library/entities/book.json': '{"title": "Book", "type": "object", "properties": {"zz": {"type": "string"}, "a": {"type": "string"}}}',
  })
  const [source] = await loadModules(folder)
  const stored = JSON.parse(JSON.stringify(toStored(source!))) as ReturnType<typeof toStored>
  const back = fromStored('library', { files: Object.fromEntries(Object.entries(stored.files).toReversed()) })
  expect(back.hash).toBe(source!.hash)
  expect([...back.files]).toEqual([...source!.files])
  expect(Object.keys((back.files.get('entities/book.json') as { properties: object }).properties)).toEqual(['zz', 'a'])
})
