import { beforeAll, describe, expect, test } from 'vitest'
import { openWorldWith, type ModuleFiles } from '../testing/dropped-in.ts'
import { ok, type Person, type Reply } from '../testing/world.ts'
import { reference, text } from '../testing/properties.ts'

/** What a transition created is taken back as anything is deleted: with what goes along, and not where something holds it. */
const toTask = (title: string, onDelete: string) => reference(title, 'undo.task', { onDelete })
const full = { scope: 'all', read: true, create: true, update: true, delete: true, restore: true }
const files: ModuleFiles = {
  'module.json': { title: 'Undo', roles: [{ id: 'undo.planner', title: 'Planner' }] },
  'entities/plan.json': {
    title: 'Plan',
    type: 'object',
    properties: {
      name: text('Name'),
      steps: { title: 'Steps', 'x-bos': { type: 'lines', entity: 'undo.step' } },
      state: {
        title: 'State',
        enum: ['draft', 'open', 'dropped'],
        'x-bos': {
          lifecycle: {
            transitions: {
              open: {
                from: ['draft'],
                to: 'open',
                effects: [{ create: { each: 'self.steps', entity: 'undo.task', set: { name: 'self.name', plan: 'parent' } } }],
              },
              drop: { from: ['open'], to: 'dropped', effects: [{ reverse: 'open' }] },
            },
          },
        },
      },
    },
    'x-bos': { plural: 'plans', titleField: 'name', permissions: { 'undo.planner': full } },
  },
  'entities/step.json': { title: 'Step', type: 'object', properties: { name: text('Name') }, 'x-bos': { kind: 'line', plural: 'steps' } },
  'entities/task.json': {
    title: 'Task',
    type: 'object',
    properties: {
      name: text('Name'),
      plan: { title: 'Plan', 'x-bos': { type: 'reference', entity: 'undo.plan' } },
      after: { title: 'After', 'x-bos': { type: 'reference', entity: 'undo.task' } },
    },
    'x-bos': { plural: 'tasks', titleField: 'name', permissions: {} },
  },
  'entities/note.json': {
    title: 'Note',
    type: 'object',
    properties: {
      name: text('Name'),
      held: toTask('Held by', 'restrict'),
      gone: toTask('Gone with', 'cascade'),
      loose: toTask('Loose', 'setNull'),
      needed: { type: 'boolean', title: 'Needed', default: false },
      also: toTask('Also', 'cascade'),
      tied: { type: 'integer', title: 'Tied', 'x-bos': { compute: 'self.loose == null ? 0 : 1' } },
      state: {
        title: 'State',
        enum: ['draft', 'posted'],
        'x-bos': { lifecycle: { states: { posted: { frozen: true } }, transitions: { post: { from: ['draft'], to: 'posted' } } } },
      },
    },
    'x-bos': {
      plural: 'notes',
      titleField: 'name',
      rules: [{ id: 'needed', assert: 'self.needed != true || self.loose != null', message: 'It needs a task.', at: 'loose' }],
      permissions: {},
    },
  },
}
const world = await openWorldWith('undo', files)
type Json = Record<string, unknown> & { id: string }
const call = (method: string, path: string, body?: unknown, as: Person = 'admin@acme'): Promise<Reply> =>
  world.call(as, method, `/api/undo/${path}`, body === undefined ? {} : { body })
