import { beforeAll, describe, expect, test } from 'vitest'
import { describedFor } from '../testing/described.ts'
import { files, openFlows } from '../testing/flows.ts'
import { postings } from '../testing/postings.ts'
import { ok, type Person, type Reply } from '../testing/world.ts'
import type { Explanation } from './explain.ts'

/** Why somebody may or may not, what a transition would do, and what the one who asks is not told. */
const world = await openFlows({
  ...postings,
  'module.json': { ...files['module.json'], roles: ['clerk', 'boss', 'auditor'].map((name) => ({ id: `flows.${name}`, title: name })) },
  'entities/matter.json': {
    title: 'Matter',
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', title: 'Name', maxLength: 80 },
      hours: { title: 'Hours', 'x-bos': { type: 'decimal', scale: 1 } },
      secret: { title: 'Secret', 'x-bos': { type: 'decimal', scale: 2 } },
      double: { title: 'Double', 'x-bos': { type: 'decimal', scale: 1, compute: 'self.hours * 2' } },
      triple: { title: 'Triple', 'x-bos': { type: 'decimal', scale: 1, compute: 'self.hours * 3' } },
      reason: {
        type: 'string',
        title: 'Reason',
        maxLength: 80,
        'x-bos': { readOnlyWhen: 'self.hours > 100', requiredWhen: 'self.hours > 10', visibleWhen: 'self.secret == null' },
      },
      parts: { title: 'Parts', 'x-bos': { type: 'lines', entity: 'flows.part' } },
      state: {
        title: 'State',
        enum: ['open', 'done'],
        'x-bos': {
          lifecycle: {
            states: { done: { frozen: true, except: ['reason'] } },
            transitions: {
              finish: { from: ['open'], to: 'done', guard: 'self.hours > 1 && self.secret > 5', message: 'Not yet.' },
              reopen: { from: ['done'], to: 'open', roles: ['flows.boss'] },
            },
          },
        },
      },
    },
    'x-bos': {
      use: ['core.owned', 'core.shareable'],
      plural: 'matters',
      titleField: 'name',
      rules: [
        { id: 'few', assert: 'self.hours < 1000', message: 'Too many hours.', at: 'hours', severity: 'warning' },
        { id: 'deep', assert: 'self.secret < 1000', message: 'Too deep.', at: 'secret', severity: 'warning' },
      ],
      permissions: {
        'flows.clerk': {
          scope: ['own', 'shared'],
          read: true,
          update: true,
          create: true,
          hide: ['secret'],
          mask: { triple: { unless: 'self.hours < 15' } },
          readOnly: ['name'],
        },
        'flows.boss': { scope: 'all', read: true, update: true, delete: true, share: true },
        'flows.auditor': { scope: 'shared', read: true },
      },
    },
  },
  'entities/notice.json': {
    title: 'Notice',
    type: 'object',
    required: ['text'],
    properties: {
      text: { type: 'string', title: 'Text', maxLength: 80 },
      open: { type: 'boolean', title: 'Open' },
      state: {
        title: 'State',
        enum: ['up', 'down', 'pinned'],
        'x-bos': {
          lifecycle: {
            transitions: { take_down: { from: ['up'], to: 'down', roles: ['flows.auditor'] }, pin: { from: ['up'], to: 'pinned' } },
          },
        },
      },
    },
    'x-bos': {
      use: ['core.owned'],
      plural: 'notices',
      titleField: 'text',
      permissions: {
        'flows.clerk': { scope: 'own', read: true, update: 'self.open', transitions: { pin: false } },
        'flows.auditor': { scope: 'all', read: true },
      },
    },
  },
  'entities/part.json': {
    title: 'Part',
    type: 'object',
    properties: {
      done: { type: 'boolean', title: 'Done' },
      price: { type: 'integer', title: 'Price', 'x-bos': { readOnlyWhen: 'self.done' } },
      note: {
        type: 'string',
        title: 'Note',
        maxLength: 80,
        'x-bos': { requiredWhen: 'self.price > 5', readOnlyWhen: 'parent.secret > 5' },
      },
    },
    'x-bos': { kind: 'line', plural: 'parts' },
  },
})
type Data = Record<string, unknown> & { id: string }
const call = (as: Person, method: string, path: string, body?: object): Promise<Reply> =>
  world.call(as, method, `/api/${path}`, body ? { body } : {})
