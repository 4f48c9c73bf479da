-- What opens every transaction, and sessions. Here, in 005 and in 006 is the short fixed list of functions that work outside a tenant:
-- SECURITY DEFINER with a pinned search_path; bos_owner passes its own policies, so each states its tenant itself.

create function bos.begin(tenant uuid, member uuid, session uuid, generation bigint, scopes text) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- One statement: every transaction pays for it.
  perform set_config('bos.tenant', t.id::text, true),
          set_config('bos.member', coalesce(member::text, ''), true),
          set_config('bos.scopes', scopes, true)
    from bos.tenant t
    where t.id = begin.tenant and t.generation = begin.generation and t.suspended_at is null
      and (session is null
        or exists (select from bos.session s
                   where s.id = begin.session and s.tenant_id = begin.tenant and s.member_id = begin.member
                     and s.revoked_at is null and s.expires_at > now()));
  if not found then
    raise exception 'stale' using errcode = 'BOS01';
  end if;
  -- The caller compares the answer: a backend that went wrong answers with nothing.
  return tenant;
end $$;
comment on function bos.begin is
  'Opens a tenant transaction: settings hold until it ends. Raises BOS01 (stale) when session or generation are not what is true now.';
grant execute on function bos.begin to bos_read, bos_write;

-- Sessions -----------------------------------------------------------------------------------------------------------

create function bos.setting_value(name text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
  return (select s.value from bos.setting s where s.key = name);

-- Everything the gateway must know of a live session, in one call; no row: sign in again.
create function bos.actor(session uuid)
returns table (tenant_id uuid, slug text, tenant_name text, generation bigint, locale text, time_zone text, currency text,
               member_id uuid, account_id uuid, email text, roles text[], modules jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.id, t.slug, t.name, t.generation, t.locale, t.time_zone, t.currency, s.member_id, s.account_id, a.email,
    array(select r.role from bos.role_assignment r where r.tenant_id = t.id and r.member_id = s.member_id order by r.role),
    coalesce((select jsonb_agg(jsonb_build_object('module', m.module, 'version', m.version) order by m.module)
              from bos.tenant_module m where m.tenant_id = t.id), '[]')
  from bos.session s join bos.tenant t on t.id = s.tenant_id join bos.account a on a.id = s.account_id
  where s.id = actor.session and s.revoked_at is null and s.expires_at > now() and t.suspended_at is null;
end;

-- `presented` is the hash of the refresh secret. A secret that was replaced less than 10 s ago is a second tab, not a thief.
create function bos.session_rotate(session uuid, presented bytea, replacement bytea, expires timestamptz) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare s bos.session;
begin
  select * into s from bos.session x where x.id = session for update;
  if not found or s.revoked_at is not null or s.expires_at <= now() then
    return 'gone';
  elsif s.refresh_hash = presented then
    update bos.session x set refresh_hash = replacement, previous_refresh_hash = presented, rotated_at = now(), expires_at = expires
      where x.id = session;
    return 'rotated';
  elsif s.previous_refresh_hash = presented and s.rotated_at > now() - interval '10 seconds' then
    return 'recent';
  elsif s.previous_refresh_hash = presented then
    update bos.session x set revoked_at = now() where x.id = session;
    return 'reused';
  end if;
  return 'gone';
end $$;
comment on function bos.session_rotate is
  'rotated: the new secret holds. recent: keep the cookie. reused: an old secret came back, the session is revoked. gone: sign in.';

create function bos.session_open(session uuid, tenant uuid, member uuid, account uuid, refresh_hash bytea, expires timestamptz)
returns boolean
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  insert into bos.session (id, tenant_id, member_id, account_id, refresh_hash, expires_at)
    select session_open.session, m.tenant_id, m.member_id, m.account_id, session_open.refresh_hash, session_open.expires
    from bos.member_account m join bos.tenant t on t.id = m.tenant_id
    where m.tenant_id = session_open.tenant and m.member_id = session_open.member and m.account_id = session_open.account
      and m.suspended_at is null and t.suspended_at is null
    returning true;
end;

create function bos.session_revoke(session uuid) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.session s set revoked_at = now() where s.id = session_revoke.session and s.revoked_at is null returning true;
end;

-- What no longer matters: answers of writes after so many hours, sessions that ended 30 days ago. Returns rows removed.
create function bos.housekeep(idempotency_hours integer, job_days integer) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
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

grant execute on function bos.setting_value, bos.actor, bos.session_open, bos.session_rotate, bos.session_revoke,
  bos.housekeep to bos_call;
