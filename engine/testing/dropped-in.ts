import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { openWorld, type World } from './world.ts'

const shipped = fileURLToPath(new URL('../../modules-json', import.meta.url))

/** The files of the module that modules-json/README.md shows, by path below its folder, as they stand there. */
export async function readmeModule(): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(join(shipped, 'README.md'), 'utf8')
  const shown = [...text.matchAll(/`library\/([\w/]+\.json)`[^`]*(?:`[^`\n]+`[^`]*)*```json\n([\s\S]*?)```/g)]
  return Object.fromEntries(shown.map(([, path, json]) => [path!, json!]))
}

const asOperator = async ({ url }: World, path: string, body: object): Promise<void> => {
  const reply = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer operator-of-the-tests' },
    body: JSON.stringify(body),
  })
  if (!reply.ok) throw new Error(await reply.text())
}

/** Files of a module by path below its folder, as tests write them: without what every file says. A text stands as it is. */
export type ModuleFiles = Readonly<Record<string, object | string>>

export const textsOf = (id: string, files: ModuleFiles): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(files).map(([path, content]) => [
      path,
      typeof content === 'string' ? content : JSON.stringify({ ...givenIn(path, id), ...content }),
    ]),
  )

function givenIn(path: string, id: string): object {
  if (path === 'module.json')
    return { $schema: '../../metadata/module.schema.json', id, version: '1.0.0', metamodel: 1, depends: { core: '^1.0.0' } }
  return { $schema: `../../../metadata/${path.startsWith('views/') ? 'view' : 'entity'}.schema.json` }
}

/** A world whose modules folder has one module more, enabled in both tenants. */
export async function openWorldWith(id: string, files: ModuleFiles): Promise<World> {
  const modules = await mkdtemp(join(tmpdir(), 'businessos-modules-'))
  afterAll(() => rm(modules, { recursive: true, force: true }))
  await cp(shipped, modules, { recursive: true })
  for (const [name, content] of Object.entries(textsOf(id, files))) {
    const path = join(modules, id, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content)
  }
  const world = await openWorld({ MODULES_DIR: modules })
  if (world.app.faults.length > 0) throw new Error(JSON.stringify(world.app.faults))
  for (const slug of ['acme', 'globex']) await asOperator(world, `/api/operator/tenants/${slug}/modules`, { module: id })
  return world
}
