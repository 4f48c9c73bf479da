import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { limits } from '../config.ts'
import { JsonFault, parseJson } from '../json.ts'
import { Problem } from '../problems.ts'
import type { Actor } from '../records/types.ts'
import { engineActorOf } from './engine-actor.ts'
import { misused, readArguments, using } from './installation.ts'
import type { Installation, Shell } from './installation.ts'
import type { RolePreview } from './role-preview.ts'
import type { RoleView } from './role-view.ts'
import type { Asked, Changed } from './roles.ts'

const usage =
  'list <tenant> | show <tenant> <role> | define <tenant> <role> <title> | permit <tenant> <role> <entity> <file or -> | reset <tenant> <role> [entity]; with --preview nothing is kept'

/** What the API answers to an administrator who says what roles may do, in lines. */
export const rolesCommand = {
  usage,
  about: 'lists the roles of a tenant, defines its own, says what a role may do with an entity, and tells what that would mean for people',
  async run(args: readonly string[], shell: Shell): Promise<number> {
    const asked = parse(args)
    const work = asked && workOf(asked)
    if (!work) return misused(shell, `bos roles ${usage}`)
    return using(shell, async (installation) => {
      const actor = await engineActorOf(installation.database, asked.tenant)
      for (const line of await work(installation, actor)) shell.out(line)
    })
  },
}

interface CommandLine {
  readonly verb: string
  readonly tenant: string
  readonly rest: readonly string[]
  readonly asked: Asked
}

function parse(args: readonly string[]): CommandLine | null {
  const read = readArguments(args, { preview: { type: 'boolean', default: false } })
  const [verb, tenant, ...rest] = read?.positionals ?? []
  if (!read || verb === undefined || tenant === undefined) return null
  return { verb, tenant, rest, asked: { ifMatch: null, dryRun: read.values.preview, via: 'system', requestId: 'bos roles' } }
}

type Work = (installation: Installation, actor: Actor) => Promise<readonly string[]>

/** Null: the command line says nothing that is known. */
function workOf({ verb, rest, asked }: CommandLine): Work | null {
  const [role = '', more, file] = rest
  if (verb === 'list' && rest.length === 0)
    return async ({ roles }, actor) =>
      (await roles.list(actor)).map(
        ({ id, title, people, edited, faulty }) =>
          `${id}  ${title}, ${people} ${people === 1 ? 'person' : 'people'}${edited.length > 0 ? `, says its own of ${edited.join(', ')}` : ''}${faulty ? ' (with faults)' : ''}`,
      )
  if (verb === 'show' && rest.length === 1) return async ({ roles }, actor) => linesOf((await roles.get(actor, role)).role)
  if (verb === 'define' && rest.length === 2) return async ({ roles }, actor) => told(role, await roles.define(actor, role, more!, asked))
  if (verb === 'permit' && rest.length === 3)
    return async ({ roles, records }, actor) => {
      const document = await readDocument(file!)
      return told(role, await roles.permit(actor, role, await addressOf(records, actor, more!), document, asked))
    }
  if (verb === 'reset' && (rest.length === 1 || rest.length === 2))
    return async ({ roles, records }, actor) =>
      told(
        role,
        more === undefined
          ? await roles.remove(actor, role, asked)
          : await roles.permit(actor, role, await addressOf(records, actor, more), null, asked),
      )
  return null
}

/** `crm.deal`, or `crm.deals`. */
async function addressOf(records: Installation['records'], actor: Actor, entity: string) {
  const { catalogue } = await records.access(actor)
  const [module = '', plural = ''] = entity.split('.')
  return catalogue.entities.get(entity) ?? { module, plural }
}

async function readDocument(path: string): Promise<unknown> {
  try {
    return parseJson(path === '-' ? await readAll(process.stdin) : await readFile(path, 'utf8'), limits.jsonDepthLevels)
  } catch (cause) {
    if (cause instanceof JsonFault) throw new Problem('request-malformed', `${path} is not valid JSON: ${cause.message}.`, { cause })
    throw new Problem('request-malformed', `${path} cannot be read.`, { cause })
  }
}

function linesOf({ id, title, people, permissions }: RoleView): string[] {
  return [
    `${id}  ${title}, ${people} ${people === 1 ? 'person' : 'people'}`,
    ...Object.entries(permissions).flatMap(([entity, { module, tenant, faults = [] }]) => [
      `${entity}: ${JSON.stringify(tenant ?? module)}${tenant ? ' (the tenant)' : ''}`,
      ...faults.map(({ pointer, detail }) => `  ! ${pointer} ${detail}: denied`),
    ]),
  ]
}

function told(role: string, outcome: Changed): string[] {
  if ('preview' in outcome) return previewLines(outcome.preview)
  return outcome.changed ? linesOf(outcome.changed.role) : [`${role} is gone`]
}

function previewLines({ role, people, changes, uncounted }: RolePreview): string[] {
  const sides = ({ gained, lost }: { gained: readonly string[]; lost: readonly string[] }): string =>
    [...gained.map((each) => `+${each}`), ...lost.map((each) => `-${each}`)].join(' ')
  return [
    `${role}: ${people} ${people === 1 ? 'person has' : 'people have'} it${changes.length === 0 ? '; nothing changes for them' : ''}`,
    ...changes.flatMap(({ members, entities }) => [
      members.map(({ name }) => name).join(', '),
      ...entities.flatMap(({ entity, actions, fields, writable, rows, cells, more }) => [
        `  ${entity}${more ? ', at least' : ''}`,
        ...[
          ['may', sides(actions)],
          ['fields', sides(fields)],
          ['writes', sides(writable)],
        ].flatMap(([what, said]) => (said ? [`    ${what} ${said}`] : [])),
        ...Object.entries(rows).map(([action, { gained, lost }]) => `    ${action}: +${gained} -${lost} records`),
        ...Object.entries(cells).map(([field, { gained, lost }]) => `    ${field}: +${gained} -${lost} values`),
      ]),
    ]),
    ...(uncounted > 0 ? [`not counted for ${uncounted} more`] : []),
  ]
}
