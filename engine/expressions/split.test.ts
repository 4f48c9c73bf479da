import { expect, test } from 'vitest'
import { environmentOf, randomSetting, shownOn } from '../testing/expressions/compare.ts'
import type { Setting } from '../testing/expressions/compare.ts'
import { Generator } from '../testing/expressions/generate.ts'
import { Random } from '../testing/random.ts'
import { World } from '../testing/expressions/world.ts'
import type { Row } from '../testing/expressions/world.ts'
import { toFunction, toStep } from './evaluate.ts'
import type { Environment } from './evaluate.ts'
import { split } from './split.ts'
import type { Question, Split } from './split.ts'
import { exchange } from './transform.ts'
import type { Node } from './types.ts'
import { toCanonical } from './values.ts'

/** What is known of the document and what is asked of the database make the same answer as both together. */
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** A question, answered by somebody who knows everything but the document. */
function answer(world: World, setting: Setting, row: Row, { node, inputs }: Question, values: readonly unknown[]): unknown {
  const whole = environmentOf(world, setting, row)
  const run = toFunction(node)
  const environment: Environment = {
    ...whole,
    self: null,
    old: null,
    user: null,
    settings: null,
    parameter: (name, bound) => {
      const index = /^input:(\d+)$/.exec(name)?.[1]
      if (index === undefined) return name === 'user.id' ? (setting.user?.id ?? null) : whole.parameter(name, bound)
      expect(inputs[Number(index)]).toBeDefined()
      return values[Number(index)]
    },
  }
  return toCanonical(node.type, run(environment))
}

function answeredIn(world: World, setting: Setting, row: Row, { root, questions }: Split): unknown {
  const whole = environmentOf(world, setting, row)
  const closures = questions.map((question) => question.inputs.map((input) => ({ input, run: toStep(input) })))
  const environment: Environment = {
    ...whole,
    user: null,
    settings: null,
    search: () => {
      throw new Error('the document knows nothing of other records')
    },
    parameter: (name, bound) => {
      const index = /^question:(\d+)$/.exec(name)?.[1]
      if (index === undefined) return whole.parameter(name, bound)
      const values = closures[Number(index)]!.map(({ input, run }) => toCanonical(input.type, run(environment, bound)))
      return answer(world, setting, row, questions[Number(index)]!, values)
    },
  }
  return toCanonical(root.type, toFunction(root)(environment))
}

const readsSettings = (node: Node): boolean => {
  let found = false
  exchange(node, { record: (each) => ((found ||= each.kind === 'root' && each.root === 'settings'), null) })
  return found
}

test(`a tree parted and put together again says the same (SEED=${seed})`, () => {
  const random = new Random(seed)
  let parted = 0
  let refused = 0
  for (let w = 0; w < 12; w++) {
    const world = new World(random)
    const setting = randomSetting(random, world)
    const generator = new Generator(random, world, setting.self)
    for (let n = 0; n < 250; n++) {
      const node = generator.expression()
      // In this world `settings` is any record; in a tenant it is the only one of its entity.
      if (readsSettings(node)) continue
      const parts = split(node)
      if (!parts) {
        refused++
        continue
      }
      if (parts.questions.length > 0) parted++
      for (const row of world.of(setting.self).slice(0, 3)) {
        const whole = shownOn(world, setting, node, row)
        const constant: Node = { kind: 'parameter', type: node.type, name: 'params.whole' }
        const put = answeredIn(world, setting, row, parts)
        const again = shownOn(world, { ...setting, parameters: new Map([['params.whole', put]]) }, constant, row)
        expect(again, JSON.stringify(node)).toEqual(whole)
      }
    }
  }
  expect(parted).toBeGreaterThan(300)
  expect(refused).toBeLessThan(parted)
})
