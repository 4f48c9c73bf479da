import { expect, test } from 'vitest'
import { subject, wronglyRead, wronglyRefused } from '../testing/field-subject.ts'

const field = subject({ 'x-bos': { type: 'markdown' }, maxLength: 40 })

test('refuses text beyond its length', () => {
  expect(
    wronglyRefused(field, [
      ['#'.repeat(41), 'has 41 characters; at most 40 are taken'],
      [null, 'must be text'],
    ]),
  ).toEqual([])
})

test('keeps the source as written: making it safe is for those who show it', () => {
  expect(
    wronglyRead(field, [
      ['# Title\n\n* a  \n', '# Title\n\n* a  \n'],
      ['<script>alert(1)</script>', '<script>alert(1)</script>'],
    ]),
  ).toEqual([])
  expect(Object.keys(field.type.operators)).toEqual(['contains', 'startsWith', 'null'])
})
