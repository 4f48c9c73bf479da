-- Keys for programs. A key acts as one person of the tenant with one of their roles, never with more than the person has at that moment, and
-- perhaps with less: only what its scopes name, from its addresses, until it expires.
create table bos.api_key (
  tenant_id uuid not null references bos.tenant,
  id uuid not null,
  name text collate "C" not null,
  member_id uuid not null,
  role text collate "C" not null,
  -- Empty: all that the role may.
  scopes text[] not null default '{}',
  -- Addresses and networks (CIDR) from which it may be used; empty: any.
  addresses text[] not null default '{}',
  -- What a person knows it by; the rest of it is stored nowhere.
  prefix text collate "C" not null,
  -- SHA-256 of the whole key: 256 random bits need no slow hash.
  hash bytea not null unique,
  -- Of the key that this one takes the place of.
  replaces uuid,
  created_at timestamptz(3) not null default now(),
  created_by uuid,
  expires_at timestamptz(3),
  last_used_at timestamptz(3),
  last_address text collate "C",
  revoked_at timestamptz(3),
  -- Set while the person's record is deleted or not active.
  suspended_at timestamptz(3),
  version integer not null default 1,
  primary key (tenant_id, id)
);
create index api_key_member on bos.api_key (tenant_id, member_id);
call bos.protect('bos.api_key');
create policy tenant_write on bos.api_key to bos_write using (tenant_id = (select bos.tenant()));
grant select, insert, update on bos.api_key to bos_write;

-- Whether a key may be used as far as the database can say: alive, and of a role that its person still has.
create function bos.key_alive(k bos.api_key) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select k.revoked_at is null and k.suspended_at is null and (k.expires_at is null or k.expires_at > now())
    and exists (select from bos.role_assignment r
      where r.tenant_id = k.tenant_id and r.member_id = k.member_id and r.role in (k.role, 'core.admin'));
end;

