import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openLab } from '../testing/lab.ts'
import { eventsOf } from '../testing/scenarios.ts'
import type { Reply } from '../testing/world.ts'
import { create, fingerprint, get, type Json } from '../testing/writing.ts'

/** Lines are part of their document, in two levels: `sections` of a project with their `tasks`. */
const world = await openLab()
const as = 'admin@acme'
interface Task extends Json {
  id: string
  position: number
  label: string
  hours: number
}
interface Section extends Json {
  id: string
  position: number
  heading: string
  tasks: Task[]
}
interface Project extends Json {
  id: string
  version: number
  sections: Section[]
}

let serial = 0
const newProject = async (): Promise<Project> =>
  (await create(world, as, '/api/lab/projects', {
    name: `Project ${++serial}`,
    sections: [
      { heading: 'Plan', place: 'Vienna', tasks: [{ label: 'Draw' }, { label: 'Count', hours: 3 }] },
      { heading: 'Build', tasks: [{ label: 'Dig' }] },
    ],
  })) as Project
const patch = (id: string, body: object, query = '', headers: Record<string, string> = {}): Promise<Reply> =>
  world.call(as, 'PATCH', `/api/lab/projects/${id}${query}`, { body, headers })
const shape = (project: Project): unknown =>
  project.sections.map(({ heading, position, tasks }) => [
    heading,
    position,
    ...tasks.map((each) => `${each.label} ${each.hours} @${each.position}`),
  ])
const read = async (id: string): Promise<Project> => (await get(world, as, `/api/lab/projects/${id}`)) as Project

async function refused(id: string, body: object, pointers: readonly string[], query = ''): Promise<void> {
  const before = await fingerprint(world)
  const { result: reply, events } = await eventsOf(world, () => patch(id, body, query))
  expect(reply.status, reply.text).toBe(422)
  expect((reply.body as { errors: { pointer: string }[] }).errors.map((each) => each.pointer).toSorted()).toEqual([...pointers].toSorted())
  expect(events).toEqual([])
  expect(await fingerprint(world)).toBe(before)
}

describe('refusals', () => {
  test('an array or null in a patch, unless replacing is what is asked for', async () => {
    const { id } = await newProject()
    await refused(id, { sections: [] }, ['/sections'])
    await refused(id, { sections: null }, ['/sections'])
    await refused(id, { sections: [] }, ['/sections'], '?replace=tasks')
  })

  test('a line that the document has not: unknown, of another document, of another tenant, of another level', async () => {
    const { id, sections } = await newProject()
    const other = await newProject()
    const foreign = (await create(world, 'admin@globex', '/api/lab/projects', { name: 'Theirs', sections: [{ heading: 'x' }] })) as Project
    for (const line of [randomUUID(), other.sections[0]!.id, foreign.sections[0]!.id, sections[0]!.tasks[0]!.id, id]) {
      await refused(id, { sections: { [line]: { heading: 'y' } } }, [`/sections/${line}`])
      await refused(id, { sections: { [line]: null } }, [`/sections/${line}`])
      await refused(id, { sections: [{ id: line, heading: 'y' }] }, ['/sections/0'], '?replace=sections')
    }
    expect((await get(world, 'admin@globex', `/api/lab/projects/${foreign.id}`))['version']).toBe(1)
  })

  test('keys that are no ids, the keys of objects themselves, an id that contradicts its key', async () => {
    const {
      id,
      sections: [first],
    } = await newProject()
    await refused(id, { sections: { x: {}, 'new:': {}, "new:'; --": {} } }, ['/sections/x', '/sections/new:', "/sections/new:'; --"])
    const reply = await world.call(as, 'PATCH', `/api/lab/projects/${id}`, {
      body: '{"sections":{"__proto__":{"heading":"x"},"constructor":null}}',
    })
    expect((reply.body as { errors: object[] }).errors).toMatchObject([
      { pointer: '/sections/__proto__' },
      { pointer: '/sections/constructor' },
    ])
    await refused(id, { sections: { [first!.id]: { id: randomUUID() } } }, [`/sections/${first!.id}/id`])
  })

  test('the same line twice in a list, and ids that are none', async () => {
    const {
      id,
      sections: [first],
    } = await newProject()
    await refused(
      id,
      {
        sections: [
          { id: first!.id, heading: 'a' },
          { id: first!.id, heading: 'b' },
        ],
      },
      ['/sections/1/id'],
      '?replace=sections',
    )
    await refused(id, { sections: [{ id: 'first', heading: 'a' }] }, ['/sections/0/id'], '?replace=sections')
  })

  test('faults below, each with its place, on both levels', async () => {
    const {
      id,
      sections: [first],
    } = await newProject()
    const task = first!.tasks[0]!.id
    await refused(
      id,
      {
        sections: {
          [first!.id]: { heading: null, place: 'Graz', tasks: { [task]: { hours: -1 }, 'new:1': {} } },
          'new:2': { tasks: [{ label: 7 }] },
        },
      },
      [
        `/sections/${first!.id}/heading`,
        `/sections/${first!.id}/tasks/${task}/hours`,
        '/sections/new:2/heading',
        '/sections/new:2/tasks/0/label',
      ],
    )
    await refused(id, { sections: { [first!.id]: { heading: ' ', tasks: { 'new:1': {} } }, 'new:2': { tasks: [] } } }, [
      `/sections/${first!.id}/heading`,
      `/sections/${first!.id}/tasks/new:1/label`,
      '/sections/new:2/heading',
    ])
    await refused(id, { sections: { [first!.id]: { place: 'Graz' } } }, [`/sections/${first!.id}/place`])
    await refused(id, { sections: { [first!.id]: { position: 1.5 } } }, [`/sections/${first!.id}/position`])
  })

  test('more lines than the document may have, however they come', async () => {
    const { id } = await newProject()
    await refused(id, { sections: { 'new:1': { heading: 'a' }, 'new:2': { heading: 'b' }, 'new:3': { heading: 'c' } } }, ['/sections'])
    await refused(id, { sections: ['a', 'b', 'c', 'd', 'e'].map((heading) => ({ heading })) }, ['/sections'], '?replace=sections')
  })

  test('a value that another line has', async () => {
    const {
      id,
      sections: [plan],
    } = await newProject()
    expect((await patch(id, { sections: { [plan!.id]: { badge: 'B1' } } })).status).toBe(200)
    const { result: reply, events } = await eventsOf(world, () => patch(id, { sections: { 'new:1': { heading: 'x', badge: 'B1' } } }))
    expect([reply.status, (reply.body as { code: string }).code, (reply.body as { errors: object[] }).errors]).toMatchObject([
      409,
      'unique-taken',
      [{ pointer: '/sections/badge' }],
    ])
    expect(events).toEqual([])
  })
})

