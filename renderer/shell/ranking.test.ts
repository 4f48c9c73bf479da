import { expect, it } from 'vitest'
import { closestFirst } from './ranking.ts'

it('puts the very title first, then what begins with the text, then the rest as it came', () => {
  const found = ['SO-00027', 'About PO-00027', 'PO-00027-B', 'PO-00027', 'PO-00027-A']
  expect(closestFirst(found, (title) => title, ' po-00027 ')).toEqual([
    'PO-00027',
    'PO-00027-B',
    'PO-00027-A',
    'SO-00027',
    'About PO-00027',
  ])
})
