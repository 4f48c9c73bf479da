/**
 * `npm run bench [-- --small]`: what the engine costs, as ratios against hand-written handlers (handwritten.ts) of the same routes on the
 * same tables of the same PostgreSQL, in one run. Rounds alternate, so that a machine that slows down slows both; figures are medians.
 * Behind requests per second stands the CPU time of one request, server and PostgreSQL together: it hardly moves when the machine is busy.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { buildBench, teams, type Contestant } from './build.ts'
import { compileLargeTenant } from './catalogue.ts'
import { benchId, rare, type BenchTenant } from './data.ts'
import { embeddedStartMs } from './embedded.ts'
import { evaluationsPerSecond } from './expressions.ts'
import { fire, type Outcome, type Shot } from './load.ts'
import { compare, median, Table } from './measure.ts'

const small = process.argv.includes('--small')
const scale = small
  ? { tenants: 10, deals: 1_000, largest: 50_000, seconds: 1, rounds: 3 }
  : { tenants: 100, deals: 10_000, largest: 1_000_000, seconds: 4, rounds: 5 }
const connections = 16
const report = (line: string): void => console.log(`  ${line}`)

console.log(
  `bench: ${scale.tenants} tenants × ${scale.deals} deals + one × ${scale.largest}, ${connections} connections, ${scale.rounds} rounds of ${scale.seconds} s`,
)
console.log(`${cpus().length} cores (${cpus()[0]?.model.trim() ?? ''}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`)
const bench = await buildBench(scale, report)
const { engine, handwritten, tenants, largest } = bench
const table = new Table()
try {
  /** Tenants in turn, records at random. */
  const tenantAt = (n: number): BenchTenant => tenants[n % tenants.length] as BenchTenant
  const someDeal = (tenant: BenchTenant): string => benchId('deal', tenant, Math.floor(Math.random() * tenant.deals))
  const get =
    (tokens: Tokens) =>
    (n: number): Shot => {
      const tenant = tenantAt(n)
      return { method: 'GET', path: `/api/crm/deals/${someDeal(tenant)}`, token: tokens(tenant) }
    }
  const list =
    (tokens: Tokens, query: string) =>
    (n: number): Shot => ({ method: 'GET', path: `/api/crm/deals?limit=50${query}`, token: tokens(tenantAt(n)) })
  const create =
    (tokens: Tokens, at: (n: number) => BenchTenant) =>
    (n: number): Shot => {
      const tenant = at(n)
      const body = {
        name: `Fresh contract ${n}`,
        company: benchId('company', tenant, n % (tenant.deals / 10)),
        stage: 'qualified',
        value: { amount: '1250.50', currency: 'EUR' },
        probability: '40',
        margin: '310.25',
        expected_close: '2026-12-24',
        kind: 'renewal',
        priority: 'high',
      }
      return { method: 'POST', path: '/api/crm/deals', token: tokens(tenant), body: JSON.stringify(body) }
    }
  type Tokens = (tenant: BenchTenant) => string

  const firing =
    ({ url, cpuMs }: Contestant, next: (n: number) => Shot) =>
    (): Promise<Outcome> =>
      fire({ url, cpuMs, connections, seconds: scale.seconds, next })
  const versus = async (name: string, goal: number, shots: (tokens: Tokens) => (n: number) => Shot): Promise<void> => {
    await engine.refresh()
    const rounds = await compare(scale.rounds, firing(engine, shots(engine.token)), firing(handwritten, shots(handwritten.token)))
    const ratio = median(rounds.map(([ours, theirs]) => ours.perSecond / theirs.perSecond))
    const figure = (side: 0 | 1): string => {
      const outcomes = rounds.map((round) => round[side])
      const cpu = outcomes.map(({ cpuMs }) => cpuMs).filter((each) => each !== null)
      return `${Math.round(median(outcomes.map(({ perSecond }) => perSecond)))}/s${cpu.length > 0 ? ` ${median(cpu).toFixed(2)} ms` : ''}`
    }
    table.add({ name, ours: figure(0), theirs: figure(1), ratio, goal, better: 'higher' })
  }
  await bench.assertSameAnswers()
  report('both servers give the same answers')
  await versus('get', 1.2, get)
  await versus('list of 50', 1.5, (tokens) => list(tokens, ''))
  await versus('list of 50 with company', 1.5, (tokens) => list(tokens, '&expand=company'))
  await versus('create', 0.6, (tokens) => create(tokens, tenantAt))

  await engine.refresh()
  const alone = await compare(
    scale.rounds,
    firing(
      engine,
      create(engine.token, () => tenantAt(0)),
    ),
    firing(engine, create(engine.token, tenantAt)),
  )
  table.add({
    name: `create: one tenant : spread over ${tenants.length}`,
    ours: `${Math.round(median(alone.map(([one]) => one.perSecond)))}/s`,
    theirs: `${Math.round(median(alone.map(([, spread]) => spread.perSecond)))}/s`,
    ratio: median(alone.map(([one, spread]) => one.perSecond / spread.perSecond)),
    goal: 0.9,
    better: 'higher',
  })

  const withColleagues = tenants.slice(0, teams)
  const listBy = (token: (tenant: BenchTenant) => string) =>
    firing(engine, (n) => ({ method: 'GET', path: '/api/crm/deals?limit=50', token: token(withColleagues[n % withColleagues.length]!) }))
  for (const [who, scope] of [
    ['seller', 'own'],
    ['lead', 'team'],
  ] as const) {
    await engine.refresh()
    const scoped = await compare(
      scale.rounds,
      listBy((tenant) => engine.colleague(tenant, who)),
      listBy(engine.token),
    )
    table.add({
      name: `list of 50: scope ${scope} : all`,
      ours: `${Math.round(median(scoped.map(([one]) => one.perSecond)))}/s`,
      theirs: `${Math.round(median(scoped.map(([, every]) => every.perSecond)))}/s`,
      ratio: median(scoped.map(([one, every]) => one.perSecond / every.perSecond)),
      goal: 0.8,
      better: 'higher',
    })
  }

  // Both at the same moment, on the same server: whoever asks for much waits for themselves.
  const flooding = tenantAt(1)
  const flooded: (readonly [Outcome, Outcome])[] = []
  await engine.refresh()
  for (let round = 0; round < scale.rounds; round++)
    flooded.push(
      await Promise.all([
        fire({ ...engine, connections: 2, seconds: scale.seconds, next: () => get(engine.token)(0) }),
        fire({
          ...engine,
          connections: connections * 4,
          seconds: scale.seconds,
          next: () => ({ method: 'GET', path: '/api/crm/deals?limit=50', token: engine.token(flooding) }),
        }),
      ]),
    )
  table.add({
    name: `a flood: p95 of a tenant that asks for little : of the one that floods`,
    ours: `${median(flooded.map(([one]) => one.p95Ms)).toFixed(1)} ms`,
    theirs: `${median(flooded.map(([, flood]) => flood.p95Ms)).toFixed(1)} ms`,
    ratio: median(flooded.map(([one, flood]) => one.p95Ms / flood.p95Ms)),
    goal: 0.5,
    better: 'lower',
  })

  const inLargest = (query: string) =>
    firing(engine, () => ({ method: 'GET', path: `/api/crm/deals${query}`, token: engine.token(largest) }))
  const pages = Math.min(1_000, Math.floor(largest.deals / 50) - 1)
  const cursor = await engine.cursorOfPage(largest, pages)
  await engine.refresh()
  const deep = await compare(scale.rounds, inLargest(`?limit=50&cursor=${encodeURIComponent(cursor)}`), inLargest('?limit=50'))
  table.add({
    name: `large tenant: p95 of page ${pages} : page 1`,
    ours: `${median(deep.map(([page]) => page.p95Ms)).toFixed(1)} ms`,
    theirs: `${median(deep.map(([, first]) => first.p95Ms)).toFixed(1)} ms`,
    ratio: median(deep.map(([page, first]) => page.p95Ms / first.p95Ms)),
    goal: 1.3,
    better: 'lower',
  })
  const getLargest = firing(engine, () => ({ method: 'GET', path: `/api/crm/deals/${someDeal(largest)}`, token: engine.token(largest) }))
  for (const [name, query] of [
    ['decimal range', `?margin.gte=${rare.marginFrom}&margin.lte=${rare.marginTo}`],
    ['text search', `?search=${rare.word}`],
    ['contains', `?name.contains=${rare.part}`],
  ] as const) {
    await engine.assertFinds(largest, query, rare.count)
    await engine.refresh()
    const found = await compare(scale.rounds, inLargest(query), getLargest)
    table.add({
      name: `large tenant: ${name}, ten rows : get`,
      ours: `${median(found.map(([search]) => search.p50Ms)).toFixed(1)} ms`,
      theirs: `${median(found.map(([, one]) => one.p50Ms)).toFixed(1)} ms`,
      ratio: median(found.map(([search, one]) => search.p50Ms / one.p50Ms)),
      goal: 5,
      better: 'lower',
    })
  }
} finally {
  await bench.close()
}

