-- A tenant that has somebody who signs in as an administrator keeps one: neither a change of people's records nor one of their roles takes the last.

create function bos.administers(tenant uuid, member uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select exists (
    select from bos.role_assignment r join bos.member_account m on m.tenant_id = r.tenant_id and m.member_id = r.member_id
    where r.tenant_id = administers.tenant and r.role = 'core.admin' and m.suspended_at is null
      and (administers.member is null or r.member_id = administers.member));
end;

-- For whoever has just taken one away. Two who take each other's at the same moment go one after the other.
create function bos.keep_administrator(tenant uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('bos.administrator ' || keep_administrator.tenant::text, 0));
  if not bos.administers(keep_administrator.tenant, null) then
    raise exception 'nobody is left who administers the tenant' using errcode = 'BOS04';
  end if;
end $$;

-- As before (005_tenancy.sql), and not the last administrator.
create or replace function bos.member_presence() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  gone boolean := new.deleted_at is not null or not coalesce((to_jsonb(new) ->> 'active')::boolean, true);
  was_administrator boolean := gone and bos.administers(new.tenant_id, new.id);
begin
  update bos.member_account m set suspended_at = case when gone then coalesce(m.suspended_at, now()) end
    where m.tenant_id = new.tenant_id and m.member_id = new.id;
  if gone then
    update bos.session s set revoked_at = now() where s.tenant_id = new.tenant_id and s.member_id = new.id and s.revoked_at is null;
  end if;
  if was_administrator then
    perform bos.keep_administrator(new.tenant_id);
  end if;
  return null;
end $$;

create or replace function bos.access_set(tenant uuid, member uuid, account uuid, email text, password_hash text, roles text[], link boolean)
returns table (existing boolean, password_kept boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  known uuid;
  here boolean;
  elsewhere boolean;
  was_administrator boolean := bos.administers(access_set.tenant, access_set.member);
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
  if was_administrator then
    perform bos.keep_administrator(access_set.tenant);
  end if;

  existing := here or elsewhere;
  password_kept := elsewhere or (here and access_set.password_hash is null);
  return next;
end $$;
