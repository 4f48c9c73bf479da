import { compileCatalogue } from '../engine/catalogue/compile.ts'
import type { ModuleSource } from '../engine/catalogue/sources.ts'

/** What compiling a large tenant takes. */
export interface CompileCost {
  readonly ms: number
  /** What the catalogue holds once it is made. */
  readonly mebibytes: number
}

const modules = 10
const perModule = 50

/**
 * A tenant of 500 entities in ten modules: a tenth of them lines, each with twenty fields, references, computes, rollups, rules, conditions,
 * permissions of three roles and a lifecycle. `--expose-gc` makes the memory exact; without it, it is an upper bound.
 */
export function compileLargeTenant(): CompileCost {
  const sources = Array.from({ length: modules }, (_, m) => moduleOf(m))
  compileCatalogue(sources.slice(0, 1), 'warm')
  const collect = (globalThis as { gc?: () => void }).gc
  collect?.()
  const before = process.memoryUsage().heapUsed
  const started = performance.now()
  const catalogue = compileCatalogue(sources, 'large')
  const ms = performance.now() - started
  collect?.()
  const mebibytes = (process.memoryUsage().heapUsed - before) / 2 ** 20
  if (catalogue.entities.size < modules * perModule) throw new Error('the tenant of the benchmark is not as large as it should be')
  return { ms, mebibytes }
}

function moduleOf(m: number): ModuleSource {
  const id = `m${m}`
  const files = new Map<string, unknown>([
    [
      'module.json',
      {
        id,
        version: '1.0.0',
        metamodel: 1,
        title: id,
        ...(m > 0 && { depends: { m0: '^1.0.0' } }),
        roles: ['reader', 'writer', 'boss'].map((role) => ({ id: `${id}.${role}`, title: role })),
      },
    ],
  ])
  for (let e = 0; e < perModule; e++) files.set(`entities/e${e}.json`, entityOf(id, e))
  return { id, hash: id, files, seeds: [], faults: [] }
}

function entityOf(module: string, e: number): unknown {
  const isLine = e % 10 === 9
  const line = `${module}.e${e - (e % 10) + 9}`
  const fields = Object.fromEntries(
    Array.from({ length: 12 }, (_, f) => [`f${f}`, { type: 'string', title: `Field ${f}`, maxLength: 80, 'x-bos': { index: f === 0 } }]),
  )
  const numbers = Object.fromEntries(
    Array.from({ length: 4 }, (_, f) => [`n${f}`, { title: `Number ${f}`, 'x-bos': { type: 'decimal', scale: 2 } }]),
  )
  const derived = {
    sum: { title: 'Sum', 'x-bos': { type: 'decimal', scale: 2, compute: 'coalesce(self.n0, 0) + coalesce(self.n1, 0) * 2' } },
    share: { title: 'Share', 'x-bos': { type: 'decimal', scale: 2, compute: 'self.sum > 0 ? self.n2 / self.sum : null' } },
  }
  if (isLine)
    return {
      title: `Line ${e}`,
      type: 'object',
      properties: { ...fields, ...numbers, ...derived },
      'x-bos': { kind: 'line', plural: `e${e}s` },
    }
  return {
    title: `Entity ${e}`,
    type: 'object',
    required: ['f0'],
    properties: {
      ...fields,
      ...numbers,
      ...derived,
      other: { title: 'Other', 'x-bos': { type: 'reference', entity: `${module}.e${e % 10 === 0 ? e + 1 : e - 1}` } },
      state: {
        title: 'State',
        enum: ['a', 'b', 'c'],
        'x-bos': {
          lifecycle: {
            states: { c: { frozen: true } },
            transitions: { go: { from: ['a'], to: 'b', guard: 'self.sum > 1' }, end: { to: 'c' } },
          },
        },
      },
      ...(e % 10 === 8 && {
        lines: { title: 'Lines', 'x-bos': { type: 'lines', entity: line } },
        total: { title: 'Total', 'x-bos': { type: 'decimal', scale: 2, rollup: { over: 'lines', measure: 'sum', value: 'self.sum' } } },
      }),
      note: { title: 'Note', type: 'string', 'x-bos': { visibleWhen: "self.state != 'c'", requiredWhen: 'self.other.sum > 10' } },
    },
    'x-bos': {
      plural: `e${e}s`,
      titleField: 'f0',
      rules: [
        { id: 'one', assert: 'self.n0 == null || self.n0 >= 0', message: 'Not below zero.', at: 'n0' },
        { id: 'two', when: "self.state == 'b'", assert: 'length(self.f1) > 0', message: 'A text is missing.', at: 'f1' },
      ],
      permissions: {
        [`${module}.reader`]: { scope: 'all', read: true, hide: ['n3'] },
        [`${module}.writer`]: { scope: 'all', read: true, create: true, update: true },
        [`${module}.boss`]: { scope: 'all', read: true, create: true, update: true, delete: true, export: true },
      },
    },
  }
}
