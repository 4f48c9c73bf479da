-- What scopes of modules may ask of who asks: the record of the acting person, whatever their roles show of it. Row policies and Plans ask once
-- per statement. core.member is there once modules are applied: the body is read when it runs.
create function bos.me() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select to_jsonb(m) from core.member m where m.tenant_id = bos.tenant() and m.id = bos.member() and m.deleted_at is null);
end $$;

grant execute on function bos.me to bos_read, bos_write;
