import { expect, test } from 'vitest'
import { sql } from 'kysely'
import { limits } from '../config.ts'
import { remember, Slot, toQuery, toTemplate } from './sql.ts'

test('a template is compiled once; every run fills in its own values, in their places', () => {
  interface Values {
    readonly id: string
    readonly list: readonly string[]
  }
  const id = new Slot<Values>((values) => values.id)
  const list = new Slot<Values>((values) => values.list)
  const template = toTemplate<Values>(sql`select ${id}::uuid, ${7}, ${list}::text[], ${id}`)
  const one = template({ id: 'a', list: ['x'] })
  const other = template({ id: 'b', list: [] })
  expect(one.text).toBe('select $1::uuid, $2, $3::text[], $4')
  expect([one.values, other.values]).toEqual([
    ['a', 7, ['x'], 'a'],
    ['b', 7, [], 'b'],
  ])
  expect([other.text, other.name]).toEqual([one.text, one.name])
})

test('what was made of an owner in a shape is made once, and never for another owner or shape', () => {
  const [one, other] = [{}, {}]
  let times = 0
  const make = (): { readonly number: number } => ({ number: ++times })
  const first = remember(one, 'a', make)
  expect(remember(one, 'a', make)).toBe(first)
  expect(remember(one, 'b', make)).not.toBe(first)
  expect(remember(other, 'a', make)).not.toBe(first)
  expect(times).toBe(3)
})

test('ever new shapes make everything start afresh, and what is asked for is right all the same', () => {
  const [steady, hostile] = [{}, {}]
  let times = 0
  const ask = (): number => remember(steady, 'steady', () => ++times)
  ask()
  for (let i = 0; i <= limits.shapesKept; i++) expect(remember(hostile, `shape ${i}`, () => i)).toBe(i)
  expect([ask(), ask()]).toEqual([2, 2])
})

test('what cannot be made is not remembered', () => {
  const owner = {}
  expect(() => remember(owner, 'a', () => expect.fail('no such field'))).toThrow('no such field')
  expect(remember(owner, 'a', () => 1)).toBe(1)
})

test('what is very long is planned anew each time, and not kept by the server', () => {
  const query = (text: string) => toQuery(sql`select ${sql.lit(text)}`)
  expect(query('short').name).toMatch(/^[\w-]{32}$/)
  expect(query('short').name).toBe(query('short').name)
  expect(query('x'.repeat(limits.namedCharacters)).name).toBeUndefined()
})
