import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DataDirInUse, lockDataDir } from './data-lock.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bos-lock-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const leave = (holder: Record<string, unknown>) =>
  writeFileSync(join(dir, 'lock'), JSON.stringify({ began: null, host: hostname(), token: 'other', ...holder }))
const holder = () => (JSON.parse(readFileSync(join(dir, 'lock'), 'utf8')) as { pid: number }).pid

test('a folder is held once, also within one process, until it is released', () => {
  const lock = lockDataDir(dir)
  expect(() => lockDataDir(dir)).toThrow(DataDirInUse)
  lock.release()
  lockDataDir(dir).release()
  expect(readdirSync(dir)).toEqual([])
})

test('the refusal names the process that lives', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  await once(child, 'spawn')
  leave({ pid: child.pid })
  expect(() => lockDataDir(dir)).toThrow(`DATA_DIR ${dir} is in use by process ${child.pid}`)
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
  const lock = lockDataDir(dir)
  expect(holder()).toBe(process.pid)
  lock.release()
})

test('the lock of a dead process, of an earlier process with our pid, or a broken file is taken over', () => {
  const dead = spawnSync(process.execPath, ['-e', '']).pid
  for (const content of [{ pid: dead }, { pid: process.pid }]) {
    leave(content)
    lockDataDir(dir).release()
  }
  writeFileSync(join(dir, 'lock'), '{"pid":')
  lockDataDir(dir).release()
  expect(readdirSync(dir)).toEqual([])
})

// Only Linux tells when a process began.
if (process.platform === 'linux')
  test('a pid that another process has by now holds nothing', () => {
    leave({ pid: process.ppid, began: 'another boot/1' })
    lockDataDir(dir).release()
  })

test('a process of another machine holds the folder while it touches the lock', () => {
  leave({ pid: 1, host: 'another-machine' })
  expect(() => lockDataDir(dir)).toThrow('by process 1 on another-machine')
  const aMinuteAgo = new Date(Date.now() - 60_000)
  utimesSync(join(dir, 'lock'), aMinuteAgo, aMinuteAgo)
  lockDataDir(dir).release()
})

test('of many processes that find a dead lock, one takes it', async () => {
  leave({ pid: spawnSync(process.execPath, ['-e', '']).pid })
  const script = `
    const { lockDataDir } = await import(${JSON.stringify(new URL('./data-lock.ts', import.meta.url).href)})
    try { lockDataDir(process.argv[1]); console.log('held'); setTimeout(() => {}, 60_000) } catch (error) { console.log(error.name) }`
  const children = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script, dir], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  const words = await Promise.all(children.map(async (child) => String((await once(child.stdout, 'data'))[0]).trim()))
  for (const child of children) child.kill('SIGKILL')
  for (const child of children) if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect(words.sort()).toEqual(['DataDirInUse', 'DataDirInUse', 'DataDirInUse', 'DataDirInUse', 'DataDirInUse', 'held'])
}, 30_000)
