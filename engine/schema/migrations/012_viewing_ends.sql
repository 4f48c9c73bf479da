-- Whoever loses a role looks as nobody any more: it may be the one that let them.
create function bos.end_viewings() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update bos.viewing v set ended_at = now()
    from bos.session s, changed c
    where v.session_id = s.id and v.ended_at is null and s.tenant_id = c.tenant_id and s.member_id = c.member_id;
  return null;
end $$;
create trigger viewing_role_changed after update on bos.role_assignment referencing old table as changed for each statement execute function bos.end_viewings();
create trigger viewing_role_removed after delete on bos.role_assignment referencing old table as changed for each statement execute function bos.end_viewings();
