import { describe, expect, test } from 'vitest'
import type { CallOptions, Person, Reply, World } from './world.ts'

/** One row: who does what, and everything that must come of it. Functions are called when the row runs, after the rows above it. */
export interface Scenario {
  readonly name: string
  /** Null: nobody signed in. */
  readonly as: Person | null
  /** Default: those of the title, e.g. `POST /api/crm/deals`. */
  readonly method?: string
  readonly path?: string | (() => string)
  /** JSON; a text or bytes are sent as they are. */
  readonly body?: unknown
  readonly headers?: CallOptions['headers'] | (() => CallOptions['headers'])
  readonly status: number
  /** Code of the expected problem. */
  readonly problem?: string
  /** Pointers of its faults, in any order. */
  readonly pointers?: readonly string[]
  /**
   * Events written, as `crm.deal.created`, in any order. A refusal writes none unless it says so; where this is absent after a
   * success, events are not looked at.
   */
  readonly events?: readonly string[]
  readonly expect?: (body: never, reply: Reply) => void | Promise<void>
}

const value = <T>(given: T | (() => T)): T => (typeof given === 'function' ? (given as () => T)() : given)

/** The events written while `work` ran, as `crm.deal.created`, sorted; not that somebody was refused. Nothing else may write meanwhile. */
export async function eventsOf<T>(world: World, work: () => Promise<T>): Promise<{ result: T; events: string[] }> {
  // Event ids and times are the application's; transaction numbers are PostgreSQL's own order, and the server is new: no wraparound.
  const [before] = await world.sql<{ next: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as next')
  const result = await work()
  const rows = await world.sql<{ event: string }>(
    `select entity || '.' || type as event from bos.event where xmin::text::bigint >= $1::bigint and entity <> 'bos.access' order by 1`,
    [before?.next],
  )
  return { result, events: rows.map(({ event }) => event) }
}

/** Runs the rows in order, each as a test of its own, against a world that they share. */
export function scenarios(world: World, title: string, rows: readonly Scenario[]): void {
  const [method = 'GET', path = '/'] = title.split(' ')
  describe(title, () => {
    test.for(rows.map((row) => [row.name, row] as const))('%s', async ([, row]) => {
      const send = (): Promise<Reply> => {
        const headers = value(row.headers)
        return world.call(row.as, row.method ?? method, value(row.path ?? path), {
          body: value(row.body),
          ...(headers !== undefined && { headers }),
        })
      }
      const { result: reply, events } = await eventsOf(world, send)
      const body = reply.body as { code?: string; errors?: { pointer: string }[] } | undefined

      // The answer's text stands in the message: a wrong status alone says little.
      expect(reply.status, reply.text.slice(0, 2000)).toBe(row.status)
      if (row.problem !== undefined) {
        expect(reply.headers.get('content-type')).toContain('application/problem+json')
        expect(body?.code, reply.text).toBe(row.problem)
      }
      if (row.pointers !== undefined)
        expect(body?.errors?.map(({ pointer }) => pointer).toSorted() ?? [], reply.text).toEqual(row.pointers.toSorted())
      const expected = row.events ?? (row.status >= 400 ? [] : undefined)
      if (expected !== undefined) expect(events).toEqual(expected.toSorted())
      await row.expect?.(reply.body as never, reply)
    })
  })
}
