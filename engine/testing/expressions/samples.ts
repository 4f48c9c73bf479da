import type { ValueType } from '../../fields/type.ts'
import { dateOfDays, momentOf } from '../../expressions/calendar.ts'
import type { Random } from '../random.ts'

/** Canonical values that find faults: boundaries, changes of the clock, code points beyond the BMP, numbers no double can hold. */

const wholes = [0, 1, -1, 2, 3, 7, 10, 12, 28, 31, 60, 100, 1000, -5, 9999, 10_000, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, -(2 ** 53 - 1)]
const numbers = [
  ...wholes.map(String),
  '0.5',
  '-0.5',
  '1.5',
  '2.5',
  '-2.5',
  '0.005',
  '1.005',
  '12.30',
  '33.333',
  '0.0000000001',
  '-0.0000000001',
  '9007199254740992',
  '-9007199254740993',
  '123456789012345678901234567890',
  '-99999999999999999999.9999999999',
  '1234567890.0123456789',
]
const texts = [
  '',
  ' ',
  'a',
  'A',
  'ab',
  'abc',
  'b',
  'Ä',
  'ß',
  'Straße',
  'İstanbul',
  'ΟΔΟΣ',
  'ᾳ',
  'ŉ',
  'ﬁ',
  'é',
  'e\u0301',
  '👋',
  'a👋b👋',
  '\uffee',
  '\ue000',
  '𐐀',
  '\u{10ffff}',
  '12',
  '-1.50',
  ' 7 ',
  '1e5',
  '1.',
  'a,b,,c',
  ',',
  "it's",
  '%_\\',
  '"',
  '\u00a0x\u2003',
  '\ufeff',
  'monday',
  'sunday',
  'Europe/Berlin',
  'Mars/Base',
  'a\nb\tc',
]
const dates = [
  '0001-01-01',
  '0001-12-31',
  '1582-10-10',
  '1899-12-31',
  '1900-02-28',
  '1969-12-31',
  '2000-02-29',
  '2020-12-31',
  '2021-01-03',
  '2024-02-29',
  '2026-01-31',
  '2026-03-28',
  '2026-03-29',
  '2026-10-25',
  '2026-11-01',
  '2011-12-30',
  '9999-12-26',
  '9999-12-31',
]
const moments = [
  '0001-01-01T00:00:00.000Z',
  '0001-01-01T11:59:59.999Z',
  '1883-11-18T17:00:00.000Z',
  '1969-12-31T23:59:59.999Z',
  '1970-01-01T00:00:00.000Z',
  '2011-12-30T09:59:59.999Z',
  '2026-03-29T00:59:59.999Z',
  '2026-03-29T01:00:00.000Z',
  '2026-10-25T00:30:00.000Z',
  '2026-10-25T01:00:00.000Z',
  '2026-11-01T05:30:00.000Z',
  '2026-11-01T06:30:00.000Z',
  '2026-04-04T15:15:00.123Z',
  '2026-11-22T12:34:56.789Z',
  '9999-12-31T10:00:00.000Z',
  '9999-12-31T23:59:59.999Z',
]
const times = ['00:00:00', '00:30:00', '01:59:59', '02:00:00', '02:30:00', '03:00:00', '09:00:00', '12:00:00', '17:30:15', '23:59:59']
const seconds = [0, 1, 59, 60, 61, 3599, 3600, 3661, 86_400, 90_061, 604_800, 35_999_996_400]

/** Their time zones change their clocks in different ways: by half an hour, on other days, over the date line, never. */
export const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'Pacific/Auckland',
  'America/Sao_Paulo',
]

const letters = Array.from('aAbBzäÖßσςΣİ0123 .,-👋𐐀é')

function duration(total: number): string {
  const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60]
  return `PT${h ? `${h}H` : ''}${m ? `${m}M` : ''}${s || total === 0 ? `${s}S` : ''}`
}

export function sample(random: Random, type: ValueType): unknown {
  switch (type.kind) {
    case 'boolean':
      return random.chance(0.5)
    case 'number':
      if (type.whole) return random.chance(0.6) ? random.pick(wholes) : random.between(-50, 50)
      return random.chance(0.6) ? random.pick(numbers) : `${random.between(-999, 999)}.${random.between(1, 99)}`
    case 'text':
      if (type.options) return random.pick(type.options).id
      return random.chance(0.6) ? random.pick(texts) : random.many(0, 6, () => random.pick(letters)).join('')
    case 'date':
      return random.chance(0.6) ? random.pick(dates) : dateOfDays(random.below(3_652_059))
    case 'dateTime':
      return random.chance(0.6) ? random.pick(moments) : momentOf(random.between(-2_208_988_800_000, 4_102_444_800_000))
    case 'time':
      return random.pick(times)
    case 'duration':
      return duration(random.chance(0.6) ? random.pick(seconds) : random.below(200_000))
    case 'list':
      return random.many(0, 4, () => sample(random, type.of))
    case 'money':
      return { amount: sample(random, { kind: 'number', whole: false }), currency: random.pick(['EUR', 'USD']) }
    case 'composite':
      return Object.fromEntries(type.members.filter(() => random.chance(0.7)).map((name) => [name, sample(random, { kind: 'text' })]))
    case 'json':
      return { a: 1 }
  }
}
