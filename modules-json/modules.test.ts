import { readmeModule, textsOf } from '../engine/testing/dropped-in.ts'
import { files as flowFiles } from '../engine/testing/flows.ts'
import { postings } from '../engine/testing/postings.ts'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Big } from 'big.js'
import { afterAll, describe, expect, it } from 'vitest'
import { check } from '../engine/catalogue/check.ts'
import { compileCatalogue } from '../engine/catalogue/compile.ts'
import { catalogueHash, fromStored, loadModule, loadModules } from '../engine/catalogue/load.ts'
import type { ModuleSource } from '../engine/catalogue/sources.ts'
import type { Catalogue, Entity, Field } from '../engine/catalogue/types.ts'
import { compiledValidate } from '../engine/catalogue/validate.ts'
import { fieldOf } from '../engine/fields/index.ts'
import { accessFor } from '../engine/records/access.ts'
import { isFormula, readFormula } from '../engine/records/formulas.ts'
import { readSeeds } from '../engine/tenancy/seed.ts'
import { referencesOf, resolveSeed } from '../engine/tenancy/seed-values.ts'

const folder = import.meta.dirname
/** The modules that come with the product; what people drop in beside them is theirs. */
const own = ['core', 'crm', 'inventory']
const sources = (await loadModules(folder)).filter((source) => own.includes(source.id))
const faults = check(sources, compiledValidate())
const catalogue: Catalogue = compileCatalogue(faults.length === 0 ? sources : [], catalogueHash(sources))
const everything = accessFor(catalogue, ['core.admin'])
const stored = [...catalogue.entities.values()].filter((entity) => !entity.link)
const files = new Set(sources.flatMap((source) => [...source.files.keys()].map((path) => `${source.id}/${path}`)))

it('no module file has a fault', () => {
  expect(sources.map((source) => source.id)).toEqual(own)
  expect(faults).toEqual([])
})

describe.each(stored)('$id', (entity) => {
  it('presents itself: a display file, and a view that is named where it can be opened', () => {
    expect(files).toContain(`${entity.module}/views/${entity.name}.display.json`)
    // A line may be shown in its document alone.
    expect(entity.kind === 'line' || entity.views.length > 0).toBe(true)
  })

  it('is granted to somebody besides core.admin', () => {
    const document = entity.parent === null ? entity : catalogue.entities.get(entity.parent.entity)
    const reading = [...(document?.permissions.values() ?? [])].filter(({ role, actions }) => role !== 'core.admin' && actions.has('list'))
    expect(reading.map(({ role }) => role)).not.toEqual([])
  })

  it('explains itself: every option has a title, every section names each field once', () => {
    const sectioned = entity.display.sections.flatMap((section) => section.fields)
    expect(sectioned).toEqual([...new Set(sectioned)])
    expect(entity.title).toMatch(/^[A-Z]/)
    expect(entity.fields.filter((field) => field.title === '' || /_/.test(field.title)).map((field) => field.name)).toEqual([])
  })
})

it('a representative does not see what only managers may', () => {
  const hidden = (entity: string, role: string): string[] => [...(catalogue.entities.get(entity)?.permissions.get(role)?.hide ?? [])]
  expect(hidden('crm.deal', 'crm.rep')).toContain('margin')
  expect(hidden('crm.company', 'crm.rep')).toContain('credit_limit')
  expect(hidden('inventory.product', 'inventory.clerk')).toContain('unit_cost')
  // Whoever may read the same rows by another role would see it there.
  expect(hidden('crm.company', 'core.user')).toContain('credit_limit')
  expect(hidden('inventory.product', 'crm.rep')).toContain('unit_cost')
})

const seeds = await readSeeds(folder, sources, (fault) => {
  throw fault
})

it('seed files stay small enough to read', async () => {
  const sizes = await Promise.all(seeds.map(async ({ name }) => ({ name, bytes: (await stat(join(folder, name))).size })))
  expect(sizes.filter(({ bytes }) => bytes >= 200_000)).toEqual([])
})

