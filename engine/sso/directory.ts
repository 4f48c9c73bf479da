import { hash, randomBytes } from 'node:crypto'
import type { Catalogue } from '../catalogue/types.ts'
import type { Database, Query, Transaction } from '../database/types.ts'
import { bearer } from '../identity/actors.ts'
import { Problem } from '../problems.ts'
import { contextOf } from '../records/access.ts'
import type { Actor } from '../records/types.ts'
import { asEngine } from '../tenancy/engine-actor.ts'
import { readProvider, type Provider } from './provider.ts'

/** A company's directory that has shown its token. What it asks for the engine does, for people of its own provider alone. */
export interface DirectoryBearer {
  readonly tenant: string
  /** Id of the identity provider. */
  readonly provider: string
}

/** What every token of a directory begins with. */
const tokenPrefix = 'bos_scim_'

/** 256 random bits; what is stored is their hash, and what a person knows it by. */
export function makeToken(): { readonly token: string; readonly prefix: string; readonly hash: Buffer } {
  const token = `${tokenPrefix}${randomBytes(32).toString('base64url')}`
  return { token, prefix: token.slice(0, tokenPrefix.length + 6), hash: hash('sha256', token, 'buffer') }
}

/** Asked of the database with every request, so that a token that was revoked is none with the next. Throws 'not-authenticated'. */
export async function directoryOf(
  database: Pick<Database, 'call'>,
  authorization: string | undefined,
  address: string,
): Promise<DirectoryBearer> {
  const token = bearer(authorization)
  if (token === null || !token.startsWith(tokenPrefix)) throw new Problem('not-authenticated')
  const { rows } = await database.call({
    text: 'select * from bos.scim_bearer($1, $2)',
    values: [hash('sha256', token, 'buffer'), address],
  })
  const row = rows[0]
  if (!row) throw new Problem('not-authenticated', 'This token is not known, has expired, or its identity provider is turned off.')
  return { tenant: row['tenant_id'] as string, provider: row['provider_id'] as string }
}

/** One transaction on what a directory keeps: `first`, then what `rest` answers. Throws 'not-found' where the provider was removed meanwhile. */
export function inDirectory(
  {
    database,
    catalogueOf,
  }: { readonly database: Pick<Database, 'call' | 'transaction'>; readonly catalogueOf: (actor: Actor) => Promise<Catalogue> },
  { tenant, provider }: DirectoryBearer,
  first: readonly Query[],
  rest: (tx: Transaction, engine: Actor, provider: Provider, catalogue: Catalogue) => Promise<readonly Query[]>,
): Promise<void> {
  return asEngine(database, tenant, async (engine) => {
    const catalogue = await catalogueOf(engine)
    await database.transaction(contextOf(engine), async (tx) => {
      const find: Query = {
        text: 'select * from bos.identity_provider where tenant_id = $1::uuid and id = $2::uuid for share',
        values: [tenant, provider],
      }
      const [found] = await tx.send({ role: 'bos_write', queries: [find, ...first] })
      if (!found!.rows[0]) throw new Problem('not-found')
      await tx.commit({ role: 'bos_write', queries: [...(await rest(tx, engine, readProvider(found!.rows[0]), catalogue))] })
    })
  })
}
