import { generateSync } from 'otplib'
import type { Page } from 'playwright-core'
import { afterAll, expect, test } from 'vitest'
import { startOidcProvider } from '../engine/testing/oidc-provider.ts'
import { openSsoWorld } from '../engine/testing/sso.ts'
import { ok } from '../engine/testing/world.ts'
import { visiting } from './testing/visit.ts'

const world = await openSsoWorld({ SIGN_UP: 'open' })
const { call, publicUrl } = world
const visit = visiting({ ...world, url: publicUrl })
const company = await startOidcProvider(world.redirectUri)
afterAll(company.close)
const password = 'a password for tests only'
/** What browsers say of answers that are refusals on purpose. */
const unexpected = (complaints: readonly string[]): readonly string[] => complaints.filter((line) => !line.includes('status of 4'))

/** An authenticator that is part of the browser, and says yes whenever it is asked. */
async function withPasskeys(page: Page): Promise<void> {
  const devTools = await page.context().newCDPSession(page)
  await devTools.send('WebAuthn.enable')
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
  } as const
  await devTools.send('WebAuthn.addVirtualAuthenticator', { options: { ...options, automaticPresenceSimulation: true } })
}
const home = (page: Page): Promise<void> => page.getByRole('heading', { name: 'Home', exact: true }).waitFor()
const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click()
async function enter(page: Page, email: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await press(page, 'Sign in')
}
const codeOf = (secret: string): string => generateSync({ secret, strategy: 'totp' })