const ready = await embeddedStartMs(report)
table.add({
  name: 'embedded, existing data: ready after',
  ours: `${Math.round(ready)} ms`,
  theirs: '3000 ms',
  ratio: ready / 3000,
  goal: 1,
  better: 'lower',
})

const wanted = 2_000_000
const evaluations = Array.from({ length: scale.rounds }, () => evaluationsPerSecond(500))
table.add({
  name: 'expression of three comparisons, in JavaScript',
  ours: `${(median(evaluations) / 1e6).toFixed(1)} M/s`,
  theirs: `${wanted / 1e6} M/s`,
  ratio: median(evaluations) / wanted,
  goal: 1,
  better: 'higher',
})

const compiled = Array.from({ length: scale.rounds }, () => compileLargeTenant())
const compileMs = median(compiled.map(({ ms }) => ms))
const compileMiB = median(compiled.map(({ mebibytes }) => mebibytes))
table.add({
  name: 'compiling a tenant of 500 entities',
  ours: `${Math.round(compileMs)} ms`,
  theirs: '2000 ms',
  ratio: compileMs / 2000,
  goal: 1,
  better: 'lower',
})
table.add({
  name: 'memory of its catalogue',
  ours: `${Math.round(compileMiB)} MiB`,
  theirs: '100 MiB',
  ratio: compileMiB / 100,
  goal: 1,
  better: 'lower',
})

const text = table.text()
console.log(`\n${text}`)
const out = new URL('out/', import.meta.url)
await mkdir(out, { recursive: true })
await writeFile(new URL('latest.txt', out), `${text}\n`)
process.exitCode = table.missed === 0 ? 0 : 1