const make = async (path: string, body: object): Promise<Data> => ok(await call('admin@acme', 'POST', path, body)) as Data
/** Each is what the document of the API promises to whoever asks. */
const explain = async (as: Person, path: string, query = ''): Promise<Explanation> => {
  const reply = await call(as, 'GET', `${path}/explain${query}`)
  const { operations, faults } = await describedFor(world.call, as)
  const operation = operations.values().find((each) => each.path === `/api/${path.replace(/[^/]+$/, '{id}')}/explain`)!
  expect(faults(operation.operationId, reply)).toEqual([])
  return ok(reply) as unknown as Explanation
}
const { rep = '', manager = '', admin = '' } = world.acme.members
const details = (reasons: readonly { detail: string }[]): string[] => reasons.map(({ detail }) => detail)

let mine: Data
let other: Data

beforeAll(async () => {
  for (const [person, role] of [
    ['rep', 'flows.clerk'],
    ['manager', 'flows.boss'],
  ] as const)
    ok(
      await call('admin@acme', 'PUT', `access/${world.acme.members[person]}`, { email: `${person}@acme.test`, roles: ['core.user', role] }),
    )
  mine = await make('flows/matters', { name: 'M', hours: '20', secret: '4', reason: 'r', owner: rep })
  other = await make('flows/matters', { name: 'O', hours: '20', secret: '6', reason: 'r', owner: manager })
})

describe('who asks', () => {
  test('hears nothing of a record out of sight, of another tenant, or of none', async () => {
    const answers = await Promise.all([
      call('rep@acme', 'GET', `flows/matters/${other.id}/explain`),
      call('admin@globex', 'GET', `flows/matters/${mine.id}/explain`),
      call('rep@acme', 'GET', `flows/matters/${admin}/explain`),
    ])
    for (const answer of answers) {
      expect(answer.status).toBe(404)
      expect(answer.text.replace(/"requestId":"[^"]*"/, '')).toBe(answers[0].text.replace(/"requestId":"[^"]*"/, ''))
    }
  })

  test('is told of unknown and hidden names alike', async () => {
    const of = async (query: string) => {
      const reply = await call('rep@acme', 'GET', `flows/matters/${mine.id}/explain?${query}`)
      return [
        reply.status,
        (reply.body as { code: string; detail: string }).code,
        (reply.body as { detail: string }).detail.replace(/^.*?(has no field).*$/, '$1'),
      ]
    }
    expect(await of('field=secret')).toEqual([400, 'field-unknown', 'has no field'])
    expect(await of('field=nonsense')).toEqual([400, 'field-unknown', 'has no field'])
    expect((await of('action=fly')).slice(0, 2)).toEqual([400, 'parameter-invalid'])
    expect((await of('what=get')).slice(0, 2)).toEqual([400, 'parameter-invalid'])
    expect((await of(`as=${manager}`)).slice(0, 2)).toEqual([403, 'not-allowed'])
    expect((await call('rep@acme', 'POST', `flows/matters/${mine.id}/explain`)).status).toBe(405)
  })

  test('about somebody else must name one of the tenant', async () => {
    const of = (member: string) => call('admin@acme', 'GET', `flows/matters/${mine.id}/explain?as=${member}`)
    const [there, random, malformed] = await Promise.all([world.globex.members['rep']!, mine.id, 'x'].map(of))
    expect([there!.status, random!.status, malformed!.status]).toEqual([400, 400, 400])
    expect((there!.body as { detail: string }).detail).toBe((random!.body as { detail: string }).detail)
  })
})

