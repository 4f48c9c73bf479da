import type { Limits } from '../config.ts'
import { addressKey, type Limiter, type Limiters, type Standing } from '../identity/limiter.ts'
import { Problem } from '../problems.ts'
import type { Actor } from '../records/types.ts'
import type { DirectoryBearer } from '../sso/directory.ts'

/** Answers the headers that say what is left of the tightest limit a request falls under. Throws 'too-many-requests' with the same. */
export interface RateLimits {
  /** Of anybody, before they are known. */
  ofAddress(address: string): Promise<RateHeaders>
  /** Of a tenant's directory, and of the tenant. */
  ofDirectory(directory: DirectoryBearer): Promise<RateHeaders>
  /** Of a member (whichever session) or an API key, and of their tenant. */
  ofActor(actor: Actor): Promise<RateHeaders>
}
export type RateHeaders = Readonly<Record<string, string>>

const refusal = 'Too many requests. Wait and try again.'

/** Nothing is counted. */
const unlimited: RateLimits = {
  ofAddress: () => Promise.resolve({}),
  ofActor: () => Promise.resolve({}),
  ofDirectory: () => Promise.resolve({}),
}

/** `perMinute`: of one account or key; an address, behind which many people may sit, and a tenant may have multiples of it. 0: no limits. */
export function createRateLimits(
  limiters: Limiters,
  perMinute: number,
  limits: Pick<Limits, 'rateSeconds' | 'ratePerAddress' | 'ratePerTenant'>,
  onRefused: () => void,
): RateLimits {
  if (perMinute === 0) return unlimited
  const of = (name: string, times: number): Limiter => limiters(`rate-${name}`, perMinute * times, limits.rateSeconds, refusal)
  const policies = {
    address: of('address', limits.ratePerAddress),
    account: of('account', 1),
    key: of('key', 1),
    directory: of('directory', 1),
    tenant: of('tenant', limits.ratePerTenant),
  }

  const take = async (name: keyof typeof policies, key: string): Promise<RateHeaders> => {
    const limiter = policies[name]
    try {
      return headersOf(name, limiter, await limiter.take(key))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      onRefused()
      const resetSeconds = Number(error.headers['retry-after'])
      throw new Problem(error.code, error.message, {
        headers: { ...error.headers, ...headersOf(name, limiter, { remaining: 0, resetSeconds }) },
      })
    }
  }
  return {
    ofAddress: (address) => take('address', addressKey(address)),
    ofDirectory: async ({ tenant, provider }) => {
      const headers = await take('directory', provider)
      await take('tenant', tenant)
      return headers
    },
    ofActor: async ({ tenant, member, key }) => {
      const headers = await (key ? take('key', key.id) : take('account', `${tenant}/${member}`))
      await take('tenant', tenant)
      return headers
    },
  }
}

/** draft-ietf-httpapi-ratelimit-headers-10. */
const headersOf = (name: string, { points, windowSeconds }: Limiter, { remaining, resetSeconds }: Standing): RateHeaders => ({
  'ratelimit-policy': `"${name}";q=${points};w=${windowSeconds}`,
  ratelimit: `"${name}";r=${remaining};t=${resetSeconds}`,
})