test('a list on create: positions from 1, defaults, two levels; ids that came along are not taken over', async () => {
  const made = await newProject()
  expect(shape(made)).toEqual([
    ['Plan', 1, 'Draw 1 @1', 'Count 3 @2'],
    ['Build', 2, 'Dig 1 @1'],
  ])
  const copy = (await create(world, as, '/api/lab/projects', { name: 'Copy', sections: made.sections })) as Project
  expect(shape(copy)).toEqual(shape(made))
  expect(copy.sections[0]!.id).not.toBe(made.sections[0]!.id)
})

test('an object changes, adds and removes lines by id, in one version and one event', async () => {
  const {
    id,
    sections: [plan, build],
  } = await newProject()
  const { result, events } = await eventsOf(world, () =>
    patch(id, {
      sections: {
        [plan!.id]: {
          heading: 'Plan well',
          tasks: { [plan!.tasks[0]!.id]: null, [plan!.tasks[1]!.id]: { hours: 4 }, 'new:a': { label: 'Ask' } },
        },
        [build!.id]: null,
        'new:1': { heading: 'Sell', tasks: [{ label: 'Call' }] },
      },
    }),
  )
  expect(result.status, result.text).toBe(200)
  expect(events).toEqual(['lab.project.updated'])
  const after = result.body as Project
  expect(shape(after)).toEqual([
    ['Plan well', 1, 'Count 4 @2', 'Ask 1 @3'],
    ['Sell', 3, 'Call 1 @1'],
  ])
  expect(after.version).toBe(2)
  // The tasks of a removed section are gone from their table too.
  expect(await world.sql('select 1 from lab.task where parent_id = $1', [build!.id])).toEqual([])
})

test('a list with ?replace= is the whole: kept lines keep their ids, order is position', async () => {
  const {
    id,
    sections: [plan, build],
  } = await newProject()
  const reply = await patch(
    id,
    {
      sections: [
        { heading: 'First' },
        { id: build!.id, heading: 'Build' },
        { id: plan!.id, tasks: [{ label: 'New' }, { id: plan!.tasks[1]!.id }] },
      ],
    },
    '?replace=sections,tasks',
  )
  expect(reply.status, reply.text).toBe(200)
  const after = reply.body as Project
  expect(shape(after)).toEqual([
    ['First', 1],
    ['Build', 2, 'Dig 1 @1'],
    ['Plan', 3, 'New 1 @1', 'Count 3 @2'],
  ])
  expect(after.sections.slice(1).map((each) => each.id)).toEqual([build!.id, plan!.id])
  expect(after.sections[2]!.tasks[1]!.id).toBe(plan!.tasks[1]!.id)
  expect((await patch(id, { sections: null }, '?replace=sections')).status).toBe(200)
  expect((await read(id)).sections).toEqual([])
})

