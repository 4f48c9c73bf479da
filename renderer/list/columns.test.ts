import { expect, it } from 'vitest'
import { entity, catalogue, field, typed } from '../testing/metadata.ts'
import { columnsOf, titleColumn, widthOf, widthsOf, type Layout } from './columns.ts'

const deal = entity({
  fields: [
    field({ name: 'city', title: 'City' }),
    typed('money', {}, { name: 'value', title: 'Value' }),
    typed(
      'select',
      { enum: ['a'], 'x-bos': { options: { a: { title: 'Hotels and catering trade' } } } },
      { name: 'branch', title: 'Branch' },
    ),
  ],
})
const layout: Layout = { paths: ['city', 'value', 'branch'], widths: {}, given: {}, density: 'default' }
const columns = columnsOf(catalogue(deal), deal, layout)
const plain = widthsOf(columns, layout, 0)

it('a column of options is as wide as the longest of them', () => {
  expect(widthOf(columns[2] ?? expect.fail(), layout)).toBeGreaterThan('Hotels and catering trade'.length * 7)
})
it('a column is as wide as its title, its sort arrow and its menu, where that is not too wide', () => {
  const titled = (title: string): number => {
    const dated = entity({ fields: [typed('date', {}, { name: 'day', title })] })
    const own: Layout = { ...layout, paths: ['day'] }
    return widthOf(columnsOf(catalogue(dated), dated, own)[0] ?? expect.fail(), own)
  }
  const around = 59
  expect(titled('Ordered on')).toBeGreaterThan('Ordered on'.length * 7 + around)
  expect(titled('Ordered on and not before that day')).toBe(220)
})
it('free room goes to what is read from the start, none of it to numbers', () => {
  const sum = plain.reduce((total, width) => total + width, 0)
  const wide = widthsOf(columns, layout, sum + 90)
  expect(wide.reduce((total, width) => total + width, 0)).toBe(sum + 90)
  expect(wide.map((width, at) => width > (plain[at] ?? 0))).toEqual([true, true, false, true])
  expect(Math.max(...widthsOf(columns, layout, 5000))).toBe(360)
})
it('what a person has set stays; the view’s width is a start', () => {
  const own = { ...layout, widths: { city: 90, [titleColumn]: 200 }, given: { city: 150, branch: 300 } }
  expect(widthsOf(columns, own, 5000).slice(0, 2)).toEqual([200, 90])
  expect(widthsOf(columns, own, 0)[3]).toBe(300)
})
