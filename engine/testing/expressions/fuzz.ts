/** The differential test: random worlds, random expressions, and both answers. */
import type { Client } from 'pg'
import { differences, isSameOn, randomSetting, statementText } from './compare.ts'
import type { Difference, Setting } from './compare.ts'
import { Generator, parameters } from './generate.ts'
import { Random } from '../random.ts'
import type { Node } from '../../expressions/types.ts'
import { shrink } from './shrink.ts'
import { World } from './world.ts'
import { rewritten } from './written.ts'

export interface FuzzOptions {
  readonly seed: number
  readonly cases: number
  /** The first world; each is made of the seed and its number, so that one is had again without those before it. */
  readonly from?: number
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
  { seed, cases, from = 0, batch = 40, perWorld = 1200, faults: most = 5, progress }: FuzzOptions,
): Promise<FuzzOutcome> {
  const faults: string[] = []
  const used = new Map<string, number>()
  const refused = new Map<string, number>()
  let written = 0
  let done = 0
  await client.query(
    'set jit = off; set max_parallel_workers_per_gather = 0; set plan_cache_mode = force_custom_plan; set search_path = pg_catalog',
  )
  for (let number = from; done < cases && faults.length < most; number++) {
    const random = worldly(seed, number)
    const world = new World(random)
    await world.store(client)
    const inWorld = new Map<string, number>()
    const tell = (fault: string): void =>
      void (faults.length < most && faults.push(`world ${number}: --seed ${seed} --from ${number} --cases ${perWorld}\n${fault}`))
    for (let count = 0; count < perWorld && done < cases && faults.length < most; count += batch) {
      const setting = randomSetting(random, world)
      const generator = new Generator(random, world, setting.self, inWorld)
      const nodes = Array.from({ length: Math.min(batch, cases - done) }, () => generator.expression())
      const again = await compared({ client, world, setting, nodes, tell, refused })
      written += again
      done += nodes.length
      progress?.(done)
    }
    for (const [id, count] of inWorld) used.set(id, (used.get(id) ?? 0) + count)
  }
  return { cases: done + written, faults, written, refused, used }
}

const worldly = (seed: number, number: number): Random => new Random(Math.imul(seed ^ Math.imul(number + 1, 0x9e3779b1), 0x85ebca6b))

interface Comparing {
  readonly client: Client
  readonly world: World
  readonly setting: Setting
  readonly nodes: readonly Node[]
  readonly tell: (fault: string) => void
  readonly refused: Map<string, number>
}

/** Answers how many of them were written as text and compared once more. */
async function compared({ client, world, setting, nodes, tell, refused }: Comparing): Promise<number> {
  for (const each of await differences(client, world, setting, nodes)) tell(await described(client, world, setting, each))
  // What is written down and read again means the same, and its tree, which the checker made, agrees on both sides as well.
  const again = nodes.filter((_, i) => i % 4 === 0).flatMap((node, i) => rewritten(world, setting.self, parameters, node, `c${i}`) ?? [])
  for (const [fault = ''] of again.map((each) => each.faults)) if (fault !== '') refused.set(fault, (refused.get(fault) ?? 0) + 1)
  const read = again.flatMap(({ text, node, original }) => (node ? [{ text, node, original }] : []))
  const told = { ...setting, parameters: new Map([...setting.parameters, ...again.flatMap(({ params }) => [...params])]) }
  for (const { text, node, original } of read) {
    if (!isSameOn(world, told, node, original))
      tell(`read as something else: ${text}\n${JSON.stringify(original)}\n${JSON.stringify(node)}`)
  }
  const trees = read.map(({ node }) => node)
  if (trees.length > 0) for (const each of await differences(client, world, told, trees)) tell(await described(client, world, told, each))
  return read.length
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