test('positions move lines; new ones go to the end', async () => {
  const {
    id,
    sections: [plan, build],
  } = await newProject()
  const reply = await patch(id, {
    sections: { [plan!.id]: { position: 7 }, 'new:1': { heading: 'Between', position: 5 }, 'new:2': { heading: 'Last' } },
  })
  expect((reply.body as Project).sections.map((each) => [each.heading, each.position])).toEqual([
    ['Build', 2],
    ['Last', 3],
    ['Between', 5],
    ['Plan', 7],
  ])
  expect((await patch(id, { sections: { [build!.id]: {} } })).headers.get('etag')).toBe('"2.2"')
})

test('what changes nothing is no change: same version, no event', async () => {
  const {
    id,
    sections: [plan],
  } = await newProject()
  const { result, events } = await eventsOf(world, () =>
    patch(id, { sections: { [plan!.id]: { heading: 'Plan', position: 1, place: 'Vienna', id: plan!.id } } }),
  )
  expect([result.status, result.headers.get('etag'), events]).toEqual([200, '"1.1"', []])
})

describe('If-Match of an older version', () => {
  const old = { 'if-match': '"1.1"' }
  test('merges what touches other lines or other columns', async () => {
    const {
      id,
      sections: [plan, build],
    } = await newProject()
    const [draw, count] = plan!.tasks
    expect(
      (await patch(id, { sections: { [plan!.id]: { tasks: { [draw!.id]: { label: 'Draw it' } } }, 'new:1': { heading: 'Mine' } } })).status,
    ).toBe(200)
    for (const sections of [
      { [plan!.id]: { tasks: { [draw!.id]: { hours: 9 }, [count!.id]: null } } },
      { [build!.id]: { heading: 'Build it' } },
      { 'new:1': { heading: 'Yours' } },
    ]) {
      const reply = await patch(id, { sections }, '', old)
      expect(reply.status, reply.text).toBe(200)
    }
    expect(shape(await read(id))).toEqual([
      ['Plan', 1, 'Draw it 9 @1'],
      ['Build it', 2, 'Dig 1 @1'],
      ['Mine', 3],
      ['Yours', 4],
    ])
  })

  test('refuses the same column, a removed line, the whole list, and the same move', async () => {
    const {
      id,
      sections: [plan, build],
    } = await newProject()
    const [draw] = plan!.tasks
    expect(
      (await patch(id, { sections: { [plan!.id]: { position: 9, tasks: { [draw!.id]: { hours: 2 } } }, [build!.id]: { heading: 'B' } } }))
        .status,
    ).toBe(200)
    const attempts: readonly [object, string, string?][] = [
      [{ [plan!.id]: { tasks: { [draw!.id]: { hours: 5 } } } }, `/sections/${plan!.id}/tasks/${draw!.id}/hours`],
      [{ [plan!.id]: null }, `/sections/${plan!.id}`],
      [{ [plan!.id]: { position: 3 } }, `/sections/${plan!.id}/position`],
    ]
    for (const [sections, pointer] of attempts) {
      const { result: reply, events } = await eventsOf(world, () => patch(id, { sections }, '', old))
      expect([reply.status, (reply.body as { code: string }).code], reply.text).toEqual([412, 'version-conflict'])
      expect((reply.body as { errors: { pointer: string }[] }).errors.map((each) => each.pointer)).toEqual([pointer])
      expect([reply.headers.get('etag'), events]).toEqual(['"2.2"', []])
    }
    const whole = await patch(id, { sections: [] }, '?replace=sections', old)
    expect([whole.status, (whole.body as { errors: { pointer: string }[] }).errors.map((each) => each.pointer)]).toEqual([
      412,
      ['/sections'],
    ])
  })

  test('refuses a change in a line that was removed meanwhile', async () => {
    const {
      id,
      sections: [plan],
    } = await newProject()
    expect((await patch(id, { sections: { [plan!.id]: null } })).status).toBe(200)
    expect((await patch(id, { sections: { [plan!.id]: { heading: 'x' } } }, '', old)).status).toBeOneOf([412, 422])
    expect((await read(id)).version).toBe(2)
  })
})

