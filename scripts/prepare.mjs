/**
 * Makes a clone ready to run: `npm start`, `npm test`, `npm run check` and `npm run bench` call it first.
 * It runs under whatever Node the machine has (≥ 20), before anything is installed: plain JavaScript, no packages.
 *
 *   node scripts/prepare.mjs        installs the packages if they are missing or not those of package-lock.json
 *   node scripts/prepare.mjs ui     … and builds the web UI if its sources changed since the last build
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const windows = process.platform === 'win32'

/** Node 24 from the npm package `node`: what the project itself runs on. */
const projectNode = join(root, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node')
const installStamp = join(root, 'node_modules', '.prepared')
const uiStamp = join(root, 'renderer', 'dist', '.stamp')

/** What the UI is built from. */
const uiSources = [
  'renderer',
  'admin',
  'engine/fields',
  'engine/expressions',
  'engine/catalogue',
  'engine/records',
  'engine/problems.ts',
  'engine/json.ts',
  'package-lock.json',
]

function fail(message) {
  console.error(`\n${message}\n`)
  process.exit(1)
}

/** Hash of names and contents of files and folders, without tests and build output. */
function fingerprint(paths, salt = '') {
  const hash = createHash('sha256').update(salt)
  const add = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const full = join(path, entry.name)
      if (entry.isDirectory()) {
        if (entry.name !== 'dist' && entry.name !== 'testing') add(full)
      } else if (!/\.test\.tsx?$/.test(entry.name)) {
        hash.update(`${relative(root, full)}\0`).update(readFileSync(full))
      }
    }
  }
  for (const path of paths.map((one) => join(root, one)).filter((one) => existsSync(one))) {
    if (statSync(path).isFile()) hash.update(readFileSync(path))
    else add(path)
  }
  return hash.digest('hex')
}

const stampSays = (file, value) => existsSync(file) && readFileSync(file, 'utf8') === value

function install() {
  // The platform counts: a folder shared between systems holds the binaries of only one of them.
  const wanted = fingerprint(['package-lock.json', '.npmrc'], `${process.platform} ${process.arch}`)
  if (stampSays(installStamp, wanted) && existsSync(projectNode)) return
  const fresh = !existsSync(join(root, 'node_modules'))
  console.log(fresh ? 'Installing packages (once, about a minute) …' : 'Packages are not those of package-lock.json: installing …')
  // `ci` for a fresh clone. Otherwise `install`, which keeps what is there: Windows cannot delete the node.exe that runs us.
  const arguments_ = [...(fresh ? ['ci'] : ['install', '--no-save']), '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = process.env.npm_execpath
  const runner = process.env.npm_node_execpath ?? process.execPath
  const result = npm
    ? spawnSync(runner, [npm, ...arguments_], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', arguments_, { cwd: root, stdio: 'inherit', shell: windows })
  if (result.status !== 0) {
    fail(
      `npm ${arguments_[0]} failed (above). It needs the npm registry, or a filled npm cache with npm's --offline setting. Nothing was started.`,
    )
  }
  if (!existsSync(projectNode)) {
    fail(
      'The package "node" did not bring its binary: npm was told not to run install scripts. Run `npm ci --ignore-scripts=false` and try again.',
    )
  }
  writeFileSync(installStamp, wanted)
}

function buildUi() {
  const wanted = fingerprint(uiSources)
  if (stampSays(uiStamp, wanted)) return
  console.log('Building the web UI …')
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const result = spawnSync(projectNode, [vite, 'build', 'renderer', '--logLevel', 'warn'], { cwd: root, stdio: 'inherit' })
  if (result.status !== 0) fail('The web UI could not be built (above). Nothing was started.')
  mkdirSync(dirname(uiStamp), { recursive: true })
  writeFileSync(uiStamp, wanted)
}

const major = Number(process.versions.node.split('.')[0])
if (major < 20)
  fail(
    `BusinessOS needs Node 20 or newer to install; this is Node ${process.versions.node}. (It then runs on a Node 24 of its own, from npm.)`,
  )
install()
if (process.argv[2] === 'ui') buildUi()
