-- The engine's own tables. Runs as bos_owner, in one transaction (engine/schema/migrate.ts).
-- Every table: row security enabled and forced, a policy for the owner, and only the grants named below.
-- Functions are nobody's until granted:
alter default privileges revoke execute on functions from public;

grant usage on schema bos to bos_read, bos_write, bos_call;

-- Who acts ------------------------------------------------------------------------------------------------------------
-- After a transaction a local setting reads '' instead of NULL, hence nullif. Unset: NULL, and every policy is false.

create function bos.tenant() returns uuid language sql stable parallel safe
  return nullif(current_setting('bos.tenant', true), '')::uuid;

create function bos.member() returns uuid language sql stable parallel safe
  return nullif(current_setting('bos.member', true), '')::uuid;

create function bos.scopes() returns text[] language sql stable parallel safe
  return string_to_array(nullif(current_setting('bos.scopes', true), ''), ',');

grant execute on function bos.tenant(), bos.member(), bos.scopes() to bos_read, bos_write;

-- Tenants and modules -------------------------------------------------------------------------------------------------

create table bos.tenant (
  id uuid primary key,
  slug text collate "C" not null unique check (slug ~ '^[a-z][a-z0-9-]{0,62}$'),
  name text collate "C" not null,
  -- Rises with every change of catalogue or role assignments; bos.begin compares it.
  generation bigint not null default 1,
  locale text collate "C" not null default 'en',
  time_zone text collate "C" not null default 'UTC',
  currency text collate "C" not null default 'EUR' check (currency ~ '^[A-Z]{3}$'),
  created_at timestamptz(3) not null default now(),
  suspended_at timestamptz(3)
);

create table bos.module_version (
  module text collate "C" not null,
  version text collate "C" not null,
  hash text collate "C" not null,
  source jsonb not null,
  stored_at timestamptz(3) not null default now(),
  primary key (module, hash)
);

create table bos.tenant_module (
  tenant_id uuid not null references bos.tenant,
  module text collate "C" not null,
  version text collate "C" not null,
  primary key (tenant_id, module)
);

create table bos.setting (
  key text collate "C" primary key,
  value jsonb not null
);

-- People --------------------------------------------------------------------------------------------------------------

create table bos.account (
  id uuid primary key,
  email text collate "C" not null,
  password_hash text collate "C",
  created_at timestamptz(3) not null default now()
);

create table bos.member_account (
  tenant_id uuid not null references bos.tenant,
  member_id uuid not null,
  account_id uuid not null references bos.account,
  -- Set while the person's record is deleted or not active.
  suspended_at timestamptz(3),
  primary key (tenant_id, member_id)
);
create unique index member_account_account on bos.member_account (account_id, tenant_id);

create table bos.role_assignment (
  tenant_id uuid not null references bos.tenant,
  member_id uuid not null,
  role text collate "C" not null,
  -- A role's id begins with that of its module.
  module text collate "C" not null generated always as (split_part(role, '.', 1)) stored,
  primary key (tenant_id, member_id, role)
);

create table bos.session (
  id uuid primary key,
  tenant_id uuid not null references bos.tenant,
  member_id uuid not null,
  account_id uuid not null references bos.account,
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz(3) not null,
  revoked_at timestamptz(3),
  refresh_hash bytea not null,
  previous_refresh_hash bytea,
  rotated_at timestamptz(3) not null default now()
);
create index session_member on bos.session (tenant_id, member_id);
create index session_account on bos.session (account_id);
create index session_expiry on bos.session (expires_at);

-- Events --------------------------------------------------------------------------------------------------------------
-- No foreign keys here: a key to bos.tenant would lock one hot row in every write. `at` is in the primary keys so that
-- monthly partitions can come later; until then one default partition holds everything.

create table bos.event (
  id uuid not null,
  tenant_id uuid not null,
  at timestamptz not null,
  entity text collate "C" not null,
  record_id uuid not null,
  type text collate "C" not null,
  version integer not null,
  revision integer not null,
  changed text[] not null default '{}',
  actor uuid,
  via text collate "C" not null,
  request_id text collate "C",
  digest bytea not null check (octet_length(digest) = 32),
  primary key (tenant_id, id, at)
) partition by range (at);
create table bos.event_default partition of bos.event default;
-- Serves history (newest first) and the sequencer (the event before this one). Without the event's id: a planner that has no
-- statistics would look an event up by tenant and id in here, and read all entries of the tenant for each one.
create index event_record on bos.event (tenant_id, record_id, version, revision);

create table bos.event_body (
  tenant_id uuid not null,
  event_id uuid not null,
  at timestamptz not null,
  body jsonb not null,
  salt bytea not null,
  primary key (tenant_id, event_id, at)
) partition by range (at);
create table bos.event_body_default partition of bos.event_body default;

-- Committed events that have no position yet. The key is the order in which the sequencer looks.
create table bos.event_pending (
  event_id uuid not null,
  tenant_id uuid not null,
  at timestamptz not null,
  primary key (at, event_id)
);
alter table bos.event_pending set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

create table bos.log (
  tenant_id uuid not null,
  position bigint not null,
  event_id uuid not null,
  at timestamptz not null,
  hash bytea not null,
  primary key (tenant_id, position)
);
create unique index log_event on bos.log (tenant_id, event_id);

-- What writes need ----------------------------------------------------------------------------------------------------

