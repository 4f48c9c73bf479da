import type { Recomputation } from '../jobs/recompute.ts'
import { echo, Problem } from '../problems.ts'
import type { Complaint, Difference } from '../records/recompute.ts'
import { engineActorOf } from './engine-actor.ts'
import { misused, readArguments, using } from './installation.ts'
import type { Installation, Shell } from './installation.ts'
import type { TenantSummary } from './tenants.ts'

const usage = '[--tenant <slug>] [--entity crm.deal] [--check]'

/** What a job does after a module has changed, whenever somebody wants it; or only says what it would do. */
export const recomputeCommand = {
  usage,
  about: 'works stored derived values out anew; with --check it changes nothing and says which are not what they should be',
  async run(args: readonly string[], shell: Shell): Promise<number> {
    const asked = parse(args)
    if (!asked) return misused(shell, `bos recompute ${usage}`)
    return using(shell, (installation) => recomputeTenants(installation, asked, shell.out))
  },
}

interface Asked {
  readonly tenant: string | null
  readonly entity: string | null
  readonly isCheck: boolean
}

function parse(args: readonly string[]): Asked | null {
  const read = readArguments(args, { tenant: { type: 'string' }, entity: { type: 'string' }, check: { type: 'boolean', default: false } })
  if (!read || read.positionals.length > 0) return null
  const { tenant = null, entity = null, check } = read.values
  return { tenant, entity, isCheck: check }
}

/** Answers the exit code: 1 where something is not as it should be. */
async function recomputeTenants(installation: Installation, asked: Asked, out: Shell['out']): Promise<number> {
  const slugs = asked.tenant === null ? (await installation.tenants.list()).filter(isServed).map(({ slug }) => slug) : [asked.tenant]
  const actors = await Promise.all(slugs.map((slug) => engineActorOf(installation.database, slug)))
  const having = await Promise.all(
    actors.map(async (actor) => {
      const { catalogue } = await installation.records.access(actor)
      const entity = asked.entity === null ? null : catalogue.entities.get(asked.entity)
      return entity === null || (entity !== undefined && entity.kind !== 'line') ? [actor] : []
    }),
  )
  if (asked.entity !== null && having.flat().length === 0) throw new Problem('not-found', `There are no records of ${echo(asked.entity)}.`)
  let exitCode = 0
  for (const { tenant, tenantSlug } of having.flat()) {
    const lines = asked.isCheck
      ? differenceLines(await installation.derived.differences(tenant, asked.entity ?? undefined))
      : recomputationLines(await installation.derived.recompute(tenant, asked.entity === null ? { all: true } : { entity: asked.entity }))
    for (const line of lines.details) out(`${tenantSlug}  ${line}`)
    out(`${tenantSlug}: ${lines.summary}`)
    if (lines.details.length > 0) exitCode = 1
  }
  return exitCode
}

const isServed = ({ suspended }: TenantSummary): boolean => !suspended

interface Lines {
  readonly details: readonly string[]
  readonly summary: string
}

const differenceLines = (found: readonly Difference[]): Lines => ({
  details: found.map(
    ({ entity, record, path, stored, right }) =>
      `${entity} ${record} ${path}: ${JSON.stringify(stored)}, should be ${JSON.stringify(right)}`,
  ),
  summary: found.length === 0 ? 'every stored value is what it should be' : `${counted(found.length, 'value')} not what it should be`,
})

const recomputationLines = ({ records, changed, complaints, complaintsCut }: Recomputation): Lines => ({
  details: [...complaints.map(complaintLine), ...(complaintsCut ? ['and more'] : [])],
  summary: `${counted(records, 'record')} worked out, ${changed} changed`,
})

const complaintLine = ({ entity, record, isKept, faults }: Complaint): string =>
  `${entity} ${record} ${isKept ? 'stays as it is' : 'breaks a rule now'}: ${faults.map(({ pointer, detail }) => `${pointer} ${detail}`.trim()).join('; ')}`

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
