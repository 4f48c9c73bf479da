-- The log: committed events in an order without gaps, chained per tenant. engine/events/audit.ts computes the same again.

-- What a body is held to. The salt keeps a short body from being guessed after it was erased.
create function bos.body_digest(salt bytea, body jsonb) returns bytea
language sql immutable parallel safe
  return sha256(salt || convert_to(body::text, 'UTF8'));
grant execute on function bos.body_digest to bos_write;

create function bos.event_header(e bos.event) returns text
language sql stable parallel safe
  return jsonb_build_array(
    e.tenant_id, e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.entity, e.record_id, e.type,
    e.version, e.revision, e.changed, e.actor, e.via, e.request_id
  )::text;

-- Gives up to `batch` committed events (and the ones that must stand before them) their position. Answers how many;
-- NULL: another process is at it.
--
-- Two events of one record never change places: a later version was written after the earlier one had committed, so whoever
-- sees the later one sees both. `at` is the clock while the record's lock is held (engine/records/write.ts), so it rises with the
-- versions; but a clock can be set back, and then the earlier version sorts behind. Therefore the walk down from every chosen
-- event collects unsequenced predecessors, and the order is by the latest `at` so far within a record.
--
-- A run costs what its batch costs, however many events wait and however long the logs are: every step is a look-up by key, and
-- the batch comes off the front of the outbox's key, unsorted. The planner does not see that while a table is new and has no
-- statistics (a bulk load, a fresh database), and a plan once made for small tables would stay in use while they grow. So it is not
-- asked about whole tables, and asked anew in every run: 2 ms. The outbox is analysed while it is empty, too, and is then taken
-- for one row at any size: in a plain join it would be read whole for each event. So it is joined by `limit 1` and emptied by place.
-- A place stays one event's for the length of a run because nobody else removes from the outbox: whoever comes to do so (a tenant
-- that is deleted) takes the lock below first.
create function bos.sequence(batch integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  next record;
  tenant uuid;
  last_position bigint;
  last_hash bytea;
  tenants uuid[] := '{}';
  positions bigint[] := '{}';
  ids uuid[] := '{}';
  times timestamptz[] := '{}';
  hashes bytea[] := '{}';
  places tid[] := '{}';
begin
  if not pg_try_advisory_xact_lock(hashtextextended('bos.sequence', 0)) then
    return null;
  end if;
  for next in
    with recursive chosen as (
      (select e.tenant_id, e.record_id, e.version, e.revision, e.id, e.at, p.place
        from (select *, ctid as place from bos.event_pending order by at, event_id limit batch) p
        join bos.event e on e.tenant_id = p.tenant_id and e.id = p.event_id and e.at = p.at)
      union
      select before.*, waiting.place from chosen c
        cross join lateral (
          select e.tenant_id, e.record_id, e.version, e.revision, e.id, e.at from bos.event e
          where e.tenant_id = c.tenant_id and e.record_id = c.record_id and (e.version, e.revision) < (c.version, c.revision)
          order by e.version desc, e.revision desc limit 1) before
        cross join lateral (
          select p.ctid as place from bos.event_pending p where p.at = before.at and p.event_id = before.id limit 1) waiting
    ), ordered as (
      select *, max(at) over (partition by tenant_id, record_id order by version, revision) as effective_at from chosen
    )
    select o.tenant_id, o.id, o.at, o.place, e.digest, bos.event_header(e) as header
    from ordered o join bos.event e on e.tenant_id = o.tenant_id and e.id = o.id and e.at = o.at
    order by o.tenant_id, o.effective_at, o.record_id, o.version, o.revision
  loop
    if next.tenant_id is distinct from tenant then
      tenant := next.tenant_id;
      select l.position, l.hash into last_position, last_hash from bos.log l where l.tenant_id = tenant order by l.position desc limit 1;
      if not found then
        last_position := 0;
        last_hash := '';
      end if;
    end if;
    last_position := last_position + 1;
    last_hash := sha256(last_hash || convert_to(next.header, 'UTF8') || next.digest);
    tenants := tenants || tenant;
    positions := positions || last_position;
    ids := ids || next.id;
    times := times || next.at;
    hashes := hashes || last_hash;
    places := places || next.place;
  end loop;
  insert into bos.log (tenant_id, position, event_id, at, hash) select * from unnest(tenants, positions, ids, times, hashes);
  delete from bos.event_pending where ctid = any(places);
  return cardinality(ids);
end $$;
grant execute on function bos.sequence to bos_call;

-- Bodies of records that the caller has first selected as bos_read; masking fields is the caller's work.
create function bos.event_bodies(record_ids uuid[]) returns table (event_id uuid, record_id uuid, body jsonb)
language sql stable security definer rows 100 set search_path = pg_catalog, pg_temp
begin atomic
  select e.id, e.record_id, b.body
  from bos.event e join bos.event_body b on b.tenant_id = e.tenant_id and b.event_id = e.id and b.at = e.at
  where e.tenant_id = bos.tenant() and e.record_id = any(record_ids);
end;
grant execute on function bos.event_bodies to bos_read;
