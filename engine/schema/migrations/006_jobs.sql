-- Jobs, seen from outside a tenant: which ones wait, who works on them, and for whom they act. The rows in bos.job are the
-- truth; a queue only wakes.

-- Jobs that nobody works on: queued, or running without a sign of life for so long.
create function bos.jobs_waiting(stale_seconds double precision) returns table (tenant_id uuid, id uuid)
language sql stable security definer rows 100 set search_path = pg_catalog, pg_temp
begin atomic
  select j.tenant_id, j.id from bos.job j
  where j.status = 'queued' or (j.status = 'running' and j.updated_at < now() - make_interval(secs => stale_seconds))
  order by j.created_at limit 100;
end;

-- Takes a waiting job; no row: another worker has it, or it is over.
create function bos.job_claim(tenant uuid, job uuid, stale_seconds double precision)
returns table (kind text, input jsonb, state jsonb, run integer, attempts integer)
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.job j set status = 'running', run = j.run + 1, attempts = j.attempts + 1, updated_at = now()
  where j.tenant_id = job_claim.tenant and j.id = job_claim.job
    and (j.status = 'queued' or (j.status = 'running' and j.updated_at < now() - make_interval(secs => stale_seconds)))
  returning j.kind, j.input, j.state, j.run, j.attempts;
end;

-- Both are for the worker that has the job now: of another run they change nothing.
create function bos.job_alive(tenant uuid, job uuid, run integer) returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.job j set updated_at = now()
  where j.tenant_id = job_alive.tenant and j.id = job_alive.job and j.status = 'running' and j.run = job_alive.run;
end;

create function bos.job_finish(tenant uuid, job uuid, run integer, outcome text, result jsonb) returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  update bos.job j set status = outcome, result = job_finish.result, updated_at = now(), finished_at = now()
  where j.tenant_id = job_finish.tenant and j.id = job_finish.job and j.status = 'running' and j.run = job_finish.run;
end;

-- However an import ends, its file goes.
create function bos.import_over() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update bos.import set source = null where tenant_id = new.tenant_id and job_id = new.id;
  return null;
end $$;
create trigger import_over after update of finished_at on bos.job for each row
  when (new.kind = 'import' and new.finished_at is not null) execute function bos.import_over();

-- The member who asked for a job, with the roles they have now. No row: they left, or the tenant is suspended.
create function bos.job_actor(tenant uuid, job uuid)
returns table (slug text, name text, generation bigint, locale text, time_zone text, currency text, member_id uuid, roles text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.slug, t.name, t.generation, t.locale, t.time_zone, t.currency, j.created_by,
    array(select r.role from bos.role_assignment r where r.tenant_id = t.id and r.member_id = j.created_by order by r.role)
  from bos.job j join bos.tenant t on t.id = j.tenant_id
  join bos.member_account a on a.tenant_id = j.tenant_id and a.member_id = j.created_by and a.suspended_at is null
  where j.tenant_id = job_actor.tenant and j.id = job_actor.job and t.suspended_at is null;
end;

grant execute on function bos.jobs_waiting, bos.job_claim, bos.job_alive, bos.job_finish, bos.job_actor to bos_call;
