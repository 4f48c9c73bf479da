import { canary, traces } from './canary.ts'
import type { Canary } from './canary.ts'
import { ok } from './world.ts'
import type { Reply, World } from './world.ts'

/** Two tenants that are the same to the letter but for a secret, and somebody who sends both the same requests. */

export interface Question {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below /api/. Ids and cursors are those of answers: `~7~`. */
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}
/** What both sides said, with names for ids, cursors and moments of today. */
export interface Answer {
  readonly status: number
  readonly text: string
  readonly body: unknown
}

/** The sides answered differently, or one of them told what nobody may know. */
export class Leak extends Error {
  readonly question: Question

  constructor(what: string, question: Question, answers: readonly unknown[]) {
    super([what, JSON.stringify(question), ...answers.map((each) => JSON.stringify(each).slice(0, 4000))].join('\n'))
    this.question = question
  }
}

const password = 'a password for twins only'
export const roles = { thief: ['hoard.thief', 'hoard.writer'], guard: ['hoard.guard'], admin: ['core.admin'] } as const
export type Part = keyof typeof roles

/** Ids and cursors of one side, called alike on both: by the order in which they came up. */
class Names {
  readonly #names = new Map<string, string>()
  readonly #reals = new Map<string, string>()

  constructor(known: Iterable<string>) {
    for (const real of known) this.nameOf(real)
  }
  nameOf(real: string): string {
    const known = this.#names.get(real)
    if (known !== undefined) return known
    const name = `~${this.#names.size}~`
    this.#names.set(real, name)
    this.#reals.set(name, real)
    return name
  }
  real(text: string): string {
    return text.replace(/~\d+~/g, (name) => this.#reals.get(name) ?? name)
  }
}
const ids = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g
const asIs = new Names([])
/** Moments of before are values. */
const started = Date.now() - 60_000

export class Side {
  readonly slug: string
  readonly canaries: readonly Canary[]
  readonly #url: string
  readonly #tokens = new Map<Part, string>()
  readonly members = new Map<Part, string>()
  /** In the order in which they were made. */
  readonly made = new Set<string>()

  constructor(world: World, slug: string, secret: bigint) {
    this.slug = slug
    this.#url = world.url
    this.canaries = Array.from({ length: 24 }, (_, n) => canary(secret, n))
  }

  async send(as: Part | 'operator' | null, { method, path, body, headers }: Question, names = asIs): Promise<Reply> {
    const isText = body === undefined || typeof body === 'string'
    const token = as === 'operator' ? 'operator-of-the-tests' : as === null ? '' : (this.#tokens.get(as) ?? '')
    const response = await fetch(`${this.#url}/api/${names.real(path)}`, {
      method,
      redirect: 'manual',
      headers: {
        'accept-encoding': 'identity',
        ...(token !== '' && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(headers && (JSON.parse(names.real(JSON.stringify(headers))) as Record<string, string>)),
      },
      ...(body !== undefined && { body: names.real(isText ? body : JSON.stringify(body)) }),
    })
    const text = await response.text()
    const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '') && !path.includes('jsonl')
    return { status: response.status, headers: response.headers, text, body: isJson && text !== '' ? JSON.parse(text) : undefined }
  }

  /** The tenant and its people. */
  async open(): Promise<void> {
    const person = (part: Part) => ({ name: part, email: `${part}@${this.slug}.test`, password })
    const { slug } = this
    await this.#do('operator', 'operator/tenants', { slug, name: 'Twin', modules: ['core', 'hoard'], admin: person('admin') })
    await this.#signIn('admin')
    for (const part of ['thief', 'guard'] as const) {
      const { name, email } = person(part)
      const { id } = await this.#do('admin', 'core/members', { name, email })
      this.members.set(part, String(id))
      const put = {
        method: 'PUT' as 'POST',
        path: `access/${String(id)}`,
        body: { email, password: `${password} at first`, roles: ['core.user', ...roles[part]] },
      }
      ok(await this.send('admin', put))
      const { mfaToken } = await this.#do(null, 'auth/login', { email, password: `${password} at first` })
      await this.#do(null, 'auth/password', { mfaToken, password })
      await this.#signIn(part)
    }
  }

  async #signIn(part: Part): Promise<void> {
    const { accessToken } = await this.#do(null, 'auth/login', { email: `${part}@${this.slug}.test`, password })
    this.#tokens.set(part, String(accessToken))
  }
  async #do(as: Part | 'operator' | null, path: string, body: unknown): Promise<Record<string, unknown>> {
    const reply = await this.send(as, { method: 'POST', path, body })
    for (const [id] of reply.text.replace(/"requestId".*/, '').matchAll(ids)) this.made.add(id)
    return ok(reply)
  }

