import { limits } from '../config.ts'
import { isUuid } from '../fields/uuid.ts'
import { Problem } from '../problems.ts'
import type { RecordsDoor } from '../records/handle.ts'
import type { Actor, Answer, Call } from '../records/types.ts'
import { submitImport } from './import.ts'
import { importKind } from './import-run.ts'
import { submitUndo, undoKind } from './import-undo.ts'
import { createJobs } from './jobs.ts'
import type { Job, JobsOptions } from './jobs.ts'
import { recomputeKind } from './recompute.ts'

export type JobService = ReturnType<typeof createJobService>

/** Jobs and what uses them so far: imports, their undo, and what brings derived values up to date. */
export function createJobService(options: Omit<JobsOptions, 'kinds'> & { readonly records: RecordsDoor }) {
  const { database, records } = options
  const jobs = createJobs({
    ...options,
    kinds: [importKind({ database, records }), undoKind({ records, database }), recomputeKind({ database, records })],
  })
  let uploads = 0
  const checked = (id: string): string => {
    if (!isUuid(id)) throw new Problem('not-found')
    return id
  }
  const answer = (status: number, job: Job): Answer => ({ status, body: JSON.stringify(job), headers: {} })
  return {
    submit: jobs.submit,
    start: jobs.start,
    stop: jobs.stop,
    /** `POST /api/{module}/{plural}/import`. */
    import: async (call: Call, actor: Actor): Promise<Answer> => {
      if (uploads >= limits.uploadsAtOnce)
        throw new Problem('unavailable', 'Too many files are being read at this moment. Send yours again.', {
          headers: { 'retry-after': '5' },
        })
      uploads += 1
      try {
        return await submitImport(records, jobs, call, actor)
      } finally {
        uploads -= 1
      }
    },
    list: async (actor: Actor): Promise<Answer> => ({ status: 200, body: JSON.stringify({ data: await jobs.list(actor) }), headers: {} }),
    read: async (actor: Actor, id: string) => answer(200, await jobs.read(actor, checked(id))),
    cancel: async (actor: Actor, id: string) => answer(200, await jobs.cancel(actor, checked(id))),
    undo: async (actor: Actor, id: string) => answer(202, await submitUndo({ records, database, jobs }, actor, checked(id))),
  }
}