const make = async (path: string, body: object): Promise<Json> => ok(await call('POST', path, body)) as Json
const told = ({ status, body }: Reply): unknown[] => [
  status,
  ...((body as { errors?: { pointer: string; detail: string }[] }).errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`),
]
const stateOf = async ({ id }: Json): Promise<unknown> => ok(await call('GET', `plans/${id}`))['state']
const statusOf = async (path: string, { id }: Json): Promise<number> => (await call('GET', `${path}/${id}`)).status

/** A plan that was opened, and the tasks that came of it. */
async function opened(...steps: readonly string[]): Promise<{ plan: Json; tasks: Json[] }> {
  const plan = await make('plans', { name: 'P', steps: steps.map((name) => ({ name })) })
  ok(await call('POST', `plans/${plan.id}/open`))
  const { data } = ok(await call('GET', `tasks?plan=${plan.id}&sort=name`)) as unknown as { data: Json[] }
  expect(data).toHaveLength(steps.length)
  return { plan, tasks: data }
}
const drop = ({ id }: Json, as: Person = 'admin@acme'): Promise<Reply> => call('POST', `plans/${id}/drop`, undefined, as)

beforeAll(async () => {
  const body = { email: 'rep@acme.test', roles: ['core.user', 'undo.planner'] }
  ok(await world.call('admin@acme', 'PUT', `/api/access/${world.acme.members['rep']}`, { body }))
})

describe('what a transition created', () => {
  test('is held by what refers to it: nothing is done, and explanations say so before', async () => {
    const { plan, tasks } = await opened('a', 'b')
    const note = await make('notes', { name: 'n', held: tasks[1]!.id })
    const detail = 'Task: Records of “Notes” refer to this one.'
    const explained = ok(await call('GET', `plans/${plan.id}/explain?action=drop`))
    expect([explained['allowed'], JSON.stringify(explained['refused'])]).toEqual([false, expect.stringContaining(detail)])
    expect(told(await drop(plan))).toEqual([422, ` ${detail}`])
    // Who may not see tasks is told nothing of them.
    expect(told(await drop(plan, 'rep@acme'))).toEqual([422, ' Something that you may not see stands against it.'])
    expect([await stateOf(plan), await statusOf('tasks', tasks[0]!), await statusOf('tasks', tasks[1]!)]).toEqual(['open', 200, 200])
    ok(await call('PATCH', `notes/${note.id}`, { held: null }))
    expect((await drop(plan)).status).toBe(200)
    expect([await stateOf(plan), await statusOf('tasks', tasks[0]!), await statusOf('tasks', tasks[1]!)]).toEqual(['dropped', 404, 404])
  })

  test('takes along what goes with it, once, and empties what may do without; both as one change', async () => {
    const { plan, tasks } = await opened('a', 'b')
    const [a, b] = [tasks[0]!.id, tasks[1]!.id]
    const gone = await make('notes', { name: 'gone', gone: a, also: b })
    const loose = await make('notes', { name: 'loose', loose: a })
    expect(loose['tied']).toBe(1)
    // Both go, so neither holds the other.
    ok(await call('PATCH', `tasks/${b}`, { after: a }))
    expect((await drop(plan, 'rep@acme')).status).toBe(200)
    expect(await statusOf('notes', gone)).toBe(404)
    expect(ok(await call('GET', `notes/${loose.id}`))).toMatchObject({ loose: null, tied: 0, version: 2 })
    // What was taken back does not come back beside what another opening would make.
    const detail = 'A step of another record created it, and a later one took it back: that record makes it anew.'
    for (const id of [a, b]) expect((await call('POST', `tasks/${id}/restore`)).body).toMatchObject({ code: 'restore-refused', detail })
    const operations = [a, b].map((id) => ({ op: 'restore', id }))
    expect((await call('POST', 'tasks/bulk', { mode: 'all', operations })).status).toBe(409)
    expect((await call('POST', `notes/${gone.id}/restore`)).status).toBe(409)
  })

  test('comes back by hand as long as nothing took it back, and is then taken back with the rest', async () => {
    const { plan, tasks } = await opened('a', 'b')
    const [a, b] = [tasks[0]!, tasks[1]!]
    ok(await call('DELETE', `tasks/${a.id}`))
    ok(await call('POST', `tasks/${a.id}/restore`))
    ok(await call('DELETE', `tasks/${b.id}`))
    expect((await drop(plan)).status).toBe(200)
    expect([await statusOf('tasks', a), (await call('POST', `tasks/${b.id}/restore`)).status]).toEqual([404, 409])
  })

  test('is held by what is frozen, and by rules of what would be emptied', async () => {
    const { plan, tasks } = await opened('a')
    const along = await make('notes', { name: 'along', gone: tasks[0]!.id })
    ok(await call('POST', `notes/${along.id}/post`))
    expect(told(await drop(plan))).toEqual([422, ' Task: Records of “Notes” refer to this one.'])
    const other = await opened('b')
    await make('notes', { name: 'needed', loose: other.tasks[0]!.id, needed: true })
    expect(told(await drop(other.plan))).toEqual([422, ' Note, Loose: It needs a task.'])
    expect([await stateOf(plan), await stateOf(other.plan)]).toEqual(['open', 'open'])
  })

  test('is not left behind, nor are references to it, whoever refers to it at the same time', async () => {
    for (let round = 0; round < 4; round++) {
      const { plan, tasks } = await opened('a', 'b', 'c')
      const notes = tasks.flatMap(({ id }, i) => [
        () => call('POST', 'notes', { name: `${i}`, held: id }),
        () => call('POST', 'notes', { name: `${i}`, gone: id }),
        () => call('POST', 'notes', { name: `${i}`, loose: id }),
      ])
      const attempts = [...notes.slice(0, 4), () => drop(plan), () => drop(plan), ...notes.slice(4)]
      const replies = await Promise.all(attempts.map((attempt) => attempt()))
      for (const { status, text: answer } of replies) expect([200, 201, 409, 422], answer).toContain(status)
    }
    expect(
      await world.sql(`select n.id from undo.note n join undo.task t on t.tenant_id = n.tenant_id and t.id in (n.held, n.gone, n.loose)
        where n.deleted_at is null and t.deleted_at is not null`),
    ).toEqual([])
  })
})
