import { describe, expect, it } from 'vitest'
import type { Entity, Field } from '../catalogue/types.ts'
import { referencesOf, resolveSeed, type SeedPlace } from './seed-values.ts'

const field = (part: Partial<Field>): Field => ({ reference: null, lines: null, ...part }) as Field
const entity = (fields: Record<string, Partial<Field>>): Entity =>
  ({ fieldByName: new Map(Object.entries(fields).map(([name, part]) => [name, field(part)])) }) as unknown as Entity
const targets = (...entities: string[]): Partial<Field> => ({
  reference: {
    targets: entities.map((each) => ({ entity: each, column: each })),
    onDelete: 'restrict',
    inverse: null,
    several: entities.length > 1,
  },
})
const line = entity({ product: targets('inventory.product'), note_on: targets('crm.deal', 'crm.company') })
const order = entity({
  company: targets('crm.company'),
  about: targets('crm.company', 'crm.deal'),
  lines: { lines: { entity: 'crm.line', linkField: null, through: null } },
  tags: { lines: { entity: 'crm.tag', linkField: 'target', through: null } },
})
// A Sunday; in Auckland already Monday.
const place: SeedPlace = {
  timeZone: 'Europe/Berlin',
  now: new Date('2026-11-22T12:00:00Z'),
  idOf: (of, key) => (key === 'missing' ? undefined : `id of ${of} ${key}`),
  entityOf: (id) => (id === 'crm.line' ? line : undefined),
}
const value = (text: string, more: Partial<SeedPlace> = {}): unknown => resolveSeed({ x: text }, order, { ...place, ...more })['x']

describe('resolveSeed', () => {
  it.each(['@nothing', '@day:', '@day:x', '@crm.company:missing', '@workday:1T9'])('refuses %s', (text) => {
    expect(() => value(text)).toThrow(text)
  })

  it.each([
    ['@day:0', '2026-11-22'],
    ['@day:-12', '2026-11-10'],
    ['@day:40', '2027-01-01'],
    ['@workday:0', '2026-11-23'],
    ['@workday:1', '2026-11-23'],
    ['@workday:5', '2026-11-27'],
    ['@workday:6', '2026-11-30'],
    ['@workday:-1', '2026-11-20'],
    ['@workday:-6', '2026-11-13'],
    ['@day:0T09:00', '2026-11-22T08:00:00.000Z'],
    ['@workday:-1T14:30', '2026-11-20T13:30:00.000Z'],
    ['@day:-150T09:00', '2026-06-25T07:00:00.000Z'],
    ['@@home', '@home'],
    ['plain', 'plain'],
  ])('%s → %s', (text, result) => {
    expect(value(text)).toBe(result)
  })

  it('counts days in the tenant’s zone', () => {
    expect(value('@day:0', { timeZone: 'Pacific/Auckland' })).toBe('2026-11-23')
    expect(value('@workday:0', { timeZone: 'Pacific/Auckland', now: new Date('2026-11-24T12:00:00Z') })).toBe('2026-11-25')
  })

  it('writes a reference as its field takes it, in lines and lists too', () => {
    const data = {
      company: '@crm.company:a',
      about: '@crm.company:a',
      tags: ['@core.tag:x', '@core.tag:y'],
      lines: [{ product: '@inventory.product:p', note_on: '@crm.deal:d', quantity: 2 }],
      address: { city: '@@x' },
    }
    expect(resolveSeed(data, order, place)).toEqual({
      company: 'id of crm.company a',
      about: { entity: 'crm.company', id: 'id of crm.company a' },
      tags: ['id of core.tag x', 'id of core.tag y'],
      lines: [{ product: 'id of inventory.product p', note_on: { entity: 'crm.deal', id: 'id of crm.deal d' }, quantity: 2 }],
      address: { city: '@x' },
    })
    expect(referencesOf(data)).toEqual(['crm.company:a', 'crm.company:a', 'core.tag:x', 'core.tag:y', 'inventory.product:p', 'crm.deal:d'])
  })
})
