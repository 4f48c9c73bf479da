import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client'

/** Upper bounds of the duration histogram, in seconds. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What a monitor reads: requests by route pattern (our own, so that their number is bounded), refusals, and the process itself. */
export interface Metrics {
  /** Counts one answered request. */
  observe(method: string, route: string, status: number, seconds: number): void
  /** Counts what was turned away before any route: by a rate limit, or because a tenant has too much under way. */
  refuse(reason: 'rate' | 'share'): void
  /** Prometheus text exposition format, with its content type. */
  render(): Promise<{ readonly type: string; readonly text: string }>
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry, prefix: 'businessos_' })
  const requests = new Counter({
    name: 'businessos_http_requests_total',
    help: 'Answered requests',
    labelNames: ['method', 'route', 'status'] as const,
    registers,
  })
  const durations = new Histogram({
    name: 'businessos_http_request_duration_seconds',
    help: 'Time from the first byte in to the last byte handed over',
    labelNames: ['method', 'route'] as const,
    buckets,
    registers,
  })
  const refusals = new Counter({
    name: 'businessos_http_refusals_total',
    help: 'Requests turned away by a limit',
    labelNames: ['reason'] as const,
    registers,
  })
  return {
    observe: (method, route, status, seconds) => {
      requests.inc({ method, route, status })
      durations.observe({ method, route }, seconds)
    },
    refuse: (reason) => refusals.inc({ reason }),
    render: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  }
}
