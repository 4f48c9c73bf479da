import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { Attacker } from '../testing/attacker.ts'
import { canary, hoard, secrets } from '../testing/canary.ts'
import { openWorldWith } from '../testing/dropped-in.ts'
import { Random } from '../testing/random.ts'
import { read, targets } from '../testing/targets.ts'
import { Leak, Side, Twins } from '../testing/twins.ts'

/**
 * No oracle: two tenants differ in nothing but a number of 64 bits, which stands in hidden and masked fields, in rows out of reach, and
 * in what rules, guards, defaults, keys and effects read. Whoever has the role `hoard.thief` gets the same answer from both, whatever
 * they ask and however they go on from there. What a module makes public itself is no secret: the truth of a rule, guard or condition
 * over hidden values is the same on both sides (a rule that compares what somebody types with what they may not see tells them by its
 * outcome), and a key that is taken is taken. CANARY_SEED attacks the same way again.
 */
const seed = Number(process.env['CANARY_SEED'] ?? randomBytes(4).readUInt32LE())
const wanted = Number(process.env['CANARY_REQUESTS'] ?? 10_000)
const world = await openWorldWith('hoard', hoard)

const order = (secret: bigint): string =>
  Array.from({ length: 6 }, (_, n) => [canary(secret, n).word, n] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, n]) => n)
    .join()
/** Two numbers that differ in every value made of them, and order what they stand in differently. */
function secretsOf(random: Random): readonly [bigint, bigint] {
  const bits = (): bigint => (BigInt(random.below(2 ** 32)) << 32n) | BigInt(random.below(2 ** 32))
  for (;;) {
    const [a, b] = [bits(), bits()]
    const [one, two] = [canary(a, 0), canary(b, 0)]
    const differs = Object.keys(one).every((key) => one[key as keyof typeof one] !== two[key as keyof typeof two])
    if (differs && one.number % 4n !== two.number % 4n && order(a) !== order(b)) return [a, b]
  }
}
const [first, second] = secretsOf(new Random(seed))
const sides = [new Side(world, 'twin-one', first), new Side(world, 'twin-two', second)] as const
beforeAll(async () => {
  for (const side of sides) {
    await side.open()
    await side.fill()
  }
}, 60_000)

describe('the attack finds what is there', () => {
  test('who may read the number has it after some halving', async () => {
    const [side] = sides
    const filtered = async (at: bigint): Promise<string> => {
      const query = new URLSearchParams({ filter: `self.name == 'chest 0' && self.secret_number >= ${at}` })
      return (await side.send('guard', { method: 'GET', path: `hoard/chests/aggregate?${query}` })).text
    }
    const attacker = new Attacker(new Twins(sides, 'guard'), seed)
    expect(await attacker.halve(filtered)).toBe(side.canaries[0]!.number + 1n)
  })

  test.each(targets.filter(({ list, path }) => list === 'chests' && secrets.includes(path as 'secret_word')))(
    'to who may read it, $path tells the sides apart',
    async (target) => {
      const attacker = new Attacker(new Twins(sides, 'guard'), seed)
      await expect(attacker.name(target)).rejects.toThrow(Leak)
    },
  )
})

test(`${wanted} requests do not tell the sides apart (CANARY_SEED=${seed})`, { timeout: 600_000 }, async () => {
  const twins = new Twins(sides, 'thief')
  const attacker = new Attacker(twins, seed)
  await attacker.look()
  for (const target of targets) {
    await attacker.name(target)
    await attacker.page(target)
  }
  for (const plural of read) for (let n = 0; n < 3; n++) await attacker.record(plural)
  await attacker.importAll()
  while (twins.asked < wanted) {
    await attacker.go()
    // What has changed meanwhile reads the same, whoever changed it.
    if (twins.asked % 50 === 0) await attacker.look()
  }
})