test('a passkey is added, then signs in alone, stands in for the second factor, and proves who acts', async () => {
  const { page, complaints } = await visit.open('rep@acme', '/account')
  await withPasskeys(page)
  await press(page, 'Add a passkey')
  const kept = page.getByRole('dialog', { name: 'Keep your recovery codes' })
  await expect.poll(() => kept.getByRole('listitem').count()).toBe(10)
  await kept.getByRole('button', { name: 'Close' }).click()
  await page.getByRole('button', { name: /^Rename / }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill('Laptop')
  await press(page, 'Rename')
  await page.getByRole('button', { name: 'Remove Laptop' }).waitFor()
  await page.getByText('10 of 10 left').waitFor()

  await page.context().clearCookies()
  await page.goto(publicUrl)
  await press(page, 'Use a passkey')
  await home(page)

  await page.context().clearCookies()
  await page.goto(publicUrl)
  await enter(page, 'rep@acme.test')
  await page.getByRole('heading', { name: 'Use your passkey' }).waitFor()
  await press(page, 'Continue')
  await home(page)

  await world.sql(`update bos.session set proved_at = now() - interval '11 minutes' where member_id = $1`, [world.acme.members['rep']])
  await page.goto(`${publicUrl}/account`)
  await page.getByRole('button', { name: 'Remove Laptop' }).click()
  const proof = page.getByRole('dialog', { name: 'Prove that it is you' })
  await proof.getByRole('button', { name: 'Use a passkey' }).click()
  await page.getByText('Laptop was removed.').waitFor()
  await page.getByText(/None yet/).waitFor()
  expect(unexpected(complaints)).toEqual([])
})

test('whoever forgot their password sets another by the link of a letter, once', async () => {
  const { page, complaints } = await visit.blank('phone')
  await page.goto(publicUrl)
  await page.getByRole('link', { name: 'Forgot it?' }).click()
  await page.getByLabel('E-mail').fill('nobody@acme.test')
  await press(page, 'Send the link')
  await page.getByRole('heading', { name: 'Look into your mail' }).waitFor()
  await page.goto(`${publicUrl}/reset`)
  await page.getByLabel('E-mail').fill('manager@globex.test')
  await press(page, 'Send the link')
  await page.getByRole('link', { name: 'Mail of this demo' }).click()
  await page.getByText('To manager@globex.test').waitFor()
  expect(await page.getByText('To nobody@acme.test').count()).toBe(0)
  const link = (await page.getByRole('link', { name: 'Open its link' }).first().getAttribute('href'))!
  await page.goto(link)
  await page.getByLabel('New password').fill('password1234')
  await press(page, 'Set the password')
  await page.getByText(/too easy to guess/).waitFor()
  expect(page.url()).toBe(`${publicUrl}/reset`)
  await page.getByLabel('New password').fill('nine polite umbrellas dance')
  await press(page, 'Set the password')
  await page.getByRole('heading', { name: 'Your password is set' }).waitFor()
  const login = await call(null, 'POST', '/api/auth/login', {
    body: { email: 'manager@globex.test', password: 'nine polite umbrellas dance' },
  })
  expect(login.status).toBe(200)
  await page.goto('about:blank')
  await page.goto(link)
  await page.getByLabel('New password').fill('ten polite umbrellas dance')
  await press(page, 'Set the password')
  await page.getByRole('alert').waitFor()
  expect(unexpected(complaints)).toEqual([])
})

test('an invited person chooses a password and is in; somebody who has one adds the workspace and switches between the two', async () => {
  const invite = (as: 'admin@acme' | 'admin@globex', email: string) =>
    call(as, 'POST', '/api/access/invitations', { body: { name: 'New Colleague', email, roles: ['core.user'] } })
  ok(await invite('admin@acme', 'new@acme.test'))
  const { page, complaints } = await visit.blank()
  await page.goto(`${publicUrl}/mail`)
  await page.getByText('You are invited to Acme').waitFor()
  await page.getByRole('link', { name: 'Open its link' }).first().click()
  await page.getByText('You will sign in as new@acme.test.').waitFor()
  await page.getByLabel('New password').fill('eleven quiet lamps by the sea')
  await page.getByRole('button', { name: /^Join Acme/ }).click()
  await home(page)
  expect(new URL(page.url()).pathname).toBe('/')

  ok(await invite('admin@globex', 'new@acme.test'))
  await page.goto(`${publicUrl}/mail`)
  await page.getByText('You are invited to Globex').waitFor()
  await page.getByRole('link', { name: 'Open its link' }).first().click()
  await page.getByText('You have an account with new@acme.test.').waitFor()
  await page.getByLabel('Password').fill('eleven quiet lamps by the sea')
  await page.getByRole('button', { name: /^Join Globex/ }).click()
  await home(page)
  await page.getByRole('button', { name: /^Workspace: Globex/ }).click()
  await page.getByRole('menuitem', { name: /Acme/ }).click()
  await page.getByRole('button', { name: /^Workspace: Acme/ }).waitFor()
  await page.reload()
  await page.getByRole('button', { name: /^Workspace: Acme/ }).waitFor()
  expect(unexpected(complaints)).toEqual([])
})

test('a changed address is confirmed by the letter that goes to it', async () => {
  const { page, complaints } = await visit.open('manager@acme', '/account')
  await press(page, 'Change the e-mail address')
  await page.getByLabel('New e-mail address').fill('manager.new@acme.test')
  await press(page, 'Send a link')
  await page.getByText('A letter is on its way to manager.new@acme.test.').waitFor()
  await page.goto(`${publicUrl}/mail`)
  await page.getByText('To manager.new@acme.test').waitFor()
  await page.getByRole('link', { name: 'Open its link' }).first().click()
  await press(page, 'Confirm')
  await page.getByRole('heading', { name: 'Your address is changed' }).waitFor()
  expect((await call(null, 'POST', '/api/auth/login', { body: { email: 'manager.new@acme.test', password } })).status).toBe(200)
  expect(unexpected(complaints)).toEqual([])
})

test('where the workspace asks for a second factor, signing in begins with setting one up', async () => {
  await world.sql(`update bos.tenant set mfa_required = true where slug = 'globex'`)
  const { page, complaints } = await visit.blank('phone')
  await page.goto(publicUrl)
  await enter(page, 'rep@globex.test')
  await page.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor()
  const secret = (await page.locator('.enrolment-secret').textContent())!
  await page.getByLabel('Code that the app shows').fill(codeOf(secret))
  await press(page, 'Continue')
  await expect.poll(() => page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').count()).toBe(10)
  await press(page, 'I have kept them')
  await home(page)
  await world.sql(`update bos.tenant set mfa_required = false where slug = 'globex'`)
  expect(unexpected(complaints)).toEqual([])
})

test('somebody of a company that has said so signs in at its provider, and whoever it does not let in learns why', async () => {
  await world.ownDomain('admin@acme', 'acme.test')
  const settings = {
    kind: 'oidc',
    issuer: company.issuer,
    clientId: company.clientId,
    scopes: ['email', 'profile', 'groups'],
    groupsClaim: 'groups',
  }
  ok(await world.set('admin@acme', settings, { name: 'Acme ID', secret: company.clientSecret, startingRoles: ['core.user'] }))
  company.person = { sub: 'one', email: 'one@acme.test', email_verified: true, name: 'Olga One', groups: [] }
  const { page, complaints } = await visit.blank()
  const go = async (): Promise<void> => {
    await page.goto(publicUrl)
    await page.getByRole('link', { name: 'Continue with your company' }).click()
    await page.getByLabel('E-mail at your company').fill('one@acme.test')
    await press(page, 'Continue')
  }
  await page.goto(`${publicUrl}/sso`)
  await page.getByLabel('E-mail at your company').fill('one@elsewhere.test')
  await press(page, 'Continue')
  await page.getByText('No company has said that this address is one of theirs.').waitFor()
  await go()
  await home(page)
  await page.getByRole('button', { name: 'Account: Olga One' }).waitFor()
  await page.context().clearCookies()
  company.person = { sub: 'two', email: 'two@elsewhere.test', email_verified: false, name: 'Two' }
  await go()
  await page.getByRole('heading', { name: 'You were not signed in' }).waitFor()
  expect(unexpected(complaints)).toEqual([])
})

test('where people may, one begins a workspace of one’s own and is its administrator', async () => {
  const { page, complaints } = await visit.blank('phone')
  await page.goto(publicUrl)
  await page.getByRole('link', { name: 'Begin a workspace' }).click()
  await page.getByLabel('E-mail').fill('founder@new.test')
  await press(page, 'Send the link')
  await page.getByRole('link', { name: 'Mail of this demo' }).click()
  await page.getByText('To founder@new.test').waitFor()
  await page.getByRole('link', { name: 'Open its link' }).first().click()
  await page.getByText('You will sign in as founder@new.test.').waitFor()
  await page.getByLabel('Name of the workspace').fill('Newcomers')
  await page.getByLabel('Your name').fill('Fay Founder')
  await page.getByLabel('Currency').selectOption('CHF')
  await page.getByLabel('New password').fill('newcomers')
  await press(page, 'Begin')
  await page.getByText(/^The password /).waitFor()
  await page.getByLabel('New password').fill('five brisk owls in the attic')
  await press(page, 'Begin')
  await home(page)
  await page.goto(`${publicUrl}/workspace/general`)
  await expect.poll(() => page.getByLabel('Currency').inputValue()).toBe('CHF')
  expect(unexpected(complaints)).toEqual([])
})

test('whoever was given a password chooses their own before anything else', async () => {
  const [{ id }] = (await world.sql<{ id: string }>(`select id from core.member where email = 'yuki@acme.test'`)) as [{ id: string }]
  const body = { email: 'yuki@acme.test', password: 'given by somebody else', roles: ['core.user'] }
  ok(await call('admin@acme', 'PUT', `/api/access/${id}`, { body }))
  const { page, complaints } = await visit.blank()
  await page.goto(publicUrl)
  await page.getByLabel('E-mail').fill('yuki@acme.test')
  await page.getByLabel('Password').fill('given by somebody else')
  await press(page, 'Sign in')
  await page.getByRole('heading', { name: 'Choose your own password' }).waitFor()
  await page.getByLabel('New password').fill('given by somebody else')
  await press(page, 'Continue')
  await page.getByText('The password must be another than the one that was given to you.').waitFor()
  await page.getByLabel('New password').fill('twelve soft drums at noon')
  await press(page, 'Continue')
  await home(page)
  expect(unexpected(complaints)).toEqual([])
})
