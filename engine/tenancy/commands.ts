import { text as readAll } from 'node:stream/consumers'
import { limits } from '../config.ts'
import { createPasswords } from '../identity/passwords.ts'
import { Problem } from '../problems.ts'
import { endDemo } from './demo.ts'
import { misused, readArguments, using } from './installation.ts'
import type { Shell, Work } from './installation.ts'
import { randomPassword, type Tenants } from './tenants.ts'

/** Which option of `tenant create` a fault speaks of. */
const optionOf: Readonly<Record<string, string>> = {
  '/slug': '<slug>',
  '/name': '--name',
  '/locale': '--locale',
  '/timeZone': '--time-zone',
  '/currency': '--currency',
  '/modules': '--modules',
  '/module': '<module>',
  '/admin/name': '--admin-name',
  '/admin/email': '--admin-email',
}

const createOptions = {
  name: { type: 'string' },
  'admin-name': { type: 'string' },
  'admin-email': { type: 'string' },
  modules: { type: 'string' },
  locale: { type: 'string', default: 'en' },
  'time-zone': { type: 'string', default: 'UTC' },
  currency: { type: 'string', default: 'EUR' },
} as const

export const tenantCommand = {
  usage:
    'create <slug> --name … --admin-name … --admin-email … [--modules crm,…] [--time-zone Europe/Vienna] [--currency EUR] [--locale en] | enable <slug> <module> | suspend <slug> | resume <slug> | list',
  about: 'makes a tenant with its administrator, enables a module in one, suspends one, or lists them',
  async run([action, ...args]: readonly string[], shell: Shell): Promise<number> {
    if (action === 'list')
      return using(shell, async ({ tenants }) => {
        for (const line of listing(await tenants.list())) shell.out(line)
      })
    if ((action === 'suspend' || action === 'resume') && args.length === 1) {
      const [slug = ''] = args
      return using(shell, async ({ tenants }) => {
        await tenants.suspend(slug, action === 'suspend')
        shell.out(`${slug} is ${action === 'suspend' ? 'suspended: nobody signs in' : 'open again'}`)
      })
    }
    if (action === 'enable' && args.length === 2) {
      const [slug = '', module = ''] = args
      const enable: Work = async ({ tenants }) => shell.out(`${slug} has ${(await tenants.enable(slug, module)).join(', ')}`)
      return using(shell, enable, optionOf)
    }
    if (action !== 'create') return misused(shell, `bos tenant ${tenantCommand.usage}`)
    const parsed = readArguments(args, createOptions)
    const [slug = '', ...more] = parsed?.positionals ?? []
    if (!parsed || slug === '' || more.length > 0) return misused(shell, `bos tenant ${tenantCommand.usage}`)
    const { values } = parsed
    const create: Work = async ({ tenants }) => {
      const made = await tenants.create({
        slug,
        name: values.name ?? slug,
        locale: values.locale,
        timeZone: values['time-zone'],
        currency: values.currency,
        modules: values.modules?.split(',') ?? null,
        admin: { name: values['admin-name'] ?? '', email: values['admin-email'] ?? '', password: null },
      })
      shell.out(`${made.slug} (${made.id}) with ${made.modules.join(', ')}`)
      shell.out(
        made.admin.password === null
          ? `${made.admin.email} signs in with the password they have.`
          : `${made.admin.email} signs in with ${made.admin.password}`,
      )
    }
    return using(shell, create, optionOf)
  },
}

function listing(tenants: Awaited<ReturnType<Tenants['list']>>): string[] {
  if (tenants.length === 0) return ['There are no tenants yet.']
  const width = Math.max(...tenants.map(({ slug }) => slug.length))
  return tenants.map(
    ({ slug, name, modules, people, suspended }) =>
      `${slug.padEnd(width)}  ${name}, ${people} ${people === 1 ? 'person' : 'people'}, ${modules.join(' ')}${suspended ? ' (suspended)' : ''}`,
  )
}

export const demoCommand = {
  usage: 'off',
  about: 'ends demo mode for ever; the demo people can no longer sign in, their data stays',
  async run([action]: readonly string[], shell: Shell): Promise<number> {
    if (action !== 'off') return misused(shell, 'bos demo off')
    return using(shell, async ({ withOwner }) => {
      const people = await withOwner(endDemo)
      shell.out('Demo mode is over. Restart the server if it runs.')
      if (people.length > 0)
        shell.out(`No longer able to sign in, until "bos password <e-mail>" gives them a password: ${people.join(', ')}`)
    })
  },
}

export const passwordCommand = {
  usage: '<e-mail> [--stdin]',
  about: 'gives an account a new password (random, or read from standard input) and ends its sessions',
  async run([email, source]: readonly string[], shell: Shell): Promise<number> {
    if (email === undefined || (source !== undefined && source !== '--stdin'))
      return misused(shell, `bos password ${passwordCommand.usage}`)
    const given = source === '--stdin' ? (await readAll(process.stdin)).replace(/\r?\n$/, '') : null
    if (given !== null && (given.length < limits.passwordMinCharacters || given.length > limits.passwordMaxCharacters)) {
      return misused(shell, `A password has ${limits.passwordMinCharacters} to ${limits.passwordMaxCharacters} characters.`)
    }
    const password = given ?? randomPassword()
    return using(shell, async ({ database }) => {
      const { rows } = await database.call({ text: 'select id from bos.account_by_email($1)', values: [email] })
      if (!rows[0]) throw new Problem('not-found', `Nobody signs in as ${email}.`)
      const hash = await createPasswords(limits).hash(password)
      await database.call({ text: 'select bos.password_set($1::uuid, $2, null)', values: [rows[0]['id'], hash] })
      // What the operator's screen has shown is no password to keep.
      if (given === null) await database.call({ text: 'select bos.password_give($1, $2)', values: [email, hash] })
      shell.out(
        given === null ? `Once, to choose a password of their own: ${email} signs in with ${password}` : `${email} has the new password.`,
      )
    })
  },
}
