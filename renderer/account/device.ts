import type { Device } from '../api/account.ts'

/** The more telling comes first: Edge says that it is Chrome, and Chrome that it is Safari. */
const browsers = [
  ['Edg/', 'Edge'],
  ['OPR/', 'Opera'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const
const systems = [
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Android', 'Android'],
  ['Windows', 'Windows'],
  ['Mac OS', 'Mac'],
  ['CrOS', 'ChromeOS'],
  ['Linux', 'Linux'],
] as const

/** What a browser says of itself in two words: “Firefox on Windows”. A program is called by its own first word. */
export function deviceName(agent: string | null): string {
  if (agent === null || agent.trim() === '') return 'Unknown device'
  const named = (names: typeof browsers | typeof systems): string | undefined => names.find(([sign]) => agent.includes(sign))?.[1]
  const [browser, system] = [named(browsers), named(systems)]
  if (browser && system) return `${browser} on ${system}`
  return browser ?? system ?? agent.split(/[\s/]/, 1)[0] ?? agent
}

/** “Austria, 198.51.100.7”, or as much of it as is known. */
export function placeName({ country, address }: Pick<Device, 'country' | 'address'>, locale: string): string {
  const name = country === null ? undefined : new Intl.DisplayNames([locale], { type: 'region', fallback: 'code' }).of(country)
  return [name, address].filter((part) => part != null && part !== '').join(', ')
}
