import { monitorEventLoopDelay } from 'node:perf_hooks'
import { limits } from '../config.ts'
import type { Metrics } from './metrics.ts'
import { json, type Route } from './route.ts'

export interface SystemParts {
  /** Resolves when the database answers. */
  readonly ping: () => Promise<unknown>
  readonly isClosing: () => boolean
  readonly metrics: Metrics
}

/** Alive, ready, and what a monitor reads. */
export function systemRoutes({ ping, isClosing, metrics }: SystemParts): readonly Route[] {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  let looked = { at: -Infinity, isReady: Promise.resolve(false) }
  const isReady = (): Promise<boolean> => {
    const now = performance.now()
    if (now - looked.at > limits.readinessMs)
      looked = {
        at: now,
        isReady: ping().then(
          () => true,
          () => false,
        ),
      }
    return looked.isReady
  }
  return [
    { method: 'GET', path: '/healthz', guard: 'public', handle: () => Promise.resolve(json(200, { status: 'ok' })) },
    {
      method: 'GET',
      path: '/readyz',
      guard: 'public',
      handle: async () => (!isClosing() && (await isReady()) ? json(200, { status: 'ready' }) : json(503, { status: 'not ready' })),
    },
    {
      method: 'GET',
      path: '/metrics',
      guard: 'operator',
      handle: () => {
        const memory = process.memoryUsage()
        const gauges = {
          process_resident_memory_bytes: memory.rss,
          process_heap_bytes: memory.heapUsed,
          process_uptime_seconds: process.uptime(),
          process_cpu_seconds: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
          event_loop_delay_p99_seconds: delay.percentile(99) / 1e9 || 0,
        }
        delay.reset()
        return Promise.resolve({
          status: 200,
          body: metrics.render(gauges),
          headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
        })
      },
    },
  ]
}
