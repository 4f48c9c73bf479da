import { DatabaseError } from 'pg'
import { describe, expect, test } from 'vitest'
import { Problem } from '../problems.ts'
import { connectionFault, constraintOf, toProblem, TransactionTimeout } from './errors.ts'
import { Stale } from './types.ts'

function databaseError(code: string, more: Partial<DatabaseError> = {}): DatabaseError {
  return Object.assign(new DatabaseError('duplicate key: secret "select * from t"', 10, 'error'), {
    code,
    detail: 'Key (email)=(ann@acme.test)',
    ...more,
  })
}

describe('toProblem', () => {
  test.each([
    ['22001', 'request-invalid'],
    ['22P02', 'request-invalid'],
    ['22003', 'request-invalid'],
    ['23502', 'request-invalid'],
    ['23514', 'request-invalid'],
    ['23503', 'still-referenced'],
    ['23505', 'unique-taken'],
    ['23P01', 'unique-taken'],
    ['25P03', 'timeout'],
    ['25P04', 'timeout'],
    ['57014', 'timeout'],
    ['40001', 'conflict'],
    ['40P01', 'conflict'],
    ['55P03', 'conflict'],
    ['BOS01', 'conflict'],
    ['BOS02', 'conflict'],
    ['BOS04', 'conflict'],
    ['53300', 'unavailable'],
    ['53100', 'unavailable'],
    ['57P01', 'unavailable'],
    ['57P03', 'unavailable'],
    ['08006', 'unavailable'],
    ['42501', 'not-allowed'],
    ['54001', 'too-expensive'],
    ['42601', 'internal'],
    ['42P01', 'internal'],
    ['XX000', 'internal'],
    ['25P02', 'internal'],
  ])('%s is %s, without a word of the statement or its values', (code, expected) => {
    const problem = toProblem(databaseError(code))
    expect(problem.code).toBe(expected)
    expect(JSON.stringify(problem)).not.toMatch(/select|duplicate|ann@acme/)
    expect(problem.cause).toBeInstanceOf(DatabaseError)
  })

  test.each([
    [Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' }), 'unavailable'],
    [new Error('Connection terminated unexpectedly'), 'unavailable'],
    [new Error('timeout exceeded when trying to connect'), 'unavailable'],
    [new TransactionTimeout(15_000), 'timeout'],
    [new Stale(), 'conflict'],
    [new TypeError('x is not a function'), 'internal'],
    ['thrown text', 'internal'],
  ])('%s is %s', (error, expected) => {
    expect(toProblem(error).code).toBe(expected)
  })

  test('a Problem stays itself', () => {
    const problem = new Problem('not-found')
    expect(toProblem(problem)).toBe(problem)
  })
})

test('the violated constraint is kept for whoever knows its fields', () => {
  expect(constraintOf(databaseError('23505', { constraint: 'deal_name_key' }))).toBe('deal_name_key')
  expect(constraintOf(databaseError('42601'))).toBeNull()
  expect(constraintOf(new Error('no'))).toBeNull()
})

test('an address that cannot be used is named, with the reason, without the password', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
  const at = { host: 'db.example', port: 5432, database: 'bos', user: 'serve' }
  expect(connectionFault(new AggregateError([refused]), 'DATABASE_URL', at).message).toBe(
    'DATABASE_URL: PostgreSQL at serve@db.example:5432/bos cannot be used: nothing listens there',
  )
})
