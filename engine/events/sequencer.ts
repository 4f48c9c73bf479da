import { setTimeout as sleep } from 'node:timers/promises'
import { limits } from '../config.ts'
import type { Database } from '../database/types.ts'

export interface SequencerOptions {
  /** Events per transaction. */
  readonly batch?: number
  /** How long a nudge waits for company: one transaction then numbers the events of many writes. */
  readonly gatherMs?: number
  /** Look without being nudged this often: for writes of other processes and for what an error left undone. */
  readonly intervalMs?: number
  /** Told of every failure; the loop goes on. */
  readonly onError?: (error: unknown) => void
  /** Told after events got their positions, for whoever follows the log. */
  readonly onSequenced?: (count: number) => void
}

export interface Sequencer {
  /** A hint that something was committed. Cheap; call it after every write. */
  nudge(): void
  /** Ends after the batch under way. */
  stop(): Promise<void>
}

const defaults = { batch: limits.sequencerEvents, gatherMs: limits.sequencerGatherMs, intervalMs: limits.sequencerPollMs } as const

/**
 * Gives committed events their positions in the log (bos.sequence). Any number of processes may run one: an advisory lock
 * lets one work at a time, the others find nothing to do.
 */
export function startSequencer(database: Pick<Database, 'call'>, options: SequencerOptions = {}): Sequencer {
  const { batch, gatherMs, intervalMs, onError, onSequenced } = { ...defaults, ...options }
  const stopping = new AbortController()
  let wake = Promise.withResolvers<void>()

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      wake = Promise.withResolvers()
      try {
        const count = await sequenceAll(database, batch, stopping.signal)
        if (count > 0) onSequenced?.(count)
      } catch (error) {
        onError?.(error)
      }
      await Promise.race([wake.promise, pause(intervalMs, stopping.signal)])
      await pause(gatherMs, stopping.signal)
    }
  }

  const done = run()
  return {
    nudge: () => wake.resolve(),
    async stop() {
      stopping.abort()
      await done
    },
  }
}

/** Numbers everything that is committed; answers how many events. 0 also when another process is at it. */
export async function sequenceAll(database: Pick<Database, 'call'>, batch: number = defaults.batch, signal?: AbortSignal): Promise<number> {
  let total = 0
  for (;;) {
    const { rows } = await database.call({ name: 'bos_sequence', text: 'select bos.sequence($1) as count', values: [batch] })
    const count = (rows[0]?.['count'] ?? 0) as number
    total += count
    if (count < batch || signal?.aborted) return total
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined)