test('two at once in one document: both stay, versions are dense', async () => {
  const {
    id,
    sections: [plan],
  } = await newProject()
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, i) => patch(id, { sections: { [plan!.id]: { tasks: { 'new:1': { label: `T${i}` } } } } })),
  )
  expect(replies.map((each) => each.status)).toEqual(replies.map(() => 200))
  const after = await read(id)
  expect(after.version).toBe(21)
  expect(after.sections[0]!.tasks).toHaveLength(22)
  expect(new Set(after.sections[0]!.tasks.map((each) => each.position)).size).toBe(22)
})

describe('unique values of lines', () => {
  const badges = (project: Project): unknown[] => project.sections.map((each) => each['badge'])
  const withBadges = async (...given: string[]): Promise<Project> =>
    (await create(world, as, '/api/lab/projects', {
      name: `Project ${++serial}`,
      sections: given.map((badge) => ({ heading: badge, badge })),
    })) as Project

  test('one that is taken is refused, and says where', async () => {
    await withBadges('taken')
    const { id } = await newProject()
    const reply = await patch(id, { sections: { 'new:1': { heading: 'x', badge: 'taken' } } })
    expect(reply.status).toBe(409)
    expect(reply.body).toMatchObject({ code: 'unique-taken', errors: [{ pointer: '/sections/badge' }] })
  })

  test('that of a removed line is free for a new one of the same request, and so is one that a line gives up', async () => {
    const { id, sections } = await withBadges('red', 'green')
    const [red, green] = sections
    const replaced = await patch(id, { sections: { 'new:1': { heading: 'new', badge: 'red' }, [red!.id]: null } })
    expect(replaced.status, replaced.text).toBe(200)
    expect(badges(replaced.body as Project)).toEqual(['green', 'red'])
    const handedOn = await patch(id, { sections: { 'new:1': { heading: 'newer', badge: 'green' }, [green!.id]: { badge: 'blue' } } })
    expect(handedOn.status, handedOn.text).toBe(200)
    expect(badges(handedOn.body as Project)).toEqual(['blue', 'red', 'green'])
    const moved = await patch(id, { sections: { [green!.id]: null, [(await read(id)).sections[1]!.id]: { badge: 'blue' } } })
    expect(moved.status, moved.text).toBe(200)
    expect(badges(moved.body as Project)).toEqual(['blue', 'green'])
    const whole = await patch(id, { sections: [{ heading: 'again', badge: 'blue' }] }, '?replace=sections')
    expect(whole.status, whole.text).toBe(200)
    expect(badges(whole.body as Project)).toEqual(['blue'])
  })

  test('a record that is deleted leaves its values to one that the same batch makes', async () => {
    const first = await create(world, as, '/api/crm/companies', { name: 'a', external_id: 'handed on' })
    const operations = [
      { op: 'create', data: { name: 'b', external_id: 'handed on' } },
      { op: 'delete', id: first.id },
    ]
    const reply = await world.call(as, 'POST', '/api/crm/companies/bulk', { body: { operations } })
    expect(reply.status, reply.text).toBe(200)
  })

  test('an upsert that breaks another key than its own is not tried again and again', async () => {
    await withBadges('guarded')
    const customer = await create(world, as, '/api/crm/companies', { name: 'Guard' })
    await world.sql('create sequence public.tries')
    await world.sql(`create function public.tries() returns trigger language plpgsql security definer as $$
      begin perform nextval('public.tries'); return new; end $$`)
    await world.sql('create trigger tries before insert on lab.section for each row execute function public.tries()')
    const data = { name: 'x', code: 'K', customer: customer.id, sections: [{ heading: 'h', badge: 'guarded' }] }
    const reply = await world.call(as, 'POST', '/api/lab/projects/bulk', { body: { operations: [{ op: 'upsert', key: 'code', data }] } })
    await world.sql('drop trigger tries on lab.section')
    expect(reply.status).toBe(409)
    expect(await world.sql('select last_value::int as n from public.tries')).toEqual([{ n: 1 }])
  })
})

