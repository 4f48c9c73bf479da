import type { JobService } from '../jobs/index.ts'
import { readCall } from './records-route.ts'
import type { MemberRoute } from './route.ts'

/** Work that outlives a request, and the import that starts it. */
export function jobRoutes(jobs: JobService): readonly MemberRoute[] {
  const id = (params: unknown): string => (params as { id: string }).id
  return [
    {
      method: 'POST',
      path: '/api/:module/:plural/import',
      guard: 'member',
      keys: 'allowed',
      takes: 'csv',
      handle: (exchange, actor) => jobs.import(readCall('POST', exchange), actor),
    },
    { method: 'GET', path: '/api/jobs', guard: 'member', keys: 'allowed', handle: (_, actor) => jobs.list(actor) },
    {
      method: 'GET',
      path: '/api/jobs/:id',
      guard: 'member',
      keys: 'allowed',
      handle: ({ request }, actor) => jobs.read(actor, id(request.params)),
    },
    {
      method: 'POST',
      path: '/api/jobs/:id/cancel',
      guard: 'member',
      keys: 'allowed',
      handle: ({ request }, actor) => jobs.cancel(actor, id(request.params)),
    },
    {
      method: 'POST',
      path: '/api/jobs/:id/undo',
      guard: 'member',
      keys: 'allowed',
      handle: ({ request }, actor) => jobs.undo(actor, id(request.params)),
    },
  ]
}
