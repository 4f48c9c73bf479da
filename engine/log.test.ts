import { expect, test, vi } from 'vitest'
import { logError } from './log.ts'

const error = new Error('the connection is gone')
test.each<[name: string, error: unknown, told: unknown]>([
  ['an error', error, error.stack],
  ['a copy of one, as pg-boss makes it', { message: error.message, stack: error.stack, queue: 'jobs' }, error.stack],
  ['a message alone', { message: 'gone', detail: 'Key (email)=(a@b.test)' }, 'gone'],
  ['any other object', { code: 7 }, '{ code: 7 }'],
  ['a text', 'gone', "'gone'"],
  ['nothing', undefined, 'undefined'],
])('the log tells %s', (_name, given, told) => {
  const written = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  logError(given)
  const [line] = written.mock.calls.map(([text]) => JSON.parse(String(text)) as unknown)
  written.mockRestore()
  expect(line).toEqual({ at: expect.stringMatching(/Z$/) as string, level: 'error', error: told })
})
