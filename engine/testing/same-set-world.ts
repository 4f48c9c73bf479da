import assert from 'node:assert/strict'
import type { Random } from './random.ts'
import type { Facts, ScopeName } from './same-set.ts'
import { scopesInWords } from './same-set.ts'
import { ok, type World } from './world.ts'

/** Records of module `perm`, and people around the one who looks at them; who belongs to whom changes all the time. */

type Json = Record<string, unknown>
type Share = { member?: string; team?: string; access: 'read' | 'update' }
type Relations = Map<string, string | null>

export class PermWorld {
  readonly #world: World
  readonly #by: Random
  readonly #shares = new Map<string, Share[]>()
  #people: string[] = []
  #teams: string[] = []
  #companies: string[] = []
  #items: string[] = []

  constructor(world: World, by: Random) {
    this.#world = world
    this.#by = by
  }

  get rep(): string {
    return this.#world.acme.members['rep']!
  }

  async admin(method: string, path: string, body?: unknown): Promise<Json> {
    return ok(await this.#world.call('admin@acme', method, `/api/${path}`, body === undefined ? {} : { body }))
  }
  async rows(path: string): Promise<Json[]> {
    return (await this.admin('GET', path))['data'] as Json[]
  }

  async fill(): Promise<void> {
    const { members } = this.#world.acme
    const people = await this.rows('core/members?limit=100&fields=id,name,team')
    const named = (part: string): Json => people.find((each) => String(each['name']).includes(part))!
    const [jonna, tariq, lucie, henk, ines] = ['Jonna', 'Tariq', 'Lucie', 'Henk', 'Inês'].map((each) => String(named(each)['id']))
    this.#people = [this.rep, members['manager']!, jonna!, tariq!, lucie!, henk!, ines!, members['admin']!]
    // The representative leads the team of Tariq; Lucie reports to them, and Henk to her; round in a circle in both ways.
    const led = String(named('Tariq')['team'])
    await this.admin('PATCH', `core/teams/${led}`, { lead: this.rep, parent: null })
    const part = await this.admin('POST', 'core/teams', { name: 'Below', parent: led })
    await this.admin('PATCH', `core/teams/${led}`, { parent: part['id'] })
    await this.admin('PATCH', `core/members/${ines}`, { team: part['id'] })
    await this.admin('PATCH', `core/members/${lucie}`, { manager: this.rep })
    await this.admin('PATCH', `core/members/${henk}`, { manager: lucie })
    await this.admin('PATCH', `core/members/${this.rep}`, { manager: henk })
    this.#teams = (await this.rows('core/teams?limit=100&fields=id')).map(({ id }) => String(id))
    assert(this.#teams.length > 2)
    const other = await this.admin('POST', 'core/companies', { name: 'Elsewhere' })
    const mine = await this.admin('GET', `core/members/${this.rep}`)
    this.#companies = [String(mine['company']), String(other['id'])]
    await this.#makeItems()
    for (const id of this.#by.some(this.#items, 0.25)) await this.#share(id)
  }

  async #makeItems(): Promise<void> {
    const by = this.#by
    const tags = await Promise.all(['red', 'blue'].map((name) => this.admin('POST', 'core/tags', { name })))
    for (let i = 0; i < 48; i++) {
      const { id } = await this.admin('POST', 'perm/items', {
        name: `alpha${i % 5} item`,
        code: by.chance(0.2) ? null : `beta${i % 4}`,
        amount: by.chance(0.2) ? null : { amount: String(by.below(1000)), currency: 'EUR' },
        site: { city: by.pick(['Bonn', 'Ulm']) },
        rank: by.chance(0.2) ? null : by.below(9),
        link: this.#items.length > 0 ? by.pick(this.#items) : null,
        tags: by.some(tags, 0.5).map((tag) => tag['id']),
        lines: [{ label: `gamma${i}`, cost: by.below(5) }],
        owner: by.pick([this.rep, ...this.#people]),
        own_company: by.pick([...this.#companies, null]),
      })
      this.#items.push(String(id))
      // Whatever guards ask: a state that is not the first is where the record is by now.
      const state = by.pick(['open', 'open', 'held', 'done'])
      await this.#world.sql('update perm.item set state = $2 where id = $1', [id, state])
    }
  }

  async #share(id: string): Promise<void> {
    const by = this.#by
    const share: Share = {
      ...(by.chance(0.5) ? { member: this.rep } : { team: by.pick(this.#teams) }),
      access: by.pick(['read', 'update'] as const),
    }
    await this.admin('POST', `perm/items/${id}/share`, share)
    const others = (this.#shares.get(id) ?? []).filter((each) => each.member !== share.member || each.team !== share.team)
    this.#shares.set(id, [...others, share])
  }

  async #unshare(id: string): Promise<void> {
    const { access: _, ...grantee } = this.#by.pick(this.#shares.get(id)!)
    await this.admin('DELETE', `perm/items/${id}/share`, grantee)
    const left = this.#shares.get(id)!.filter((each) => each.member !== grantee.member || each.team !== grantee.team)
    if (left.length > 0) this.#shares.set(id, left)
    else this.#shares.delete(id)
  }

  /** A few things that change what scopes hold, and must be felt by the next request. */
  async shake(): Promise<void> {
    const by = this.#by
    const person = (): string => by.pick(this.#people)
    const changes = [
      () => this.#share(by.pick(this.#items)),
      () => (this.#shares.size > 0 ? this.#unshare(by.pick([...this.#shares.keys()])) : this.#share(by.pick(this.#items))),
      () => this.admin('PATCH', `core/members/${person()}`, { manager: by.pick([person(), null]) }),
      () => this.admin('PATCH', `core/members/${person()}`, { team: by.pick([...this.#teams, null]) }),
      () => this.admin('PATCH', `core/teams/${by.pick(this.#teams)}`, { lead: person() }),
      () => this.admin('PATCH', `core/teams/${by.pick(this.#teams)}`, { parent: by.pick([...this.#teams, null]) }),
      () => this.admin('PATCH', `core/members/${this.rep}`, { company: by.pick([...this.#companies, null]) }),
      () => this.admin('PATCH', `perm/items/${by.pick(this.#items)}`, { owner: person(), own_company: by.pick(this.#companies) }),
    ]
    for (let i = 0; i < 4; i++) await by.pick(changes)()
  }

  /** Every record with the scopes that it is in, told from what an administrator reads of people and teams. */
  async facts(): Promise<Facts[]> {
    const [people, teams, records] = await Promise.all([
      this.rows('core/members?limit=100&fields=id,team,manager,company'),
      this.rows('core/teams?limit=100&fields=id,lead,parent'),
      this.rows('perm/items?limit=100&expand=lines'),
    ])
    const relation = (of: Json[], name: string): Relations => new Map(of.map((each) => [String(each['id']), each[name] as string | null]))
    const { rep } = this
    const team = relation(people, 'team')
    const lead = relation(teams, 'lead')
    const led = below(relation(teams, 'parent'), new Set([...lead].flatMap(([id, who]) => (who === rep ? [id] : []))))
    const mates = new Set(
      people.map(({ id }) => String(id)).filter((id) => isOf(team.get(id), led) || (team.get(rep) && team.get(id) === team.get(rep))),
    )
    const subtree = below(relation(people, 'manager'), new Set([rep]))
    const company = relation(people, 'company').get(rep)
    return records.map((record): Facts => {
      const owner = String(record['owner'])
      const shares = (this.#shares.get(String(record['id'])) ?? []).filter(
        (each) => each.member === rep || (each.team && (lead.get(each.team) === rep || team.get(rep) === each.team)),
      )
      const holding: Readonly<Record<string, boolean>> = {
        own: owner === rep,
        team: owner === rep || mates.has(owner),
        subtree: subtree.has(owner),
        company: company !== null && record['own_company'] === company,
        shared: shares.length > 0,
      }
      const its = (Object.keys(holding) as ScopeName[]).filter((each) => holding[each])
      return {
        id: String(record['id']),
        scopes: new Set<ScopeName>(['all', ...its, ...scopesInWords(record, rep)]),
        sharedToUpdate: shares.some(({ access }) => access === 'update'),
        record,
      }
    })
  }
}

const isOf = (id: string | null | undefined, set: ReadonlySet<string>): boolean => typeof id === 'string' && set.has(id)

/** These, and all that stand below them; it may go round. */
function below(above: Relations, some: Set<string>): Set<string> {
  for (let size = -1; size !== some.size;) {
    size = some.size
    for (const [id, parent] of above) if (isOf(parent, some)) some.add(id)
  }
  return some
}
