import type { Session } from '../database/types.ts'

/**
 * Ties sign-in to the record of a person: whoever is deleted or no longer active loses sessions and the way in, with the very write
 * that says so (bos.member_presence). Run once core.member has its table; repeating it changes nothing.
 */
export async function watchPresence(owner: Session): Promise<void> {
  const { rows } = await owner.query(`
    select exists (select from pg_trigger where tgrelid = to_regclass('core.member') and tgname = 'bos_presence') as watched,
      to_regclass('core.member') is not null as known,
      exists (select from pg_attribute where attrelid = to_regclass('core.member') and attname = 'active' and not attisdropped) as has_active`)
  const state = rows[0]
  if (state?.['known'] !== true || state['watched'] === true) return
  const columns = state['has_active'] === true ? 'deleted_at, active' : 'deleted_at'
  await owner.query(
    `create trigger bos_presence after update of ${columns} on core.member for each row execute function bos.member_presence()`,
  )
}
