/** Writes the table of functions into docs/expressions.md, from what the engine's functions say of themselves: `npm run generate`. */
import { readFile, writeFile } from 'node:fs/promises'
import { functions, isCallable } from '../engine/expressions/functions.ts'
import type { FunctionDefinition, Overload, Parameter } from '../engine/expressions/types.ts'

const page = new URL('../docs/expressions.md', import.meta.url)
const begin = '<!-- functions: written by scripts/manual.ts -->'
const end = '<!-- end of functions -->'

const groups = ['logic', 'comparison', 'number', 'text', 'date and time', 'list'] as const

function taken({ name, takes, literal, optional, repeated }: Parameter): string {
  const kinds = takes === 'same' ? 'any' : takes === 'list of same' ? 'list' : typeof takes === 'string' ? takes : kindsOf(takes)
  return `${name}${optional ? '?' : ''}${repeated ? '…' : ''}: ${literal ? `literal ${kinds}` : kinds}`
}

const kindsOf = (takes: Exclude<Parameter['takes'], string>): string => ('of' in takes ? `list of ${takes.of.kind}` : takes.join(' | '))

function signature(definition: FunctionDefinition, { parameters }: Overload): string {
  const { name } = definition
  const [first, second] = parameters
  if (name === 'neg') return `-${first?.name ?? ''}`
  if (!isCallable(definition)) return `${first?.name ?? ''} ${name} ${second?.name ?? ''}`
  return `${name}(${parameters.map(taken).join(', ')})`
}

const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``

function row(definition: FunctionDefinition): string {
  const { doc, examples, overloads } = definition
  const forms = [...new Set(overloads.map((each) => signature(definition, each)))]
  const shown = forms.length > 3 ? [forms[0]!, '…'] : forms
  const examplesShown = examples.map(({ expression, result }) => `${code(expression)} → ${code(result)}`)
  return `| ${shown.map((each) => (each === '…' ? each : code(each))).join('<br>')} | ${doc.replaceAll('|', '\\|')} | ${examplesShown.join('<br>')} |`
}

function table(group: string): string {
  const rows = functions.filter((each) => each.group === group).map(row)
  return [
    `### ${group.charAt(0).toUpperCase()}${group.slice(1)}`,
    '',
    '| Form | What it answers | Examples |',
    '| --- | --- | --- |',
    ...rows,
  ].join('\n')
}

/** The page as it should be. */
export async function manual(): Promise<{ readonly is: string; readonly shouldBe: string }> {
  const is = await readFile(page, 'utf8')
  const before = is.slice(0, is.indexOf(begin) + begin.length)
  const after = is.slice(is.indexOf(end))
  return { is, shouldBe: `${before}\n\n${groups.map(table).join('\n\n')}\n\n${after}` }
}

if (import.meta.main) await writeFile(page, (await manual()).shouldBe)
