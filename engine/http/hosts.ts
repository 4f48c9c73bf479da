import { isIP } from 'node:net'
import type { Limits } from '../config.ts'
import { Problem } from '../problems.ts'
import type { Actor } from '../records/types.ts'
import type { Face } from '../tenancy/workspace.ts'

/** Names under which a tenant is found: `acme.erp.example.com` beside PUBLIC_URL, and those of its own. */
export interface Hosts {
  /** Before anybody has signed in, a name preselects its tenant; null: it is nobody's. */
  faceAt(host: string): Promise<Face | null>
  /** After that only the credential decides; where the name is another tenant's, throws 'origin-refused'. */
  assertFits(host: string, actor: Actor): Promise<void>
}

export function createHosts(
  at: (host: string) => Promise<Face | null>,
  { hostSeconds, hostsKept }: Pick<Limits, 'hostSeconds' | 'hostsKept'>,
): Hosts {
  const known = new Map<string, { readonly face: Promise<Face | null>; readonly until: number }>()
  const faceAt = (host: string): Promise<Face | null> => {
    const name = host.toLowerCase()
    // An address, or a name of this machine.
    if (isIP(name.replace(/^\[|\]$/g, '')) !== 0 || !/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(name)) return Promise.resolve(null)
    const found = known.get(name)
    if (found && found.until > Date.now()) return found.face
    const face = at(name)
    face.catch(() => known.delete(name))
    known.delete(name)
    known.set(name, { face, until: Date.now() + hostSeconds * 1000 })
    if (known.size > hostsKept) known.delete(known.keys().next().value ?? '')
    return face
  }
  return {
    faceAt,
    assertFits: async (host, { tenant }) => {
      const face = await faceAt(host)
      if (face && face.id !== tenant) throw new Problem('origin-refused', 'This address is another workspace’s. Sign in there.')
    },
  }
}
