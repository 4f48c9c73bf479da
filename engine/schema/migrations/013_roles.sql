-- Roles as data: what a tenant defines itself, and what it says of a role and an entity in place of what the modules say. Row policies do
-- not know of it: a role chooses among the scopes of an entity, and whatever it says besides stands in Plans.

-- Every role that the tenant has said something of. `version` counts its changes; events tell of it under `id`.
create table bos.role (
  tenant_id uuid not null references bos.tenant,
  role text collate "C" not null check (length(role) <= 81),
  id uuid not null,
  -- Of a role of the tenant's own; null: a module's.
  title text collate "C",
  version integer not null,
  primary key (tenant_id, role),
  check ((role like 'tenant.%') = (title is not null))
);
-- The permission, by ids, as engine/catalogue/role-document.ts keeps it.
create table bos.role_permission (
  tenant_id uuid not null,
  role text collate "C" not null,
  entity text collate "C" not null,
  permission jsonb not null,
  primary key (tenant_id, role, entity),
  foreign key (tenant_id, role) references bos.role on delete cascade
);

-- A role of the tenant's own is taken from everybody with its definition, so that another of its name is nobody's; and nobody is given
-- one that was deleted a moment ago.
alter table bos.role_assignment
  add column own_role text collate "C" generated always as (case when role like 'tenant.%' then role end) stored,
  add constraint role_assignment_own foreign key (tenant_id, own_role) references bos.role on delete cascade;
create index role_assignment_role on bos.role_assignment (tenant_id, role);
create index role_assignment_own on bos.role_assignment (tenant_id, own_role) where own_role is not null;

create trigger own_role_added after insert on bos.role referencing new table as changed for each statement execute function bos.raise_generation();
create trigger own_role_changed after update on bos.role referencing new table as changed for each statement execute function bos.raise_generation();
create trigger own_role_removed after delete on bos.role referencing old table as changed for each statement execute function bos.raise_generation();
create trigger role_permission_added after insert on bos.role_permission referencing new table as changed for each statement execute function bos.raise_generation();
create trigger role_permission_changed after update on bos.role_permission referencing new table as changed for each statement execute function bos.raise_generation();
create trigger role_permission_removed after delete on bos.role_permission referencing old table as changed for each statement execute function bos.raise_generation();

call bos.protect('bos.role');
call bos.protect('bos.role_permission');
create policy tenant_write on bos.role to bos_write using (tenant_id = (select bos.tenant()));
create policy tenant_write on bos.role_permission to bos_write using (tenant_id = (select bos.tenant()));
grant select, insert, update, delete on bos.role, bos.role_permission to bos_write;

-- What the catalogue store asks for with the modules of a tenant: in an order that is the same for equal edits.
create function bos.tenant_roles(tenant uuid) returns table (roles jsonb, permissions jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select
    coalesce((select jsonb_agg(jsonb_build_object('id', r.role, 'title', r.title) order by r.role)
              from bos.role r where r.tenant_id = tenant_roles.tenant and r.title is not null), '[]'),
    coalesce((select jsonb_agg(jsonb_build_object('role', p.role, 'entity', p.entity, 'document', p.permission) order by p.role, p.entity)
              from bos.role_permission p where p.tenant_id = tenant_roles.tenant), '[]');
end;

grant execute on function bos.tenant_roles to bos_call;