  /** Fills the hoard; the thief's own records are the same on both sides. */
  async fill(): Promise<void> {
    const make = async (as: Part, plural: string, body: object): Promise<string> =>
      String((await this.#do(as, `hoard/${plural}`, body))['id'])
    const { canaries } = this
    const at = (n: number): Canary => canaries[n]!
    const owner = this.members.get('guard')
    const groups: string[] = []
    for (let n = 0; n < 4; n++) groups.push(await make('guard', 'groups', { name: `group ${n}`, secret_budget: String(at(n).number) }))
    const group = (n: number): string => groups[Number(at(n).number % 4n)]!
    const chests: string[] = []
    for (let n = 0; n < 6; n++) {
      const own = at(n)
      const chest = await make('guard', 'chests', {
        name: `chest ${n}`,
        code: `C${n}`,
        note: n % 2 === 0 ? 'plain' : null,
        heap: groups[n % 4],
        twin: chests.at(-1) ?? null,
        owner,
        coins: [0, 1].map((i) => ({
          label: `coin ${n}.${i}`,
          quantity: i + 1,
          secret_cost: String(at(6 + n + i).number),
          secret_mark: at(6 + n + i).word,
        })),
        secret_number: String(own.number),
        secret_small: own.small,
        secret_word: own.word,
        secret_story: `once ${own.word} and ${own.number}`,
        secret_day: own.day,
        secret_moment: own.moment,
        secret_clock: own.clock,
        secret_span: `PT${own.seconds}S`,
        secret_choice: own.choice,
        secret_flag: own.flag,
        secret_marks: [own.choice],
        secret_price: { amount: own.amount, currency: own.flag ? 'EUR' : 'USD' },
        secret_group: group(n),
        secret_groups: [group(n), group(n + 1)].filter((each, i, every) => every.indexOf(each) === i),
        secret_place: { city: own.word, country: own.choice },
        secret_extra: { number: String(own.number) },
      })
      chests.push(chest)
      await make('guard', 'vaults', { word: own.word, number: String(own.number), about: chest })
    }
    const scrolls: string[] = []
    for (let n = 0; n < 6; n++) {
      const { number, word, day, choice } = at(12 + n)
      const isOwn = n % 3 === 0
      const parcel = { label: isOwn ? `own ${n}` : word, weight: isOwn ? String(n) : String(number), sent: isOwn ? '2026-01-01' : day }
      const sent = await make(isOwn ? 'thief' : 'guard', 'parcels', { ...parcel, tags_of: chests[n] })
      const seal = { seal: word, weight: String(number), sealed_on: day, kind: choice, addressee: group(n) }
      const plain = { seal: `own ${n}`, weight: String(n), sealed_on: '2026-01-01', kind: 'north', addressee: groups[0] }
      await make(isOwn ? 'thief' : 'guard', 'letters', {
        ...(isOwn ? plain : seal),
        label: `letter ${n}`,
        parcel: isOwn ? sent : null,
        chest: chests[n],
        pages: [{ number: n, secret_line: isOwn ? 'plain' : word }],
      })
      const ink = { ink: word, amount: String(number), day, level: 9 }
      const scroll = await make('guard', 'scrolls', {
        ...(isOwn ? { ink: `own ${n}`, amount: String(n), day: '2026-01-01', level: 1, owner: this.members.get('thief') } : ink),
        note: `scroll ${n}`,
        before: scrolls.at(-1) ?? null,
        heap: groups[n % 4],
        sheets: [{ number: n, words: isOwn ? 'plain' : word }],
      })
      scrolls.push(scroll)
      const isSmall = n % 2 === 0
      const crate = {
        label: isSmall ? `crate ${n}` : word,
        amount: isSmall ? String(n) : String(number),
        lock: isSmall ? String(number) : null,
      }
      await make('guard', 'crates', { ...crate, chest: chests[n] })
      // A letter of the thief's that says where a parcel of the guard's is.
      if (!isOwn) await this.#do('guard', 'hoard/letters', { label: `about ${n}`, parcel: sent, owner })
    }
  }

  /** The same text for the same answer: ids, cursors and what the clock says now get names, the tenant's own name goes. */
  plain(text: string, names: Names): string {
    return text
      .replaceAll(this.slug, 'twin')
      .replace(/"(requestId|hash)":"[^"]*"/g, '"$1":""')
      .replace(/("nextCursor":")([^"]+)/g, (_, before: string, cursor: string) => `${before}${names.nameOf(cursor)}`)
      .replace(ids, (id) => names.nameOf(id))
      .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, (at) => (Date.parse(at) < started ? at : '<now>'))
  }
}