describe('an action', () => {
  test('is granted by a role and its scope, or is not', async () => {
    const get = await explain('rep@acme', `flows/matters/${mine.id}`)
    expect(get).toMatchObject({ action: 'get', allowed: true, because: [{ role: 'flows.clerk', scope: 'own', layer: 'module' }] })
    expect(get.refused.map(({ role, scope }) => [role, scope])).toEqual([['flows.clerk', 'shared']])
    const remove = await explain('rep@acme', `flows/matters/${mine.id}`, '?action=delete')
    expect(remove).toMatchObject({ allowed: false, because: [] })
    expect(details(remove.refused)).toEqual(['User may not delete matters.', 'clerk may not delete matters.', 'It takes the role “boss”.'])
    const reopen = await explain('rep@acme', `flows/matters/${mine.id}`, '?action=reopen')
    expect(details(reopen.refused).at(-1)).toBe('It takes the role “boss”.')
    expect(await explain('manager@acme', `flows/matters/${mine.id}`, '?action=share')).toMatchObject({ allowed: true })
  })

  test('of somebody else is explained to who may look as others', async () => {
    const theirs = await explain('admin@acme', `flows/matters/${other.id}`, `?action=update&as=${rep}`)
    expect(theirs).toMatchObject({ as: rep, allowed: false, because: [] })
    expect(theirs.refused.map(({ scope }) => scope)).toContain('own')
    expect(await explain('admin@acme', `flows/matters/${mine.id}`, `?action=update&as=${rep}`)).toMatchObject({ allowed: true })
    expect(await explain('admin@acme', `flows/matters/${mine.id}`, `?action=delete&as=${rep}`)).toMatchObject({ allowed: false })
  })

  test('that a scope grants is refused by what stands against it alone', async () => {
    const told = await explain('rep@acme', `flows/matters/${mine.id}`, '?action=finish')
    expect(told.because.map(({ scope }) => scope)).toEqual(['own'])
    expect(details(told.refused)).toEqual(['Not yet.'])
  })

  test('of what is shared to be read is refused for that, not for being out of the scope', async () => {
    const draft = await make('flows/matters', { name: 'Shared', owner: manager })
    const told = async (as: Person, more = '') => {
      const { allowed, refused } = await explain(as, `flows/matters/${draft.id}`, `?action=update${more}`)
      return [allowed, ...refused.filter(({ role }) => role === 'flows.clerk').map(({ detail }) => detail)]
    }
    const clerk = 'clerk may update matters of the scope'
    const own = `${clerk} “Own records”; this is none of them.`
    expect(await told('admin@acme', `&as=${rep}`)).toEqual([false, own, `${clerk} “Records shared with them”; this is none of them.`])
    const share = (access: string) => call('manager@acme', 'POST', `flows/matters/${draft.id}/share`, { member: rep, access })
    ok(await share('read'))
    const toRead = [false, own, `${clerk} “Records shared with them”; this one is shared with them to read only.`]
    expect([await told('admin@acme', `&as=${rep}`), await told('rep@acme')]).toEqual([toRead, toRead])
    ok(await share('update'))
    expect(await told('rep@acme')).toEqual([true, own])
  })

  test('of a role with words of its own is told which of scope and words does not hold', async () => {
    const told = async (record: Data) => {
      const { refused } = await explain('admin@acme', `flows/notices/${record.id}`, `?action=update&as=${rep}`)
      return refused.filter(({ role }) => role === 'flows.clerk').map(({ detail, condition }) => [detail, condition?.value])
    }
    const notice = 'clerk may update notices of the scope “Own records”'
    const theirs = await make('flows/notices', { text: 'T', open: true, owner: manager })
    expect(await told(theirs)).toEqual([[`${notice}; this is none of them.`, undefined]])
    const closed = await make('flows/notices', { text: 'C', open: false, owner: rep })
    expect(await told(closed)).toEqual([[`${notice} where a condition holds; here it does not.`, false]])
  })

  test('of a deleted record is to restore it', async () => {
    const gone = await make('flows/matters', { name: 'G', owner: rep })
    ok(await call('admin@acme', 'DELETE', `flows/matters/${gone.id}`))
    const of = async (action: string) => (await explain('admin@acme', `flows/matters/${gone.id}`, `?action=${action}`)).allowed
    expect([await of('restore'), await of('get'), await of('update'), await of('history')]).toEqual([true, false, false, true])
    expect((await call('rep@acme', 'GET', `flows/matters/${gone.id}/explain`)).status).toBe(404)
  })
})

