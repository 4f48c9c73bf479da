import { generateSync } from 'otplib'
import { expect, test } from 'vitest'
import { ok, openWorld } from '../engine/testing/world.ts'
import { visiting } from './testing/visit.ts'

const world = await openWorld()
const { call } = world
const visit = visiting(world)
const password = 'a password for tests only'
/** What browsers say of answers that are refusals on purpose. */
const unexpected = (complaints: readonly string[]): readonly string[] => complaints.filter((line) => !line.includes('status of 4'))

test('one sees one’s devices, signs out of the others, and changes the password with a fresh proof', async () => {
  const { page, complaints } = await visit.open('rep@acme', '/account')
  await page.getByRole('heading', { name: 'Sign-in and security' }).waitFor()
  await page.getByText('This device').waitFor()
  await expect.poll(() => page.getByRole('button', { name: /^Sign out Node|^Sign out node/i }).count()).toBeGreaterThan(0)
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click()
  await page.getByText('Signed out everywhere else.').waitFor()
  await expect.poll(() => page.getByRole('button', { name: /^Sign out / }).count()).toBe(0)

  await world.sql(`update bos.session set proved_at = now() - interval '11 minutes' where member_id = $1`, [world.acme.members['rep']])
  await page.getByLabel('New password').fill('password1234')
  await page.getByRole('button', { name: 'Change', exact: true }).click()
  await page.getByRole('dialog', { name: 'Prove that it is you' }).waitFor()
  await page.getByLabel('Password', { exact: true }).fill('not it')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('The password is wrong.').waitFor()
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText(/too easy to guess/).waitFor()
  await page.getByLabel('New password').fill('seven unlikely umbrellas')
  await page.getByRole('button', { name: 'Change', exact: true }).click()
  await page.getByText('The password was changed.').waitFor()
  const login = await call(null, 'POST', '/api/auth/login', { body: { email: 'rep@acme.test', password: 'seven unlikely umbrellas' } })
  expect(login.status).toBe(200)
  expect(unexpected(complaints)).toEqual([])
})

test('who has an authenticator app is asked for its code, or for a recovery code', async () => {
  const { secret, factor } = ok(await call('manager@acme', 'POST', '/api/account/factors/app', { body: {} })) as Record<string, string>
  const code = (steps: number): string =>
    generateSync({ secret: secret!, epoch: Math.floor(Date.now() / 1000) + steps * 30, strategy: 'totp' })
  const done = ok(await call('manager@acme', 'POST', '/api/account/factors/app/confirm', { body: { factor, code: code(-1) } }))
  const { page, complaints } = await visit.blank('phone')
  const begin = async (): Promise<void> => {
    await page.goto(world.url)
    await page.getByLabel('E-mail').fill('manager@acme.test')
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Enter your code' }).waitFor()
  }
  await begin()
  await page.getByLabel('Code').fill('000000')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('The code is wrong, or was used before.').waitFor()
  await page.getByLabel('Code').fill(code(0))
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Home', exact: true }).waitFor()
  await page.context().clearCookies()
  await begin()
  await page.getByRole('button', { name: 'The app is not at hand' }).click()
  await page.getByLabel('Recovery code').fill((done['recoveryCodes'] as string[])[0]!)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Home', exact: true }).waitFor()
  expect(unexpected(complaints)).toEqual([])
})