describe.each(['acme', 'globex'])('sample data of %s', (tenant) => {
  const { problems, counts, people, records } = readAll(tenant)

  it('every record fits its entity and refers only to what stands before it', () => {
    expect(problems).toEqual([])
  })

  it('no two records share a unique key', () => {
    const doubled: string[] = []
    for (const entity of stored) {
      for (const key of entity.unique) {
        const names = key.fields.map((id) => entity.fieldById.get(id)?.name ?? id)
        const values = [...records].filter(([name]) => name.startsWith(`${entity.id}:`)).map(([, data]) => names.map((name) => data[name]))
        const texts = values
          .filter((parts) => parts.every((part) => part !== undefined))
          .map((parts) => JSON.stringify(parts).toLowerCase())
        for (const [i, text] of texts.entries()) if (texts.indexOf(text) !== i) doubled.push(`${entity.id} ${key.id} ${text}`)
      }
    }
    expect(doubled).toEqual([])
  })

  it('what is derived is not written down: the amount of an order line, exact to the digits it keeps', () => {
    const lines = [...records].flatMap(([key, data]) => (/_order:/.test(key) ? (data['lines'] as Record<string, string>[]) : []))
    expect(lines.length).toBeGreaterThan(50)
    for (const line of lines) {
      const exact = Big(line['unit_price']!).times(line['quantity']!).times(Big(1).minus(line['discount']!))
      expect(exact.eq(exact.toFixed(4))).toBe(true)
      expect(line).not.toHaveProperty('amount')
    }
  })

  it('stock is the sum of what has moved', () => {
    const goods = [...records].filter(([key, { kind }]) => key.startsWith('inventory.product:') && kind !== 'service')
    const moved = new Map(goods.map(([key]): [string, number] => [`@${key}`, 0]))
    for (const [key, { kind, status, product, quantity, to }] of records) {
      if (!key.startsWith('inventory.stock_move:') || status !== 'done' || kind === 'transfer') continue
      moved.set(String(product), moved.get(String(product))! + Number(quantity) * (to === undefined ? -1 : 1))
    }
    expect(goods.map(([key, { units_in_stock }]) => [`@${key}`, units_in_stock])).toEqual([...moved])
  })

  it('administrator, manager and representative can sign in, with one role per module', () => {
    const expected = ['admin', 'manager', 'rep'].map((name) => `${name}@${tenant}.test`)
    expect(people.map((person) => person.email)).toEqual(expect.arrayContaining(expected))
    expect(people.flatMap(({ roles }) => roles).filter((role) => !catalogue.roles.has(role))).toEqual([])
    const crowded = people.filter(({ roles }) => new Set(roles.map((role) => role.split('.')[0])).size < roles.length)
    expect(crowded.map(({ email }) => email)).toEqual([])
  })

  it('there is enough of everything to work with', () => {
    const least = tenant === 'acme' ? 1 : 0.35
    const wanted = {
      'crm.company': 60,
      'crm.contact': 120,
      'crm.deal': 140,
      'crm.activity': 250,
      'crm.segment': 6,
      'inventory.product': 60,
      'inventory.sales_order': 80,
      'inventory.purchase_order': 25,
      'inventory.stock_move': 300,
    }
    expect(Object.entries(wanted).filter(([entity, count]) => (counts.get(entity) ?? 0) < Math.floor(count * least))).toEqual([])
  })

  it('nobody outside is meant: addresses end in .example or .test', () => {
    const hosts = JSON.stringify([...records.values()]).matchAll(/(?:[\w.]@|https?:\/\/)([\w.-]+)/g)
    expect([...new Set([...hosts].map((match) => match[1]!))].filter((host) => !/\.(example|test)$/.test(host))).toEqual([])
  })
})

/** Reads every record of one tenant as the loader would, without a database. */
function readAll(tenant: string) {
  const problems: string[] = []
  const counts = new Map<string, number>()
  const ids = new Map<string, string>()
  const records = new Map<string, Record<string, unknown>>()
  const people: { email: string; roles: readonly string[] }[] = []
  const place = {
    timeZone: 'Europe/Berlin',
    now: new Date('2026-11-21T09:00:00Z'),
    idOf: (entity: string, key: string) => ids.get(`${entity}:${key}`),
    entityOf: (id: string) => catalogue.entities.get(id),
  }
  for (const file of seeds.filter((each) => each.tenants?.includes(tenant) ?? true)) {
    const entity = catalogue.entities.get(file.entity)
    if (entity === undefined) problems.push(`${file.name}: there is no ${file.entity}`)
    for (const [index, { key, data, roles }] of entity === undefined ? [] : file.records.entries()) {
      const at = `${file.name} ${index} ${key ?? ''}`
      const missing = referencesOf(data).filter((each) => !ids.has(each))
      problems.push(...missing.map((each) => `${at}: ${each} does not stand before it`))
      const name = `${file.entity}:${key ?? `${file.name} ${index}`}`
      const before = records.get(name)
      const found = missing.length > 0 ? [] : judge(entity!, resolveSeed(data, entity!, place), before === undefined)
      problems.push(...found.map((detail) => `${at}${detail}`))
      ids.set(name, `01900000-0000-7000-8000-${String(ids.size).padStart(12, '0')}`)
      records.set(name, { ...before, ...data })
      counts.set(file.entity, (counts.get(file.entity) ?? 0) + 1)
      if (roles) people.push({ email: String(data['email']), roles })
    }
  }
  return { problems, counts, people, records }
}

