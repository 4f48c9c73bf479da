/**
 * Generates metadata/*.d.ts from metadata/*.schema.json. `--check` writes nothing and fails when a file would change:
 * what is checked in is what the schemas say.
 */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { compileFromFile } from 'json-schema-to-typescript'

const folder = fileURLToPath(new URL('.', import.meta.url))

const bannerComment = (schema: string): string =>
  `/* Generated from ${schema} by metadata/generate.ts. Change the schema and run \`npm run generate\`. */`

/** Answers [file name, text] of every generated file, in name order. */
export async function generate(): Promise<[file: string, text: string][]> {
  const schemas = (await readdir(folder)).filter((name) => name.endsWith('.schema.json')).sort()
  return Promise.all(
    schemas.map(async (name) => {
      const text = await compileFromFile(`${folder}${name}`, {
        additionalProperties: false,
        bannerComment: bannerComment(name),
        cwd: folder,
        maxItems: 2,
        style: { semi: false, singleQuote: true, printWidth: 140 },
      })
      return [name.replace('.schema.json', '.d.ts'), text]
    }),
  )
}

async function main(check: boolean): Promise<void> {
  const stale: string[] = []
  for (const [file, text] of await generate()) {
    const path = `${folder}${file}`
    if ((await readFile(path, 'utf8').catch(() => '')) === text) continue
    stale.push(file)
    if (!check) await writeFile(path, text)
  }
  if (stale.length > 0) console.log(`${check ? 'not as generated' : 'wrote'}: ${stale.map((file) => `metadata/${file}`).join(', ')}`)
  if (check && stale.length > 0) {
    console.log('run `npm run generate` and commit the result')
    process.exitCode = 1
  }
}

if (import.meta.main) await main(process.argv.includes('--check'))