create table bos.idempotency (
  tenant_id uuid not null,
  actor uuid not null,
  route text collate "C" not null,
  key text collate "C" not null,
  body_hash bytea not null,
  outcome jsonb,
  created_at timestamptz(3) not null default now(),
  primary key (tenant_id, actor, route, key)
);
create index idempotency_age on bos.idempotency (created_at);

create table bos.counter (
  tenant_id uuid not null,
  entity text collate "C" not null,
  field text collate "C" not null,
  scope text collate "C" not null default '',
  value bigint not null,
  primary key (tenant_id, entity, field, scope)
);

-- Jobs and imports ----------------------------------------------------------------------------------------------------

create table bos.job (
  tenant_id uuid not null references bos.tenant,
  id uuid not null,
  kind text collate "C" not null,
  status text collate "C" not null default 'queued' check (status in ('queued', 'running', 'done', 'failed', 'cancelled')),
  input jsonb not null default '{}',
  -- Where a job that was interrupted goes on. Kept after each batch, in a transaction of its own: a crash in between repeats the
  -- batch, which idempotency keys make harmless.
  state jsonb not null default '{}',
  -- Counts up with every worker that takes the job: what a worker keeps carries its number, so one that was taken for dead keeps nothing.
  run integer not null default 0,
  -- Runs since the last checkpoint: what ends every process that takes it is given up at some time.
  attempts integer not null default 0,
  result jsonb,
  progress_done bigint not null default 0,
  progress_total bigint,
  created_by uuid,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  finished_at timestamptz(3),
  cancel_requested_at timestamptz(3),
  primary key (tenant_id, id)
);
create index job_recent on bos.job (tenant_id, created_at);
create index job_open on bos.job (created_at) where status in ('queued', 'running');

create table bos.import (
  tenant_id uuid not null,
  job_id uuid not null,
  entity text collate "C" not null,
  mode text collate "C" not null,
  options jsonb not null default '{}',
  -- The file, until the job is over. Undo goes by import_row and the events, and a job that ended never runs again: nothing reads the
  -- file after that, and it may say much about people.
  source text,
  primary key (tenant_id, job_id),
  foreign key (tenant_id, job_id) references bos.job on delete cascade
);

-- One row per document of the file: what became of it, and what undo must put back.
create table bos.import_row (
  tenant_id uuid not null,
  job_id uuid not null,
  row_number integer not null,
  status text collate "C" not null,
  record_id uuid,
  version integer,
  problem jsonb,
  primary key (tenant_id, job_id, row_number),
  foreign key (tenant_id, job_id) references bos.import on delete cascade
);

-- Row security --------------------------------------------------------------------------------------------------------

create procedure bos.protect(name regclass) language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('alter table %s enable row level security', name);
  execute format('alter table %s force row level security', name);
  execute format('create policy owner on %s to bos_owner using (true) with check (true)', name);
  execute format('revoke all on %s from public', name);
end $$;
comment on procedure bos.protect is 'Enables and forces row security on a table of the engine and lets its owner through. For migrations.';

do $$
declare name regclass;
begin
  for name in select c.oid from pg_class c where c.relnamespace = 'bos'::regnamespace and c.relkind in ('r', 'p') loop
    call bos.protect(name);
  end loop;
end $$;

create policy tenant_read on bos.tenant for select to bos_read using (id = (select bos.tenant()));
create policy tenant_read on bos.tenant_module for select to bos_read using (tenant_id = (select bos.tenant()));
create policy tenant_read on bos.role_assignment for select to bos_read using (tenant_id = (select bos.tenant()));
create policy tenant_read on bos.event for select to bos_read using (tenant_id = (select bos.tenant()));
create policy tenant_read on bos.log for select to bos_read using (tenant_id = (select bos.tenant()));
create policy tenant_read on bos.job for select to bos_read using (tenant_id = (select bos.tenant()));
create policy tenant_read on bos.import for select to bos_read using (tenant_id = (select bos.tenant()));
create policy tenant_read on bos.import_row for select to bos_read using (tenant_id = (select bos.tenant()));

create policy tenant_write on bos.event for insert to bos_write with check (tenant_id = (select bos.tenant()));
create policy tenant_write on bos.event_body for insert to bos_write with check (tenant_id = (select bos.tenant()));
create policy tenant_write on bos.event_pending for insert to bos_write with check (tenant_id = (select bos.tenant()));
create policy tenant_write on bos.idempotency to bos_write using (tenant_id = (select bos.tenant()));
create policy tenant_write on bos.counter to bos_write using (tenant_id = (select bos.tenant()));
create policy tenant_write on bos.job to bos_write using (tenant_id = (select bos.tenant()));
create policy tenant_write on bos.import to bos_write using (tenant_id = (select bos.tenant()));
create policy tenant_write on bos.import_row to bos_write using (tenant_id = (select bos.tenant()));

grant select on bos.tenant, bos.tenant_module, bos.role_assignment, bos.event, bos.log, bos.job, bos.import, bos.import_row to bos_read;
grant insert on bos.event, bos.event_body, bos.event_pending to bos_write;
grant select, insert, update on bos.idempotency, bos.counter, bos.job, bos.import, bos.import_row to bos_write;

-- The queue library keeps its tables here, as bos_queue, which owns nothing else and sees nothing of bos.
create schema pgboss;
grant usage, create on schema pgboss to bos_queue;
