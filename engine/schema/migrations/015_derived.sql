-- What stored derived values were worked out with. A derivation that says something else than this, or stands not here, has yet to be
-- brought to the records that there are.
create table bos.derivation (
  tenant_id uuid not null references bos.tenant,
  entity text collate "C" not null,
  field text collate "C" not null,
  fingerprint text collate "C" not null,
  primary key (tenant_id, entity, field)
);
call bos.protect('bos.derivation');
create policy tenant_write on bos.derivation to bos_write using (tenant_id = (select bos.tenant()));
grant select, insert, update, delete on bos.derivation to bos_write;

-- Tenants that are served (or one), with their modules and a digest of the above as engine/records/derivations.ts makes it.
create function bos.tenants_derived(tenant uuid)
returns table (id uuid, slug text, name text, generation bigint, locale text, time_zone text, currency text, modules jsonb, digest text)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.id, t.slug, t.name, t.generation, t.locale, t.time_zone, t.currency,
    coalesce((select jsonb_agg(jsonb_build_object('module', m.module, 'version', m.version) order by m.module)
              from bos.tenant_module m where m.tenant_id = t.id), '[]'),
    md5(coalesce((select string_agg(d.key || ' ' || d.fingerprint, E'\n' order by d.key)
                  from (select x.entity || '/' || x.field as key, x.fingerprint from bos.derivation x where x.tenant_id = t.id) d), ''))
  from bos.tenant t
  where t.suspended_at is null and (tenants_derived.tenant is null or t.id = tenants_derived.tenant)
  order by t.id;
end;

-- As before, and no member where the engine itself asked for the job.
create or replace function bos.job_actor(tenant uuid, job uuid)
returns table (slug text, name text, generation bigint, locale text, time_zone text, currency text, member_id uuid, roles text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.slug, t.name, t.generation, t.locale, t.time_zone, t.currency, j.created_by,
    array(select r.role from bos.role_assignment r where r.tenant_id = t.id and r.member_id = j.created_by order by r.role)
  from bos.job j join bos.tenant t on t.id = j.tenant_id
  where j.tenant_id = job_actor.tenant and j.id = job_actor.job and t.suspended_at is null
    and (j.created_by is null
      or exists (select from bos.member_account a
                 where a.tenant_id = j.tenant_id and a.member_id = j.created_by and a.suspended_at is null));
end;

grant execute on function bos.tenants_derived to bos_call;
