import { expect, test } from 'vitest'
import { cell, parsed, subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({ type: 'string', format: 'uri' })
const wrong = 'must be an address that begins with https://, http://, mailto: or tel:'

test('refuses what must not become a link', () => {
  expect(
    wronglyRefused(field, [
      ['', wrong],
      ['example.com', wrong],
      ['javascript:alert(1)', wrong],
      ['JaVaScRiPt:alert(1)', wrong],
      ['data:text/html,x', wrong],
      ['file:///etc/passwd', wrong],
      ['ftp://example.com', wrong],
      ['http:example.com', wrong],
      ['https://', wrong],
      ['https:///x', wrong],
      [' https://example.com', wrong],
      ['https://exa mple.com', wrong],
      ['https://bank.example@evil.example', wrong, { schema: false }],
      ['https://a:b@evil.example', wrong, { schema: false }],
      ['\tjavascript:alert(1)', 'has a tab, and takes words with spaces between them'],
      ['https://example.com/\n', 'has a line break, and takes one line'],
      ['mailto:', wrong],
      [7, 'must be text'],
      [`https://example.com/${'a'.repeat(2000)}`, 'has 2020 characters; at most 2000 are taken'],
    ]),
  ).toEqual([])
})

test('keeps plain addresses and encodes others', () => {
  expect(
    wronglyRead(field, [
      ['https://example.com', 'https://example.com'],
      ['HTTP://Example.com/a?b=c#d', 'HTTP://Example.com/a?b=c#d'],
      ['mailto:ada@example.com', 'mailto:ada@example.com'],
      ['tel:+4930901820', 'tel:+4930901820'],
      ['https://example.com:8080/%C3%A4', 'https://example.com:8080/%C3%A4'],
      ['https://müller.de/ä', 'https://xn--mller-kva.de/%C3%A4', { schema: false }],
    ]),
  ).toEqual([])
  expect(cell(field, ' https://example.com ')).toEqual({ value: 'https://example.com' })
})

test('an address that grows by its encoding is measured afterwards', () => {
  const short = subject({ type: 'string', format: 'uri', maxLength: 24 })
  expect(parsed(short, 'https://a.de/ääääää')).toEqual({ faults: [' has 49 characters; at most 24 are taken'] })
})
