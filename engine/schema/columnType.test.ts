import { expect, test } from 'vitest'
import { canonicalType, widerType } from './columnType.ts'

test.each([
  ['numeric(10,2)', 'numeric(12,4)'],
  ['numeric(10,2)', 'bigint'],
  ['text', 'integer'],
  ['date', 'timestamp(3) with time zone'],
  ['text[]', 'text'],
])('%s and %s have no common type', (one, other) => {
  expect(widerType(one, other)).toBeNull()
  expect(widerType(other, one)).toBeNull()
})

test.each([
  ['integer', 'bigint', 'bigint'],
  ['numeric(10,2)', 'numeric(18,2)', 'numeric(18,2)'],
  ['character varying(20)', 'text', 'text'],
  ['character varying(20)', 'character varying(30)', 'character varying(30)'],
  ['uuid', 'uuid', 'uuid'],
])('%s widens to %s', (one, other, wider) => {
  expect(widerType(one, other)).toBe(wider)
  expect(widerType(other, one)).toBe(wider)
})

test.each([
  ['timestamptz(3)', 'timestamp(3) with time zone'],
  ['timestamptz', 'timestamp with time zone'],
  ['time(0)', 'time(0) without time zone'],
  ['int', 'integer'],
  ['numeric(18, 2)', 'numeric(18,2)'],
  ['TEXT[]', 'text[]'],
  ['varchar(20)', 'character varying(20)'],
  ['timestamp(3) with time zone', 'timestamp(3) with time zone'],
  ['double precision', 'double precision'],
  ['int8[]', 'bigint[]'],
])('%s is reported as %s', (type, reported) => expect(canonicalType(type)).toBe(reported))
