/** The thread in which the embedded engine runs: it blocks whatever thread it is on. Spoken to by embedded.ts only. */
import { PGlite } from '@electric-sql/pglite'
import { btree_gin } from '@electric-sql/pglite/contrib/btree_gin'
import { btree_gist } from '@electric-sql/pglite/contrib/btree_gist'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { parentPort, workerData } from 'node:worker_threads'

/** Folder of the database; null: in memory. */
export interface WorkerOrder {
  readonly folder: string | null
}
/** Bytes of the PostgreSQL protocol, whole messages; `close` writes everything down and ends the thread. */
export type WorkerRequest = { readonly id: number; readonly bytes: Uint8Array } | { readonly close: true }
export type WorkerReply =
  { readonly ready: true } | { readonly id: number; readonly bytes: Uint8Array } | { readonly id: number; readonly error: string }

const port = parentPort
if (!port) throw new Error('embedded-worker.ts runs as a worker thread')
const { folder } = workerData as WorkerOrder

const database = await PGlite.create({ dataDir: folder ?? 'memory://', extensions: { pg_trgm, btree_gin, btree_gist } })

const reply = (message: WorkerReply, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer)

async function answer(id: number, bytes: Uint8Array): Promise<void> {
  try {
    // A copy: what comes back may be a view of the engine's memory, and a clone of a view carries all of that memory.
    const answered = Uint8Array.from(await database.execProtocolRaw(bytes))
    reply({ id, bytes: answered }, [answered.buffer])
  } catch (error) {
    reply({ id, error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) })
  }
}

let last: Promise<void> = Promise.resolve()
port.on('message', (request: WorkerRequest) => {
  last = last.then(async () => {
    if ('id' in request) return answer(request.id, request.bytes)
    await database.close()
    port.close()
  })
})
reply({ ready: true })
