import { limits } from '../config.ts'
import { isUuid } from '../fields/uuid.ts'
import { onlyParameters, parseInteger } from '../records/parameters.ts'
import { Problem } from '../problems.ts'
import type { Audit } from '../tenancy/audit.ts'
import { readQuery } from './records-route.ts'
import { json, type MemberRoute } from './route.ts'

/** One report across all entities, for administrators. */
export const auditRoutes = (audit: Audit): readonly MemberRoute[] => [
  {
    method: 'GET',
    path: '/api/audit',
    guard: 'member',
    viewing: 'refused',
    handle: async ({ request }, actor) => {
      const query = readQuery(request.url)
      onlyParameters(query, ['about', 'type', 'actor', 'record', 'from', 'to', 'before', 'limit'])
      const text = (name: string): string | null => query.get(name)?.[0] || null
      const checked = (name: string, isRight: (value: string) => boolean, what: string): string | null => {
        const value = text(name)
        if (value === null || isRight(value)) return value
        throw new Problem('parameter-invalid', `${name} must be ${what}.`, { faults: [{ pointer: name, detail: `must be ${what}` }] })
      }
      const moment = (name: string) => checked(name, (value) => !Number.isNaN(Date.parse(value)), 'a moment such as 2026-03-31T08:00:00Z')
      const id = (name: string) => checked(name, isUuid, 'an id')
      const word = (name: string) => checked(name, (value) => /^[a-z_.0-9]{1,130}$/.test(value), 'a name')
      const filter = {
        about: word('about'),
        type: word('type'),
        actor: id('actor'),
        record: id('record'),
        from: moment('from'),
        to: moment('to'),
        before: id('before'),
        limit: parseInteger(query, 'limit', { min: 1, max: limits.auditEntries, default: 50 }),
      }
      return json(200, await audit.list(actor, filter))
    },
  },
]
