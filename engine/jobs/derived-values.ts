import { v5 as uuidv5 } from 'uuid'
import { derivationsOf } from '../records/derivations.ts'
import type { EnabledModule } from '../catalogue/store.ts'
import type { Catalogue } from '../catalogue/types.ts'
import { Problem } from '../problems.ts'
import { contextOf } from '../records/access.ts'
import type { Difference } from '../records/recompute.ts'
import type { Actor } from '../records/types.ts'
import { actorFrom, asActor } from './jobs.ts'
import type { Jobs } from './jobs.ts'
import { compare, differences, recompute } from './recompute.ts'
import type { Recomputation, RecomputeInput, RecomputeParts } from './recompute.ts'

export interface DerivedValuesOptions extends RecomputeParts {
  readonly jobs: Pick<Jobs, 'submit'>
  /** What a set of modules means. */
  readonly catalogueOf: (modules: readonly EnabledModule[]) => Catalogue
}
export type DerivedValues = ReturnType<typeof createDerivedValues>

/** Sees to it that stored derived values of every tenant are those of the modules that it has. */
export function createDerivedValues({ jobs, catalogueOf, ...parts }: DerivedValuesOptions) {
  const { database, records } = parts
  const tenants = async (id: string | null) =>
    (await database.call({ text: 'select * from bos.tenants_derived($1::uuid)', values: [id] })).rows
  const load = async (tenant: string): Promise<Actor> => {
    const [row] = await tenants(tenant)
    if (!row) throw new Problem('not-found', 'There is no such tenant.')
    return actorFrom(tenant, row)
  }
  const noteFor = (tenant: string): Promise<readonly string[]> =>
    asActor(() => load(tenant))(async (actor) => compare(database, (await records.access(actor)).catalogue, actor))

  return {
    /** Starts a job in every tenant whose records are behind its modules. One that waits or runs already sees by itself what there is to do. */
    look: async (): Promise<void> => {
      const digests = new Map<string, string>()
      for (const row of await tenants(null)) {
        const modules = row['modules'] as readonly EnabledModule[]
        const set = JSON.stringify(modules)
        const digest = digests.get(set) ?? derivationsOf(catalogueOf(modules)).digest
        digests.set(set, digest)
        const tenant = String(row['id'])
        if (digest === row['digest'] || (await noteFor(tenant)).length === 0) continue
        const once = { id: uuidv5('recompute', tenant), refusal: 'It is being done.', again: true } as const
        await jobs.submit(actorFrom(tenant, row), 'recompute', {} satisfies RecomputeInput, { once }).catch(unlessThere)
      }
    },
    /** A tenant has got modules: what it has no records of yet needs no job. */
    note: async (tenant: string): Promise<void> => void (await noteFor(tenant)),
    /** Here and now, without a job. */
    recompute: (tenant: string, input: RecomputeInput): Promise<Recomputation> =>
      recompute(parts, {
        id: 'bos recompute',
        input,
        state: {},
        as: asActor(() => load(tenant)),
        checkpoint: async (_state, _done, _total, also = []) => {
          if (also.length > 0)
            await asActor(() => load(tenant))((actor) =>
              database.transaction(contextOf(actor), (tx) => tx.commit({ role: 'bos_write', queries: also })),
            )
        },
      }),
    differences: (tenant: string, entity?: string): Promise<readonly Difference[]> =>
      asActor(() => load(tenant))((actor) => differences(parts, actor, entity)),
  }
}

/** There is one already. */
const unlessThere = (error: unknown): void => {
  if (!(error instanceof Problem) || error.code !== 'conflict') throw error
}