describe('a field', () => {
  const of = async (as: Person, record: Data, field: string, more = '', plural = 'matters') =>
    (await explain(as, `flows/${plural}/${record.id}`, `?action=update&field=${field}${more}`)).field!

  test('is shown and may be changed, or a role, its making or a condition keeps it', async () => {
    expect(await of('rep@acme', mine, 'hours')).toMatchObject({ name: 'hours', shown: true, editable: true, required: false })
    const name = await of('rep@acme', mine, 'name')
    expect(name).toMatchObject({ shown: true, editable: false, required: true })
    expect(details(name.because.filter(({ about }) => about === 'editable'))).toEqual(['clerk may not change Name.'])
    const double = await of('rep@acme', mine, 'double')
    const made = double.because.filter(({ about }) => about === 'editable')
    expect(details(made)).toEqual(['Double is worked out from other values.'])
    expect(made[0]!.why).toEqual({
      label: 'self.hours * 2',
      value: '40',
      decides: true,
      parts: [{ label: 'self.hours', value: '20', decides: false, parts: [] }],
    })
    // What is masked is not told by what it is made of.
    const triple = await of('rep@acme', mine, 'triple')
    expect(triple).toMatchObject({ shown: false, editable: false })
    expect(triple.because.filter(({ about }) => about === 'editable').every(({ why }) => why === undefined)).toBe(true)
    expect((await of('admin@acme', mine, 'triple', `&as=${rep}`)).because.every(({ why }) => why?.label !== 'self.hours * 3')).toBe(true)
    const reason = await of('rep@acme', mine, 'reason')
    expect(reason).toMatchObject({ editable: true, required: true })
    expect(reason.because.find(({ about }) => about === 'required')?.why).toMatchObject({ label: 'self.hours > 10', value: true })
    // What hangs on a hidden field is not named.
    expect(reason.because.find(({ about }) => about === 'visible')?.why).toEqual({
      label: '…',
      decides: true,
      parts: [{ label: '…', decides: false, parts: [] }],
    })
    const many = await make('flows/matters', { name: 'H', hours: '200', reason: 'r', owner: rep })
    const kept = await of('rep@acme', many, 'reason')
    expect(kept.editable).toBe(false)
    expect(kept.because.find(({ about }) => about === 'editable')?.why).toMatchObject({
      label: 'self.hours > 100',
      value: true,
      parts: [{ label: 'self.hours', value: '200' }],
    })
  })

  test('that is hidden from somebody else is told to be', async () => {
    expect(await of('admin@acme', mine, 'secret', `&as=${rep}`)).toMatchObject({ shown: false, editable: false })
    expect(await of('admin@acme', mine, 'secret')).toMatchObject({ shown: true, editable: true })
  })

  test('of lines is told of them together: in how many it is as it is, and nothing of what is hidden', async () => {
    const made = async (secret: string, ...parts: object[]) => make('flows/matters', { name: 'L', hours: '1', secret, owner: rep, parts })
    const told = async (record: Data, column: string, as: Person = 'rep@acme', more = '') => {
      const { shown, editable, required, because } = await of(as, record, `parts.${column}`, more)
      return [shown, editable, required, details(because).filter((each) => /lines|now/.test(each))]
    }
    const some = await made('4', { done: true, price: 9, note: 'n' }, { done: false, price: 2 }, { price: null })
    const priced = [true, true, false, ['In 1 of 3 lines Price cannot be changed now.']]
    expect([await told(some, 'price'), await told(some, 'price', 'admin@acme', `&as=${rep}`)]).toEqual([priced, priced])
    expect(await told(some, 'note')).toEqual([true, true, false, ['In 1 of 3 lines Note is required.']])
    const parts = some['parts'] as readonly Data[]
    const patched = async (at: number) =>
      (await call('rep@acme', 'PATCH', `flows/matters/${some.id}?dryRun=true`, { parts: { [parts[at]!.id]: { price: 3 } } })).status
    expect([await patched(0), await patched(1), await patched(2)]).toEqual([422, 200, 200])
    const all = await made('6', { done: true, price: 9, note: 'n' })
    expect(await told(all, 'price')).toEqual([true, false, false, ['Price cannot be changed now.']])
    // What the condition reads is hidden from the clerk: who may change it would find out by trying, and hears no more.
    const kept = [true, false, true, ['Note cannot be changed now.', 'In 1 of 1 lines Note is required.']]
    expect([await told(all, 'note'), await told(all, 'note', 'admin@acme', `&as=${rep}`)]).toEqual([kept, kept])
    const none = await made('6')
    expect(await told(none, 'price')).toEqual([true, true, false, []])
    for (const column of ['price', 'note', 'nothing'])
      expect((await call('rep@acme', 'GET', `flows/matters/${other.id}/explain?field=parts.${column}`)).status).toBe(
        column === 'nothing' ? 400 : 404,
      )
  })

  test('of a record that is frozen stays, but for exceptions', async () => {
    const done = await make('flows/matters', { name: 'D', hours: '3', secret: '6', owner: rep })
    ok(await call('admin@acme', 'POST', `flows/matters/${done.id}/finish`))
    expect(await of('rep@acme', done, 'reason')).toMatchObject({ editable: true })
    const hours = await of('rep@acme', done, 'hours')
    expect(hours.editable).toBe(false)
    expect(details(hours.because)).toContain('The record is Done: this no longer changes.')
  })

  test('that is a state says what leads on, who may go there, and what keeps them', async () => {
    const done = await make('flows/matters', { name: 'D', hours: '3', secret: '6', owner: rep })
    const state = async (as: Person) => {
      const { editable, because } = await of(as, done, 'state')
      return [editable, ...details(because.filter(({ about }) => about === 'editable'))]
    }
    expect(await state('rep@acme')).toEqual([true, 'From Open only Finish leads on.'])
    const onward = await of('rep@acme', mine, 'state')
    expect([onward.editable, details(onward.because.filter(({ about }) => about === 'editable'))]).toEqual([
      false,
      ['From Open only Finish leads on.', 'Finish: Not yet.'],
    ])
    ok(await call('admin@acme', 'POST', `flows/matters/${done.id}/finish`))
    expect(await state('rep@acme')).toEqual([false, 'From Done only Reopen leads on; only boss may reopen.'])
    expect(await state('manager@acme')).toEqual([true, 'From Done only Reopen leads on.'])
    const notice = await make('flows/notices', { text: 'N', open: true, owner: rep })
    expect((await of('rep@acme', notice, 'state', '', 'notices')).because.map(({ detail }) => detail)).toContain(
      'From Up Take down and Pin lead on; only auditor may take down; only Administrator may pin.',
    )
  })

  test('conditions of all fields come with an update', async () => {
    const told = (await explain('rep@acme', `flows/matters/${mine.id}`, '?action=update')).expressions!
    expect(told.map(({ kind, field, holds }) => [kind, field, holds])).toEqual([
      ['visibleWhen', 'reason', undefined],
      ['requiredWhen', 'reason', true],
      ['readOnlyWhen', 'reason', false],
    ])
  })

  test('rules that the record breaks are told to who may read all that they read', async () => {
    const broken = await make('flows/matters', { name: 'B', hours: '2000', secret: '2000', reason: 'r', owner: rep })
    const rules = async (as: Person) =>
      (await explain(as, `flows/matters/${broken.id}`, '?action=update'))
        .expressions!.filter(({ kind }) => kind === 'rule')
        .map(({ rule }) => rule)
    expect([await rules('rep@acme'), await rules('manager@acme')]).toEqual([['few'], ['few', 'deep']])
  })
})

