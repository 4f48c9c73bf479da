import { expect, test } from 'vitest'
import { scenarios, type Scenario } from '../testing/scenarios.ts'
import { openWorld } from '../testing/world.ts'

const world = await openWorld()

/** A refused parameter, with what its message says. */
const refused = (path: string, pointer: string, says: string, problem = 'parameter-invalid'): Scenario => ({
  name: `${path} is refused`,
  as: 'rep@acme',
  path: `/api/crm/deals${path}`,
  status: 400,
  problem,
  pointers: [pointer],
  expect: ({ detail }: { detail: string }) => {
    expect(detail).toContain(says)
  },
})
const answered = (path: string): Scenario => ({ name: `${path} is answered`, as: 'rep@acme', path: `/api/crm/deals${path}`, status: 200 })

scenarios(world, 'GET /api/crm/deals', [
  ...['sort', 'fields', 'expand'].flatMap((name) => [
    refused(`?${name}=name,`, name, 'missing'),
    refused(`?${name}=,`, name, 'missing'),
    refused(`?${name}=name&${name}=stage`, name, 'once'),
  ]),
  refused('?sort=name,-name', 'sort', '"name" stands here twice'),
  refused('?sort=-', 'sort', 'missing'),
  refused('?fields=name,name', 'fields', '"name" stands here twice'),
  refused('?expand=company,%20company', 'expand', '"company" stands here twice'),
  refused('/aggregate?group=stage,stage', 'group', '"stage" stands here twice'),
  refused('/aggregate?group=stage,', 'group', 'missing'),
  refused('/aggregate?measure=count,count', 'measure', '"count" stands here twice'),
  refused('/aggregate?group=stage&sort=stage,-stage', 'sort', '"stage" stands here twice'),
  refused('?format=csv', 'format', 'export'),
  ...['limit=5', 'cursor=x', 'count=exact'].map((one) => refused(`/export?${one}`, one.split('=')[0]!, 'export')),
  ...['sort', 'fields', 'expand'].map((name) => answered(`?${name}=&limit=1`)),
  ...['group', 'measure', 'sort'].map((name) => answered(`/aggregate?${name}=`)),
  answered('?sort=%20-name%20,%20stage&fields=%20name%20&expand=%20company&limit=1'),
])

test('an empty parameter is as good as none', async () => {
  const texts = await Promise.all(
    ['?limit=3', '?limit=3&sort=&fields=&expand='].map(
      async (query) => (await world.call('rep@acme', 'GET', `/api/crm/deals${query}`)).text,
    ),
  )
  // The cursors differ in nothing but their time.
  const [without, empty] = texts.map((text) => (JSON.parse(text) as { data: unknown }).data)
  expect(empty).toEqual(without)
})

const long = 'x'.repeat(5000)
const shortened: readonly (readonly [method: string, path: string, body?: unknown])[] = [
  ...[`?${long}=1`, `?${long}.gte=1`, `?sort=${long}`, `?fields=${long}`, `?expand=${long}`, `?fields=name.${long}`].map(
    (query) => ['GET', `/api/crm/deals${query}`] as const,
  ),
  ...[`group=${long}`, `group=created_at:${long}`, `measure=${long}`, `measure=sum(${long})`, `having.${long}.gte=1`, `sort=${long}`].map(
    (query) => ['GET', `/api/crm/deals/aggregate?${query}`] as const,
  ),
  ['GET', `/api/crm/deals/export?${long}=1`],
  ['GET', `/api/crm/${long}`],
  ['GET', `/api/${long}/deals`],
  ['POST', '/api/auth/login', { [long]: 1 }],
  ['PUT', `/api/access/${world.acme.members['rep']}`, { [long]: 1 }],
  ['PUT', `/api/access/${world.acme.members['rep']}`, { roles: [long] }],
]

test.each(shortened.map(([method, path, body]) => [method, path.replace(long, 'xxx…'), path, body] as const))(
  '%s %s does not grow by what it was sent',
  async (method, _shown, path, body) => {
    const reply = await world.call('admin@acme', method, path, { body })
    expect(reply.status).toBeGreaterThanOrEqual(400)
    expect(reply.headers.get('content-type')).toBe('application/problem+json')
    expect(reply.text).toContain('xxx…')
    expect(reply.text.length).toBeLessThan(1500)
  },
)
