import { QueryClientProvider } from '@tanstack/react-query'
import { MantineProvider } from '@mantine/core'
import { createElement, type ReactNode } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, it } from 'vitest'
import { fieldOf, fieldTypes } from '../../engine/fields/index.ts'
import { CatalogueContext, type Field } from '../api/catalogue.ts'
import { queryClient } from '../api/records.ts'
import { catalogue, entity, field, typed } from '../testing/metadata.ts'
import { Edit, Show } from './field.tsx'
import { LocaleContext, localeFor } from './locale.ts'
import { kindOf, knownTypes } from './registry.ts'
import type { Locale } from './type.ts'

const locale: Locale = localeFor('de', 'Europe/Berlin', 'EUR', new Date('2026-11-22T12:00:00Z'))
const id = '0198c0de-0000-7000-8000-000000000001'
const company = entity({ id: 'crm.company', title: 'Company', pluralTitle: 'Companies', path: '/api/crm/companies', plural: 'companies' })
const person = entity({ id: 'crm.person', title: 'Person', pluralTitle: 'People', path: '/api/crm/people', plural: 'people' })
const links = entity({
  id: 'crm.deal__tags',
  kind: 'line',
  path: null,
  fields: [
    typed(
      'reference',
      { 'x-bos': { entity: 'crm.company' } },
      { name: 'target', reference: { targets: [{ entity: 'crm.company' }], several: false } },
    ),
  ],
})
const line = entity({ id: 'crm.deal_line', kind: 'line', title: 'Line', fields: [field({ name: 'item', title: 'Item' })] })
queryClient.setQueryData(['title', 'crm.company', id], 'Acme & Sons')
queryClient.setQueryData(['title', 'crm.person', id], 'Ada King')

const html = (node: ReactNode): string =>
  renderToStaticMarkup(
    <MantineProvider>
      <QueryClientProvider client={queryClient}>
        <CatalogueContext value={catalogue(company, person, links, line)}>
          <LocaleContext value={locale}>{node}</LocaleContext>
        </CatalogueContext>
      </QueryClientProvider>
    </MantineProvider>,
  )
const words = (markup: string): string =>
  markup
    .replace(/<style.*?<\/style>/gs, '')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&amp;', '&')
    .replaceAll('&quot;', '"')
    .replace(/[\s\u00a0\u202f]+/g, ' ')
    .trim()

