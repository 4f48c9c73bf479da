import { afterAll, expect, test } from 'vitest'
import { startOidcProvider } from '../engine/testing/oidc-provider.ts'
import { openSsoWorld } from '../engine/testing/sso.ts'
import { ok } from '../engine/testing/world.ts'
import type { Page } from 'playwright-core'
import { visiting } from './testing/visit.ts'

const world = await openSsoWorld()
const { call, publicUrl, names } = world
const visit = visiting({ ...world, url: publicUrl })
const company = await startOidcProvider(world.redirectUri)
afterAll(company.close)
/** What browsers say of answers that are refusals on purpose. */
const unexpected = (complaints: readonly string[]): readonly string[] => complaints.filter((line) => !line.includes('status of 4'))
const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click()

test('an administrator invites, changes what somebody may do, sees what that really is, and signs them out', async () => {
  const { page, complaints } = await visit.open('admin@acme', '/workspace')
  await press(page, 'Invite')
  const dialog = page.getByRole('dialog', { name: 'Invite somebody' })
  await dialog.getByLabel('Name').fill('Iris Invited')
  await dialog.getByLabel('E-mail').fill('not an address')
  await dialog.getByRole('button', { name: 'Send the invitation' }).click()
  await dialog.locator('.field-fault').waitFor()
  await dialog.getByLabel('E-mail').fill('iris@acme.test')
  await dialog.getByLabel(/crm\.rep$/).check()
  await dialog.getByRole('button', { name: 'Send the invitation' }).click()
  await page.getByText('An invitation is on its way to iris@acme.test.').waitFor()
  const row = page.getByRole('row').filter({ hasText: 'iris@acme.test' })
  await row.getByText('Invited', { exact: true }).waitFor()
  await row.getByRole('button', { name: 'Iris Invited' }).click()
  await press(page, 'Withdraw')
  await page.getByText('The invitation works no more.').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()

  await page.getByRole('searchbox', { name: 'Search people' }).fill('rep@acme.test')
  await page.getByRole('row').filter({ hasText: 'rep@acme.test' }).getByRole('button').click()
  const person = page.getByRole('dialog')
  const deals = person.getByRole('row', { name: /^Deals/ })
  await deals.getByText('list some').waitFor()
  await deals.getByText(/never sees .*margin/).waitFor()
  await person.getByLabel(/crm\.manager$/).check()
  await person.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved. It holds from their next request on.').waitFor()
  await deals.getByText('list', { exact: true }).waitFor()
  await person.getByRole('button', { name: 'Sign out everywhere' }).click()
  await person.getByText('Signed in nowhere.').waitFor()
  await expect(call('rep@acme', 'GET', '/api/me')).rejects.toThrow('401')
  expect(unexpected(complaints)).toEqual([])
})

test('a key is made, shown once, works as far as its scopes go, and is revoked', async () => {
  const { page, complaints } = await visit.open('manager@acme', '/workspace/keys')
  await press(page, 'New key')
  const dialog = page.getByRole('dialog', { name: 'New key' })
  await dialog.getByLabel('Name').fill('Website')
  await dialog.getByLabel('Role').selectOption('crm.manager')
  await dialog.getByLabel('Scopes').fill('crm.deals')
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  await dialog.getByText(/must read like crm\.deal:read/).waitFor()
  await dialog.getByLabel('Scopes').fill('crm.deal:read')
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  const key = (await page.getByLabel('Secret').textContent())!
  await press(page, 'I have kept it')
  const headers = { authorization: `Bearer ${key}` }
  expect((await call(null, 'GET', '/api/crm/deals?limit=1', { headers })).status).toBe(200)
  expect((await call(null, 'GET', '/api/crm/contacts?limit=1', { headers })).status).toBe(404)
  await press(page, 'Revoke Website')
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('Website works no more.').waitFor()
  expect((await call(null, 'GET', '/api/crm/deals?limit=1', { headers })).status).toBe(401)
  expect(unexpected(complaints)).toEqual([])
})

