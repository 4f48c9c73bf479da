import { expect, test } from 'vitest'
import { isZone, localOf, momentAt } from './zones.ts'

const at = (local: string, zone: string): string => new Date(momentAt(Date.parse(`${local}Z`), zone)).toISOString()
const there = (moment: string, zone: string): string => new Date(localOf(Date.parse(moment), zone)).toISOString().slice(0, 19)

test('a time that the clock skips, or shows twice, is the later moment', () => {
  expect(at('2026-03-29T02:30:00', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z')
  expect(at('2026-10-25T02:30:00', 'Europe/Berlin')).toBe('2026-10-25T01:30:00.000Z')
  expect(at('2026-10-25T01:59:59', 'Europe/Berlin')).toBe('2026-10-24T23:59:59.000Z')
  expect(at('2026-10-25T03:00:00', 'Europe/Berlin')).toBe('2026-10-25T02:00:00.000Z')
})

test('a day that a place left out', () => {
  expect(at('2011-12-30T12:00:00', 'Pacific/Apia')).toBe('2011-12-30T22:00:00.000Z')
  expect(there('2011-12-30T10:00:00Z', 'Pacific/Apia')).toBe('2011-12-31T00:00:00')
})

test('offsets of half an hour, and of seconds long ago', () => {
  expect(there('2026-07-01T00:00:00Z', 'Australia/Lord_Howe')).toBe('2026-07-01T10:30:00')
  expect(there('1800-01-01T00:00:00Z', 'Europe/Berlin')).toBe('1800-01-01T00:53:28')
})

test('only names that mean a zone everywhere', () => {
  for (const name of ['EST5EDT', '+02:00', 'Mars/Base', 'Europe/Berlin5', 'Etc/GMT+13', 'posix/Europe/Berlin', '']) {
    expect([name, isZone(name)]).toEqual([name, false])
  }
  for (const name of ['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT-14', 'America/Port-au-Prince']) {
    expect([name, isZone(name)]).toEqual([name, true])
  }
})
