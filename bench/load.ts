import { connect, type Socket } from 'node:net'

/** One request as it goes over the wire. */
export interface Shot {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly token: string
  readonly body?: string
}

export interface Volley {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  /** The n-th request of this volley. */
  readonly next: (n: number) => Shot
  /** CPU time that the servers have used so far; null where the system does not tell. */
  readonly cpuMs: () => Promise<number | null>
}

export interface Outcome {
  /** CPU time of server and PostgreSQL for one request. */
  readonly cpuMs: number | null
  readonly perSecond: number
  readonly p50Ms: number
  readonly p95Ms: number
}

/**
 * Keeps `connections` requests under way for `seconds`. Plain sockets and no HTTP library: the load must cost less than what it
 * measures, because both share two cores. Throws at the first answer that is no success, so that nothing fast but wrong is measured.
 */
export async function fire({ url, connections, seconds, next, cpuMs }: Volley): Promise<Outcome> {
  const { hostname, port, host } = new URL(url)
  const latencies: number[] = []
  const end = performance.now() + seconds * 1000
  let sent = 0

  const shooter = async (): Promise<void> => {
    const socket = connect(Number(port), hostname)
    socket.setNoDelay(true)
    const answers = new Answers(socket)
    try {
      while (performance.now() < end) {
        const { method, path, token, body } = next(sent++)
        const entity = body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
        const started = performance.now()
        socket.write(`${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\n${entity}\r\n${body ?? ''}`)
        const { status, text } = await answers.next()
        latencies.push(performance.now() - started)
        if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${text().slice(0, 500)}`)
      }
    } finally {
      socket.destroy()
    }
  }
  const cpuBefore = await cpuMs()
  const started = performance.now()
  await Promise.all(Array.from({ length: connections }, shooter))
  const elapsed = (performance.now() - started) / 1000
  const cpuAfter = await cpuMs()
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  const cpu = cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / latencies.length
  return { cpuMs: cpu, perSecond: latencies.length / elapsed, p50Ms: at(0.5), p95Ms: at(0.95) }
}

interface RawAnswer {
  readonly status: number
  readonly text: () => string
}

/** Reads one answer after the other off a socket: a status line, and a body of known length. */
class Answers {
  #bytes: Buffer = Buffer.alloc(0)
  #waiting: { resolve: (answer: RawAnswer) => void; reject: (error: Error) => void } | undefined

  constructor(socket: Socket) {
    socket.on('data', (chunk) => {
      this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
      this.#take()
    })
    socket.on('error', (error) => this.#waiting?.reject(error))
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')))
  }

  next(): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  #take(): void {
    const headEnd = this.#bytes.indexOf('\r\n\r\n')
    if (headEnd < 0) return
    const head = this.#bytes.toString('latin1', 0, headEnd)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length === undefined) return this.#waiting?.reject(new Error(`an answer without content-length:\n${head}`))
    const total = headEnd + 4 + Number(length)
    if (this.#bytes.length < total) return
    const body = this.#bytes.subarray(headEnd + 4, total)
    this.#bytes = this.#bytes.subarray(total)
    this.#waiting?.resolve({ status: Number(head.slice(9, 12)), text: () => body.toString() })
  }
}
