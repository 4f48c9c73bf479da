import { expect, it } from 'vitest'
import { catalogue } from '../testing/metadata.ts'
import { handedOver, handing } from './handed.ts'

const acme = catalogue()
const bob = { ...acme, me: { ...acme.me, member: 'bob' } }
const state = handing(acme, { entity: 'inv.order', initial: { name: 'Copy' } })

it('what a form is handed stands at its place in the history, for its entity and the person who went there', () => {
  expect(handedOver(acme, 'inv.order', state)).toEqual({ name: 'Copy' })
  for (const nothing of [
    handedOver(bob, 'inv.order', state),
    handedOver(acme, 'inv.bill', state),
    handedOver(acme, 'inv.order', {}),
    handedOver(acme, 'inv.order', undefined),
  ])
    expect(nothing).toEqual({})
  expect(handedOver(acme, 'inv.order', handing(acme, { entity: 'inv.order' }))).toEqual({})
})