test('a provider is set up, tried, turned on, and given a directory token', async () => {
  const { page, complaints } = await visit.open('admin@globex', '/workspace/sso')
  await page.getByLabel('Domain', { exact: true }).fill('globex.test')
  await press(page, 'Add')
  const record = (await page.getByText(/^businessos-verification=/).textContent())!
  names.set('globex.test', record)
  await press(page, 'Verify globex.test')
  await page.getByText('globex.test is yours.').waitFor()

  await press(page, 'Add a provider')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Globex ID')
  await dialog.getByLabel('Issuer').fill('nowhere')
  await dialog.getByLabel('Client ID').fill(company.clientId)
  await dialog.getByLabel('Client secret').fill(company.clientSecret)
  await dialog.getByLabel('Scopes').fill('email profile groups')
  await dialog.getByLabel('Claim that lists groups').fill('groups')
  await press(page, 'Add a group')
  await dialog.getByLabel('Group 1', { exact: true }).fill('sales')
  await dialog.getByLabel('Role of group 1').selectOption('crm.rep')
  await press(page, 'Save')
  await dialog.locator('.field-fault').waitFor()
  await dialog.getByLabel('Issuer').fill(company.issuer)
  await press(page, 'Save')
  await page.getByText('Globex ID was saved.').waitFor()

  company.person = { sub: 'g1', email: 'g1@globex.test', email_verified: true, name: 'Gina', groups: ['sales'] }
  await press(page, 'Test Globex ID')
  await page.getByRole('heading', { name: 'Globex ID works' }).waitFor()
  await page.getByText('crm.rep').waitFor()
  await page.getByText('would be added').waitFor()
  await page.getByRole('link', { name: 'Back to the settings' }).click()
  await page.getByText(/OpenID Connect, turned off/).waitFor()
  await press(page, 'Edit Globex ID')
  await page
    .getByRole('dialog')
    .getByLabel(/^Turned on/)
    .check()
  await press(page, 'Save')
  await page.getByText(/OpenID Connect, turned on/).waitFor()

  await press(page, 'New directory token for Globex ID')
  const token = (await page.getByLabel('Secret').textContent())!
  await press(page, 'I have kept it')
  const users = await call(null, 'GET', '/scim/v2/Users', { headers: { authorization: `Bearer ${token}` } })
  expect(users.status).toBe(200)
  expect(unexpected(complaints)).toEqual([])
})

test('metadata of a SAML provider fills in what it says', async () => {
  const { page, complaints } = await visit.open('admin@acme', '/workspace/sso')
  await press(page, 'Add a provider')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Protocol').selectOption('saml')
  const file = (text: string) => ({ name: 'metadata.xml', mimeType: 'text/xml', buffer: Buffer.from(text) })
  await dialog.getByLabel('Metadata of the provider').setInputFiles(file('<html/>'))
  await dialog.getByText(/is no metadata of an identity provider/).waitFor()
  await dialog.getByLabel('Metadata of the provider').setInputFiles(
    file(`<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.test">
      <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
        <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
          <ds:X509Certificate>QUJD\nREVG</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
        <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.test/sso"/>
      </md:IDPSSODescriptor></md:EntityDescriptor>`),
  )
  await expect.poll(() => dialog.getByLabel('Entity ID of the provider').inputValue()).toBe('https://idp.test')
  expect(await dialog.getByLabel('Sign-in address').inputValue()).toBe('https://idp.test/sso')
  expect(await dialog.getByLabel('Certificates').inputValue()).toBe('-----BEGIN CERTIFICATE-----\nQUJDREVG\n-----END CERTIFICATE-----')
  await dialog.getByLabel('Name', { exact: true }).fill('SAML')
  await press(page, 'Save')
  await dialog.locator('.field-fault').waitFor()
  expect(unexpected(complaints)).toEqual([])
})

test('the log is looked through, and what the workspace says of itself is changed', async () => {
  const { page, complaints } = await visit.open('admin@acme', '/workspace/general')
  await page.getByLabel('Name').fill('Acme Limited')
  await page.getByLabel('Language').fill('nonsense!')
  await press(page, 'Save')
  await page.locator('.field-fault').waitFor()
  await page.getByLabel('Language').fill('en-GB')
  await press(page, 'Save')
  await page.getByText('Saved.').waitFor()
  await page.getByRole('button', { name: 'Workspace: Acme Limited' }).waitFor()
  await page.getByRole('link', { name: 'Audit' }).click()
  await page.getByLabel('What it is about').selectOption('bos.workspace')
  await page.getByText(/name: .*→ Acme Limited/).waitFor()
  await page.getByLabel('What it is about').selectOption('bos.access')
  await page.getByRole('row').filter({ hasText: 'Signed in' }).first().waitFor()
  await page.getByLabel('From').fill('2031-01-01')
  await page.getByText('Nothing like that has happened.').waitFor()
  expect(unexpected(complaints)).toEqual([])
})

test('who asks of everybody what they have not done themselves is refused, and sessions of all are seen and ended', async () => {
  const { page, complaints } = await visit.open('admin@acme', '/workspace/security')
  await page.getByLabel(/^A second factor from everybody/).click()
  await page.getByText(/Do yourself first what you ask of everybody/).waitFor()
  ok(await call(null, 'POST', '/api/auth/login', { body: { email: 'manager@acme.test', password: 'a password for tests only' } }))
  await page.reload()
  const his = page.getByRole('button', { name: /^Sign out manager@acme\.test/ })
  const before = await expect
    .poll(() => his.count())
    .toBeGreaterThan(0)
    .then(() => his.count())
  await his.first().click()
  await expect.poll(() => his.count()).toBe(before - 1)
  expect(unexpected(complaints)).toEqual([])
})

test('nobody else opens what is for administrators, and keys are everybody’s', async () => {
  const { page } = await visit.open('manager@acme', '/workspace/people')
  await page.getByRole('heading', { name: 'Not for your role' }).first().waitFor()
  await page.goto(`${publicUrl}/workspace`)
  await page.getByRole('heading', { name: 'API keys' }).first().waitFor()
})