const ownHeaders: ReadonlySet<string> = new Set(['date', 'x-request-id', 'connection', 'keep-alive'])

export class Twins {
  readonly sides: readonly [Side, Side]
  readonly as: Part
  readonly #names: readonly [Names, Names]
  asked = 0

  constructor(sides: readonly [Side, Side], as: Part) {
    this.sides = sides
    this.as = as
    this.#names = [new Names(sides[0].made), new Names(sides[1].made)]
  }

  /** The answer of both, or a Leak. */
  async ask(question: Question): Promise<Answer> {
    this.asked++
    const replies = await Promise.all(this.sides.map((side, i) => side.send(this.as, question, this.#names[i])))
    const [one, two] = this.sides.map((side, i) => {
      const { status, headers, text } = replies[i]!
      const names = this.#names[i]!
      const told = [...headers].filter(([name]) => !ownHeaders.has(name))
      const shown = told.map(([name, value]) => [name, name === 'etag' && !/^"\d+\.\d+"$/.test(value) ? '' : side.plain(value, names)])
      return { status, headers: shown, text: side.plain(text, names) }
    }) as [{ status: number; headers: unknown; text: string }, { status: number; headers: unknown; text: string }]
    if (JSON.stringify(one) !== JSON.stringify(two)) throw new Leak('the sides are told apart', question, [one, two])
    for (const [i, side] of this.sides.entries()) {
      const raw = `${replies[i]!.text} ${JSON.stringify([...replies[i]!.headers])}`
      const seen = side.canaries.flatMap(traces).find((trace) => raw.includes(trace))
      if (seen !== undefined) throw new Leak(`the secret ${seen} is told`, question, [replies[i]!.text])
      this.#readCursor(replies[i]!.text, side, question)
    }
    if (one.status >= 500) throw new Leak('an answer that is nobody’s business', question, [one])
    const isJson = one.text.startsWith('{') && !question.path.includes('jsonl')
    return { status: one.status, text: one.text, body: isJson ? (JSON.parse(one.text) as unknown) : undefined }
  }

  /** Waits for a job on both sides, and compares what became of it. */
  async settled(id: string): Promise<Answer> {
    const read: Question = { method: 'GET', path: `jobs/${id}` }
    for (const [i, side] of this.sides.entries()) {
      for (;;) {
        const { status } = ((await side.send(this.as, read, this.#names[i])).body ?? {}) as { status?: string }
        if (status !== 'queued' && status !== 'running') break
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    return this.ask(read)
  }

  /** What stands in a cursor stands in the answer. */
  #readCursor(text: string, side: Side, question: Question): void {
    for (const [, cursor = ''] of text.matchAll(/"nextCursor":"([^"]+)/g)) {
      const inside = cursor.split('.').map((part) => Buffer.from(part, 'base64url').toString())
      const seen = side.canaries.flatMap(traces).find((trace) => inside.some((part) => part.includes(trace)))
      if (seen !== undefined) throw new Leak(`the secret ${seen} stands in a cursor`, question, inside)
    }
  }
}
