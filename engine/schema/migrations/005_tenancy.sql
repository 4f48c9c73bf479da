-- Tenants, people's access to them, and roles: the functions behind engine/tenancy and engine/identity. As in 002, each runs as
-- the owner and states its tenant itself; none is open to the roles that touch records.

-- Whatever changes what members may do raises the generation: every process notices at its next bos.begin.
create function bos.raise_generation() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update bos.tenant t set generation = t.generation + 1 where t.id in (select c.tenant_id from changed c);
  return null;
end $$;

create trigger role_added after insert on bos.role_assignment referencing new table as changed for each statement execute function bos.raise_generation();
create trigger role_changed after update on bos.role_assignment referencing new table as changed for each statement execute function bos.raise_generation();
create trigger role_removed after delete on bos.role_assignment referencing old table as changed for each statement execute function bos.raise_generation();
create trigger module_added after insert on bos.tenant_module referencing new table as changed for each statement execute function bos.raise_generation();
create trigger module_changed after update on bos.tenant_module referencing new table as changed for each statement execute function bos.raise_generation();
create trigger module_removed after delete on bos.tenant_module referencing old table as changed for each statement execute function bos.raise_generation();

-- Accounts ------------------------------------------------------------------------------------------------------------

create unique index account_email on bos.account (bos.fold(email));

