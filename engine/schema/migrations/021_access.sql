-- How people come in and what they may do, told in the log: what administrators do within their tenant, and the invitations that are open.

create table bos.invitation (
  tenant_id uuid not null references bos.tenant,
  member_id uuid not null,
  -- To which the letter went; only who reads mail there can accept.
  email text collate "C" not null,
  invited_by uuid,
  invited_at timestamptz(3) not null default now(),
  expires_at timestamptz(3) not null,
  primary key (tenant_id, member_id)
);
call bos.protect('bos.invitation');
create policy tenant_write on bos.invitation to bos_write using (tenant_id = (select bos.tenant()));
grant select, insert, update, delete on bos.invitation to bos_write;

-- As bos.access_set (005_tenancy.sql), in the caller's own transaction and tenant, never across tenants.
create function bos.member_admit(member uuid, account uuid, email text, password_hash text, roles text[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  select bos.access_set(bos.tenant(), member_admit.member, member_admit.account, member_admit.email, member_admit.password_hash, member_admit.roles, false);
end;
grant execute on function bos.member_admit to bos_write;

-- Of everybody who can sign in, may, or is invited: what an administrator sees beside their record.
create function bos.people_access()
returns table (member_id uuid, email text, email_verified boolean, roles text[], suspended boolean, break_glass boolean, has_factor boolean,
  last_used_at timestamptz, invited_email text, invited_at timestamptz, invitation_expires_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select p.member_id, a.email, a.email_verified_at is not null,
    array(select r.role from bos.role_assignment r where r.tenant_id = bos.tenant() and r.member_id = p.member_id order by r.role),
    m.suspended_at is not null, coalesce(m.break_glass, false),
    exists (select from bos.factor f where f.account_id = a.id and f.confirmed_at is not null),
    (select max(s.rotated_at) from bos.session s where s.tenant_id = bos.tenant() and s.member_id = p.member_id),
    i.email, i.invited_at, i.expires_at
  from (select m.member_id from bos.member_account m where m.tenant_id = bos.tenant()
        union select r.member_id from bos.role_assignment r where r.tenant_id = bos.tenant()
        union select i.member_id from bos.invitation i where i.tenant_id = bos.tenant()) p
    left join bos.member_account m on m.tenant_id = bos.tenant() and m.member_id = p.member_id
    left join bos.account a on a.id = m.account_id
    left join bos.invitation i on i.tenant_id = bos.tenant() and i.member_id = p.member_id;
end;
grant execute on function bos.people_access to bos_read;

create function bos.break_glass_set(member uuid, break_glass boolean) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.member_account m set break_glass = break_glass_set.break_glass
    where m.tenant_id = bos.tenant() and m.member_id = break_glass_set.member returning true;
end;
grant execute on function bos.break_glass_set to bos_write;

-- Who an invitation is for, as the one who opens it may know; no row: it was withdrawn, accepted, or its tenant or member is gone.
create function bos.invitation_view(tenant uuid, member uuid)
returns table (email text, slug text, tenant_name text, account uuid, account_email text, account_verified boolean, password_hash text, stamp integer)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query select i.email, t.slug, t.name, a.id, a.email, a.email_verified_at is not null, a.password_hash, a.stamp
    from bos.invitation i
      join bos.tenant t on t.id = i.tenant_id and t.suspended_at is null
      join core.member p on p.tenant_id = i.tenant_id and p.id = i.member_id and p.deleted_at is null
      left join bos.account a on bos.fold(a.email) = bos.fold(i.email)
    where i.tenant_id = invitation_view.tenant and i.member_id = invitation_view.member and i.expires_at > now();
end $$;

-- The invited person comes in: with the account there is, or a new one. With a password hash the account begins anew: sessions, factors and
-- recovery codes of whoever had it before, without ever having read the mail, are gone. Answers the account and its stamp; no row: too late.
create function bos.invitation_accept(tenant uuid, member uuid, account uuid, password_hash text) returns table (account_id uuid, stamp integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  invited bos.invitation;
  known uuid;
begin
  delete from bos.invitation i where i.tenant_id = invitation_accept.tenant and i.member_id = invitation_accept.member and i.expires_at > now() returning * into invited;
  if invited.email is null then
    return;
  end if;
  select a.id into known from bos.account a where bos.fold(a.email) = bos.fold(invited.email) for update;
  if known is null then
    insert into bos.account (id, email, password_hash) values (invitation_accept.account, invited.email, invitation_accept.password_hash) returning id into known;
  elsif invitation_accept.password_hash is not null then
    delete from bos.factor f where f.account_id = known;
    delete from bos.recovery_code r where r.account_id = known;
    perform bos.password_set(known, invitation_accept.password_hash, null);
  end if;
  update bos.account a set email_verified_at = coalesce(a.email_verified_at, now()) where a.id = known;
  insert into bos.member_account (tenant_id, member_id, account_id) values (invitation_accept.tenant, invitation_accept.member, known);
  return query select a.id, a.stamp from bos.account a where a.id = known;
exception when unique_violation then
  -- The account is another member's of this tenant already, or the member has one.
  return;
end $$;
grant execute on function bos.invitation_view, bos.invitation_accept to bos_call;
