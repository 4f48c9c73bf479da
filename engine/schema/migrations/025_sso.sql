-- Companies' identity providers (OpenID Connect, SAML 2.0), the e-mail domains by which their word counts, and the directories that keep people
-- and groups in step with them (SCIM 2.0).

create table bos.identity_provider (
  tenant_id uuid not null references bos.tenant,
  id uuid not null unique,
  name text collate "C" not null,
  enabled boolean not null,
  -- What its protocol needs: {"kind":"oidc","issuer"…} or {"kind":"saml","entityId"…}. Its secret is in bos.secret under `sso/{id}`.
  settings jsonb not null,
  -- Whether it brings in people that the tenant has not.
  admits boolean not null,
  -- Whether a second factor that it asked for counts as one here.
  trusts_mfa boolean not null,
  -- Of everybody whom it brings in.
  starting_roles text[] not null,
  -- [{"group","role"}]: these roles are given and taken as the groups of a person say; no other role is touched.
  group_roles jsonb not null,
  version integer not null default 1,
  created_at timestamptz(3) not null default now(),
  primary key (tenant_id, id)
);
create table bos.email_domain (
  tenant_id uuid not null references bos.tenant,
  domain text collate "C" not null,
  token text collate "C" not null,
  verified_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  primary key (tenant_id, domain)
);
create index email_domain_verified on bos.email_domain (domain) where verified_at is not null;
-- Who somebody is to a provider. Their address may change there; this does not.
create table bos.external_identity (
  tenant_id uuid not null references bos.tenant,
  provider_id uuid not null,
  subject text collate "C" not null,
  member_id uuid not null,
  account_id uuid not null references bos.account on delete cascade,
  created_at timestamptz(3) not null default now(),
  last_used_at timestamptz(3) not null default now(),
  primary key (tenant_id, provider_id, subject),
  foreign key (tenant_id, provider_id) references bos.identity_provider on delete cascade
);
create index external_identity_account on bos.external_identity (account_id);

-- By which a directory is known. It opens nothing but the directory's own address, for the people of its own provider.
create table bos.scim_token (
  tenant_id uuid not null references bos.tenant,
  id uuid not null,
  provider_id uuid not null,
  prefix text collate "C" not null,
  hash bytea not null unique,
  created_at timestamptz(3) not null default now(),
  created_by uuid,
  expires_at timestamptz(3),
  last_used_at timestamptz(3),
  last_address text collate "C",
  primary key (tenant_id, id),
  foreign key (tenant_id, provider_id) references bos.identity_provider on delete cascade
);
-- People whom a directory keeps; it sees and changes no others.
create table bos.directory_user (
  tenant_id uuid not null references bos.tenant,
  provider_id uuid not null,
  member_id uuid not null,
  user_name text collate "C" not null,
  external_id text collate "C",
  created_at timestamptz(3) not null default now(),
  changed_at timestamptz(3) not null default now(),
  primary key (tenant_id, provider_id, member_id),
  foreign key (tenant_id, provider_id) references bos.identity_provider on delete cascade
);
create unique index directory_user_name on bos.directory_user (tenant_id, provider_id, lower(user_name));
create index directory_user_external on bos.directory_user (tenant_id, provider_id, external_id);
create table bos.directory_group (
  tenant_id uuid not null references bos.tenant,
  provider_id uuid not null,
  id uuid not null,
  display_name text collate "C" not null,
  external_id text collate "C",
  created_at timestamptz(3) not null default now(),
  changed_at timestamptz(3) not null default now(),
  primary key (tenant_id, provider_id, id),
  foreign key (tenant_id, provider_id) references bos.identity_provider on delete cascade
);
create unique index directory_group_name on bos.directory_group (tenant_id, provider_id, lower(display_name));
create table bos.directory_membership (
  tenant_id uuid not null references bos.tenant,
  provider_id uuid not null,
  group_id uuid not null,
  member_id uuid not null,
  primary key (tenant_id, provider_id, group_id, member_id),
  foreign key (tenant_id, provider_id, group_id) references bos.directory_group on delete cascade,
  foreign key (tenant_id, provider_id, member_id) references bos.directory_user on delete cascade
);
create index directory_membership_member on bos.directory_membership (tenant_id, provider_id, member_id);

