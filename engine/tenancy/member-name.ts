import type { Database } from '../database/types.ts'
import type { Actor } from '../records/types.ts'

/** The acting member's own name. Whoever is signed in may know it, whatever their roles say about people's records. */
export async function memberName(database: Pick<Database, 'read'>, { tenant, member, session, generation }: Actor): Promise<string | null> {
  const context = { tenant, member, session, generation, scopes: ['core.member:all'] }
  const [rows] = await database.read(context, { name: 'member_name', text: 'select name from core.member where tenant_id = bos.tenant() and id = bos.member()' })
  const name = rows?.rows[0]?.['name']
  return typeof name === 'string' ? name : null
}
