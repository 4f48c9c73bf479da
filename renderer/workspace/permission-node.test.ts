import { expect, test } from 'vitest'
import type { PermissionNode } from '../api/roles.ts'
import { draftOf, grantsOf, nodeOf } from './permission-node.ts'

const rep: PermissionNode = {
  scope: ['own', 'shared'],
  read: true,
  create: true,
  update: 'self.stage != "won"',
  hide: ['margin'],
  readOnly: ['number'],
  mask: { phone: { unless: 'self.owner == user.id' } },
  show: ['total'],
  transitions: { win: true, reopen: false },
}

test('a permission that is opened and not changed is what it was, but for what it refuses by saying so', () => {
  expect(nodeOf(draftOf(rep), rep)).toEqual({ ...rep, transitions: { win: true } })
})
test('one scope stands as a word, as files have it', () => {
  expect(nodeOf({ ...draftOf(rep), scopes: ['all'] }, rep)?.scope).toBe('all')
})
test('without a scope, or without anything that may be done, it gives nothing', () => {
  expect(nodeOf({ ...draftOf(rep), scopes: [] }, rep)).toBeNull()
  expect(nodeOf(draftOf({ scope: 'all', hide: ['margin'] }), null)).toBeNull()
  expect(nodeOf(draftOf(null), null)).toBeNull()
})
test('list, get and history stand by themselves where they differ from read, and stay so', () => {
  const node: PermissionNode = { scope: 'all', read: true, get: 'self.open' }
  expect(grantsOf(node)).toMatchObject({ read: true, list: true, get: 'self.open', history: true })
  expect(nodeOf(draftOf(node), node)).toEqual({ scope: 'all', read: true, list: true, get: 'self.open', history: true })
  expect(grantsOf(rep)).not.toHaveProperty('list')
})
test('an emptied mask is none', () => {
  expect(nodeOf({ ...draftOf(rep), mask: { phone: ' ' } }, rep)).not.toHaveProperty('mask')
})
