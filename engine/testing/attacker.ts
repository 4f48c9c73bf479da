import { choices } from './canary.ts'
import { Random } from './random.ts'
import { read, relations, targets, thresholds, word } from './targets.ts'
import type { Target } from './targets.ts'
import type { Answer, Question, Twins } from './twins.ts'

/**
 * Somebody with the token of a role and all patience: asks every door about everything it may not know, and goes on from what it hears.
 * A question whose answer turns with the number in it is halved until the number is found; one that never turns is left after a few tries.
 */

const letters = Array.from('aeimqtx')
const get = (path: string): Question => ({ method: 'GET', path: `hoard/${path}` })
const withQuery = (path: string, query: Readonly<Record<string, string>>): Question =>
  get(`${path}?${new URLSearchParams(query)}`.replaceAll('%7E', '~'))

const doors: readonly ((list: string, filter: string) => Question)[] = [
  (list, filter) => withQuery(list, { filter }),
  (list, filter) => withQuery(list, { filter, count: 'exact', limit: '1' }),
  (list, filter) => withQuery(`${list}/aggregate`, { filter }),
  (list, filter) => withQuery(`${list}/export`, { filter, format: 'jsonl' }),
  (list, filter) => ({ method: 'POST', path: `hoard/${list}/bulk`, body: { filter, operation: { op: 'update', data: {} } } }),
]

const idsOf = ({ body }: Answer): string[] => ((body as { data?: { id: string }[] } | undefined)?.data ?? []).map(({ id }) => id)

export class Attacker {
  readonly #twins: Twins
  readonly #random: Random
  /** Ids by plural, as the lists gave them. */
  readonly ids = new Map<string, string[]>()

  constructor(twins: Twins, seed: number) {
    this.#twins = twins
    this.#random = new Random(seed)
  }

