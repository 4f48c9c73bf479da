import { isUuid } from '../fields/uuid.ts'
import { entityAt } from '../records/access.ts'
import type { Explanation } from '../records/explain.ts'
import { parseExplain } from '../records/explain-request.ts'
import type { Call } from '../records/types.ts'
import { engineActorOf } from './engine-actor.ts'
import { misused, readArguments, using } from './installation.ts'
import type { Installation, Shell } from './installation.ts'

const usage = '<tenant> <entity> <id> [--action update] [--field name] [--as <member id>]'

/** What the API answers to an administrator who asks, in lines. */
export const explainCommand = {
  usage,
  about: 'says why somebody may do something with a record, or may not, and what a transition would do',
  async run(args: readonly string[], shell: Shell): Promise<number> {
    const asked = parse(args)
    if (!asked) return misused(shell, `bos explain ${usage}`)
    return using(shell, async (installation) => {
      for (const line of linesOf(await explainAs(installation, asked))) shell.out(line)
    })
  },
}

interface Asked {
  readonly tenant: string
  readonly entity: string
  readonly id: string
  readonly query: Call['query']
}

function parse(args: readonly string[]): Asked | null {
  const read = readArguments(args, { action: { type: 'string' }, field: { type: 'string' }, as: { type: 'string' } })
  const [tenant, entity, id, ...more] = read?.positionals ?? []
  if (!read || tenant === undefined || entity === undefined || id === undefined || more.length > 0 || !isUuid(id)) return null
  return { tenant, entity, id, query: new Map(Object.entries(read.values).map(([name, value]) => [name, [value]])) }
}

async function explainAs({ database, records }: Installation, { tenant: slug, entity, id, query }: Asked): Promise<Explanation> {
  const actor = await engineActorOf(database, slug)
  const access = await records.access(actor)
  const known = access.catalogue.entities.get(entity)
  const here = entityAt(access, known ?? { module: entity.split('.')[0] ?? '', plural: entity.split('.')[1] ?? '' })
  const call = { query, via: 'system', requestId: 'bos explain' } as const
  const explain = parseExplain(access, here, actor, here.entity.kind === 'single' ? null : id, call)
  return records.run({ kind: 'explain', access, explain }, actor)
}

function linesOf({ action, allowed, roles, because, refused, field, expressions, would }: Explanation): string[] {
  const names = roles.map(({ title }) => title).join(', ') || 'no role'
  return [
    `${action}: ${allowed ? 'allowed' : 'not allowed'} (${names})`,
    ...because.map(({ detail }) => `  + ${detail}`),
    ...refused.map(({ detail }) => `  - ${detail}`),
    ...(field
      ? [
          `${field.name}: ${field.shown ? 'shown' : 'not shown'}, ${field.editable ? 'editable' : 'not editable'}`,
          ...field.because.map(({ detail }) => `    ${detail}`),
        ]
      : []),
    ...(expressions ?? []).flatMap((each) => [`${[each.kind, each.field ?? each.rule].join(' ')}:`, ...partsOf(each.why, '    ')]),
    ...(would ? [`changes ${JSON.stringify(would.changes)}`] : []),
    ...(would?.effects ?? []).map(({ entity, op, values }) => `${op} ${entity} ${JSON.stringify(values)}`),
    ...(would?.produced ?? []).map(({ entity, data }) => `draft ${entity} ${JSON.stringify(data)}`),
  ]
}

type Parts = NonNullable<Explanation['expressions']>[number]['why']

const partsOf = (part: Parts, indent: string): string[] => [
  `${indent}${part.label}${'value' in part ? ` = ${JSON.stringify(part.value)}` : ''}${part.decides ? '  ←' : ''}`,
  ...part.parts.flatMap((each) => partsOf(each, `${indent}  `)),
]