-- Every live sign-in place of an e-mail address; memberships is [{"tenant","slug","name","member"}].
create function bos.account_by_email(email text) returns table (id uuid, password_hash text, memberships jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select a.id, a.password_hash,
    coalesce((select jsonb_agg(jsonb_build_object('tenant', t.id, 'slug', t.slug, 'name', t.name, 'member', m.member_id) order by t.slug)
              from bos.member_account m join bos.tenant t on t.id = m.tenant_id
              where m.account_id = a.id and m.suspended_at is null and t.suspended_at is null), '[]')
  from bos.account a where bos.fold(a.email) = bos.fold(account_by_email.email);
end;

-- The second half of signing in, where one password opens several tenants.
create function bos.account_by_id(account uuid) returns table (id uuid, password_hash text, memberships jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select f.* from bos.account a cross join lateral bos.account_by_email(a.email) f where a.id = account_by_id.account;
end;

-- A new password ends every session of the account but the one it was changed in (null: all).
create function bos.password_set(account uuid, password_hash text, keep uuid) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.session s set revoked_at = now()
    where s.account_id = password_set.account and s.revoked_at is null and s.id is distinct from password_set.keep;
  update bos.account a set password_hash = password_set.password_hash where a.id = password_set.account returning true;
end;

-- Tenants -------------------------------------------------------------------------------------------------------------

create function bos.tenant_by_slug(slug text)
returns table (id uuid, name text, generation bigint, locale text, time_zone text, currency text, modules jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.id, t.name, t.generation, t.locale, t.time_zone, t.currency,
    coalesce((select jsonb_agg(jsonb_build_object('module', m.module, 'version', m.version) order by m.module)
              from bos.tenant_module m where m.tenant_id = t.id), '[]')
  from bos.tenant t where t.slug = tenant_by_slug.slug and t.suspended_at is null;
end;

-- Opens a tenant with its modules, [{"module","version"}]. Nobody can sign in to it before access_set. Answers its id and generation;
-- no row: the slug is taken. A tenant that nobody was ever admitted to is an attempt that broke off: it is taken up again.
create function bos.tenant_open(tenant uuid, slug text, name text, locale text, time_zone text, currency text, modules jsonb)
returns table (id uuid, generation bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare opened uuid;
begin
  insert into bos.tenant as t (id, slug, name, locale, time_zone, currency)
    values (tenant_open.tenant, tenant_open.slug, tenant_open.name, tenant_open.locale, tenant_open.time_zone, tenant_open.currency)
    on conflict (slug) do update set name = excluded.name, locale = excluded.locale, time_zone = excluded.time_zone, currency = excluded.currency
      where not exists (select from bos.member_account m where m.tenant_id = t.id)
    returning t.id into opened;
  insert into bos.tenant_module (tenant_id, module, version)
    select opened, m.module, m.version from jsonb_to_recordset(modules) as m (module text, version text) where opened is not null
    on conflict (tenant_id, module) do update set version = excluded.version;
  return query select t.id, t.generation from bos.tenant t where t.id = opened;
end $$;

create function bos.tenant_list()
returns table (id uuid, slug text, name text, locale text, time_zone text, currency text, created_at timestamptz, suspended_at timestamptz, modules text[], people bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.id, t.slug, t.name, t.locale, t.time_zone, t.currency, t.created_at, t.suspended_at,
    array(select m.module from bos.tenant_module m where m.tenant_id = t.id order by m.module),
    (select count(*) from bos.member_account a where a.tenant_id = t.id)
  from bos.tenant t order by t.slug;
end;

-- What the catalogue store asks for a tenant whose generation has moved on.
create function bos.tenant_modules(tenant uuid) returns table (module text, version text)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select m.module, m.version from bos.tenant_module m where m.tenant_id = tenant_modules.tenant order by m.module;
end;

-- What a process asks for when another one serves a version that it has not: the newest content of it; null: there is none.
create function bos.module_source(module text, version text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select v.source from bos.module_version v
  where v.module = module_source.module and v.version = module_source.version order by v.stored_at desc limit 1;
end;

-- Enables a module, or moves it to another version; members who have no role in it get `role` (null: none).
create function bos.module_enable(tenant uuid, module text, version text, role text) returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  insert into bos.tenant_module (tenant_id, module, version) values (module_enable.tenant, module_enable.module, module_enable.version)
    on conflict (tenant_id, module) do update set version = excluded.version;
  insert into bos.role_assignment (tenant_id, member_id, role)
    select m.tenant_id, m.member_id, module_enable.role from bos.member_account m
    where m.tenant_id = module_enable.tenant and module_enable.role is not null
      and not exists (select from bos.role_assignment r
        where r.tenant_id = m.tenant_id and r.member_id = m.member_id and r.module = module_enable.module);
end;

-- Members -------------------------------------------------------------------------------------------------------------

-- A person whose record is deleted, or who has left, signs in no more; when the record comes back, so does the way in.
create function bos.member_presence() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare gone boolean := new.deleted_at is not null or not coalesce((to_jsonb(new) ->> 'active')::boolean, true);
begin
  update bos.member_account m set suspended_at = case when gone then coalesce(m.suspended_at, now()) end
    where m.tenant_id = new.tenant_id and m.member_id = new.id;
  if gone then
    update bos.session s set revoked_at = now() where s.tenant_id = new.tenant_id and s.member_id = new.id and s.revoked_at is null;
  end if;
  return null;
end $$;
comment on function bos.member_presence is 'Trigger of core.member (engine/tenancy/presence.ts): ends the sign-in of people who are deleted or not active.';

-- Says how a member signs in and which roles they have; all of it, or (with an error) nothing. `email` null: they cannot sign in.
-- The address may have an account already:
-- - in use in another tenant: only the operator may connect it (`link`), and it keeps its password. Nobody has proved yet that the
--   address is theirs, so an administrator who made up an account for it must not thereby get into other tenants, nor take over theirs:
--   the address is refused (23505), and where the person was connected before, so is a new password (BOS03);
-- - in use here only: the password is replaced where one is given;
-- - in use nowhere: it begins anew, with the given password or none.
create function bos.access_set(tenant uuid, member uuid, account uuid, email text, password_hash text, roles text[], link boolean)
returns table (existing boolean, password_kept boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  known uuid;
  here boolean;
  elsewhere boolean;
begin
  select a.id into known from bos.account a where bos.fold(a.email) = bos.fold(access_set.email) for update;
  select coalesce(bool_or(m.tenant_id = access_set.tenant), false), coalesce(bool_or(m.tenant_id <> access_set.tenant), false) into here, elsewhere
    from bos.member_account m where m.account_id = known;
  if elsewhere and not here and not access_set.link then
    raise exception 'the address is in use' using errcode = 'unique_violation', constraint = 'account_email';
  elsif elsewhere and not access_set.link and access_set.password_hash is not null then
    raise exception 'the account is in use in other tenants too' using errcode = 'BOS03';
  end if;

  if known is null and access_set.email is not null then
    insert into bos.account (id, email, password_hash) values (access_set.account, access_set.email, access_set.password_hash);
    known := access_set.account;
  elsif known is not null and not elsewhere and (access_set.password_hash is not null or not here) then
    perform bos.password_set(known, access_set.password_hash, null);
  end if;
  update bos.session s set revoked_at = now()
    where s.tenant_id = access_set.tenant and s.member_id = access_set.member and s.account_id is distinct from known and s.revoked_at is null;
  if known is null then
    delete from bos.member_account m where m.tenant_id = access_set.tenant and m.member_id = access_set.member;
  else
    insert into bos.member_account (tenant_id, member_id, account_id) values (access_set.tenant, access_set.member, known)
      on conflict (tenant_id, member_id) do update set account_id = excluded.account_id;
  end if;
  delete from bos.role_assignment r
    where r.tenant_id = access_set.tenant and r.member_id = access_set.member and r.role <> all (access_set.roles);
  insert into bos.role_assignment (tenant_id, member_id, role)
    select access_set.tenant, access_set.member, each.role from unnest(access_set.roles) as each (role)
    on conflict (tenant_id, member_id, role) do nothing;

  existing := here or elsewhere;
  password_kept := elsewhere or (here and access_set.password_hash is null);
  return next;
end $$;

create function bos.member_access(tenant uuid, member uuid) returns table (email text, roles text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select
    (select a.email from bos.member_account m join bos.account a on a.id = m.account_id
      where m.tenant_id = member_access.tenant and m.member_id = member_access.member),
    array(select r.role from bos.role_assignment r
      where r.tenant_id = member_access.tenant and r.member_id = member_access.member order by r.role);
end;

-- A member's name, for themselves: their roles may not let them read records of people. core.member is there once modules are applied.
create function bos.member_name(tenant uuid, member uuid) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select m.name from core.member m where m.tenant_id = member_name.tenant and m.id = member_name.member);
end $$;

grant execute on function bos.account_by_email, bos.account_by_id, bos.password_set, bos.tenant_by_slug, bos.tenant_open, bos.tenant_list,
  bos.tenant_modules, bos.module_source, bos.module_enable, bos.access_set, bos.member_access, bos.member_name to bos_call;
