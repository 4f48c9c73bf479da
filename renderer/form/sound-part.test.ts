import { describe, expect, it } from 'vitest'
import { soundPart } from './sound-part.ts'

const fault = (path: string) => ({ path: path.split('/'), detail: 'is wrong' })

describe('what a form that is being filled in can be asked about', () => {
  it('is all of it where things are only missing', () => {
    const data = { note: '', lines: [{ id: 'new:1', item: null, quantity: 2 }] }
    expect(soundPart(data, [fault('name'), fault('note'), fault('lines/0/item')], undefined)).toEqual({ data, isWhole: true })
  })
  it('is without what is half typed, and nothing else of its line is left out', () => {
    const lines = [
      { id: 'new:1', item: 'a', quantity: 1 },
      { id: 'new:2', item: 'b', quantity: -1 },
    ]
    expect(soundPart({ name: 'toolong', lines }, [fault('name'), fault('lines/1/quantity')], undefined)).toEqual({
      data: { name: undefined, lines: [lines[0], { id: 'new:2', item: 'b', quantity: undefined }] },
      isWhole: false,
    })
  })
  it('has of a record what that has, line by line, whatever their order', () => {
    const record = {
      name: 'old',
      lines: [
        { id: 'x', quantity: 5 },
        { id: 'y', quantity: 6, parts: [{ id: 'p', serial: 'ok' }] },
      ],
    }
    const data = {
      name: 'toolong',
      lines: [
        { id: 'y', quantity: -1, parts: [{ id: 'p', serial: 'toolong' }] },
        { id: 'x', quantity: 7 },
      ],
    }
    expect(soundPart(data, [fault('name'), fault('lines/0/quantity'), fault('lines/0/parts/0/serial')], record)).toEqual({
      data: {
        name: 'old',
        lines: [
          { id: 'y', quantity: 6, parts: [{ id: 'p', serial: 'ok' }] },
          { id: 'x', quantity: 7 },
        ],
      },
      isWhole: false,
    })
  })
})
