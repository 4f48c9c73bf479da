/** Upper bounds of the duration histogram, in seconds. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Counters and one histogram per route pattern, as Prometheus text. Labels are our own patterns, so their number is bounded. */
export interface Metrics {
  /** Counts one answered request. */
  observe(method: string, route: string, status: number, seconds: number): void
  /** Prometheus text exposition format 0.0.4. `gauges` are read at this moment. */
  render(gauges: Readonly<Record<string, number>>): string
}

interface Series {
  counts: Map<number, number>
  buckets: number[]
  sum: number
  count: number
}

export function createMetrics(): Metrics {
  const series = new Map<string, Series>()

  const observe: Metrics['observe'] = (method, route, status, seconds) => {
    const label = `method="${method}",route="${route}"`
    let entry = series.get(label)
    if (!entry) series.set(label, (entry = { counts: new Map(), buckets: buckets.map(() => 0), sum: 0, count: 0 }))
    entry.counts.set(status, (entry.counts.get(status) ?? 0) + 1)
    entry.sum += seconds
    entry.count++
    const index = buckets.findIndex((bound) => seconds <= bound)
    if (index >= 0) entry.buckets[index] = (entry.buckets[index] ?? 0) + 1
  }

  const render: Metrics['render'] = (gauges) => {
    const lines = ['# TYPE businessos_http_requests_total counter']
    for (const [label, { counts }] of series) {
      for (const [status, count] of counts) lines.push(`businessos_http_requests_total{${label},status="${status}"} ${count}`)
    }
    lines.push('# TYPE businessos_http_request_duration_seconds histogram')
    for (const [label, entry] of series) {
      let below = 0
      for (const [index, bound] of buckets.entries()) {
        below += entry.buckets[index] ?? 0
        lines.push(`businessos_http_request_duration_seconds_bucket{${label},le="${bound}"} ${below}`)
      }
      lines.push(`businessos_http_request_duration_seconds_bucket{${label},le="+Inf"} ${entry.count}`)
      lines.push(`businessos_http_request_duration_seconds_sum{${label}} ${entry.sum}`)
      lines.push(`businessos_http_request_duration_seconds_count{${label}} ${entry.count}`)
    }
    for (const [name, value] of Object.entries(gauges)) lines.push(`# TYPE businessos_${name} gauge`, `businessos_${name} ${value}`)
    return `${lines.join('\n')}\n`
  }

  return { observe, render }
}