interface Row {
  readonly type: string
  readonly node?: Readonly<Record<string, unknown>>
  readonly given?: Partial<Field>
  readonly value: unknown
  readonly shows: string
  /** How it is edited: typed text that the editor holds; or, for what is chosen, a word of the editor. */
  readonly holds: string
  readonly chosen?: true
}
const options = { enum: ['new', 'won'], 'x-bos': { options: { new: { title: 'New' }, won: { title: 'Won', hue: 150 } } } }
const rows: readonly Row[] = [
  { type: 'text', value: 'a < b', shows: 'a &lt; b', holds: 'a &lt; b' },
  { type: 'longText', value: 'one\ntwo', shows: 'one', holds: 'one two', chosen: true },
  { type: 'markdown', value: '# Hello', shows: '# Hello', holds: '# Hello', chosen: true },
  { type: 'email', value: 'ada@acme.test', shows: 'ada@acme.test', holds: 'ada@acme.test' },
  { type: 'phone', value: '+49 30 1234', shows: '+49 30 1234', holds: '+49 30 1234' },
  { type: 'url', value: 'https://www.acme.test/', shows: 'acme.test', holds: 'https://www.acme.test/' },
  { type: 'integer', value: 12345, shows: '12.345', holds: '12345' },
  { type: 'decimal', node: { 'x-bos': { scale: 3 } }, value: '1234.5', shows: '1.234,50', holds: '1234,50' },
  {
    type: 'decimal',
    node: { 'x-bos': { scale: 3, unit: 'kg' } },
    given: { unit: 'kg' },
    value: '1234.5',
    shows: '1.234,50 kg',
    holds: '1234,50 kg',
  },
  { type: 'percent', node: { 'x-bos': { scale: 1 } }, value: '12.5', shows: '12,5 %', holds: '12,5 %' },
  { type: 'money', value: { amount: '1234.5', currency: 'EUR' }, shows: '1.234,50 EUR', holds: '1234,50' },
  {
    type: 'money',
    node: { 'x-bos': { currency: 'self.company.currency' } },
    value: { amount: '1234.5' },
    shows: '1.234,50',
    holds: '1234,50',
  },
  { type: 'boolean', value: true, shows: 'Yes', holds: 'checked', chosen: true },
  { type: 'date', value: '2025-02-03', shows: '3. Feb. 2025', holds: '3. Feb. 2025' },
  { type: 'dateTime', value: '2026-07-01T12:30:00.000Z', shows: '1. Juli, 14:30', holds: '1. Juli 2026 14:30' },
  { type: 'time', value: '14:30:00', shows: '14:30', holds: '14:30' },
  { type: 'duration', value: 'PT1H30M', shows: '1h 30m', holds: '1h 30m' },
  { type: 'select', node: options, value: 'won', shows: 'Won', holds: 'Won', chosen: true },
  {
    type: 'multiSelect',
    node: { items: { enum: options.enum }, 'x-bos': options['x-bos'] },
    value: ['new', 'won'],
    shows: 'New Won',
    holds: 'New Won',
    chosen: true,
  },
  { type: 'list', node: { items: { type: 'string' } }, value: ['a', 'b'], shows: 'a b', holds: 'a b', chosen: true },
  {
    type: 'reference',
    node: { 'x-bos': { entity: 'crm.company' } },
    given: { reference: { targets: [{ entity: 'crm.company' }], several: false } },
    value: id,
    shows: 'Acme & Sons',
    holds: 'Acme & Sons',
    chosen: true,
  },
  {
    type: 'references',
    node: { 'x-bos': { entity: 'crm.company' } },
    given: { lines: { entity: 'crm.deal__tags', linkField: 'target', through: null } },
    value: [id],
    shows: 'Acme & Sons',
    holds: 'Acme & Sons',
    chosen: true,
  },
  {
    type: 'lines',
    node: { 'x-bos': { entity: 'crm.deal_line' } },
    given: { lines: { entity: 'crm.deal_line', linkField: null, through: null } },
    value: [{ id, item: 'x' }],
    shows: '1 line',
    holds: '',
    chosen: true,
  },
  { type: 'json', value: { a: [1] }, shows: '{"a":[1]}', holds: '"a": [ 1 ]', chosen: true },
  {
    type: 'expression',
    node: { 'x-bos': { entity: 'crm.company', result: 'boolean' } },
    value: 'self.id != null',
    shows: 'self.id != null',
    holds: 'self.id != null',
    chosen: true,
  },
  {
    type: 'sequence',
    node: { 'x-bos': { pattern: 'SO-{n:5}' } },
    given: { readOnly: true },
    value: 'SO-00012',
    shows: 'SO-00012',
    holds: 'SO-00012',
  },
  {
    type: 'address',
    value: { street: 'Hauptstr. 1', postal_code: '10115', city: 'Berlin' },
    shows: 'Hauptstr. 1, 10115 Berlin',
    holds: 'Hauptstr. 1',
    chosen: true,
  },
  { type: 'personName', value: { given: 'Ada', family: 'King' }, shows: 'Ada King', holds: 'King', chosen: true },
  { type: 'color', value: '#3552c9', shows: '#3552c9', holds: '#3552c9' },
  { type: 'rating', value: 4, shows: '4 of 5', holds: '4 of 5', chosen: true },
  { type: 'barcode', value: '4006381333931', shows: '4006381333931', holds: '4006381333931' },
  { type: 'rank', value: 'a0', shows: 'a0', holds: 'a0' },
]

it('every field type of the engine that works has a kind of its own', () => {
  expect([...fieldTypes.keys()].filter((type) => !knownTypes.includes(type))).toEqual([])
  expect([...fieldTypes.keys()].filter((type) => !rows.some((row) => row.type === type))).toEqual([])
})

it.each(rows)('$type: shows its value, and its editor holds the same', ({ type, node = {}, given = {}, value, shows, holds, chosen }) => {
  const each = typed(type, node, { name: 'f', title: 'F', ...given })
  const shown = html(<Show field={each} value={value} />)
  expect(`${words(shown)} ${shown}`).toContain(shows)
  const editor = html(createElement(kindOf(each).Edit, { id: 'f', field: each, value, onChange: () => undefined }))
  if (chosen) expect(`${words(editor)} ${editor}`).toContain(holds)
  else {
    const held = [...editor.matchAll(/<input[^>]*? value="([^"]*)"/g)].map((match) => (match[1] ?? '').replace(/[\u00a0\u202f]/g, ' '))
    expect(held).toContain(holds)
    // What the editor holds means the value it was given: an edit that changes nothing changes nothing.
    const parsed = kindOf(each).parse?.(holds.replaceAll('&lt;', '<'), each, locale)
    const settings = each.settings
    const canonical = (input: unknown): unknown => fieldOf(type).parse(input, settings, (_, detail) => expect.fail(detail))
    expect(parsed && 'value' in parsed && canonical(parsed.value)).toEqual(canonical(value))
  }
})

