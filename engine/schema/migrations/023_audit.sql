-- The audit: what stands in the log besides records (sign-ins, refusals, keys, roles) is looked up by itself, whatever else the tenant does.
create index event_of_engine on bos.event (tenant_id, id) where entity like 'bos.%' or type in ('access_changed', 'invited', 'viewed_as');

-- Who the engine is in a tenant when it writes there by itself.
create function bos.tenant_facts(tenant uuid)
returns table (slug text, name text, generation bigint, locale text, time_zone text, currency text)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.slug, t.name, t.generation, t.locale, t.time_zone, t.currency from bos.tenant t
  where t.id = tenant_facts.tenant and t.suspended_at is null;
end;
grant execute on function bos.tenant_facts to bos_call;
