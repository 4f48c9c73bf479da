-- Ends sessions of one's own tenant's people: one of them, or all but one of a person. Answers how many.
create function bos.member_sessions_end(member uuid, session uuid, keep uuid) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  select bos.sessions_end(null, bos.tenant(), member_sessions_end.member, member_sessions_end.session, member_sessions_end.keep);
end;
revoke all on function bos.member_sessions_end from public;
grant execute on function bos.member_sessions_end to bos_write;

-- A tenant that somebody founds for themselves. Unlike `bos.tenant_open` it takes up nothing that another has begun: of two who want a name, one
-- gets it. No row: it is taken.
create function bos.tenant_found(tenant uuid, slug text, name text, locale text, time_zone text, currency text, modules jsonb)
returns table (id uuid, generation bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare founded uuid;
begin
  insert into bos.tenant as t (id, slug, name, locale, time_zone, currency)
    values (tenant_found.tenant, tenant_found.slug, tenant_found.name, tenant_found.locale, tenant_found.time_zone, tenant_found.currency)
    on conflict (slug) do nothing
    returning t.id into founded;
  insert into bos.tenant_module (tenant_id, module, version)
    select founded, m.module, m.version from jsonb_to_recordset(modules) as m (module text, version text) where founded is not null;
  return query select t.id, t.generation from bos.tenant t where t.id = founded;
end $$;
revoke all on function bos.tenant_found from public;
grant execute on function bos.tenant_found to bos_call;
