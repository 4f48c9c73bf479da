-- Secrets at rest: the key of each owner (a tenant, or an account), wrapped by the master key, and what is sealed with it. engine/keys does the
-- cryptography; nothing here is readable without MASTER_KEY, and nothing of an owner's once their keys are destroyed.
create table bos.data_key (
  owner uuid not null,
  version integer not null,
  -- Id of the master key that wraps it.
  master text collate "C" not null,
  -- Null: destroyed, and with it everything that was sealed by it.
  wrapped bytea,
  created_at timestamptz(3) not null default now(),
  primary key (owner, version)
);
create table bos.secret (
  owner uuid not null,
  -- What it is, e.g. `totp/{factor}`; part of what is authenticated, so that no secret can stand in for another.
  name text collate "C" not null,
  version integer not null,
  sealed bytea not null,
  primary key (owner, name),
  foreign key (owner, version) references bos.data_key
);
call bos.protect('bos.data_key');
call bos.protect('bos.secret');

-- Answers the newest key of the owner. Where there is none, or it is no longer the one the caller knew (`replaced`), the given one becomes it.
-- No row: the owner's keys are destroyed.
create function bos.data_key_newest(owner uuid, replaced integer, next_master text, next_wrapped bytea)
returns table (version integer, master text, wrapped bytea)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare newest integer;
begin
  perform pg_advisory_xact_lock(hashtextextended('bos.data_key ' || data_key_newest.owner::text, 0));
  select max(k.version) into newest from bos.data_key k where k.owner = data_key_newest.owner;
  if exists (select from bos.data_key k where k.owner = data_key_newest.owner and k.wrapped is null) then
    return;
  end if;
  if newest is not distinct from data_key_newest.replaced and data_key_newest.next_wrapped is not null then
    newest := coalesce(newest, 0) + 1;
    insert into bos.data_key (owner, version, master, wrapped)
      values (data_key_newest.owner, newest, data_key_newest.next_master, data_key_newest.next_wrapped);
  end if;
  return query select k.version, k.master, k.wrapped from bos.data_key k where k.owner = data_key_newest.owner and k.version = newest;
end $$;

-- `was` is the version it is sealed with as the caller read it: null where it is new, or replaces whatever there is.
create function bos.secret_put(owner uuid, name text, version integer, sealed bytea, was integer) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  insert into bos.secret as s (owner, name, version, sealed)
    values (secret_put.owner, secret_put.name, secret_put.version, secret_put.sealed)
    on conflict (owner, name) do update set version = excluded.version, sealed = excluded.sealed
      where secret_put.was is null or s.version = secret_put.was
    returning true;
end;

create function bos.secret_get(owner uuid, name text) returns table (version integer, sealed bytea, master text, wrapped bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select s.version, s.sealed, k.master, k.wrapped
  from bos.secret s join bos.data_key k on k.owner = s.owner and k.version = s.version
  where s.owner = secret_get.owner and s.name = secret_get.name and k.wrapped is not null;
end;

create function bos.secret_drop(owner uuid, name text) returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  delete from bos.secret s where s.owner = secret_drop.owner and s.name = secret_drop.name;
end;

-- Names of what is not yet sealed with the newest key.
create function bos.secrets_outdated(owner uuid) returns table (name text)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select s.name from bos.secret s
  where s.owner = secrets_outdated.owner and s.version < (select max(k.version) from bos.data_key k where k.owner = secrets_outdated.owner);
end;

-- Keys that nothing is sealed with any more, but for the newest.
create function bos.data_keys_retire(owner uuid) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  with gone as (
    delete from bos.data_key k
    where k.owner = data_keys_retire.owner and k.wrapped is not null
      and k.version < (select max(n.version) from bos.data_key n where n.owner = data_keys_retire.owner)
      and not exists (select from bos.secret s where s.owner = k.owner and s.version = k.version)
    returning 1)
  select count(*) from gone;
end;

-- Those that a master key wraps, so many at a time.
create function bos.data_keys_wrapped_by(master text, batch integer) returns table (owner uuid, version integer, wrapped bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select k.owner, k.version, k.wrapped from bos.data_key k
  where k.master = data_keys_wrapped_by.master and k.wrapped is not null order by k.owner, k.version limit data_keys_wrapped_by.batch;
end;

-- How many keys each master key wraps.
create function bos.data_keys_counted() returns table (master text, keys bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select k.master, count(*) from bos.data_key k where k.wrapped is not null group by k.master order by k.master;
end;

create function bos.data_key_rewrap(owner uuid, version integer, was text, master text, wrapped bytea) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.data_key k set master = data_key_rewrap.master, wrapped = data_key_rewrap.wrapped
    where k.owner = data_key_rewrap.owner and k.version = data_key_rewrap.version and k.master = data_key_rewrap.was and k.wrapped is not null
    returning true;
end;

-- For ever: not even the master key opens what was sealed. A key is left, empty, so that no new one is made.
create function bos.data_keys_destroy(owner uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock(hashtextextended('bos.data_key ' || data_keys_destroy.owner::text, 0));
  delete from bos.secret s where s.owner = data_keys_destroy.owner;
  delete from bos.data_key k where k.owner = data_keys_destroy.owner and k.version > 1;
  insert into bos.data_key as k (owner, version, master, wrapped) values (data_keys_destroy.owner, 1, '', null)
    on conflict (owner, version) do update set wrapped = null;
end $$;

grant execute on function bos.data_key_newest, bos.secret_put, bos.secret_get, bos.secret_drop, bos.secrets_outdated, bos.data_keys_retire,
  bos.data_keys_wrapped_by, bos.data_keys_counted, bos.data_key_rewrap, bos.data_keys_destroy to bos_call;
