import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ExactNumber } from '../fields/type.ts'
import { limits } from '../config.ts'
import { JsonFault, parseJson } from '../json.ts'
import { pointerSegment } from '../problems.ts'
import type { ModuleSource, SourceFault } from './sources.ts'

/**
 * Reads every module folder below `folder`: a folder that holds a module.json, or at least one .json file. Never throws for
 * what files hold: unreadable files become faults of their module. Names come in code point order, so the result is stable.
 */
export async function loadModules(folder: string): Promise<ModuleSource[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort()
  return Promise.all(names.map((name) => loadModule(join(folder, name), name)))
}

/** Reads one module folder. */
export async function loadModule(folder: string, id: string): Promise<ModuleSource> {
  const files = new Map<string, unknown>()
  const seeds: string[] = []
  const faults: SourceFault[] = []
  let total = 0
  const report = (path: string, detail: string): number => faults.push({ file: `${id}/${path}`, pointer: '', detail })

  const found = await readdir(folder, { withFileTypes: true, recursive: true })
  const paths = found
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .filter((path) => !path.split('/').some((part) => part.startsWith('.')))
    .sort()
  if (paths.length > limits.filesPerModule) report('', `the folder has ${paths.length} files; at most ${limits.filesPerModule} are read`)
  for (const path of paths.slice(0, limits.filesPerModule)) {
    if (path.startsWith('seed/')) seeds.push(path)
    else if (path.endsWith('.json')) await readOne(path)
  }
  return { id, hash: hashOf(files), files, seeds, faults }

  async function readOne(path: string): Promise<void> {
    const full = join(folder, path)
    try {
      const { size } = await stat(full)
      if (size > limits.moduleFileBytes) return void report(path, `the file has ${size} bytes; at most ${limits.moduleFileBytes} are read`)
      total += size
      if (total > limits.moduleBytes)
        return void report(path, `the files before it have ${limits.moduleBytes} bytes, more than is read of one module`)
      const value = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(await readFile(full)), limits.jsonDepthLevels)
      for (const fault of unkept(value)) faults.push({ file: `${id}/${path}`, ...fault })
      files.set(path, value)
    } catch (error) {
      if (error instanceof JsonFault) report(path, error.message)
      else if (error instanceof TypeError) report(path, 'the file is not UTF-8 text')
      else report(path, `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

/** What would not be the same once stored: numbers that a double cannot hold, and texts that are not Unicode. */
function unkept(value: unknown, pointer = ''): { pointer: string; detail: string }[] {
  if (value instanceof ExactNumber) return [{ pointer, detail: 'has more digits than a JSON number keeps: write it as a text' }]
  if (typeof value === 'string') return halfCharacter(value, pointer)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = `${pointer}/${pointerSegment(key.toWellFormed())}`
    return [...halfCharacter(key, at), ...unkept(inner, at)]
  })
}

const halfCharacter = (text: string, pointer: string): { pointer: string; detail: string }[] =>
  text.isWellFormed() ? [] : [{ pointer, detail: 'contains half of a surrogate pair, which is not a character' }]

/** A module as it is stored in bos.module_version: texts, because jsonb would forget the order of keys. */
export interface StoredSource {
  readonly files: Readonly<Record<string, string>>
}

export const toStored = (source: ModuleSource): StoredSource => ({
  files: Object.fromEntries([...source.files].map(([path, value]) => [path, JSON.stringify(value)])),
})

export function fromStored(id: string, stored: StoredSource): ModuleSource {
  const files = new Map(
    Object.entries(stored.files)
      .map(([path, text]) => [path, parseJson(text, limits.jsonDepthLevels)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
  return { id, hash: hashOf(files), files, seeds: [], faults: [] }
}

function hashOf(files: ReadonlyMap<string, unknown>): string {
  const hash = createHash('sha256')
  for (const [path, value] of files) hash.update(`${path}\n${JSON.stringify(value)}\n`)
  return hash.digest('hex')
}

/** Names a set of modules: the same for equal contents, in whatever order. */
export const catalogueHash = (sources: readonly ModuleSource[]): string =>
  createHash('sha256')
    .update(
      sources
        .map((source) => `${source.id} ${source.hash}`)
        .sort()
        .join('\n'),
    )
    .digest('hex')
