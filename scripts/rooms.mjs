/**
 * Lint rule `rooms/direction`: imports run one way (ARCHITECTURE.md), and what the browser runs needs neither Node nor a database.
 * An oxlint plugin; the tables below are the whole rule.
 */
import { isBuiltin } from 'node:module'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** Earlier floors may be imported by later ones; rooms of one floor may import each other. A room is a folder or a file of engine/. */
const floors = [
  ['problems', 'config'],
  ['fields', 'expressions', 'json'],
  ['catalogue'],
  ['schema', 'database'],
  ['events'],
  ['records'],
  ['keys', 'files', 'jobs', 'mail', 'outbound'],
  ['tenancy', 'identity', 'sso'],
  ['connectors', 'workflows', 'ai', 'billing'],
  ['http'],
  ['app'],
  ['main', 'cli'],
]
const floorOf = new Map(floors.flatMap((rooms, floor) => rooms.map((room) => [room, floor])))

/** What runs in the browser as well. A file in here may import, at run time, only what is in here too. */
const browserSafe = [
  /^engine\/(problems|json)\.ts$/,
  /^engine\/(fields|expressions)\//,
  /^engine\/catalogue\/(?!load\.|store\.|commands\.)/,
  /^engine\/records\/(decide|change|unique-keys)/,
  /^(renderer|admin|metadata)\//,
]
const serverPackages = /^(pg|pg-boss|kysely|express|jsonwebtoken|@electric-sql\/)/

/** What renderer/ and admin/ may reach into. `import type` of the API's shape vanishes when it runs. */
const screensMayImport = [
  /^engine\/(expressions|fields)\//,
  /^engine\/catalogue\/(types|check|compile|system-fields)\.ts$/,
  // Forms decide as the server does, on what they have: by the steps of a decision, one by one.
  /^engine\/records\/(decide(-\w+)?|change)\.ts$/,
  /^engine\/(problems|json)\.ts$/,
]
const screensMayImportTypes = [/^engine\/http\/catalogue-view\.ts$/, /^engine\/records\/explain(-\w+)?\.ts$/]

const anyMatch = (patterns, file) => patterns.some((pattern) => pattern.test(file))
const isTest = (file) => /\.test\.tsx?$|^(engine|renderer)\/testing\/|^bench\/|^scripts\/fuzz-|^vitest\.config\.ts$/.test(file)
const roomOf = (file) => /^engine\/([^/.]+)/.exec(file)?.[1]

/** Why `from` may not import `specifier`, or null. Paths are relative to the project, with forward slashes. */
export function fault(from, specifier, typeOnly) {
  const local = specifier.startsWith('.')
  const target = local ? relative(root, resolve(root, dirname(from), specifier)).replaceAll('\\', '/') : specifier
  if (isTest(from)) return null
  if (local && /^engine\/testing\/|\.test\.tsx?$/.test(target)) return 'only tests may import test code'
  if (local && roomOf(from) !== undefined) {
    if (!target.startsWith('engine/') && !target.startsWith('metadata/') && target !== 'package.json')
      return `the engine may not import ${target}`
    const [own, other] = [roomOf(from), roomOf(target)]
    if (own !== undefined && !floorOf.has(own)) return `scripts/rooms.mjs does not know the room "${own}": give it a floor`
    if (own !== undefined && other !== undefined && floorOf.get(other) > floorOf.get(own)) {
      return `"${other}" stands above "${own}": imports run ${floors.map((rooms) => rooms.join(', ')).join(' → ')}`
    }
  }
  if (/^(renderer|admin)\//.test(from) && target.startsWith('engine/')) {
    const allowed = anyMatch(screensMayImport, target) || (typeOnly && anyMatch(screensMayImportTypes, target))
    if (!allowed) return `screens may not import ${target}: what they may is listed in scripts/rooms.mjs`
  }
  if (from.startsWith('renderer/') && target.startsWith('admin/')) return 'the renderer may not import the designer'
  if (!typeOnly && anyMatch(browserSafe, from) && !/(^|\/)(vite\.config|generate)\.ts$/.test(from)) {
    if (local ? /\.tsx?$/.test(target) && !anyMatch(browserSafe, target) : isBuiltin(target) || serverPackages.test(target)) {
      return `this file runs in the browser too, ${target} does not; use \`import type\` or move the code`
    }
  }
  return null
}

const direction = {
  create(context) {
    const from = relative(root, context.filename).replaceAll('\\', '/')
    const check = (source, typeOnly) => {
      if (typeof source?.value !== 'string') return
      const message = fault(from, source.value, typeOnly)
      if (message !== null) context.report({ node: source, message })
    }
    const kinds = (node) => node.specifiers?.length > 0 && node.specifiers.every((one) => (one.importKind ?? one.exportKind) === 'type')
    return {
      ImportDeclaration: (node) => check(node.source, node.importKind === 'type' || kinds(node)),
      ExportNamedDeclaration: (node) => check(node.source, node.exportKind === 'type' || kinds(node)),
      ExportAllDeclaration: (node) => check(node.source, node.exportKind === 'type'),
      ImportExpression: (node) => check(node.source, false),
    }
  },
}

export default { meta: { name: 'rooms' }, rules: { direction } }