describe('positions', () => {
  test('are whole numbers from 1 to a million', async () => {
    const { id, sections } = await newProject()
    const first = sections[0]!.id
    for (const position of [0, -3, 1.5, 1_000_001, 2 ** 31, '7'])
      await refused(id, { sections: { [first]: { position } } }, [`/sections/${first}/position`])
  })

  test('at their end there is still room: what is added last stays last', async () => {
    const { id, sections } = await newProject()
    const [plan] = sections
    expect((await patch(id, { sections: { [plan!.id]: { position: 1_000_000 } } })).status).toBe(200)
    const added = await patch(id, { sections: { 'new:1': { heading: 'One' } } })
    expect(added.status, added.text).toBe(200)
    const reply = await patch(id, { sections: { 'new:1': { heading: 'Two' } } })
    expect(reply.status, reply.text).toBe(200)
    const after = reply.body as Project
    expect(after.sections.map((each) => each.heading)).toEqual(['Build', 'Plan', 'One', 'Two'])
    // What was read may be sent back.
    const { position } = after.sections.at(-1)!
    expect((await patch(id, { sections: { [after.sections.at(-1)!.id]: { position } } })).status).toBe(200)
  })
})

describe('a list of references', () => {
  const stakeholders = async (n: number): Promise<string[]> =>
    Promise.all(Array.from({ length: n }, async (_, i) => (await create(world, as, '/api/crm/contacts', { name: `Contact ${i}` })).id))
  test('is set whole: new links are added, missing ones removed, kept ones keep their rows', async () => {
    const [a, b, c] = await stakeholders(3)
    const company = await create(world, as, '/api/crm/companies', { name: 'C' })
    const deal = await create(world, as, '/api/crm/deals', { name: 'D', company: company.id, stakeholders: [a, b] })
    const links = () =>
      world.sql<{ id: string; target: string }>('select id, target from crm.deal__stakeholders where parent_id = $1 order by position', [
        deal.id,
      ])
    const before = await links()
    const reply = await world.call(as, 'PATCH', `/api/crm/deals/${deal.id}`, { body: { stakeholders: [c, b] } })
    expect((reply.body as Json)['stakeholders']).toEqual([c, b])
    expect((await links())[1]).toEqual(before[1])
    const same = await eventsOf(world, () => world.call(as, 'PATCH', `/api/crm/deals/${deal.id}`, { body: { stakeholders: [c, b] } }))
    expect([same.result.headers.get('etag'), same.events]).toEqual(['"2.2"', []])
    expect(
      ((await world.call(as, 'PATCH', `/api/crm/deals/${deal.id}`, { body: { stakeholders: [] } })).body as Json)['stakeholders'],
    ).toEqual([])
  })

  test('may go on naming a deleted record, and takes no new one', async () => {
    const [a, b] = await stakeholders(2)
    const company = await create(world, as, '/api/crm/companies', { name: 'C' })
    const deal = await create(world, as, '/api/crm/deals', { name: 'D', company: company.id, stakeholders: [a] })
    expect((await world.call(as, 'DELETE', `/api/crm/contacts/${a}`)).status).toBe(200)
    expect((await world.call(as, 'DELETE', `/api/crm/contacts/${b}`)).status).toBe(200)
    expect((await world.call(as, 'PATCH', `/api/crm/deals/${deal.id}`, { body: { stakeholders: [a], notes: 'x' } })).status).toBe(200)
    const reply = await world.call(as, 'PATCH', `/api/crm/deals/${deal.id}`, { body: { stakeholders: [a, b] } })
    expect([reply.status, (reply.body as { errors: { pointer: string }[] }).errors.map((each) => each.pointer)]).toEqual([
      422,
      ['/stakeholders/1'],
    ])
  })
})

test('lines that are listed by themselves name their document, and are found by it; within it they do not repeat it', async () => {
  const project = await newProject()
  const other = await newProject()
  const listed = async (query: string): Promise<Json[]> => ((await get(world, as, `/api/lab/sections?${query}`)) as { data: Json[] }).data
  const mine = await listed(`parent=${project.id}`)
  expect(mine.map(({ parent, heading }) => `${String(parent)} ${String(heading)}`).toSorted()).toEqual([
    `${project.id} Build`,
    `${project.id} Plan`,
  ])
  expect(await listed(`parent.in=${project.id},${other.id}`)).toHaveLength(4)
  expect(await listed(`parent=${project.id}&fields=heading`)).not.toContainEqual(expect.objectContaining({ parent: project.id }))
  expect(await listed(`parent=${project.id}&fields=parent`)).toEqual(mine.map(({ id, position }) => ({ id, position, parent: project.id })))
  expect(await get(world, as, `/api/lab/sections/${String(mine[0]!['id'])}`)).toMatchObject({ parent: project.id })
  expect(Object.keys((await read(project.id)).sections[0]!)).not.toContain('parent')
  expect((await world.call(as, 'GET', '/api/lab/projects?parent=x')).status).toBe(400)
})