-- By what was presented, or of a key that was admitted before.
create function bos.key_actor(hash bytea, key uuid)
returns table (tenant_id uuid, slug text, name text, generation bigint, locale text, time_zone text, currency text,
  member_id uuid, key_id uuid, role text, scopes text[], addresses text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.id, t.slug, t.name, t.generation, t.locale, t.time_zone, t.currency, k.member_id, k.id, k.role, k.scopes, k.addresses
  from bos.api_key k join bos.tenant t on t.id = k.tenant_id
  where (k.hash = key_actor.hash or k.id = key_actor.key)
    and t.suspended_at is null and bos.key_alive(k);
end;

-- Told now and then, not with every use.
create function bos.key_used(tenant uuid, key uuid, address text) returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.api_key k set last_used_at = now(), last_address = key_used.address where k.tenant_id = key_used.tenant and k.id = key_used.key;
end;
grant execute on function bos.key_actor, bos.key_used to bos_call;

-- What a key of a member could be given, and whether somebody signs in as them.
create function bos.key_entitlement(member uuid) returns table (roles text[], signs_in boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select array(select r.role from bos.role_assignment r where r.tenant_id = bos.tenant() and r.member_id = key_entitlement.member),
    exists (select from bos.member_account m where m.tenant_id = bos.tenant() and m.member_id = key_entitlement.member);
end;
grant execute on function bos.key_entitlement, bos.key_alive to bos_write;

-- As before (011_viewing.sql); and where `session` is an API key, that is what must be alive.
create or replace function bos.begin(tenant uuid, member uuid, session uuid, generation bigint, scopes text) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- One statement: every transaction pays for it.
  perform set_config('bos.tenant', t.id::text, true),
          set_config('bos.member', coalesce(member::text, ''), true),
          set_config('bos.scopes', begin.scopes, true)
    from bos.tenant t
    where t.id = begin.tenant and t.generation = begin.generation and t.suspended_at is null
      and (session is null
        or exists (select from bos.session s
                   where s.id = begin.session and s.tenant_id = begin.tenant and s.member_id = begin.member
                     and s.revoked_at is null and s.expires_at > now()));
  if not found then
    perform set_config('bos.tenant', t.id::text, true),
            set_config('bos.member', k.member_id::text, true),
            set_config('bos.scopes', begin.scopes, true),
            set_config('bos.role', k.role, true)
      from bos.tenant t
      join bos.api_key k on k.tenant_id = t.id and k.id = begin.session and k.member_id = begin.member
      where t.id = begin.tenant and t.generation = begin.generation and t.suspended_at is null and bos.key_alive(k);
    if not found then
      perform set_config('bos.tenant', t.id::text, true),
              set_config('bos.member', v.member_id::text, true),
              set_config('bos.scopes', begin.scopes, true),
              set_config('transaction_read_only', 'on', true)
        from bos.tenant t
        join bos.session s on s.id = begin.session and s.tenant_id = t.id and s.revoked_at is null and s.expires_at > now()
        join bos.viewing v on v.session_id = s.id and v.tenant_id = t.id and v.member_id = begin.member
          and v.ended_at is null and v.expires_at > now()
        where t.id = begin.tenant and t.generation = begin.generation and t.suspended_at is null;
      if not found then
        raise exception 'stale' using errcode = 'BOS01';
      end if;
    end if;
  end if;
  -- The caller compares the answer: a backend that went wrong answers with nothing.
  return tenant;
end $$;

-- As before (009_surroundings.sql): of a key it is the one that it is bound to.
create or replace function bos.roles() returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select case when nullif(current_setting('bos.role', true), '') is not null then array[current_setting('bos.role', true)]
    else array(select r.role from bos.role_assignment r where r.tenant_id = bos.tenant() and r.member_id = bos.member() order by r.role) end;
end;

-- As before (017_administrators.sql); keys rest while their person does.
create or replace function bos.member_presence() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  gone boolean := new.deleted_at is not null or not coalesce((to_jsonb(new) ->> 'active')::boolean, true);
  was_administrator boolean := gone and bos.administers(new.tenant_id, new.id);
begin
  update bos.member_account m set suspended_at = case when gone then coalesce(m.suspended_at, now()) end
    where m.tenant_id = new.tenant_id and m.member_id = new.id;
  update bos.api_key k set suspended_at = case when gone then coalesce(k.suspended_at, now()) end
    where k.tenant_id = new.tenant_id and k.member_id = new.id;
  if gone then
    update bos.session s set revoked_at = now() where s.tenant_id = new.tenant_id and s.member_id = new.id and s.revoked_at is null;
  end if;
  if was_administrator then
    perform bos.keep_administrator(new.tenant_id);
  end if;
  return null;
end $$;

-- A job that a key asked for does what the key may, as long as it may.
alter table bos.job add column key_id uuid;
drop function bos.job_actor(uuid, uuid);
create function bos.job_actor(tenant uuid, job uuid)
returns table (slug text, name text, generation bigint, locale text, time_zone text, currency text, member_id uuid, roles text[], key_id uuid, scopes text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.slug, t.name, t.generation, t.locale, t.time_zone, t.currency, j.created_by,
    case when j.key_id is null
      then array(select r.role from bos.role_assignment r where r.tenant_id = t.id and r.member_id = j.created_by order by r.role)
      else array[k.role] end,
    k.id, k.scopes
  from bos.job j join bos.tenant t on t.id = j.tenant_id
    left join bos.api_key k on k.tenant_id = j.tenant_id and k.id = j.key_id
  where j.tenant_id = job_actor.tenant and j.id = job_actor.job and t.suspended_at is null
    and case when j.key_id is not null then bos.key_alive(k)
      else j.created_by is null
        or exists (select from bos.member_account a
                   where a.tenant_id = j.tenant_id and a.member_id = j.created_by and a.suspended_at is null) end;
end;
grant execute on function bos.job_actor to bos_call;
