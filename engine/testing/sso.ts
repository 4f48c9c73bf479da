import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { openWorld, ok, type Person, type Reply, type World } from './world.ts'

/** A world in which the domains that `names` speaks for are verified as soon as they are asked for, and providers on this machine may be used. */
export async function openSsoWorld(environment: Readonly<Record<string, string>> = {}) {
  const port = await freePort()
  const publicUrl = `http://localhost:${port}`
  /** What TXT records say, by name. */
  const names = new Map<string, string>()
  const world = await openWorld({ PORT: String(port), PUBLIC_URL: publicUrl, OUTBOUND_NETWORKS: '127.0.0.0/8', ...environment }, 'native', {
    resolveTxt: (name) => (names.has(name) ? Promise.resolve([[names.get(name)!]]) : Promise.reject(new Error('ENOTFOUND'))),
  })
  const { call } = world

  const ownDomain = async (as: Person, domain: string): Promise<void> => {
    const { token } = ok(await call(as, 'POST', '/api/sso/domains', { body: { domain } })) as { token: string }
    names.set(domain, `businessos-verification=${token}`)
    ok(await call(as, 'POST', `/api/sso/domains/${domain}/verify`))
  }
  const set = (as: Person, settings: object, more: object = {}): Promise<Reply> =>
    call(as, 'POST', '/api/sso/providers', { body: { ...blank, settings, ...more } })
  return { ...world, publicUrl, redirectUri: `${publicUrl}/api/auth/sso/callback`, names, ownDomain, set, ...browsing(world, publicUrl) }
}

/** A provider as a form sends it. */
export const blank = { name: 'Company', enabled: true, admits: true, trustsMfa: false, startingRoles: [], groupRoles: [] }

/** What a browser does: it keeps cookies by origin, and follows where it is sent. */
function browsing({ call, url }: World, publicUrl: string) {
  const cookieOf = ({ headers }: Reply): string =>
    headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0])
      .join('; ')
  const begin = async (provider: string): Promise<{ location: string; cookie: string }> => {
    const reply = await call(null, 'POST', '/api/auth/sso/begin', { body: { provider } })
    return { location: String(ok(reply)['location']), cookie: cookieOf(reply) }
  }
  /** At the provider, until it sends the browser back: where to. */
  const visit = async (location: string): Promise<string> => {
    const jar = new Map<string, string>()
    for (let at = location; ;) {
      const cookie = [...jar].map((each) => each.join('=')).join('; ')
      const response = await fetch(at, { redirect: 'manual', headers: { cookie } })
      for (const each of response.headers.getSetCookie()) {
        const [name = '', value = ''] = each.split(';')[0]!.split('=')
        jar.set(name, value)
      }
      const next = response.headers.get('location')
      if (next === null) throw new Error(`${response.status} ${await response.text()}`)
      at = new URL(next, at).href
      if (at.startsWith(publicUrl)) return at
    }
  }
  const secretIn = (location: string | null): string => location?.split('#')[1] ?? ''
  /** The way back by an address: answers the secret of the page that the browser lands on. */
  const comeBack = async (address: string): Promise<string> => {
    const reply = await fetch(address.replace(publicUrl, url), { redirect: 'manual' })
    return secretIn(reply.headers.get('location'))
  }
  /** The way back by a form. */
  const post = async (provider: string, form: Readonly<Record<string, string>>): Promise<string> => {
    const reply = await fetch(`${url}/api/auth/saml/${provider}/acs`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ RelayState: form['RelayState'] ?? '', SAMLResponse: form['SAMLResponse'] ?? '' }),
    })
    return secretIn(reply.headers.get('location'))
  }
  const finish = (secret: string, cookie: string): Promise<Reply> =>
    call(null, 'POST', '/api/auth/sso/finish', { body: { secret }, headers: { cookie } })
  const signIn = async (provider: string): Promise<Reply> => {
    const { location, cookie } = await begin(provider)
    return finish(await comeBack(await visit(location)), cookie)
  }
  const me = async (
    reply: Reply,
  ): Promise<{ member: { id: string; name: string; email: string }; roles: string[]; tenant: { slug: string } }> =>
    ok(await call(null, 'GET', '/api/me', { headers: { authorization: `Bearer ${String(ok(reply)['accessToken'])}` } })) as never
  return { cookieOf, begin, visit, comeBack, post, finish, signIn, me }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
