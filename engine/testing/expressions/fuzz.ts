/** The differential test: random worlds, random expressions, and both answers. */
import type { Client } from 'pg'
import { differences, isSameOn, randomSetting, statementText } from './compare.ts'
import type { Difference, Setting } from './compare.ts'
import { Generator, parameters } from './generate.ts'
import { Random } from './random.ts'
import { shrink } from './shrink.ts'
import { World } from './world.ts'
import { rewritten } from './written.ts'

export interface FuzzOptions {
  readonly seed: number
  readonly cases: number
  /** Expressions per statement. */
  readonly batch?: number
  /** Expressions per world. */
  readonly perWorld?: number
  /** How many faults are looked into before it stops. */
  readonly faults?: number
  readonly progress?: (done: number) => void
}
export interface FuzzOutcome {
  readonly cases: number
  readonly faults: readonly string[]
  /** Trees that were written as text, read and checked again, and what the checker said to those it did not take. */
  readonly written: number
  readonly refused: ReadonlyMap<string, number>
  /** How often each overload was made. */
  readonly used: ReadonlyMap<string, number>
}

/** Expressions compared until `cases` are through, or too many differ. */
export async function fuzz(
  client: Client,
  { seed, cases, batch = 40, perWorld = 1200, faults: most = 5, progress }: FuzzOptions,
): Promise<FuzzOutcome> {
  const random = new Random(seed)
  const faults: string[] = []
  const used = new Map<string, number>()
  const refused = new Map<string, number>()
  let written = 0
  let done = 0
  await client.query(
    'set jit = off; set max_parallel_workers_per_gather = 0; set plan_cache_mode = force_custom_plan; set search_path = pg_catalog',
  )
  while (done < cases && faults.length < most) {
    const world = new World(random)
    await world.store(client)
    for (let inWorld = 0; inWorld < perWorld && done < cases && faults.length < most; inWorld += batch) {
      const setting = randomSetting(random, world)
      const generator = new Generator(random, world, setting.self)
      for (const [id, count] of used) generator.used.set(id, count)
      const nodes = Array.from({ length: Math.min(batch, cases - done) }, () => generator.expression())
      for (const [id, count] of generator.used) used.set(id, count)
      const different = await differences(client, world, setting, nodes)
      for (const each of different.slice(0, most - faults.length)) faults.push(await described(client, world, setting, each))
      // What is written down and read again means the same, and its tree, which the checker made, agrees on both sides as well.
      const again = nodes
        .filter((_, i) => i % 4 === 0)
        .flatMap((node, i) => rewritten(world, setting.self, parameters, node, `c${i}`) ?? [])
      for (const [fault = ''] of again.map((each) => each.faults)) if (fault !== '') refused.set(fault, (refused.get(fault) ?? 0) + 1)
      const read = again.flatMap(({ text, node, original }) => (node ? [{ text, node, original }] : []))
      const told = { ...setting, parameters: new Map([...setting.parameters, ...again.flatMap(({ params }) => [...params])]) }
      const changed = read.filter(({ node, original }) => !isSameOn(world, told, node, original))
      faults.push(
        ...changed
          .slice(0, most - faults.length)
          .map((each) => `read as something else: ${each.text}\n${JSON.stringify(each.original)}\n${JSON.stringify(each.node)}`),
      )
      if (read.length > 0) {
        const unlike = await differences(
          client,
          world,
          told,
          read.map(({ node }) => node),
        )
        for (const each of unlike.slice(0, most - faults.length)) faults.push(await described(client, world, told, each))
      }
      written += read.length
      done += nodes.length
      progress?.(done)
    }
  }
  return { cases: done + written, faults, written, refused, used }
}

async function described(client: Client, world: World, setting: Setting, difference: Difference): Promise<string> {
  const isWrong = async (nodes: readonly Difference['node'][]) => {
    const wrong = new Set((await differences(client, world, setting, nodes)).map(({ node }) => node))
    return nodes.map((node) => wrong.has(node))
  }
  const node = await shrink(difference.node, isWrong)
  const [smallest = difference] = await differences(client, world, setting, [node])
  const row = world.rows.get(smallest.id)
  return [
    `zone ${setting.zone}, self ${setting.self} ${smallest.id}, ${setting.isFramed ? 'joined' : 'no FROM'}`,
    `expression ${JSON.stringify(smallest.node)}`,
    `JavaScript ${JSON.stringify(smallest.js)}`,
    `PostgreSQL ${JSON.stringify(smallest.sql)}`,
    `record ${JSON.stringify(row && Object.fromEntries(row.values))}`,
    `statement ${statementText(world, setting, smallest.node)}`,
  ].join('\n')
}
