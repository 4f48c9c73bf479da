import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { entity } from '../testing/metadata.ts'
import { bringBack, bulk, idsOf } from './actions.ts'
import { isProblem, readProblem, saidOf } from './problem.ts'
import { queryClient } from './records.ts'
import { signedIn } from './session.ts'

const deal = entity()
let answers: ((path: string, body: { readonly operations: readonly { readonly id: string }[] }) => Response)[] = []
let isReadAnew = false
const json = (status: number, body: unknown): Response => new Response(JSON.stringify(body), { status })
const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `id${i}`)

beforeEach(() => {
  signedIn('token')
  answers = []
  isReadAnew = false
  vi.spyOn(queryClient, 'invalidateQueries').mockImplementation(async () => {
    isReadAnew = true
  })
  vi.stubGlobal('fetch', async (path: string, { body }: { body?: string }) => {
    const answer = answers.shift() ?? expect.fail(`nobody answers ${path}`)
    return answer(path, JSON.parse(body ?? '{}') as { operations: { id: string }[] })
  })
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

it('what is brought back is told record by record, for some may be refused', async () => {
  const each = ({ id }: { readonly id: string }) => ({ id, status: id === 'id1' ? 422 : 200 })
  answers = [(_, { operations }) => json(200, { results: operations.map(each) })]
  expect(await bringBack(deal, ids(3))).toEqual([
    { id: 'id0', status: 200 },
    { id: 'id1', status: 422 },
    { id: 'id2', status: 200 },
  ])
  answers = [() => json(200, {})]
  expect(await bringBack(deal, ['id0'])).toMatchObject([{ id: 'id0' }])
  answers = [() => json(422, { code: 'request-invalid', title: 'No' })]
  await expect(bringBack(deal, ['id0'])).rejects.toSatisfy((error) => isProblem(error, 'request-invalid'))
})

it('what was done before the second thousand failed is read anew', async () => {
  answers = [
    (_, { operations }) => json(200, { results: operations.map(({ id }) => ({ id, status: 200 })) }),
    () => json(503, { code: 'unavailable' }),
  ]
  await expect(
    bulk(
      deal,
      ids(1500).map((id) => ({ op: 'delete', id })),
    ),
  ).rejects.toSatisfy((error) => isProblem(error))
  expect(isReadAnew).toBe(true)
})

it('says whether all of a list could be chosen', async () => {
  const page = (nextCursor: string | null) => () => json(200, { data: ids(500).map((id) => ({ id })), page: { limit: 500, nextCursor } })
  answers = [page('a'), page('b')]
  expect(await idsOf(deal, {}, 1000)).toMatchObject({ isWhole: false })
  answers = [page('a'), page(null)]
  const { ids: found, isWhole } = await idsOf(deal, {}, 1000)
  expect([found.length, isWhole]).toEqual([1000, true])
})

it('a fault belongs to the field that its pointer names, not to one whose name only begins so', () => {
  const errors = [
    { pointer: '/name_2', detail: 'two' },
    { pointer: '/price/amount', detail: 'too much' },
  ]
  const problem = readProblem(422, { code: 'request-invalid', errors })
  expect(['name', 'name_2', 'price', 'pri'].map((name) => saidOf(problem, name))).toEqual([null, 'two', 'too much', null])
  expect(saidOf(new Error('x'), 'name')).toBeNull()
})
