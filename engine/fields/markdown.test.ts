import { expect, test } from 'vitest'
import { accepts, refuses, subject } from './fixtures.ts'

const field = subject({ 'x-bos': { type: 'markdown' }, maxLength: 40 })

test('refuses text beyond its length', () => {
  refuses(field, [['#'.repeat(41), 'has 41 characters; at most 40 are taken'], [null, 'must be text']])
})

test('keeps the source as written: making it safe is for those who show it', () => {
  accepts(field, [['# Title\n\n* a  \n', '# Title\n\n* a  \n'], ['<script>alert(1)</script>', '<script>alert(1)</script>']])
  expect(Object.keys(field.type.operators)).toEqual(['contains', 'startsWith', 'null'])
})