it.each(rows)('$type: an empty value is shown as nothing, or as a sign that it is empty', ({ type, node, given }) => {
  const each = typed(type, node ?? {}, { name: 'f', title: 'F', ...given })
  expect(html(<Show field={each} value={null} />)).not.toMatch(/<(span|time|a)\b/)
  expect(words(html(<Show field={each} value={null} dash />))).toBe('–')
  expect(kindOf(each).format(null, each, locale)).toBe('')
})

it.each(rows.filter((row) => row.type !== 'lines'))(
  '$type: what may not be edited has no control in it',
  ({ type, node, given, value }) => {
    const each = typed(type, node ?? {}, { name: 'f', title: 'F', ...given })
    expect(html(<Edit id="f" field={each} value={value} readOnly onChange={() => undefined} />)).not.toMatch(
      /<(input|textarea|button|select)\b/,
    )
  },
)

it('what a role does not show is marked, whatever value stands there', () => {
  const secret = typed('text', {}, { name: 'f', title: 'F' })
  const shown = words(html(<Show field={secret} value="told" record={{ id, _masked: ['f'] }} />))
  expect(shown).toContain('Hidden')
  expect(shown).not.toContain('told')
})

it('a reference to several entities says which', () => {
  const several = typed(
    'reference',
    { 'x-bos': { entity: ['crm.company', 'crm.person'] } },
    { name: 'f', reference: { targets: [{ entity: 'crm.company' }, { entity: 'crm.person' }], several: true } },
  )
  expect(words(html(<Show field={several} value={{ entity: 'crm.person', id }} />))).toBe('Ada King')
})

it('a text takes the whole line of a form where its author gave it the length of a sentence', () => {
  const isWide = (node: object): boolean | undefined => kindOf(field()).wide?.(typed('text', { ...node }))
  expect([{}, { maxLength: 80 }, { maxLength: 500 }].map(isWide)).toEqual([false, false, true])
})
it('a type of a newer server is shown as it is and cannot be typed into by mistake', () => {
  expect(words(html(<Show field={field({ type: 'hologram' })} value={{ x: 1 }} />))).toBe('{"x":1}')
})

it('an address that runs script is no link', () => {
  expect(html(<Show field={typed('url')} value="javascript:alert(1)" />)).not.toContain('href="javascript')
})

it.each([
  ['integer', {}, '1,5'],
  ['percent', { 'x-bos': { scale: 0 } }, '101'],
  ['decimal', { 'x-bos': { scale: 2 } }, '1,234'],
  ['money', { 'x-bos': { currency: 'EUR' } }, '5 USD'],
  ['money', {}, 'abc'],
  ['money', {}, 'TBD'],
  ['money', {}, 'EUR'],
  ['money', {}, '€'],
  ['money', {}, 'to be decided'],
  ['percent', {}, '%'],
  ['integer', {}, 'abc'],
  ['duration', {}, 'h'],
  ['rating', {}, 'abc'],
  ['date', {}, 'soon'],
  ['dateTime', {}, 'soon 9'],
  ['time', {}, '25:00'],
  ['duration', {}, 'a while'],
  ['email', {}, 'ada'],
  ['url', {}, 'not a place'],
  ['color', {}, 'blue-ish'],
  ['select', options, 'other'],
  ['rating', {}, '6'],
  ['json', {}, '{'],
  ['boolean', {}, 'perhaps'],
  ['text', { maxLength: 3 }, 'four'],
] as const)('%s does not take what it cannot mean, and says so', (type, node, text) => {
  const each = typed(type, node, { name: 'f' })
  const parsed = kindOf(each).parse?.(text, each, locale)
  expect(parsed && 'fault' in parsed ? parsed.fault : null).toMatch(/^(Enter|Use|Choose|This amount) /)
})
