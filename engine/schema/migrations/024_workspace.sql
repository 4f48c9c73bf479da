-- What a tenant says of itself, how it is suspended, and how it ends.
alter table bos.tenant
  -- `#rrggbb`; null: the product's own.
  add column accent text collate "C" check (accent ~ '^#[0-9a-f]{6}$'),
  -- A small picture.
  add column logo bytea check (octet_length(logo) <= 262144),
  add column logo_type text collate "C",
  add column version integer not null default 1,
  -- Null: it lives. Until then it can be had back; after it nothing of it is left.
  add column delete_at timestamptz(3),
  add column delete_asked_by uuid;

-- Further names under which a tenant is found: its sub-domain needs none. A name is one tenant's, once it has shown that it is theirs.
create table bos.tenant_host (
  host text collate "C" primary key,
  tenant_id uuid not null references bos.tenant,
  token text collate "C" not null,
  verified_at timestamptz(3),
  created_at timestamptz(3) not null default now()
);
create index tenant_host_tenant on bos.tenant_host (tenant_id);
call bos.protect('bos.tenant_host');

create function bos.workspace_view()
returns table (slug text, name text, locale text, time_zone text, currency text, accent text, has_logo boolean, version integer,
  mfa_required boolean, sso_only boolean, created_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.slug, t.name, t.locale, t.time_zone, t.currency, t.accent, t.logo is not null, t.version, t.mfa_required, t.sso_only, t.created_at
  from bos.tenant t where t.id = bos.tenant();
end;
create function bos.workspace_logo() returns table (logo bytea, type text)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.logo, t.logo_type from bos.tenant t where t.id = bos.tenant() and t.logo is not null;
end;
grant execute on function bos.workspace_view, bos.workspace_logo to bos_read;

-- Null where somebody else changed it since (`version`). What is remembered of the tenant elsewhere is read anew.
create function bos.workspace_set(version integer, name text, locale text, time_zone text, currency text, accent text,
  mfa_required boolean, sso_only boolean) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare changed integer;
begin
  update bos.tenant t set name = workspace_set.name, locale = workspace_set.locale, time_zone = workspace_set.time_zone,
      currency = workspace_set.currency, accent = workspace_set.accent, version = t.version + 1, generation = t.generation + 1
    where t.id = bos.tenant() and t.version = workspace_set.version returning t.version into changed;
  if changed is not null then
    perform bos.tenant_demands(bos.tenant(), workspace_set.mfa_required, workspace_set.sso_only);
  end if;
  return changed;
end $$;
create function bos.logo_set(logo bytea, type text) returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.tenant t set logo = logo_set.logo, logo_type = logo_set.type where t.id = bos.tenant();
end;
-- Whether a session (or key) is still alive in this very transaction.
create function bos.session_alive(session uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select exists (select from bos.session s where s.id = session_alive.session and s.tenant_id = bos.tenant() and s.revoked_at is null);
end;
grant execute on function bos.workspace_set, bos.logo_set, bos.session_alive to bos_write;

-- Before anybody has signed in: how the tenant of a name presents itself. Whether there is one under a sub-domain is no secret: it has a page.
create function bos.tenant_at(slug text, host text) returns table (id uuid, slug text, name text, accent text, logo bytea, logo_type text, sso_only boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.id, t.slug, t.name, t.accent, t.logo, t.logo_type, t.sso_only from bos.tenant t
  where t.suspended_at is null
    and (t.slug = tenant_at.slug or t.id = (select h.tenant_id from bos.tenant_host h where h.host = tenant_at.host and h.verified_at is not null));
end;

create function bos.hosts() returns table (host text, token text, verified_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select h.host, h.token, h.verified_at from bos.tenant_host h where h.tenant_id = bos.tenant() order by h.host;
end;
-- False: it is somebody else's.
create function bos.host_add(host text, token text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  delete from bos.tenant_host h where h.host = host_add.host and h.verified_at is null and h.tenant_id <> bos.tenant();
  insert into bos.tenant_host (host, tenant_id, token) values (host_add.host, bos.tenant(), host_add.token) on conflict (host) do nothing;
  return exists (select from bos.tenant_host h where h.host = host_add.host and h.tenant_id = bos.tenant());
end $$;
create function bos.host_verified(host text) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.tenant_host h set verified_at = coalesce(h.verified_at, now()) where h.host = host_verified.host and h.tenant_id = bos.tenant() returning true;
end;
create function bos.host_remove(host text) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  delete from bos.tenant_host h where h.host = host_remove.host and h.tenant_id = bos.tenant() returning true;
end;
grant execute on function bos.hosts to bos_read;
grant execute on function bos.host_add, bos.host_verified, bos.host_remove to bos_write;

-- Suspended: nobody gets in and nothing is done there, from the next transaction on. Nothing is lost.
create function bos.tenant_suspend(slug text, suspended boolean) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare found_tenant uuid;
begin
  update bos.tenant t set suspended_at = case when tenant_suspend.suspended then coalesce(t.suspended_at, now()) end, generation = t.generation + 1,
      delete_at = case when tenant_suspend.suspended then t.delete_at end
    where t.slug = tenant_suspend.slug returning t.id into found_tenant;
  if tenant_suspend.suspended then
    update bos.session s set revoked_at = now() where s.tenant_id = found_tenant and s.revoked_at is null;
  end if;
  return found_tenant is not null;
end $$;

-- The end begins: suspended, and due.
create function bos.tenant_delete_ask(member uuid, seconds integer) returns timestamptz
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare due timestamptz;
begin
  update bos.tenant t set suspended_at = now(), delete_at = now() + make_interval(secs => seconds), delete_asked_by = member, generation = t.generation + 1
    where t.id = bos.tenant() returning t.delete_at into due;
  update bos.session s set revoked_at = now() where s.tenant_id = bos.tenant() and s.revoked_at is null;
  return due;
end $$;
grant execute on function bos.tenant_delete_ask to bos_write;

create function bos.tenants_due() returns table (id uuid, slug text)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.id, t.slug from bos.tenant t where t.delete_at <= now();
end;

-- Removes the rows of a tenant that is due, table by table, those that others refer to last. Answers how many went; 0: nothing was left, and now the
-- tenant is gone as well. Accounts that are nobody's any more go with it.
create function bos.tenant_purge(tenant uuid) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  place record;
  gone bigint := 0;
  removed bigint;
  entangled text[] := '{}';
begin
  if not exists (select from bos.tenant t where t.id = tenant and t.delete_at <= now()) then
    return 0;
  end if;
  -- As the sequencer does: nothing takes events from under it.
  perform pg_advisory_xact_lock(hashtextextended('bos.sequence', 0));
  for place in
    select c.oid::regclass as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where c.relkind in ('r', 'p') and not c.relispartition and c.relowner = (select oid from pg_roles where rolname = current_user)
    order by (select count(*) from pg_constraint k where k.confrelid = c.oid and k.conrelid <> c.oid), c.oid
  loop
    begin
      execute format('delete from %s where tenant_id = $1', place.name) using tenant;
      get diagnostics removed = row_count;
      gone := gone + removed;
    exception when foreign_key_violation then
      entangled := entangled || place.name::text;
    end;
  end loop;
  -- What refers to one another goes in one statement, at whose end it is asked whether anything still refers to what is gone.
  if cardinality(entangled) > 0 then
    execute (select 'with ' || string_agg(format('d%s as (delete from %s where tenant_id = $1 returning 1)', n, name), ', ')
        || ' select ' || string_agg(format('(select count(*) from d%s)', n), ' + ') from unnest(entangled) with ordinality each (name, n))
      into removed using tenant;
    gone := gone + removed;
  end if;
  if gone = 0 then
    delete from bos.tenant t where t.id = tenant;
    delete from bos.account a where not exists (select from bos.member_account m where m.account_id = a.id);
  end if;
  return gone;
end $$;
grant execute on function bos.tenant_at, bos.tenant_suspend, bos.tenants_due, bos.tenant_purge to bos_call;
