import { describe, expect, it } from 'vitest'
import { addMonths, formatDate, instantOf, readDate, readTime, wallClock } from './dates.ts'

// A Sunday.
const en = { locale: 'en', today: '2026-11-22' }
const gb = { locale: 'en-GB', today: '2026-11-22' }
const de = { locale: 'de', today: '2026-11-22' }

describe('readDate', () => {
  it.each(['', 'soon', '2026-02-30', '31.04.', '13/13/2026', '+3x', '99999-01-01', 'f'])('does not take %j for a date', (text) => {
    expect(readDate(text, de)).toBeNull()
  })
  it.each([
    ['today', en, '2026-11-22'],
    ['tom', en, '2026-11-23'],
    ['fri', en, '2026-11-27'],
    ['sunday', en, '2026-11-29'],
    ['Fr', de, '2026-11-27'],
    ['mo.', de, '2026-11-23'],
    ['+3d', en, '2026-11-25'],
    ['-2w', en, '2026-11-08'],
    ['+1m', en, '2026-12-22'],
    ['+1y', en, '2027-11-22'],
    ['+5', en, '2026-11-27'],
    ['2026-1-5', en, '2026-01-05'],
    ['22 nov', en, '2026-11-22'],
    ['Nov 22, 2025', en, '2025-11-22'],
    ['3. März 2027', de, '2027-03-03'],
    ['12/25/2026', en, '2026-12-25'],
    ['25/12/2026', gb, '2026-12-25'],
    ['25.12.', de, '2026-12-25'],
    ['25.12.26', de, '2026-12-25'],
  ])('reads %j', (text, locale, iso) => {
    expect(readDate(text, locale)).toBe(iso)
  })
})

it('a month later stays within the month', () => {
  expect(addMonths('2027-01-31', 1)).toBe('2027-02-28')
  expect(addMonths('2028-02-29', 12)).toBe('2029-02-28')
})

it('names the year only when it is another one', () => {
  expect(formatDate('2026-11-22', gb)).toBe('22 Nov')
  expect(formatDate('2025-11-22', gb)).toBe('22 Nov 2025')
})

describe('wall clocks', () => {
  it.each(['Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu', 'UTC', 'Pacific/Auckland'])(
    '%s: an instant and back, over a year of hours',
    (zone) => {
      for (let hour = 0; hour < 24 * 365; hour += 7) {
        const instant = new Date(Date.UTC(2026, 0, 1, hour)).toISOString()
        const { date, time } = wallClock(instant, zone)
        // The hour that a clock change repeats has two instants; either shows the same clock.
        expect(wallClock(instantOf(date, time, zone), zone)).toEqual({ date, time })
      }
    },
  )
  it('keeps an hour that does not exist near where it was meant', () => {
    expect(instantOf('2026-03-29', '02:30', 'Europe/Berlin')).toMatch(/^2026-03-29T0[01]:30/)
  })
})

it.each([
  ['9', '09:00'],
  ['930', '09:30'],
  ['9.30 pm', '21:30'],
  ['9:30 pm', '21:30'],
  ['12am', '00:00'],
  ['24:00', null],
  ['14h15', '14:15'],
  ['7:61', null],
])('reads the time %j', (text, time) => {
  expect(readTime(text)).toBe(time)
})