  ask(question: Question): Promise<Answer> {
    return this.#twins.ask(question)
  }
  #id(plural: string): string {
    const ids = this.ids.get(plural) ?? []
    return ids.length === 0 ? '~0~' : this.#random.pick(ids)
  }

  /** What everybody asks first. */
  async look(): Promise<void> {
    for (const path of ['me', 'catalogue', 'openapi.json', 'jobs']) await this.ask({ method: 'GET', path })
    const members = await this.ask({ method: 'GET', path: 'core/members?fields=name' })
    this.ids.set('members', idsOf(members))
    for (const plural of ['chests', 'coins', 'groups', 'letters', 'pages', 'parcels', 'crates', 'scrolls', 'sheets', 'vaults']) {
      this.ids.set(plural, idsOf(await this.ask(withQuery(plural, { limit: '100' }))))
    }
  }

  /** Halves what is between, as long as the answer turns somewhere. */
  async halve(ask: (at: bigint) => Promise<string>, bits = 64): Promise<bigint | null> {
    let [low, high] = [0n, 2n ** BigInt(bits) - 1n]
    const [first, last] = [await ask(low), await ask(high)]
    // Where both ends answer alike nothing turns; one look between them.
    if (first === last && (await ask(high / 3n)) === first) return null
    while (high - low > 1n) {
      const middle = (low + high) / 2n
      if ((await ask(middle)) === first) low = middle
      else high = middle
    }
    return high
  }

  /** One condition through one door, halved. The number asked with is no part of the answer. */
  async threshold({ list, term, kind }: Target): Promise<void> {
    const [condition, door] = [this.#random.pick(thresholds[kind]), this.#random.pick(doors)]
    const ask = async (at: bigint): Promise<string> => {
      const { status, text } = await this.ask(door(list, condition(term, at)))
      return `${status} ${text.replace(/\d{3,}|'[a-z]{6}'/g, '')}`
    }
    await this.halve(ask)
  }

  /** Letter by letter, as long as one of them makes a difference. */
  async spell({ list, path, term }: Target): Promise<void> {
    const asks: readonly ((prefix: string) => Question)[] = [
      (prefix) => withQuery(list, { filter: `startsWith(${term}, '${prefix}')` }),
      (prefix) => withQuery(list, { filter: `contains(${term}, '${prefix}')` }),
      (prefix) => withQuery(`${list}/aggregate`, { filter: `substring(${term}, 1, ${prefix.length}) == '${prefix}'` }),
      (prefix) => withQuery(list, { [`${path}.startsWith`]: prefix }),
      (prefix) => withQuery(list, { [`${path}.contains`]: prefix, fields: 'id' }),
      (prefix) => withQuery(list, { search: prefix }),
      (prefix) => withQuery(`${list}/aggregate`, { search: prefix }),
      (prefix) => withQuery(`${list}/export`, { search: prefix, format: 'jsonl' }),
    ]
    const ask = this.#random.pick(asks)
    let known = ''
    for (let length = 1; length < 5; length++) {
      const told = new Map<string, string>()
      for (const letter of letters) told.set(letter, (await this.ask(ask(known + letter))).text.replaceAll(known + letter, ''))
      const odd = letters.find((letter) => [...told.values()].filter((each) => each === told.get(letter)).length === 1)
      if (odd === undefined) return
      known += odd
    }
  }

  /** Everything that takes a name, in the address. */
  async name({ list, path }: Target): Promise<void> {
    const queries: readonly Readonly<Record<string, string>>[] = [
      { [path]: '1' },
      { [`${path}.gte`]: String(2n ** 63n) },
      { [`${path}.lt`]: '2010-01-01' },
      { [`${path}.in`]: 'north,south' },
      { [`${path}.null`]: 'true' },
      { sort: path },
      { sort: `-${path}`, limit: '1' },
      { sort: `name,${path}` },
      { fields: path },
      { fields: `id,${path}` },
      { expand: path.split('.')[0]! },
      { expand: path },
    ]
    for (const query of queries) await this.ask(withQuery(list, query))
    for (const query of [{ sort: path }, { fields: path }, { [`${path}.gte`]: '5' }])
      await this.ask(withQuery(`${list}/export`, { format: 'csv', ...query }))
    for (const query of [
      { group: path },
      { group: `${path}:month` },
      { measure: `count,sum(${path})` },
      { measure: `min(${path}),max(${path}),avg(${path})` },
      { [`having.max(${path}).gte`]: String(2n ** 63n) },
      { group: path, sort: path, limit: '1' },
      { group: 'owner', measure: `max(${path})`, sort: `-max(${path})` },
    ])
      await this.ask(withQuery(`${list}/aggregate`, query))
  }

  /** A list in the order of what it may not show, page by page; then with cursors of other lists, and altered ones. */
  async page({ list, path }: Target): Promise<void> {
    const cursors: string[] = []
    for (const sort of [path, `-${path}`, `owner,${path}`]) {
      let cursor = ''
      for (let n = 0; n < 7; n++) {
        const { body } = await this.ask(withQuery(list, { sort, limit: '2', ...(cursor && { cursor }) }))
        cursor = (body as { page?: { nextCursor?: string | null } } | undefined)?.page?.nextCursor ?? ''
        if (cursor === '') break
        cursors.push(cursor)
      }
    }
    for (const cursor of cursors) {
      await this.ask(withQuery(list, { sort: 'created_at', cursor }))
      await this.ask(withQuery(list, { sort: path, cursor: `${cursor}A` }))
      await this.ask(withQuery(list, { sort: `-${path}`, cursor }))
    }
    await this.ask(withQuery(list, { sort: path, cursor: Buffer.from('................["1","x"]').toString('base64url') }))
  }

  /** One record, from every side. */
  async record(plural: string): Promise<void> {
    const id = this.#id(plural)
    const field = this.#random.pick(targets.filter(({ list }) => list === plural)).path
    const paths = [
      '',
      `?expand=${field.split('.')[0]}`,
      `?fields=${field}`,
      ...relations[plural]!.map((name) => `?expand=${name}`),
      '/history',
      '/history?limit=2',
      `/history?fields=${field}`,
      ...[
        'get',
        'update',
        'delete',
        'restore',
        'share',
        'history',
        'export',
        'shut',
        'bar',
        'spill',
        'draft',
        'take',
        'burst',
        'renew',
        'list',
      ].map((each) => `/explain?action=${each}`),
      `/explain?field=${field}`,
      `/explain?action=update&field=${field}`,
      '/explain?field=fixed',
      '/explain?field=warned&action=update',
      `/explain?action=update&field=${field}&as=${this.#id('members')}`,
      '/share',
    ]
    for (const path of paths) await this.ask(get(`${plural}/${id}${path}`))
    await this.ask({ ...get(`${plural}/${id}`), headers: { 'if-none-match': '"1.0"' } })
  }

  /** Writes that hang on what is hidden, by rules, conditions, guards, keys and effects: tried, and now and then done. */
  async write(plural: 'chests' | 'letters' | 'crates' | 'parcels' | 'scrolls'): Promise<void> {
    const random = this.#random
    const id = this.#id(plural)
    const { path } = random.pick(targets.filter(({ list }) => list === plural))
    const guess: unknown = random.pick<unknown>([
      'x',
      '5',
      5,
      null,
      true,
      '2010-05-05',
      String(2n ** 62n + BigInt(random.below(1e9))),
      choices[1],
      [],
      {},
    ])
    const plain = random.pick(this.#plain(plural))
    const hidden = { [path.split('.')[0]!]: guess }
    const url = `hoard/${plural}`
    const name = { name: 'mine', label: `mine ${random.below(1e6)}` }
    const dry = random.chance(0.7) ? `?dryRun=${random.pick(['true', 'unfinished'])}` : ''
    const attempts: readonly (() => Question)[] = [
      () => ({ method: 'PATCH', path: `${url}/${id}${dry}`, body: plain }),
      () => ({ method: 'PATCH', path: `${url}/${id}${dry}`, body: hidden }),
      () => ({ method: 'PATCH', path: `${url}/${id}?dryRun=true`, body: { ...plain, ...hidden } }),
      () => ({ method: 'PATCH', path: `${url}/${id}?dryRun=unfinished`, body: { ...plain, ...random.pick([hidden, { name: null }]) } }),
      () => ({ method: 'PATCH', path: `${url}/${id}`, body: plain, headers: { 'if-match': `"${random.below(3)}.0"` } }),
      () => ({
        method: 'POST',
        path: `${url}${dry}`,
        body: plural === 'chests' ? { name: 'mine', ...plain } : { label: name.label, ...plain },
      }),
      () => ({ method: 'POST', path: `${url}?dryRun=true`, body: { ...name, ...hidden } }),
      () => ({
        method: 'POST',
        path: `${url}/bulk`,
        body: {
          mode: 'each',
          operations: [
            { op: 'update', id, data: hidden },
            { op: 'update', id, data: plain },
          ],
        },
      }),
      ...['secret', 'both', 'code', 'seal', 'label', 'ink'].map((key) => (): Question => ({
        method: 'POST',
        path: `${url}/bulk`,
        body: { operations: [{ op: 'upsert', key, data: { ...plain, ...hidden, code: 'C2' } }] },
      })),
      () => ({
        method: 'POST',
        path: `${url}/${id}/${random.pick(['shut', 'bar', 'spill', 'reopen', 'draft', 'take', 'burst', 'renew'])}${dry}`,
        body: random.pick([{}, plain, hidden]),
      }),
      () => ({ method: 'POST', path: `${url}/${id}/share`, body: { member: this.#id('members'), access: 'read' } }),
      () => ({ method: 'POST', path: `${url}/${id}/restore`, body: {} }),
      () => ({ method: 'POST', path: `${url}/bulk`, body: { filter: `self.${path} != null`, operation: { op: 'update', data: plain } } }),
      () => ({ method: 'DELETE', path: `${url}/${random.pick([id, this.#id('vaults')])}` }),
    ]
    await this.ask(random.pick(attempts)())
  }

  /** Changes of what may be changed, right and wrong. */
  #plain(plural: string): readonly Readonly<Record<string, unknown>>[] {
    const random = this.#random
    const some = word(BigInt(random.below(2 ** 31)) << 30n)
    const common = [{}, { owner: this.#id('members') }]
    switch (plural) {
      case 'chests':
        return [
          ...common,
          { name: random.pick(['warn', 'mine']), note: some },
          { fixed: 'f', warned: random.pick([null, 'w']) },
          { twin: this.#id('chests'), heap: this.#id('groups') },
          { code: `C${random.below(8)}` },
          { coins: { [this.#id('coins')]: { secret_cost: '1' } } },
          { coins: { [this.#id('coins')]: { quantity: random.below(9) } } },
          { coins: { 'new:1': { label: 'new', quantity: 1 } } },
          { coins: { 'new:1': { label: 'new', secret_mark: 'x' } } },
          { state: random.pick(['shut', 'open', 'spilt']) },
        ]
      case 'letters':
        return [
          ...common,
          { label: some, parcel: this.#id('parcels') },
          { seal: random.pick([some, 'own 0', null]) },
          { weight: String(random.below(1e6)), kind: 'west' },
          { chest: this.#id('chests'), addressee: this.#id('groups') },
          { pages: { [this.#id('pages')]: { number: random.below(9) } } },
          { pages: { 'new:1': { number: 1, secret_line: 'x' } } },
        ]
      case 'scrolls':
        return [
          ...common,
          { note: some, heap: this.#id('groups') },
          { ink: random.pick([some, 'own 0', null]) },
          { amount: random.pick(['5', '1001', '-1', String(2n ** 63n)]) },
          { before: this.#id('scrolls') },
          { day: '2010-05-05' },
          { sheets: { [this.#id('sheets')]: random.pick([{ number: random.below(9) }, { words: 'x' }, null]) } },
          { sheets: { 'new:1': { number: 1, words: 'x' } } },
        ]
      case 'crates':
        return [
          ...common.slice(0, 1),
          { label: some },
          { amount: random.pick(['5', '1001', String(2n ** 63n)]) },
          { chest: this.#id('chests') },
        ]
      default:
        return [...common, { label: some }, { within: this.#id('parcels'), weight: '3' }, { tags_of: this.#id('chests') }]
    }
  }

  /** A chest from one state to the next, then gone and back, looked at after each step. */
  async walk(): Promise<void> {
    const id = this.#id('chests')
    for (const step of ['shut', 'spill', 'draft', 'take', 'burst', 'reopen', 'shut?dryRun=true', '', 'restore']) {
      if (step === 'spill') await this.ask(get(`chests/${id}/explain?action=spill`))
      await this.ask({
        method: step === '' ? 'DELETE' : 'POST',
        path: `hoard/chests/${id}${step && `/${step}`}`,
        ...(step !== '' && { body: {} }),
      })
      await this.ask(get(`chests/${id}/history?limit=1`))
      await this.ask(get(`chests?id=${id}&expand=vaults`))
      await this.ask(get(`chests?id=${id}&fields=state,stamp,note`))
    }
    await this.ask(withQuery('chests', { filter: 'count(self.vaults) > 1' }))
    await this.ask(get('chests?deleted=only'))
  }

  /** Files with columns that do not exist for the attacker, and keys. */
  async importAll(): Promise<void> {
    for (const column of ['secret_number', 'secret_word', 'coins.secret_cost', 'Number', 'nothing']) {
      await this.#import('chests', [`name,${column}`, 'a,1', 'b,2'], 'dryRun=true')
      await this.#import('chests', [`code,name,${column}`, 'C1,a,1', 'C9,b,2'], 'dryRun=true&mode=upsert&key=secret')
    }
    await this.#import('chests', ['code,name', 'C1,chest 1', 'C9,new'], 'mode=upsert&key=code')
    await this.#import('letters', ['seal,label', 'qqq,a', 'own 0,b'], 'dryRun=true&mode=upsert&key=seal')
  }

  async #import(plural: string, rows: readonly string[], query: string): Promise<void> {
    const { body } = await this.ask({
      method: 'POST',
      path: `hoard/${plural}/import?${query}`,
      body: rows.join('\n'),
      headers: { 'content-type': 'text/csv' },
    })
    const { id } = ((body as { job?: { id: string } } | undefined)?.job ?? body ?? {}) as { id?: string }
    if (id?.startsWith('~')) await this.#twins.settled(id)
  }

  /** The next idea. */
  async go(): Promise<void> {
    const random = this.#random
    const one = random.pick(targets)
    const roll = random.next()
    if (roll < 0.15) await this.threshold(one)
    else if (roll < 0.2) await this.spell(random.pick(targets.filter(({ kind }) => kind === 'text')))
    else if (roll < 0.22) await this.record(random.pick(read))
    else if (roll < 0.24) await this.walk()
    else if (roll < 0.75)
      for (let n = 0; n < 6; n++) await this.write(random.pick(['chests', 'chests', 'letters', 'crates', 'parcels', 'scrolls', 'scrolls']))
    else await this.anything(one)
  }

  /** Something that nobody thought of. */
  async anything(one: Target): Promise<void> {
    const random = this.#random
    const other = random.pick(targets.filter(({ list }) => list === one.list))
    const at = (BigInt(random.below(2 ** 31)) << 33n) + BigInt(random.below(2 ** 31))
    const said = (each: Target): string => random.pick(thresholds[each.kind])(each.term, at)
    const filter = random.pick([
      () => `${said(one)} && ${said(other)}`,
      () => `${said(one)} || self.id == null`,
      () => `!(${said(one)})`,
      () => `(${said(one)} ? self.created_at : self.updated_at) != null`,
      () => `(${said(one)}) == (${said(other)})`,
      () => `${one.term} == ${other.term}`,
      () => `[${one.term}, ${other.term}] != null`,
      // Ids are not the same on both sides: their letters say nothing.
      () => (one.kind === 'record' ? said(one) : `size(split(text(${one.term}), '7')) > ${random.below(9)}`),
      () => `isEmpty(${one.term}) || ${said(other)}`,
      () => `coalesce(${one.term}, ${other.term}) != null`,
    ])()
    const query: Record<string, string> = { filter }
    if (random.chance(0.3)) query['sort'] = random.pick([one.path, `-${other.path}`, '-created_at'])
    if (random.chance(0.2)) query['fields'] = `id,${other.path}`
    if (random.chance(0.2)) query['count'] = 'exact'
    await this.ask(random.chance(0.5) ? random.pick(doors)(one.list, filter) : withQuery(one.list, query))
  }
}
