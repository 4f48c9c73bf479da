import type { Database } from '../database/types.ts'
import type { Actor } from '../records/types.ts'

/** The acting member's own name. Whoever is signed in may know it, whatever their roles say about people's records. */
export async function memberName(database: Pick<Database, 'call'>, { tenant, member }: Actor): Promise<string | null> {
  const { rows } = await database.call({ text: 'select bos.member_name($1::uuid, $2::uuid) as name', values: [tenant, member] })
  return (rows[0]?.['name'] as string | null | undefined) ?? null
}
