-- Signing in: second factors, the device of each session, what a tenant demands, and tokens that work once. As in 002, every function states its
-- account or tenant itself, and each is one transaction: whatever must happen once is decided here, not in a process.

alter table bos.account
  -- Rises whenever password or factors change: a sign-in that is under way then begins anew.
  add column stamp integer not null default 1,
  add column email_verified_at timestamptz(3),
  add column password_changed_at timestamptz(3),
  -- Of the recovery codes, which are hashed like passwords.
  add column recovery_salt bytea,
  -- Wrong second factors in a row, and until when no other is looked at.
  add column factor_failures integer not null default 0,
  add column factor_locked_until timestamptz(3);

alter table bos.tenant
  add column mfa_required boolean not null default false,
  add column sso_only boolean not null default false;
-- Signs in by password though everybody else must come by the company's identity provider.
alter table bos.member_account add column break_glass boolean not null default false;

alter table bos.session
  -- How it was opened: pwd, otp, recovery, passkey, sso; mfa: by two factors.
  add column methods text[] not null default '{pwd}',
  -- When that was last proved (step-up).
  add column proved_at timestamptz(3) not null default now(),
  add column address text collate "C",
  -- ISO 3166-1 alpha-2.
  add column country text collate "C",
  add column agent text collate "C";

create table bos.factor (
  id uuid primary key,
  account_id uuid not null references bos.account on delete cascade,
  kind text collate "C" not null check (kind in ('totp', 'passkey')),
  name text collate "C" not null,
  created_at timestamptz(3) not null default now(),
  -- Null: it is being set up, and counts for nothing.
  confirmed_at timestamptz(3),
  last_used_at timestamptz(3),
  -- Of an authenticator app: the last time step of which a code was taken. None of that step or before is taken again.
  last_step bigint,
  -- Of a passkey.
  credential_id bytea unique,
  public_key bytea,
  sign_count bigint not null default 0,
  transports text[] not null default '{}'
);
create index factor_account on bos.factor (account_id);

create table bos.recovery_code (
  account_id uuid not null references bos.account on delete cascade,
  hash bytea not null,
  used_at timestamptz(3),
  primary key (account_id, hash)
);

-- What works once and for a while: links in mails, challenges of passkeys, states of sign-ins elsewhere. Found by the hash of a secret.
create table bos.once (
  purpose text collate "C" not null,
  hash bytea not null,
  -- Of whom there is only one at a time; null: as many as are asked for.
  subject text collate "C",
  payload jsonb not null,
  expires_at timestamptz(3) not null,
  primary key (purpose, hash)
);
create index once_subject on bos.once (purpose, subject) where subject is not null;
create index once_expiry on bos.once (expires_at);

call bos.protect('bos.factor');
call bos.protect('bos.recovery_code');
call bos.protect('bos.once');

-- Once ----------------------------------------------------------------------------------------------------------------

create function bos.once_put(purpose text, hash bytea, subject text, payload jsonb, seconds integer) returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  delete from bos.once o where o.purpose = once_put.purpose and o.subject = once_put.subject;
  insert into bos.once (purpose, hash, subject, payload, expires_at)
    values (once_put.purpose, once_put.hash, once_put.subject, once_put.payload, now() + make_interval(secs => once_put.seconds));
end;

-- Null: there is none, or not any more. Whoever comes at the same moment gets nothing.
create function bos.once_take(purpose text, hash bytea) returns jsonb
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  delete from bos.once o where o.purpose = once_take.purpose and o.hash = once_take.hash and o.expires_at > now() returning o.payload;
end;

create function bos.once_look(purpose text, hash bytea) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select o.payload from bos.once o where o.purpose = once_look.purpose and o.hash = once_look.hash and o.expires_at > now();
end;

-- Accounts ------------------------------------------------------------------------------------------------------------

