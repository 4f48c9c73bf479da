import { expect, test, vi } from 'vitest'
import { logError, logFrom, logLine } from './log.ts'

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

test('secrets stand in no line, however deep, and levels below the chosen one are not written', () => {
  const written = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  logFrom('info')
  logLine('info', { password: 'geheim', headers: { authorization: 'Bearer geheim', accept: '*' }, a: { b: { 'set-cookie': 'geheim' } } })
  logFrom('warn')
  logLine('info', { event: 'quiet' })
  logLine('warn', { event: 'loud' })
  const text = written.mock.calls.map(([line]) => String(line)).join()
  written.mockRestore()
  expect(text).not.toContain('geheim')
  expect(text).toContain('"accept":"*"')
  expect(text).not.toContain('quiet')
  expect(text).toContain('loud')
})
