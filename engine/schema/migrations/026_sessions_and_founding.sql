-- Ends sessions of one's own tenant's people: one of them, or all but one of a person. Answers how many.
create function bos.member_sessions_end(member uuid, session uuid, keep uuid) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  select bos.sessions_end(null, bos.tenant(), member_sessions_end.member, member_sessions_end.session, member_sessions_end.keep);
end;
revoke all on function bos.member_sessions_end from public;
grant execute on function bos.member_sessions_end to bos_write;

-- A tenant that somebody founds for themselves. Unlike `bos.tenant_open` it takes up nothing that another has begun: of two who want a name, one
-- gets it. No row: it is taken.
create function bos.tenant_found(tenant uuid, slug text, name text, locale text, time_zone text, currency text, modules jsonb)
returns table (id uuid, generation bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare founded uuid;
begin
  insert into bos.tenant as t (id, slug, name, locale, time_zone, currency)
    values (tenant_found.tenant, tenant_found.slug, tenant_found.name, tenant_found.locale, tenant_found.time_zone, tenant_found.currency)
    on conflict (slug) do nothing
    returning t.id into founded;
  insert into bos.tenant_module (tenant_id, module, version)
    select founded, m.module, m.version from jsonb_to_recordset(modules) as m (module text, version text) where founded is not null;
  return query select t.id, t.generation from bos.tenant t where t.id = founded;
end $$;
revoke all on function bos.tenant_found from public;
grant execute on function bos.tenant_found to bos_call;

-- A password that somebody else has chosen is good for one thing: to choose one's own.
alter table bos.account add column password_given boolean not null default false;

create or replace function bos.password_set(account uuid, password_hash text, keep uuid) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.session s set revoked_at = now()
    where s.account_id = password_set.account and s.revoked_at is null and s.id is distinct from password_set.keep;
  update bos.account a set password_hash = password_set.password_hash, password_given = false, password_changed_at = now(), stamp = a.stamp + 1
    where a.id = password_set.account returning true;
end;
-- Of the account that has just got this hash; nothing where it was not taken.
create function bos.password_give(email text, password_hash text) returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.account a set password_given = true
    where bos.fold(a.email) = bos.fold(password_give.email) and a.password_hash = password_give.password_hash;
end;
create or replace function bos.member_admit(member uuid, account uuid, email text, password_hash text, roles text[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  select bos.access_set(bos.tenant(), member_admit.member, member_admit.account, member_admit.email, member_admit.password_hash, member_admit.roles, false);
  select bos.password_give(member_admit.email, member_admit.password_hash);
end;
drop function bos.sign_in_account(uuid);
create function bos.sign_in_account(account uuid)
returns table (id uuid, email text, password_hash text, password_given boolean, stamp integer, email_verified boolean, memberships jsonb, factors jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select a.id, a.email, a.password_hash, a.password_given, a.stamp, a.email_verified_at is not null,
    coalesce((select jsonb_agg(jsonb_build_object('tenant', t.id, 'slug', t.slug, 'name', t.name, 'member', m.member_id,
                'mfaRequired', t.mfa_required, 'ssoOnly', t.sso_only, 'breakGlass', m.break_glass) order by t.slug)
              from bos.member_account m join bos.tenant t on t.id = m.tenant_id
              where m.account_id = a.id and m.suspended_at is null and t.suspended_at is null), '[]'),
    coalesce((select jsonb_agg(jsonb_build_object('id', f.id, 'kind', f.kind) order by f.id)
              from bos.factor f where f.account_id = a.id and f.confirmed_at is not null), '[]')
  from bos.account a where a.id = sign_in_account.account;
end;
revoke all on function bos.password_give, bos.sign_in_account from public;
grant execute on function bos.password_give, bos.sign_in_account to bos_call;
