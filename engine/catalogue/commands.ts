import { relative } from 'node:path'
import { suggestion } from '../fields/nearest.ts'
import { sightWarnings } from './check-sight.ts'
import { check, symbolsOfChecked } from './check.ts'
import { compileCatalogue } from './compile.ts'
import { dump } from './dump.ts'
import { catalogueHash, loadModules } from './load.ts'
import type { ModuleSource, SourceFault } from './sources.ts'
import { compiledValidate } from './validate.ts'

interface Shell {
  readonly out: (line: string) => void
  readonly modulesDir: string
}

/** `crm/entities/deal.json:/properties/value: …`, ready for an editor to open. */
const faultLine = (fault: SourceFault): string => `${fault.file}:${fault.pointer}: ${fault.detail}`

async function load({ modulesDir }: Shell): Promise<ModuleSource[]> {
  return loadModules(modulesDir)
}

export const checkCommand = {
  usage: '[module]',
  about: 'checks the files of all modules, or of one, and prints every fault',
  async run([only]: readonly string[], shell: Shell): Promise<number> {
    const sources = await load(shell)
    if (only !== undefined && !sources.some((source) => source.id === only))
      return unknown(
        shell,
        only,
        sources.map((source) => source.id),
      )
    const isAsked = ({ file }: SourceFault): boolean => only === undefined || file.startsWith(`${only}/`)
    const all = check(sources, compiledValidate())
    const faults = all.filter(isAsked)
    // Roles of one module may write what another declares: only the whole says who sees what.
    const warnings =
      all.length > 0 ? [] : sightWarnings(compileCatalogue(sources, catalogueHash(sources)), symbolsOfChecked(sources)).filter(isAsked)
    const folder = relative(process.cwd(), shell.modulesDir)
    for (const fault of faults) shell.out(`${folder}/${faultLine(fault)}`)
    const checked = sources.filter((source) => only === undefined || source.id === only)
    const files = checked.reduce((sum, source) => sum + source.files.size, 0)
    for (const warning of warnings) shell.out(`warning: ${folder}/${faultLine(warning)}`)
    if (faults.length === 0) shell.out(`${checked.map((source) => source.id).join(', ')}: ${files} files, no faults`)
    return faults.length === 0 ? 0 : 1
  },
}

export const dumpCommand = {
  usage: '<entity or module>',
  about: 'prints a compiled entity, or everything of a module, as JSON',
  async run([name]: readonly string[], shell: Shell): Promise<number> {
    const sources = await load(shell)
    const faults = check(sources, compiledValidate())
    if (faults.length > 0) {
      for (const fault of faults) shell.out(faultLine(fault))
      return 1
    }
    const catalogue = compileCatalogue(sources, catalogueHash(sources))
    const known = [...catalogue.modules.keys(), ...catalogue.entities.keys()]
    const text = name === undefined ? null : dump(catalogue, name)
    if (text === null) return unknown(shell, name ?? '', known)
    shell.out(text.trimEnd())
    return 0
  },
}

function unknown(shell: Shell, name: string, known: readonly string[]): number {
  shell.out(`there is no "${name}".${suggestion(name, known) || ` There are ${known.join(', ')}.`}`)
  return 2
}
