import { PgBoss } from 'pg-boss'
import type { Database } from '../database/types.ts'

export interface JobRef {
  readonly tenant: string
  readonly job: string
}

/** Tells a worker, in whichever process, that a job waits. Losing one loses nothing: the sweep finds the job again. */
export interface Wakeups {
  send(ref: JobRef): Promise<void>
  work(handle: (ref: JobRef) => Promise<void>): Promise<void>
  stop(): Promise<void>
}

const queue = 'jobs'

/** pg-boss over our executor: it polls in short transactions as bos_queue and holds no connection, so it runs on the embedded engine too. */
export async function openWakeups(
  database: Pick<Database, 'queue'>,
  options: { readonly pollSeconds: number; readonly onError: (error: unknown) => void },
): Promise<Wakeups> {
  const boss = new PgBoss({
    schema: 'pgboss',
    createSchema: false,
    db: { executeSql: async (text, values) => ({ rows: [...(await database.queue(text, values)).rows] }) },
  })
  boss.on('error', options.onError)
  await boss.start()
  await boss.createQueue(queue, { retryLimit: 0, deleteAfterSeconds: 3600 })
  return {
    send: async (ref) => void (await boss.send(queue, ref, { singletonKey: ref.job, singletonSeconds: 5 })),
    work: async (handle) =>
      void (await boss.work<JobRef>(
        queue,
        { pollingIntervalSeconds: options.pollSeconds, batchSize: 1 },
        async ([each]) => each && (await handle(each.data)),
      )),
    stop: () => boss.stop({ graceful: true, timeout: 5_000 }),
  }
}
