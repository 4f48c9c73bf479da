import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExactNumber } from './fields/type.ts'
import { JsonFault, parseJson } from './json.ts'

const read = (text: string): unknown => parseJson(text, 64)
const nested = (levels: number, open: string, close: string): string => open.repeat(levels) + '1' + close.repeat(levels)

describe('parseJson refuses', () => {
  it.each([
    ['', 'ends too early at line 1, column 1'],
    ['{"a":1', 'ends too early'],
    ['"abc', 'ends too early'],
    ['{"a":1,}', 'Expected a key in double quotes at line 1, column 8'],
    ['[1,]', 'Expected a value at line 1, column 4'],
    ['{\n  "a": x\n}', 'Expected a value at line 2, column 8'],
    ['{a:1}', 'Expected a key'],
    ["{'a':1}", 'Expected a key'],
    ['[1 2]', 'Expected "," or "]"'],
    ['{"a" 1}', 'Expected ":"'],
    ['1 2', 'Unexpected text after the value'],
    ['01', 'Unexpected text'],
    ['NaN', 'Expected a value'],
    ['Infinity', 'Expected a value'],
    ['+1', 'Expected a value'],
    ['.5', 'Expected a value'],
    ['nul', 'Expected a value'],
    ['"a\u0001b"', 'control character'],
    ['"\\x41"', 'Unknown escape'],
    ['"\\u12"', 'Unknown escape'],
    ['{"a":1,"b":2,"a":3}', 'The same key stands twice, at line 1, column 14'],
    ['{"__proto__":1,"__proto__":2}', 'The same key stands twice'],
    ['{"a":1,"\\u0061":3}', 'The same key stands twice'],
    [nested(65, '[', ']'), 'Nested deeper than 64 levels'],
    [nested(65, '{"a":', '}'), 'Nested deeper than 64 levels'],
    ['['.repeat(1_000_000), 'Nested deeper than 64 levels'],
  ])('%.40s', (text, message) => {
    expect(() => read(text)).toThrow(JsonFault)
    expect(() => read(text)).toThrow(message)
  })
})

describe('parseJson', () => {
  it('reads exactly 64 levels', () => {
    expect(read(nested(64, '[', ']'))).toEqual(JSON.parse(nested(64, '[', ']')))
  })

  it('keeps __proto__ and constructor as ordinary own keys', () => {
    const value = read('{"__proto__":{"admin":true},"constructor":{"prototype":1}}') as Record<string, unknown>
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
  })

  it.each(['12345678901234567890', '9007199254740993', '0.1234567890123456789', '1e400', '-1e-400', '1.00000000000000000001'])(
    'keeps %s exact',
    (source) => {
      expect(read(source)).toEqual(new ExactNumber(source))
    },
  )

  it.each(['0', '-0', '0.1', '1.50', '9007199254740992', '1e5', '1.0000000000000000000', '100000000000000000000', '-12.5e-3', '5e-324'])(
    'reads %s as a double',
    (source) => {
      expect(read(source)).toBe(Number(source) || 0)
    },
  )

  it('reads whatever JSON.parse reads, and refuses what it refuses', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(read(text)).toEqual(JSON.parse(text))
      }),
    )
    const fragment = fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '"a"', '\\', '\\n', '1', '-', '.5', 'e3', 'true', 'null', ' ', '\n')
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('')
        let expected: { value: unknown } | null = null
        try {
          expected = { value: JSON.parse(text) }
        } catch {
          expected = null
        }
        if (expected) expect(JSON.stringify(read(text))).toBe(JSON.stringify(expected.value))
        else expect(() => read(text)).toThrow(JsonFault)
      }),
      { numRuns: 3000 },
    )
  })
})
