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
      handle: async () => {
        const { type, text } = await metrics.render()
        return { status: 200, body: text, headers: { 'content-type': type } }
      },
    },
  ]
}