function judge(entity: Entity, data: Record<string, unknown>, complete: boolean): string[] {
  const found = Object.keys(data)
    .filter((name) => !entity.fieldByName.has(name))
    .map((name) => `/${name}: is not a field of ${entity.id}`)
  for (const field of entity.fields) {
    const value = data[field.name]
    if (value === undefined) {
      if (complete && field.required && field.default === undefined) found.push(`/${field.name}: is required`)
    } else if (field.readOnly) found.push(`/${field.name}: is given by the engine`)
    else found.push(...judgeValue(field, value))
  }
  return found
}

function judgeValue(field: Field, value: unknown): string[] {
  const line = field.lines && field.lines.linkField === null ? catalogue.entities.get(field.lines.entity) : undefined
  if (line) {
    const items = value as Record<string, unknown>[]
    return items.flatMap((item, i) => judge(line, item, true).map((detail) => `/${field.name}/${i}${detail}`))
  }
  const found: string[] = []
  fieldOf(field.type).parse(value, field.settings, (pointer, detail) => found.push(`/${field.name}${pointer}: ${detail}`))
  if (isFormula(field))
    readFormula({ access: everything, mode: 'create', formulas: { characters: 0 } }, field, value, (detail) =>
      found.push(`/${field.name}: ${detail}`),
    )
  return found
}

describe('the module of the README', async () => {
  const home = await mkdtemp(join(tmpdir(), 'bos-readme-'))
  afterAll(() => rm(home, { recursive: true }))

  it('passes check as it stands there', async () => {
    const shown = await readmeModule()
    expect(Object.keys(shown)).toEqual(['module.json', 'entities/book.json', 'entities/loan.json', 'views/loan_open.json'])
    for (const [path, json] of Object.entries(shown)) {
      await mkdir(dirname(join(home, 'library', path)), { recursive: true })
      await writeFile(join(home, 'library', path), json)
    }
    const library = await loadModule(join(home, 'library'), 'library')
    expect(faultsBesideCore(library)).toEqual([])
  })

  it('takes the lines that it shows', async () => {
    const shown = await readmeModule()
    const [property, renewal] = await blocksBelow('modules-json/README.md', '## Lines')
    const loan = JSON.parse(shown['entities/loan.json']!) as { properties: object }
    const properties = { ...loan.properties, ...(JSON.parse(`{${property}}`) as object) }
    const library = { ...shown, 'entities/loan.json': JSON.stringify({ ...loan, properties }), 'entities/renewal.json': renewal! }
    expect(faultsBesideCore(fromStored('library', { files: library }))).toEqual([])
  })
})

it('the manual’s transition with effects passes check as it stands there', async () => {
  const [state] = await blocksBelow('docs/logic.md', '## Effects')
  const entry = postings['entities/entry.json'] as { properties: object }
  const properties = { ...entry.properties, ...(JSON.parse(`{${state!.replaceAll('books.', 'flows.')}}`) as object) }
  const flows = textsOf('flows', { ...flowFiles, ...postings, 'entities/entry.json': { ...entry, properties } })
  expect(faultsBesideCore(fromStored('flows', { files: flows }))).toEqual([])
  expect(state).toContain('"effects"')
})

const faultsBesideCore = (module: ModuleSource) => check([...sources.filter((source) => source.id === 'core'), module], compiledValidate())

/** The JSON that stands below a heading, as it stands there. */
async function blocksBelow(path: string, heading: string): Promise<readonly string[]> {
  const text = await readFile(join(folder, '..', path), 'utf8')
  const [, section = ''] = text.split(`\n${heading}\n`)
  return [...section.split('\n## ')[0]!.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => json!)
}