-- What signing in goes by; memberships is [{"tenant","slug","name","member","mfaRequired","ssoOnly","breakGlass"}], factors is [{"id","kind"}].
create function bos.sign_in_account(account uuid)
returns table (id uuid, email text, password_hash text, stamp integer, email_verified boolean, memberships jsonb, factors jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select a.id, a.email, a.password_hash, a.stamp, a.email_verified_at is not null,
    coalesce((select jsonb_agg(jsonb_build_object('tenant', t.id, 'slug', t.slug, 'name', t.name, 'member', m.member_id,
                'mfaRequired', t.mfa_required, 'ssoOnly', t.sso_only, 'breakGlass', m.break_glass) order by t.slug)
              from bos.member_account m join bos.tenant t on t.id = m.tenant_id
              where m.account_id = a.id and m.suspended_at is null and t.suspended_at is null), '[]'),
    coalesce((select jsonb_agg(jsonb_build_object('id', f.id, 'kind', f.kind) order by f.id)
              from bos.factor f where f.account_id = a.id and f.confirmed_at is not null), '[]')
  from bos.account a where a.id = sign_in_account.account;
end;

create function bos.account_id(email text) returns uuid
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select a.id from bos.account a where bos.fold(a.email) = bos.fold(account_id.email);
end;

-- A better hash of the same password: nothing else changes.
create function bos.password_rehash(account uuid, was text, password_hash text) returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.account a set password_hash = password_rehash.password_hash where a.id = password_rehash.account and a.password_hash = password_rehash.was;
end;

-- As before (005_tenancy.sql): every session of the account ends but `keep`; and whoever is about to sign in with the old one begins anew.
create or replace function bos.password_set(account uuid, password_hash text, keep uuid) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.session s set revoked_at = now()
    where s.account_id = password_set.account and s.revoked_at is null and s.id is distinct from password_set.keep;
  update bos.account a set password_hash = password_set.password_hash, password_changed_at = now(), stamp = a.stamp + 1
    where a.id = password_set.account returning true;
end;

-- Whoever reads mail at the account's address has proved that it is theirs.
create function bos.email_verified(account uuid, email text) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.account a set email_verified_at = coalesce(a.email_verified_at, now())
    where a.id = email_verified.account and bos.fold(a.email) = bos.fold(email_verified.email) returning true;
end;

-- Null: somebody else signs in with that address.
create function bos.email_change(account uuid, email text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update bos.account a set email = email_change.email, email_verified_at = now(), stamp = a.stamp + 1 where a.id = email_change.account;
  return found;
exception when unique_violation then
  return null;
end $$;

-- What a person may know of their own account.
create function bos.account_view(account uuid)
returns table (email text, email_verified boolean, has_password boolean, password_changed_at timestamptz, factors jsonb, recovery_codes bigint, tenants jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select a.email, a.email_verified_at is not null, a.password_hash is not null, a.password_changed_at,
    coalesce((select jsonb_agg(jsonb_build_object('id', f.id, 'kind', f.kind, 'name', f.name, 'createdAt', f.created_at, 'lastUsedAt', f.last_used_at) order by f.created_at)
              from bos.factor f where f.account_id = a.id and f.confirmed_at is not null), '[]'),
    (select count(*) from bos.recovery_code r where r.account_id = a.id and r.used_at is null),
    coalesce((select jsonb_agg(jsonb_build_object('id', t.id, 'slug', t.slug, 'name', t.name) order by t.name)
              from bos.member_account m join bos.tenant t on t.id = m.tenant_id
              where m.account_id = a.id and m.suspended_at is null and t.suspended_at is null), '[]')
  from bos.account a where a.id = account_view.account;
end;

-- Sessions ------------------------------------------------------------------------------------------------------------

-- `opened`, or why not: `gone` (membership, account or tenant are not what the caller saw), `mfa` (a second factor is missing), `sso` (the tenant
-- lets nobody in but by its identity provider). Whichever way a sign-in came, it ends here.
create function bos.session_begin(session uuid, tenant uuid, member uuid, account uuid, stamp integer, refresh_hash bytea, expires timestamptz,
  methods text[], address text, country text, agent text)
returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare seen record;
begin
  select m.break_glass, t.mfa_required, t.sso_only,
      exists (select from bos.factor f where f.account_id = a.id and f.confirmed_at is not null) as has_factor into seen
    from bos.member_account m join bos.tenant t on t.id = m.tenant_id join bos.account a on a.id = m.account_id
    where m.tenant_id = session_begin.tenant and m.member_id = session_begin.member and m.account_id = session_begin.account
      and a.stamp = session_begin.stamp and m.suspended_at is null and t.suspended_at is null
    for share of m, t, a;
  if seen is null then
    return 'gone';
  elsif seen.sso_only and not seen.break_glass and 'sso' <> all (methods) then
    return 'sso';
  elsif (seen.mfa_required or seen.has_factor) and 'mfa' <> all (methods) then
    return 'mfa';
  end if;
  insert into bos.session (id, tenant_id, member_id, account_id, refresh_hash, expires_at, methods, address, country, agent)
    values (session_begin.session, session_begin.tenant, session_begin.member, session_begin.account, session_begin.refresh_hash,
      session_begin.expires, session_begin.methods, session_begin.address, session_begin.country, session_begin.agent);
  return 'opened';
end $$;

-- As before (002_sessions.sql), for processes that know no second factors: what needs one is not opened by them.
create or replace function bos.session_open(session uuid, tenant uuid, member uuid, account uuid, refresh_hash bytea, expires timestamptz)
returns boolean
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  select bos.session_begin(session_open.session, session_open.tenant, session_open.member, a.id, a.stamp, session_open.refresh_hash,
    session_open.expires, '{pwd}', null, null, null) = 'opened'
  from bos.account a where a.id = session_open.account;
end;

-- As before; and where it is used from now.
create function bos.session_refresh(session uuid, presented bytea, replacement bytea, expires timestamptz, idle_seconds integer, address text, country text, agent text)
returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare state text;
begin
  update bos.session s set revoked_at = now()
    where s.id = session_refresh.session and s.revoked_at is null and s.rotated_at < now() - make_interval(secs => session_refresh.idle_seconds);
  state := bos.session_rotate(session, presented, replacement, expires);
  if state = 'rotated' then
    update bos.session s set address = session_refresh.address, country = session_refresh.country, agent = session_refresh.agent
      where s.id = session_refresh.session;
  end if;
  return state;
end $$;

-- Live sessions of an account, in whichever tenant; the newest use first.
create function bos.account_sessions(account uuid)
returns table (id uuid, tenant text, created_at timestamptz, last_used_at timestamptz, expires_at timestamptz, methods text[], address text, country text, agent text)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select s.id, t.name, s.created_at, s.rotated_at, s.expires_at, s.methods, s.address, s.country, s.agent
  from bos.session s join bos.tenant t on t.id = s.tenant_id
  where s.account_id = account_sessions.account and s.revoked_at is null and s.expires_at > now() order by s.rotated_at desc, s.id;
end;

-- Live sessions of a tenant (of one member, where named): what its administrators see.
create function bos.tenant_sessions(tenant uuid, member uuid, maximum integer)
returns table (id uuid, member_id uuid, email text, created_at timestamptz, last_used_at timestamptz, expires_at timestamptz, methods text[], address text, country text, agent text)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select s.id, s.member_id, a.email, s.created_at, s.rotated_at, s.expires_at, s.methods, s.address, s.country, s.agent
  from bos.session s join bos.account a on a.id = s.account_id
  where s.tenant_id = tenant_sessions.tenant and (tenant_sessions.member is null or s.member_id = tenant_sessions.member)
    and s.revoked_at is null and s.expires_at > now() order by s.rotated_at desc, s.id limit maximum;
end;

-- Ends sessions: one, or all but one, of an account, or of a tenant's member. Each filter that is null does not ask. Answers how many.
create function bos.sessions_end(account uuid, tenant uuid, member uuid, session uuid, keep uuid) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  with ended as (
    update bos.session s set revoked_at = now()
    where s.revoked_at is null and coalesce(sessions_end.account, sessions_end.tenant) is not null
      and (sessions_end.account is null or s.account_id = sessions_end.account)
      and (sessions_end.tenant is null or s.tenant_id = sessions_end.tenant)
      and (sessions_end.member is null or s.member_id = sessions_end.member)
      and (sessions_end.session is null or s.id = sessions_end.session)
      and s.id is distinct from sessions_end.keep
    returning 1)
  select count(*) from ended;
end;

-- How the session was opened and how long ago that was last proved; no row: it has ended.
create function bos.session_proof(session uuid) returns table (account_id uuid, methods text[], age_seconds double precision)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select s.account_id, s.methods, extract(epoch from now() - s.proved_at)::double precision
  from bos.session s where s.id = session_proof.session and s.revoked_at is null and s.expires_at > now();
end;

-- Proved again, perhaps by more than before.
create function bos.session_prove(session uuid, methods text[]) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.session s set proved_at = now(), methods = array(select distinct m from unnest(s.methods || session_prove.methods) m order by m)
    where s.id = session_prove.session and s.revoked_at is null and s.expires_at > now() returning true;
end;

-- Second factors ------------------------------------------------------------------------------------------------------

-- Password or factors are others now: sign-ins under way begin anew, and every session ends but `keep`.
create function bos.account_changed(account uuid, keep uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.session s set revoked_at = now()
    where s.account_id = account_changed.account and s.revoked_at is null and s.id is distinct from account_changed.keep;
  update bos.account a set stamp = a.stamp + 1, factor_failures = 0, factor_locked_until = null where a.id = account_changed.account;
end;

-- An authenticator app that is being set up; one at a time. Its seed is stored apart (bos.secret), under the factor's id.
create function bos.factor_begin(account uuid, factor uuid, name text) returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  delete from bos.factor f where f.account_id = factor_begin.account and f.confirmed_at is null;
  insert into bos.factor (id, account_id, kind, name) values (factor_begin.factor, factor_begin.account, 'totp', factor_begin.name);
end;

create function bos.factor_pending(account uuid, factor uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select exists (select from bos.factor f
    where f.id = factor_pending.factor and f.account_id = factor_pending.account and f.confirmed_at is null and f.created_at > now() - interval '30 minutes');
end;

-- The first code was right: from now on the factor counts. Recovery codes are taken over where the account has none. Null: it is confirmed
-- already, gone, or the account has as many as it may.
create function bos.factor_confirm(account uuid, factor uuid, step bigint, keep uuid, recovery_salt bytea, recovery_hashes bytea[], maximum integer)
returns table (stamp integer, recovery_taken boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare taken boolean;
begin
  perform from bos.account a where a.id = factor_confirm.account for update;
  update bos.factor f set confirmed_at = now(), last_used_at = now(), last_step = factor_confirm.step
    where f.id = factor_confirm.factor and f.account_id = factor_confirm.account and f.kind = 'totp' and f.confirmed_at is null
      and (select count(*) from bos.factor o where o.account_id = f.account_id and o.confirmed_at is not null) < maximum;
  if not found then
    return;
  end if;
  taken := bos.recovery_begin(account, recovery_salt, recovery_hashes, false);
  perform bos.account_changed(account, keep);
  return query select a.stamp, taken from bos.account a where a.id = factor_confirm.account;
end $$;

create function bos.passkey_add(account uuid, factor uuid, name text, credential_id bytea, public_key bytea, sign_count bigint, transports text[],
  keep uuid, recovery_salt bytea, recovery_hashes bytea[], maximum integer)
returns table (stamp integer, recovery_taken boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare taken boolean;
begin
  perform from bos.account a where a.id = passkey_add.account for update;
  insert into bos.factor (id, account_id, kind, name, confirmed_at, credential_id, public_key, sign_count, transports)
    select passkey_add.factor, passkey_add.account, 'passkey', passkey_add.name, now(), passkey_add.credential_id, passkey_add.public_key,
      passkey_add.sign_count, passkey_add.transports
    where (select count(*) from bos.factor o where o.account_id = passkey_add.account and o.confirmed_at is not null) < maximum
    on conflict do nothing;
  if not found then
    return;
  end if;
  taken := bos.recovery_begin(account, recovery_salt, recovery_hashes, false);
  perform bos.account_changed(account, keep);
  return query select a.stamp, taken from bos.account a where a.id = passkey_add.account;
end $$;

create function bos.factor_rename(account uuid, factor uuid, name text) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.factor f set name = factor_rename.name where f.id = factor_rename.factor and f.account_id = factor_rename.account and f.confirmed_at is not null returning true;
end;

-- With the last factor go the recovery codes. Null: there is no such factor. Refused ('BOS05') where a tenant of the account demands one and this is the last.
create function bos.factor_remove(account uuid, factor uuid, keep uuid) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform from bos.account a where a.id = factor_remove.account for update;
  delete from bos.factor f where f.id = factor_remove.factor and f.account_id = factor_remove.account and f.confirmed_at is not null;
  if not found then
    return null;
  end if;
  if not exists (select from bos.factor f where f.account_id = factor_remove.account and f.confirmed_at is not null) then
    if exists (select from bos.member_account m join bos.tenant t on t.id = m.tenant_id
               where m.account_id = factor_remove.account and m.suspended_at is null and t.mfa_required) then
      raise exception 'a tenant demands a second factor' using errcode = 'BOS05';
    end if;
    delete from bos.recovery_code r where r.account_id = factor_remove.account;
  end if;
  delete from bos.secret s where s.owner = factor_remove.account and s.name = 'totp/' || factor_remove.factor;
  perform bos.account_changed(factor_remove.account, keep);
  return true;
end $$;

-- Takes an attempt. Answers how many seconds to wait instead, or null: go on. After five wrong ones in a row the pauses double, up to 15 minutes.
create function bos.factor_attempt(account uuid) returns double precision
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare wait double precision;
begin
  update bos.account a set factor_failures = a.factor_failures + 1,
      factor_locked_until = case when a.factor_failures >= 4 then now() + make_interval(secs => least(900, 2 ^ least(a.factor_failures - 2, 12))) end
    where a.id = factor_attempt.account and (a.factor_locked_until is null or a.factor_locked_until <= now());
  if found then
    return null;
  end if;
  select extract(epoch from a.factor_locked_until - now()) into wait from bos.account a where a.id = factor_attempt.account;
  return greatest(coalesce(wait, 900), 1);
end $$;

-- A code of this time step: taken once, and none of an earlier step after it.
create function bos.totp_use(account uuid, factor uuid, step bigint) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update bos.factor f set last_step = totp_use.step, last_used_at = now()
    where f.id = totp_use.factor and f.account_id = totp_use.account and f.confirmed_at is not null and (f.last_step is null or f.last_step < totp_use.step);
  if not found then
    return false;
  end if;
  update bos.account a set factor_failures = 0, factor_locked_until = null where a.id = totp_use.account;
  return true;
end $$;

create function bos.passkey(credential_id bytea)
returns table (factor uuid, account uuid, public_key bytea, sign_count bigint, transports text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select f.id, f.account_id, f.public_key, f.sign_count, f.transports from bos.factor f
  where f.credential_id = passkey.credential_id and f.kind = 'passkey' and f.confirmed_at is not null;
end;

create function bos.account_passkeys(account uuid) returns table (credential_id bytea, transports text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select f.credential_id, f.transports from bos.factor f where f.account_id = account_passkeys.account and f.kind = 'passkey' and f.confirmed_at is not null;
end;

create function bos.passkey_use(factor uuid, sign_count bigint) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare owner uuid;
begin
  update bos.factor f set sign_count = passkey_use.sign_count, last_used_at = now()
    where f.id = passkey_use.factor and f.confirmed_at is not null and (passkey_use.sign_count = 0 and f.sign_count = 0 or passkey_use.sign_count > f.sign_count)
    returning f.account_id into owner;
  if owner is null then
    return false;
  end if;
  update bos.account a set factor_failures = 0, factor_locked_until = null where a.id = owner;
  return true;
end $$;

-- New recovery codes in place of all there are; where `replace` is not asked for, only if there are none.
create function bos.recovery_begin(account uuid, salt bytea, hashes bytea[], replace boolean) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not replace and exists (select from bos.recovery_code r where r.account_id = recovery_begin.account) then
    return false;
  end if;
  delete from bos.recovery_code r where r.account_id = recovery_begin.account;
  update bos.account a set recovery_salt = salt where a.id = recovery_begin.account;
  insert into bos.recovery_code (account_id, hash) select recovery_begin.account, h from unnest(hashes) h;
  return true;
end $$;

create function bos.recovery_salt(account uuid) returns bytea
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select a.recovery_salt from bos.account a where a.id = recovery_salt.account;
end;

create function bos.recovery_use(account uuid, hash bytea) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update bos.recovery_code r set used_at = now() where r.account_id = recovery_use.account and r.hash = recovery_use.hash and r.used_at is null;
  if not found then
    return false;
  end if;
  update bos.account a set factor_failures = 0, factor_locked_until = null where a.id = recovery_use.account;
  return true;
end $$;

-- What a tenant demands of those who sign in. Sessions that were opened without it end.
create function bos.tenant_demands(tenant uuid, mfa_required boolean, sso_only boolean) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update bos.tenant t set mfa_required = tenant_demands.mfa_required, sso_only = tenant_demands.sso_only where t.id = tenant_demands.tenant;
  update bos.session s set revoked_at = now()
    where s.tenant_id = tenant_demands.tenant and s.revoked_at is null
      and (tenant_demands.mfa_required and 'mfa' <> all (s.methods)
        or tenant_demands.sso_only and 'sso' <> all (s.methods)
          and not exists (select from bos.member_account m where m.tenant_id = s.tenant_id and m.member_id = s.member_id and m.break_glass));
end $$;

-- As before (002_sessions.sql), and what worked once and is over.
create or replace function bos.housekeep(idempotency_hours integer, job_days integer) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  delete from bos.once where expires_at < now();
  delete from bos.factor where confirmed_at is null and created_at < now() - interval '1 day';
  with old_answers as (delete from bos.idempotency where created_at < now() - make_interval(hours => idempotency_hours) returning 1),
       old_sessions as (delete from bos.session where least(expires_at, revoked_at) < now() - interval '30 days' returning 1),
       -- With imports go their rows. An undo that is not over reads those of its import.
       old_jobs as (
         delete from bos.job j using (
           select o.tenant_id, o.id from bos.job o
           where o.finished_at < now() - make_interval(days => job_days) and not exists (
             select from bos.job u where u.tenant_id = o.tenant_id and u.status in ('queued', 'running') and u.input ->> 'import' = o.id::text)
           order by o.finished_at limit 500
         ) old where j.tenant_id = old.tenant_id and j.id = old.id returning 1)
  select (select count(*) from old_answers) + (select count(*) from old_sessions) + (select count(*) from old_jobs);
end;

grant execute on function bos.once_put, bos.once_take, bos.once_look, bos.sign_in_account, bos.account_id, bos.password_rehash, bos.email_verified,
  bos.email_change, bos.account_view, bos.session_begin, bos.session_refresh, bos.account_sessions, bos.tenant_sessions, bos.sessions_end,
  bos.session_proof, bos.session_prove, bos.factor_begin, bos.factor_pending, bos.factor_confirm, bos.passkey_add, bos.factor_rename,
  bos.factor_remove, bos.factor_attempt, bos.totp_use, bos.passkey, bos.account_passkeys, bos.passkey_use, bos.recovery_begin, bos.recovery_salt,
  bos.recovery_use, bos.tenant_demands to bos_call;
