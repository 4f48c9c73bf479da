import { beforeEach, describe, expect, it } from 'vitest'
import { createSamlProvider, type SamlSays } from '../testing/saml-provider.ts'
import { blank, openSsoWorld } from '../testing/sso.ts'
import { ok, type Reply } from '../testing/world.ts'

const world = await openSsoWorld()
const { call, ownDomain, set, begin, post, finish, me, publicUrl, sql } = world
const idp = await createSamlProvider('https://idp.acme.test/entity')
const stranger = await createSamlProvider('https://idp.acme.test/entity')

const settings = {
  kind: 'saml',
  entityId: idp.entityId,
  signInUrl: idp.signInUrl,
  certificates: [idp.certificate],
  emailAttribute: 'mail',
  nameAttribute: 'displayName',
  groupsAttribute: 'groups',
}
const problem = ({ status, body }: Reply): unknown[] => [status, (body as { code?: string } | undefined)?.code]
const detail = ({ body }: Reply): string => (body as { detail: string }).detail

await ownDomain('admin@acme', 'acme.test')
const provider = String(
  ok(await set('admin@acme', settings, { startingRoles: ['core.user'], groupRoles: [{ group: 'sales', role: 'crm.rep' }] }))['id'],
)

let number = 0
let person: SamlSays = {}
beforeEach(async () => {
  const name = `saml-${++number}`
  person = {
    nameId: `id-of-${name}`,
    attributes: { mail: [`${name}@acme.test`], displayName: [`Person ${number}`], groups: ['sales', 'other'] },
  }
  await sql('update bos.session set proved_at = now()')
})
/** From the beginning to the page, with what the provider says. */
const signIn = async (says: SamlSays = {}, from = idp): Promise<Reply> => {
  const { location, cookie } = await begin(provider)
  return finish(await post(provider, from.answer(location, { ...person, ...says })), cookie)
}

describe('a company’s SAML provider', () => {
  it.each(['assertion', 'both'] as const)('lets people in by what is signed: %s', async (signs) => {
    const reply = await signIn({ signs })
    const { member, roles, tenant } = await me(reply)
    expect([member.name, member.email, tenant.slug]).toEqual([
      person.attributes!['displayName']![0],
      person.attributes!['mail']![0],
      'acme',
    ])
    expect(roles.toSorted()).toEqual(['core.user', 'crm.rep'])
  })

  it('is told who we are', async () => {
    const reply = await call(null, 'GET', `/api/auth/saml/${provider}/metadata`)
    expect(reply.headers.get('content-type')).toBe('application/samlmetadata+xml')
    expect(reply.text).toContain(`entityID="${publicUrl}/api/auth/saml/${provider}"`)
    expect(reply.text).toContain(`Location="${publicUrl}/api/auth/saml/${provider}/acs"`)
    expect((await call(null, 'GET', `/api/auth/saml/${crypto.randomUUID()}/metadata`)).status).toBe(404)
  })

  it('is sent a request that names no more than it must, and asks for no way of signing in', async () => {
    const { location } = await begin(provider)
    expect(new URL(location).origin + new URL(location).pathname).toBe(idp.signInUrl)
    expect([...new URL(location).searchParams.keys()].toSorted()).toEqual(['RelayState', 'SAMLRequest'])
  })

  it('tells by its context or Entra ID’s claim that it asked for a second factor', async () => {
    await sql(`update bos.identity_provider set trusts_mfa = true where id = $1`, [provider])
    const methods = async (says: SamlSays): Promise<unknown> => {
      const { member } = await me(await signIn(says))
      return (
        await sql<{ methods: string[] }>('select methods from bos.session where member_id = $1 order by created_at desc limit 1', [
          member.id,
        ])
      )[0]!.methods
    }
    expect(await methods({})).toEqual(['sso'])
    expect(await methods({ context: 'https://refeds.org/profile/mfa' })).toEqual(['sso', 'mfa'])
    const claim = 'http://schemas.microsoft.com/claims/authnmethodsreferences'
    const attributes = { ...person.attributes, [claim]: ['http://schemas.microsoft.com/claims/multipleauthn'] }
    expect(await methods({ attributes })).toEqual(['sso', 'mfa'])
    await sql(`update bos.identity_provider set trusts_mfa = false where id = $1`, [provider])
  })
})

