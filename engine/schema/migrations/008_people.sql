-- Who belongs to whom: the ids behind the scopes team, subtree, company and shared. Row policies and Plans ask each of them once per
-- statement, and only where the actor has the scope. They read people as the owner (the actor's role may not show them), state the
-- tenant themselves, and answer ids only. Leads, parts of teams and managers may go round in a circle: `union` ends it.
-- core.member, core.team are there once modules are applied: bodies are read when they run.

create function bos.teams() returns uuid[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  here constant uuid := bos.tenant();
  me constant uuid := bos.member();
begin
  return array(
    with recursive led as (
      select t.id from core.team t where t.tenant_id = here and t.lead = me and t.deleted_at is null
      union
      select t.id from core.team t join led on t.parent = led.id where t.tenant_id = here and t.deleted_at is null)
    select id from led
    union
    select t.id from core.member m join core.team t on t.tenant_id = m.tenant_id and t.id = m.team
      where m.tenant_id = here and m.id = me and t.deleted_at is null);
end $$;
comment on function bos.teams is 'The teams of the actor: the one they belong to, those they lead, and all teams below those they lead.';

-- People who have left count: what they answered for does not leave with them.
create function bos.team() returns uuid[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  here constant uuid := bos.tenant();
  me constant uuid := bos.member();
begin
  return array(select m.id from core.member m where m.tenant_id = here and m.team = any (bos.teams()) union select me where me is not null);
end $$;
comment on function bos.team is 'The actor and the people of bos.teams().';

create function bos.subtree() returns uuid[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  here constant uuid := bos.tenant();
  me constant uuid := bos.member();
begin
  return array(
    with recursive below as (
      select me as id where me is not null
      union
      select m.id from core.member m join below on m.manager = below.id where m.tenant_id = here)
    select id from below);
end $$;
comment on function bos.subtree is 'The actor and everybody who reports to them, directly or through others.';

create function bos.company() returns uuid[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return array(select m.company from core.member m where m.tenant_id = bos.tenant() and m.id = bos.member() and m.company is not null);
end $$;
comment on function bos.company is 'The own company that employs the actor.';

-- Records that somebody shared with a person or a team. Of a member or team that is deleted a share is void: nobody is left to have it.
create table bos.share (
  tenant_id uuid not null references bos.tenant,
  entity text collate "C" not null,
  record_id uuid not null,
  -- Exactly one of them: a person, or whoever belongs to a team or leads it.
  member_id uuid,
  team_id uuid,
  access text collate "C" not null check (access in ('read', 'update')),
  created_at timestamptz(3) not null default now(),
  created_by uuid,
  check (num_nonnulls(member_id, team_id) = 1),
  unique nulls not distinct (tenant_id, record_id, member_id, team_id)
);
create index share_member on bos.share (tenant_id, member_id, entity) where member_id is not null;
create index share_team on bos.share (tenant_id, team_id, entity) where team_id is not null;
call bos.protect('bos.share');
create policy tenant_read on bos.share for select to bos_read using (tenant_id = (select bos.tenant()));
create policy tenant_write on bos.share to bos_write using (tenant_id = (select bos.tenant()));
grant select on bos.share to bos_read;
grant select, insert, update, delete on bos.share to bos_write;

create function bos.shared(entity text, to_update boolean) returns uuid[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  here constant uuid := bos.tenant();
  me constant uuid := bos.member();
begin
  return array(
    select s.record_id from bos.share s
      where s.tenant_id = here and s.member_id = me and s.entity = shared.entity and (s.access = 'update' or not to_update)
    union
    select s.record_id from bos.share s
      where s.tenant_id = here and s.entity = shared.entity and (s.access = 'update' or not to_update) and s.team_id in (
        select t.id from core.team t where t.tenant_id = here and t.deleted_at is null
          and (t.lead = me or t.id = (select m.team from core.member m where m.tenant_id = here and m.id = me))));
end $$;
comment on function bos.shared is 'Records of an entity that were shared with the actor or their team, or of those the ones they may change.';

grant execute on function bos.team, bos.subtree, bos.company, bos.shared to bos_read, bos_write;
