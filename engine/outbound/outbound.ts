import { lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { Agent, fetch } from 'undici'
import type { Limits } from '../config.ts'

/** As fetch, for addresses that a tenant names; never follows a redirect. Rejects with OutboundRefused, or as fetch does. */
export type Outbound = (address: string | URL, init?: OutboundInit) => Promise<Response>
export interface OutboundInit {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

export class OutboundRefused extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'OutboundRefused'
  }
}

interface Parts {
  /** CIDR: private networks that are open all the same, also without TLS. */
  readonly networks: readonly string[]
  readonly limits: Pick<Limits, 'outboundBytes' | 'outboundSeconds'>
  readonly lookup?: typeof systemLookup
}

/**
 * What tenants name leads to the public internet and nowhere else: not to this machine, its network, or a cloud's metadata. A name is resolved once,
 * every address of it is judged, and the connection goes to what was judged, so that a name cannot say something else a moment later.
 */
export function createOutbound({ networks, limits, lookup = systemLookup }: Parts): { readonly fetch: Outbound; close(): Promise<void> } {
  const ranges = networks.map((network) => ipaddr.parseCIDR(network))
  const fault = (address: string, isPlain: boolean): OutboundRefused | null => {
    const parsed = ipaddr.process(address)
    const isOpen = ranges.some(([base, bits]) => base.kind() === parsed.kind() && parsed.match(base, bits))
    if (isOpen || (!isPlain && parsed.range() === 'unicast')) return null
    return new OutboundRefused(isPlain ? 'only https:// addresses are asked' : 'the address leads into a private network')
  }
  const agentFor = (isPlain: boolean): Agent => {
    const judged: LookupFunction = (name, options, callback) => {
      lookup(name, { ...options, all: true }, (error, found) => {
        const refused = error ?? found.map(({ address }) => fault(address, isPlain)).find((each) => each !== null)
        const [first] = found ?? []
        if (refused || !first) callback(refused ?? new OutboundRefused('the name has no address'), '', 0)
        else if (options.all === true) callback(null, found)
        else callback(null, first.address, first.family)
      })
    }
    const timeout = limits.outboundSeconds * 1000
    return new Agent({
      connect: { lookup: judged, timeout },
      headersTimeout: timeout,
      bodyTimeout: timeout,
      maxResponseSize: limits.outboundBytes,
      connections: 8,
    })
  }
  const [secure, plain] = [agentFor(false), agentFor(true)]

  return {
    fetch: async (address, init = {}) => {
      const url = new URL(address)
      if (!['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '')
        throw new OutboundRefused('only https:// addresses are asked')
      const isPlain = url.protocol === 'http:'
      // A name is judged when it is resolved; what is none is never resolved.
      const literal = url.hostname.replace(/^\[|\]$/g, '')
      const refused = isIP(literal) === 0 ? null : fault(literal, isPlain)
      if (refused) throw refused
      const answer = await fetch(url, { ...(init as object), redirect: 'manual', dispatcher: isPlain ? plain : secure })
      return answer as unknown as Response
    },
    close: async () => {
      await Promise.all([secure.destroy(), plain.destroy()])
    },
  }
}