describe('what is refused', () => {
  const cases: readonly (readonly [string, SamlSays, RegExp])[] = [
    ['an answer for another recipient', { recipient: 'https://evil.example/acs' }, /another recipient/],
    ['one whose subject is confirmed for no request', { isConfirmed: false }, /another recipient or request/],
    ['another audience', { audience: 'https://other.example' }, /audience/i],
    ['another issuer with the same key', { issuer: 'https://other.example' }, /issuer is https:\/\/other\.example/],
    ['one that is too old', { expires: -120 }, /subject confirmation/i],
    ['one that answers nothing', { inResponseTo: null }, /InResponseTo/],
    ['one that answers something else', { inResponseTo: '_somebody-elses' }, /InResponseTo/],
    ['one whose envelope alone is signed', { signs: 'response' }, /signature/i],
    ['one that is signed by nobody', { signs: 'nothing' }, /signature/i],
    ['one that is signed with SHA-1', { algorithm: 'sha1' }, /too weak/],
    ['one with an address of another domain', { attributes: { mail: ['x@globex.test'] } }, /domain of your address/],
    ['one without an address', { attributes: {} }, /did not tell your e-mail/],
  ]
  it.each(cases)('%s', async (_name, says, why) => {
    const reply = await signIn(says)
    expect(problem(reply)).toEqual([403, 'sso-refused'])
    expect(detail(reply)).toMatch(why)
  })

  it('the key of somebody who says that they are the same provider', async () => {
    expect(problem(await signIn({}, stranger))).toEqual([403, 'sso-refused'])
  })

  it('an answer that came before, also at the same moment, also in another sign-in', async () => {
    const { location, cookie } = await begin(provider)
    const form = idp.answer(location, person)
    const secrets = await Promise.all(Array.from({ length: 6 }, () => post(provider, form)))
    expect(secrets.filter((secret) => secret !== '')).toHaveLength(1)
    expect(await post(provider, form)).toBe('')
    const other = await begin(provider)
    const state = new URL(other.location).searchParams.get('RelayState')!
    expect(problem(await finish(await post(provider, { ...form, RelayState: state }), other.cookie))).toEqual([403, 'sso-refused'])
    expect(
      (
        await finish(
          secrets.find((secret) => secret !== '')!,
          cookie,
        )
      ).status,
    ).toBe(200)
  })

  it('one that was changed behind the signature', async () => {
    const { location, cookie } = await begin(provider)
    const form = idp.answer(location, person)
    const xml = Buffer.from(form.SAMLResponse, 'base64').toString()
    const changed = xml.replace(person.nameId!, 'somebody-else')
    expect(changed).not.toBe(xml)
    expect(problem(await finish(await post(provider, { ...form, SAMLResponse: Buffer.from(changed).toString('base64') }), cookie))).toEqual(
      [403, 'sso-refused'],
    )
  })

  it.each([
    ['before', (xml: string, assertion: string) => xml.replace('</samlp:Status>', `</samlp:Status>${assertion}`)],
    ['behind', (xml: string, assertion: string) => xml.replace('</samlp:Response>', `${assertion}</samlp:Response>`)],
    [
      'around',
      (xml: string, assertion: string) =>
        xml.replace(/<saml:Assertion.*<\/saml:Assertion>/s, (signed) =>
          assertion.replace('</saml:Assertion>', `${signed}</saml:Assertion>`),
        ),
    ],
  ])('a second assertion that is slipped in %s the signed one', async (_name, wrap) => {
    const { location, cookie } = await begin(provider)
    const form = idp.answer(location, person)
    const forged = Buffer.from(idp.answer(location, { ...person, nameId: 'the-admin', signs: 'nothing' }).SAMLResponse, 'base64').toString()
    const [assertion] = /<saml:Assertion.*<\/saml:Assertion>/s.exec(forged)!
    const wrapped = Buffer.from(wrap(Buffer.from(form.SAMLResponse, 'base64').toString(), assertion)).toString('base64')
    expect(problem(await finish(await post(provider, { ...form, SAMLResponse: wrapped }), cookie))).toEqual([403, 'sso-refused'])
    expect(await sql(`select 1 from bos.external_identity where subject = 'the-admin'`)).toEqual([])
  })

  it.each([
    '',
    'not base64 <',
    Buffer.from('<x/>').toString('base64'),
    Buffer.from('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>').toString('base64'),
  ])('what is no answer: %j', async (SAMLResponse) => {
    const { location, cookie } = await begin(provider)
    const state = new URL(location).searchParams.get('RelayState')!
    expect(problem(await finish(await post(provider, { RelayState: state, SAMLResponse }), cookie))).toEqual([403, 'sso-refused'])
  })

  it('a form of another kind, or one that is too large', async () => {
    const path = `/api/auth/saml/${provider}/acs`
    expect((await call(null, 'POST', path, { body: {} })).status).toBe(415)
    const large = { body: `SAMLResponse=${'A'.repeat(300_000)}`, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    expect((await call(null, 'POST', path, large)).status).toBe(413)
  })

  it('an answer by the other protocol’s way back', async () => {
    const { location, cookie } = await begin(provider)
    const state = new URL(location).searchParams.get('RelayState')!
    const secret = await world.comeBack(`${publicUrl}/api/auth/sso/callback?state=${state}&code=x`)
    expect(problem(await finish(secret, cookie))).toEqual([403, 'sso-refused'])
  })
})

describe('its settings', () => {
  it.each([
    ['a certificate that is none', { certificates: ['x'] }, ['/settings/certificates/0']],
    ['no certificate', { certificates: [] }, ['/settings/certificates']],
    ['an address that is none', { signInUrl: 'javascript:alert(1)' }, ['/settings/signInUrl']],
  ])('%s is refused', async (_name, wrong, pointers) => {
    const reply = await set('admin@acme', { ...settings, ...wrong })
    expect(problem(reply)).toEqual([422, 'request-invalid'])
    expect((reply.body as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer)).toEqual(pointers)
  })

  it('cannot be made another company’s: what one issuer said of a subject, another did not say', async () => {
    const body = { ...blank, settings: { ...settings, entityId: 'https://evil.example' } }
    expect(problem(await call('admin@acme', 'PUT', `/api/sso/providers/${provider}`, { body }))).toEqual([409, 'conflict'])
  })

  it('take a certificate as metadata writes it', async () => {
    const bare = idp.certificate.replaceAll(/-----[^-]+-----|\s/g, '')
    const reply = ok(await set('admin@acme', { ...settings, entityId: 'https://second.test', certificates: [bare] }, { enabled: false }))
    expect((reply['settings'] as { certificates: string[] }).certificates[0]).toMatch(/^-----BEGIN CERTIFICATE-----\n/)
  })
})