do $$
declare name regclass;
begin
  foreach name in array '{bos.identity_provider,bos.email_domain,bos.external_identity,bos.scim_token,bos.directory_user,bos.directory_group,bos.directory_membership}'::regclass[] loop
    call bos.protect(name);
    execute format('create policy tenant_write on %s to bos_write using (tenant_id = (select bos.tenant()))', name);
    execute format('grant select, insert, update, delete on %s to bos_write', name);
  end loop;
end $$;

-- Before anybody is known -----------------------------------------------------------------------------------------------

-- A provider and its tenant, by its id; no row: there is none, or its tenant rests.
create function bos.sso_provider(provider uuid)
returns table (tenant_id uuid, tenant_slug text, id uuid, name text, enabled boolean, settings jsonb, admits boolean, trusts_mfa boolean,
  starting_roles text[], group_roles jsonb, version integer)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.id, t.slug, p.id, p.name, p.enabled, p.settings, p.admits, p.trusts_mfa, p.starting_roles, p.group_roles, p.version
  from bos.identity_provider p join bos.tenant t on t.id = p.tenant_id and t.suspended_at is null
  where p.id = sso_provider.provider;
end;

-- Where one can sign in: at a tenant, or with an address of a domain that a tenant has shown to be its own.
create function bos.sso_providers(tenant uuid, domain text) returns table (id uuid, name text, tenant_name text)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select p.id, p.name, t.name
  from bos.identity_provider p join bos.tenant t on t.id = p.tenant_id and t.suspended_at is null
  where p.enabled and coalesce(sso_providers.tenant::text, sso_providers.domain) is not null
    and (sso_providers.tenant is null or p.tenant_id = sso_providers.tenant)
    and (sso_providers.domain is null or exists (select from bos.email_domain d
      where d.tenant_id = p.tenant_id and d.domain = sso_providers.domain and d.verified_at is not null))
  order by t.name, p.name, p.id limit 50;
end;