describe('a transition', () => {
  test('tells what stands against it, and withholds what the caller may not see', async () => {
    const told = await explain('rep@acme', `flows/matters/${mine.id}`, '?action=finish')
    expect(told).toMatchObject({ allowed: false, would: { allowed: false, faults: [{ pointer: '/state', detail: 'Not yet.' }] } })
    const [guard] = told.expressions!
    expect(guard).toMatchObject({ kind: 'guard', message: 'Not yet.' })
    expect(guard).not.toHaveProperty('holds')
    expect(guard!.why.parts.map(({ label, value }) => [label, value])).toEqual([
      ['self.hours > 1', true],
      ['…', undefined],
    ])
    expect(JSON.stringify(told)).not.toContain('secret')
    const whole = await explain('manager@acme', `flows/matters/${mine.id}`, '?action=finish')
    expect(whole.expressions![0]!.why).toMatchObject({
      value: false,
      parts: [
        { value: true, decides: false },
        { label: 'self.secret > 5', value: false, decides: true },
      ],
    })
    const asked = await explain('admin@acme', `flows/matters/${mine.id}`, `?action=finish&as=${rep}`)
    expect(asked.expressions![0]!.why.parts.map(({ label, value }) => [label, value])).toEqual([
      ['self.hours > 1', true],
      ['self.secret > 5', undefined],
    ])
  })

  test('withholds what is masked in this record, and tells it of one where it is shown', async () => {
    const access = `access/${world.acme.members['rep']}`
    ok(await call('admin@acme', 'PUT', access, { email: 'rep@acme.test', roles: ['core.user', 'flows.clerk', 'flows.auditor'] }))
    const shown = await make('flows/matters', { name: 'S', hours: '3', secret: '4.75', owner: rep })
    ok(await call('admin@acme', 'POST', `flows/matters/${shown.id}/share`, { member: rep, access: 'read' }))
    const values = async (record: Data) =>
      (await explain('rep@acme', `flows/matters/${record.id}`, '?action=finish')).expressions![0]!.why.parts.map((part) => [
        part.label,
        part.value,
        part.parts[0]?.value,
      ])
    expect(await values(shown)).toEqual([
      ['self.hours > 1', true, '3'],
      ['self.secret > 5', false, '4.75'],
    ])
    expect(await values(mine)).toEqual([
      ['self.hours > 1', true, '20'],
      // Nor with what it is compared.
      ['…', undefined, undefined],
    ])
    const secret = async (record: Data) => (await explain('rep@acme', `flows/matters/${record.id}`, '?action=update&field=secret')).field!
    expect([(await secret(shown)).shown, (await secret(mine)).shown, (await secret(mine)).editable]).toEqual([true, false, false])
    ok(await call('admin@acme', 'PUT', access, { email: 'rep@acme.test', roles: ['core.user', 'flows.clerk'] }))
  })

  test('that no role of the caller runs is not allowed', async () => {
    expect(await explain('rep@acme', `flows/matters/${mine.id}`, '?action=reopen')).toMatchObject({ allowed: false, because: [] })
  })

  test('shows what it would do, and does nothing', async () => {
    const entry = await make('flows/entries', {
      text: 'E',
      day: '2026-11-02',
      lines: [
        { account: '1', debit: '5' },
        { account: '2', credit: '5' },
      ],
    })
    const before = await world.sql(`select count(*)::int as n from bos.event where entity <> 'bos.access'`)
    const { allowed, would } = await explain('admin@acme', `flows/entries/${entry.id}`, '?action=post')
    expect(await world.sql(`select count(*)::int as n from bos.event where entity <> 'bos.access'`)).toEqual(before)
    expect(allowed).toBe(true)
    expect(would!.changes).toEqual({ state: { from: 'draft', to: 'posted' } })
    expect(would!.effects.map(({ entity, op, values }) => [entity, op, values['account'], values['amount']])).toEqual([
      ['flows.posting', 'created', '1', '5.00'],
      ['flows.posting', 'created', '2', '-5.00'],
      ['flows.balance', 'created', '1', '5.00'],
      ['flows.balance', 'created', '2', '-5.00'],
    ])
    ok(await call('admin@acme', 'POST', `flows/entries/${entry.id}/post`))
    const back = await explain('admin@acme', `flows/entries/${entry.id}`, '?action=cancel')
    expect(back.would!.effects.map(({ entity, op }) => `${entity} ${op}`)).toEqual([
      'flows.balance deleted',
      'flows.balance deleted',
      'flows.posting created',
      'flows.posting created',
    ])
    expect(await explain('admin@acme', `flows/entries/${entry.id}`, '?action=post')).toMatchObject({ allowed: false })
  })

  test('shows the draft it would produce', async () => {
    const purchase = await make('flows/purchases', { name: 'P', items: [{ what: 'x', quantity: 3 }] })
    ok(await call('admin@acme', 'POST', `flows/purchases/${purchase.id}/order`))
    const { would } = await explain('admin@acme', `flows/purchases/${purchase.id}`, '?action=receive')
    expect(would!.produced).toMatchObject([{ entity: 'flows.receipt', data: { note: 'For P', items: [{ quantity: 3 }] } }])
    ok(await call('admin@acme', 'PUT', `access/${manager}`, { email: 'manager@acme.test', roles: ['core.admin'] }))
    const theirs = await explain('admin@acme', `flows/purchases/${purchase.id}`, `?action=receive&as=${manager}`)
    expect(theirs.would!.produced).toEqual([{ entity: 'flows.receipt', data: {} }])
  })
})
