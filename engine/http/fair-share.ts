import { Problem } from '../problems.ts'

/**
 * So many requests of one tenant are worked on at a time, and its others wait in a line of its own: whatever one tenant sends, connections are left
 * for the rest, and a request of another tenant waits for none of it.
 */
export interface FairShare {
  /** Throws 'too-many-requests' where the tenant's line is as long as it may be. */
  run<T>(tenant: string, work: () => Promise<T>): Promise<T>
}

export function createFairShare(atOnce: number, waiting: number, onRefused: () => void): FairShare {
  interface Line {
    running: number
    readonly waiting: (() => void)[]
  }
  const lines = new Map<string, Line>()

  const enter = async (tenant: string): Promise<void> => {
    let line = lines.get(tenant)
    if (!line) lines.set(tenant, (line = { running: 0, waiting: [] }))
    if (line.running < atOnce) {
      line.running++
      return
    }
    if (line.waiting.length >= waiting) {
      onRefused()
      throw new Problem('too-many-requests', 'Too much of this workspace is under way at this moment.', { headers: { 'retry-after': '1' } })
    }
    await new Promise<void>((resolve) => {
      line.waiting.push(resolve)
    })
  }
  const leave = (tenant: string): void => {
    const line = lines.get(tenant)!
    // The place goes straight to the next in line; only when there is none does it become free.
    const next = line.waiting.shift()
    if (next) next()
    else if (--line.running === 0) lines.delete(tenant)
  }

  return {
    run: async (tenant, work) => {
      await enter(tenant)
      try {
        return await work()
      } finally {
        leave(tenant)
      }
    },
  }
}