-- Whose directory it is that brings this token; its use is written down now and then.
create function bos.scim_bearer(hash bytea, address text)
returns table (tenant_id uuid, provider_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  update bos.scim_token k set last_used_at = now(), last_address = scim_bearer.address
    where k.hash = scim_bearer.hash and (k.last_used_at is null or k.last_used_at < now() - interval '1 minute' or k.last_address is distinct from scim_bearer.address);
  return query select t.id, p.id
    from bos.scim_token k
      join bos.identity_provider p on p.tenant_id = k.tenant_id and p.id = k.provider_id and p.enabled
      join bos.tenant t on t.id = k.tenant_id and t.suspended_at is null
    where k.hash = scim_bearer.hash and (k.expires_at is null or k.expires_at > now());
end $$;
grant execute on function bos.sso_provider, bos.sso_providers, bos.scim_bearer to bos_call;

-- Coming in -------------------------------------------------------------------------------------------------------------

-- Whom the tenant's records know by this subject, or else by this address.
create function bos.sso_person(provider uuid, subject text, email text)
returns table (linked uuid, member_id uuid, domain_verified boolean, roles text[], directory_groups text[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  known uuid;
  addressed uuid;
begin
  select x.member_id into known from bos.external_identity x
    join bos.member_account m on m.tenant_id = x.tenant_id and m.member_id = x.member_id and m.account_id = x.account_id
    where x.tenant_id = bos.tenant() and x.provider_id = sso_person.provider and x.subject = sso_person.subject;
  select m.id into addressed from core.member m
    where m.tenant_id = bos.tenant() and m.deleted_at is null and lower(m.email) = lower(sso_person.email);
  return query select known, coalesce(known, addressed),
    exists (select from bos.email_domain d where d.tenant_id = bos.tenant() and d.verified_at is not null
      and d.domain = lower(substring(sso_person.email from '@([^@]+)$'))),
    array(select r.role from bos.role_assignment r where r.tenant_id = bos.tenant() and r.member_id = coalesce(known, addressed) order by r.role),
    case when exists (select from bos.directory_user u
        where u.tenant_id = bos.tenant() and u.provider_id = sso_person.provider and u.member_id = coalesce(known, addressed))
      then array(select g.display_name from bos.directory_membership d join bos.directory_group g using (tenant_id, provider_id)
        where d.tenant_id = bos.tenant() and d.provider_id = sso_person.provider and d.member_id = coalesce(known, addressed) and g.id = d.group_id) end;
end $$;
grant execute on function bos.sso_person to bos_write;

-- Ties a person of the tenant, an account and a subject together. `in`, or why not: `gone` (the provider is off), `inactive` (the person), `domain`
-- (not shown to be the tenant's), `other` (the person signs in with another address), `similar` (an account's address is written almost like this one),
-- `taken` (the account is another person's of this tenant). An account whose address was never confirmed begins anew: whoever made it may not have
-- been the one who reads mail there.
create function bos.sso_admit(provider uuid, subject text, member uuid, account uuid, email text)
returns table (state text, account_id uuid, stamp integer, is_first boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  here bos.member_account;
  known bos.account;
  first boolean := false;
begin
  perform from bos.identity_provider p where p.tenant_id = bos.tenant() and p.id = sso_admit.provider and p.enabled for share;
  if not found then
    return query select 'gone', null::uuid, null::integer, false;
    return;
  end if;
  select * into here from bos.member_account m where m.tenant_id = bos.tenant() and m.member_id = sso_admit.member for update;
  if here.suspended_at is not null or not exists (select from core.member m where m.tenant_id = bos.tenant() and m.id = sso_admit.member
      and m.deleted_at is null and coalesce((to_jsonb(m) ->> 'active')::boolean, true)) then
    return query select 'inactive', null::uuid, null::integer, false;
    return;
  end if;
  update bos.external_identity x set last_used_at = now()
    where x.tenant_id = bos.tenant() and x.provider_id = sso_admit.provider and x.subject = sso_admit.subject
      and x.member_id = sso_admit.member and x.account_id = here.account_id;
  if not found then
    first := true;
    if not exists (select from bos.email_domain d where d.tenant_id = bos.tenant() and d.verified_at is not null
        and d.domain = lower(substring(sso_admit.email from '@([^@]+)$'))) then
      return query select 'domain', null::uuid, null::integer, false;
      return;
    end if;
    select * into known from bos.account a where bos.fold(a.email) = bos.fold(sso_admit.email) for update;
    if known.id is not null and lower(known.email) <> lower(sso_admit.email) then
      return query select 'similar', null::uuid, null::integer, false;
      return;
    elsif here.account_id is not null and here.account_id is distinct from known.id then
      return query select 'other', null::uuid, null::integer, false;
      return;
    elsif here.account_id is null and exists (select from bos.member_account m where m.tenant_id = bos.tenant() and m.account_id = known.id) then
      return query select 'taken', null::uuid, null::integer, false;
      return;
    end if;
    if known.id is null then
      insert into bos.account (id, email) values (sso_admit.account, sso_admit.email) returning * into known;
    elsif known.email_verified_at is null then
      delete from bos.factor f where f.account_id = known.id;
      delete from bos.recovery_code r where r.account_id = known.id;
      perform bos.password_set(known.id, null, null);
    end if;
    update bos.account a set email_verified_at = coalesce(a.email_verified_at, now()) where a.id = known.id;
    if here.account_id is null then
      insert into bos.member_account (tenant_id, member_id, account_id) values (bos.tenant(), sso_admit.member, known.id);
    end if;
    insert into bos.external_identity (tenant_id, provider_id, subject, member_id, account_id)
      values (bos.tenant(), sso_admit.provider, sso_admit.subject, sso_admit.member, known.id)
      on conflict (tenant_id, provider_id, subject) do update set member_id = excluded.member_id, account_id = excluded.account_id, last_used_at = now();
    -- Nobody is invited who is here.
    delete from bos.invitation i where i.tenant_id = bos.tenant() and i.member_id = sso_admit.member;
  end if;
  return query select 'in', a.id, a.stamp, first from bos.account a where a.id = coalesce(known.id, here.account_id);
end $$;

-- Gives and takes the roles that the provider's groups stand for, of those the tenant has (`known`), and gives `starting` besides. Of each person the
-- groups are what their directory says and what was `claimed` (null: nothing was said; who is in no directory either keeps what they have). Answers
-- those whose roles changed. Nobody becomes or ceases to be an administrator by this.
create function bos.group_roles_apply(provider uuid, members uuid[], claimed text[], known text[], starting text[])
returns table (member_id uuid, before text[], after text[])
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  person uuid;
  groups text[];
  was text[];
  wanted text[];
  governed text[];
begin
  foreach person in array members loop
    was := array(select r.role from bos.role_assignment r where r.tenant_id = bos.tenant() and r.member_id = person order by r.role);
    wanted := '{}';
    governed := '{}';
    if claimed is not null or exists (select from bos.directory_user u
        where u.tenant_id = bos.tenant() and u.provider_id = group_roles_apply.provider and u.member_id = person) then
      groups := coalesce(claimed, '{}') || array(select g.display_name from bos.directory_membership d
        join bos.directory_group g on g.tenant_id = d.tenant_id and g.provider_id = d.provider_id and g.id = d.group_id
        where d.tenant_id = bos.tenant() and d.provider_id = group_roles_apply.provider and d.member_id = person);
      select coalesce(array_agg(distinct m ->> 'role'), '{}'), coalesce(array_agg(distinct m ->> 'role') filter (where m ->> 'group' = any (groups)), '{}')
        into governed, wanted
        from bos.identity_provider p, jsonb_array_elements(p.group_roles) m
        where p.tenant_id = bos.tenant() and p.id = group_roles_apply.provider;
    end if;
    delete from bos.role_assignment r
      where r.tenant_id = bos.tenant() and r.member_id = person and r.role = any (governed) and r.role <> all (wanted) and r.role <> 'core.admin';
    insert into bos.role_assignment (tenant_id, member_id, role)
      select distinct bos.tenant(), person, each.role from unnest(wanted || starting) as each (role)
      where each.role = any (known) and each.role <> 'core.admin'
      on conflict (tenant_id, member_id, role) do nothing;
    wanted := array(select r.role from bos.role_assignment r where r.tenant_id = bos.tenant() and r.member_id = person order by r.role);
    if wanted <> was then
      return query select person, was, wanted;
    end if;
  end loop;
end $$;

-- Whoever came in by this provider is out: it was turned off, or is gone.
create function bos.sso_sessions_end(provider uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.session s set revoked_at = now()
    where s.tenant_id = bos.tenant() and s.revoked_at is null and 'sso' = any (s.methods)
      and s.member_id in (select x.member_id from bos.external_identity x where x.tenant_id = bos.tenant() and x.provider_id = sso_sessions_end.provider);
end;
-- Whether people could still come in, if this provider did not count (null: each of them does).
create function bos.sso_entrance(without uuid) returns table (sso_only boolean, is_open boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.sso_only, exists (select from bos.identity_provider p where p.tenant_id = t.id and p.enabled and p.id is distinct from sso_entrance.without)
  from bos.tenant t where t.id = bos.tenant();
end;
create function bos.sso_has_secret(provider uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select exists (select from bos.secret s where s.owner = bos.tenant() and s.name = 'sso/' || sso_has_secret.provider);
end;
-- Who is kept out of a directory's reach: those who get in when it is the directory that went wrong.
create function bos.is_break_glass(member uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select exists (select from bos.member_account m where m.tenant_id = bos.tenant() and m.member_id = is_break_glass.member and m.break_glass);
end;
grant execute on function bos.sso_admit, bos.group_roles_apply, bos.sso_sessions_end, bos.sso_entrance, bos.sso_has_secret, bos.is_break_glass to bos_write;
