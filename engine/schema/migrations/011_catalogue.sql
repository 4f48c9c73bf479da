-- What the catalogue store asks for a tenant whose generation has moved on.

create function bos.tenant_modules(tenant uuid) returns table (module text, version text)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select m.module, m.version from bos.tenant_module m where m.tenant_id = tenant_modules.tenant order by m.module;
end;

grant execute on function bos.tenant_modules to bos_call;
