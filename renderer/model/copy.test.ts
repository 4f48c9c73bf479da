import { expect, it } from 'vitest'
import { catalogue, entity, field } from '../testing/metadata.ts'
import { copyOf, lineCopy } from './copy.ts'

const list = (name: string, of: string) => field({ name, lines: { entity: of, linkField: null, through: null } })
const part = entity({ id: 'x.part', kind: 'line', fields: [field({ name: 'serial', noCopy: true }), field({ name: 'kind' })] })
const line = entity({
  id: 'x.line',
  kind: 'line',
  fields: [
    field({ name: 'item' }),
    field({ name: 'delivered', noCopy: true }),
    field({ name: 'sum', readOnly: true }),
    list('parts', 'x.part'),
  ],
})
const order = entity({
  id: 'x.order',
  fields: [
    field({ name: 'title' }),
    field({ name: 'closed', noCopy: true }),
    field({ id: 'code-id', name: 'code' }),
    field({ id: 'a-id', name: 'a' }),
    field({ name: 'once', createOnly: true }),
    field({ name: 'cost' }),
    field({ name: 'tags', lines: { entity: 'x.order.tags', linkField: 'target', through: null } }),
    list('lines', 'x.line'),
  ],
  // Names are no ids: one that is named like the id of another is not unique for that.
  unique: [
    { id: 'u', fields: ['code-id'] },
    { id: 'v', fields: ['a-id', 'title'] },
    { id: 'w', fields: ['once-id'] },
  ],
})
const all = catalogue(order, line, part)
const given = {
  id: '1',
  version: 3,
  title: 'A',
  closed: 'yes',
  code: 'c',
  a: 'a',
  once: 'o',
  cost: 'hidden',
  _masked: ['cost'],
  tags: ['t'],
  lines: [{ id: '2', position: 1, item: 'i', delivered: 4, sum: 5, parts: [{ id: '3', serial: 's', kind: 'k' }] }],
}

it('a copy has what may be typed and is meant to be copied, in its lines and theirs too', () => {
  const newId = expect.stringMatching(/^new:/)
  expect(copyOf(all, order, given)).toEqual({
    title: 'A',
    a: 'a',
    once: 'o',
    tags: ['t'],
    lines: [{ id: newId, item: 'i', parts: [{ id: newId, kind: 'k' }] }],
  })
  expect(lineCopy(all, line, { id: 'new:1', item: 'j', delivered: 4, parts: [] })).toEqual({ id: newId, item: 'j', parts: [] })
})
