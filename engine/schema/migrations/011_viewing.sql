-- Looking at everything as another person of the tenant does: with their roles and scopes, for a few minutes, changing nothing. It hangs on
-- the session of whoever really looks, and ends with it.
create table bos.viewing (
  id uuid primary key,
  tenant_id uuid not null references bos.tenant,
  session_id uuid not null references bos.session on delete cascade,
  -- As whom.
  member_id uuid not null,
  started_at timestamptz(3) not null default now(),
  expires_at timestamptz(3) not null,
  ended_at timestamptz(3)
);
create index viewing_session on bos.viewing (session_id);
call bos.protect('bos.viewing');
create policy tenant_write on bos.viewing to bos_write using (tenant_id = (select bos.tenant()));
grant select, insert, update on bos.viewing to bos_write;

-- As before; and a session may stand for the member it looks as. Such a transaction is read-only, whatever the engine then sends.
create or replace function bos.begin(tenant uuid, member uuid, session uuid, generation bigint, scopes text) returns uuid
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
    perform set_config('bos.tenant', t.id::text, true),
            set_config('bos.member', v.member_id::text, true),
            set_config('bos.scopes', scopes, true),
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
  -- The caller compares the answer: a backend that went wrong answers with nothing.
  return tenant;
end $$;

-- As bos.actor, of whom a session looks as; `viewer` is whose session it is. No row: it is over.
create function bos.viewing_actor(session uuid, viewing uuid)
returns table (tenant_id uuid, slug text, tenant_name text, generation bigint, locale text, time_zone text, currency text,
               member_id uuid, account_id uuid, email text, roles text[], viewer uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.id, t.slug, t.name, t.generation, t.locale, t.time_zone, t.currency, v.member_id, s.account_id,
    coalesce((select a.email from bos.member_account m join bos.account a on a.id = m.account_id
              where m.tenant_id = t.id and m.member_id = v.member_id), ''),
    array(select r.role from bos.role_assignment r where r.tenant_id = t.id and r.member_id = v.member_id order by r.role),
    s.member_id
  from bos.viewing v join bos.session s on s.id = v.session_id join bos.tenant t on t.id = v.tenant_id
  where v.id = viewing_actor.viewing and s.id = viewing_actor.session and v.ended_at is null and v.expires_at > now()
    and s.revoked_at is null and s.expires_at > now() and t.suspended_at is null;
end;
grant execute on function bos.viewing_actor to bos_call;
