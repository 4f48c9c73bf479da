-- Folding, search candidates, tree paths.

-- What search and `contains` compare by; its twin, character for character, is engine/fields/fold.ts. Lower-casing is PostgreSQL's own
-- (pg_c_utf8), not ICU's: ICU's alphabets are those of the server's package, so that an update of it could make stored folded columns
-- and indexes wrong. The last step: a sigma at the end of a word is another letter than inside it.
create function bos.fold(value text) returns text
language sql immutable strict parallel safe
  return translate(
    lower(regexp_replace(normalize(value, nfkd), U&'[\0300-\036F]', '', 'g') collate pg_c_utf8), U&'\03C2', U&'\03C3'
  ) collate "C";
grant execute on function bos.fold to bos_read, bos_write;

-- Search and trigram operators are not leakproof: under a row policy PostgreSQL would not use their indexes. These functions run as
-- the owner, whose policy is the constant true, state the tenant themselves and answer with ids only; the statement around
-- them reads the rows under the caller's policies.

create function bos.module_table(schema_name text, table_name text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare found_oid oid;
begin
  select c.oid into found_oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = schema_name and c.relname = table_name and c.relkind in ('r', 'p')
      and n.nspname not in ('bos', 'public', 'pgboss', 'information_schema') and n.nspname !~ '^pg_'
      and c.relforcerowsecurity and c.relowner = 'bos_owner'::regrole;
  if found_oid is null then
    raise exception 'no module table %.%', schema_name, table_name using errcode = 'undefined_table';
  end if;
  return format('%I.%I', schema_name, table_name);
end $$;

-- Stored words begin with a mark of their tenant. Looking for the beginning of a word walks through all words that begin so: with the mark
-- only through those of the tenant, without it through those of everybody (60 tenants of 5,000 rows: 0.6 against 15 ms, and growing
-- with the installation). Tenants may share a mark; the condition on tenant_id still holds them apart.
create function bos.mark(tenant uuid) returns text
language sql immutable strict parallel safe
  return right(tenant::text, 8);

-- What is stored of a (folded) text. Glued and cut again, because this needs no row per word; no word has the control character in it.
create function bos.search_vector(tenant uuid, body text) returns tsvector
language sql immutable strict parallel safe
  return array_to_tsvector(string_to_array(
    bos.mark(tenant) || array_to_string(tsvector_to_array(to_tsvector('simple'::regconfig, body)), chr(1) || bos.mark(tenant)), chr(1)));
grant execute on function bos.mark, bos.search_vector to bos_read, bos_write;

-- The words of a query as a condition: all of them, each as the beginning of a word. NULL: no word in it.
create function bos.words(query text, mark text default '') returns tsquery
language sql immutable strict parallel safe set search_path = pg_catalog, pg_temp
  return (
    select string_agg('''' || mark || replace(replace(lexeme, '\', '\\'), '''', '''''') || ''':*', ' & ')::tsquery
    from unnest(to_tsvector('simple', bos.fold(query)))
  );

create function bos.search(schema_name text, table_name text, query text) returns setof uuid
language plpgsql stable security definer rows 100 set search_path = pg_catalog, pg_temp as $$
declare words tsquery := bos.words(query, bos.mark(bos.tenant()));
begin
  if words is not null then
    -- The words carry the tenant's mark, so they alone lead through the index; with the tenant as a second condition PostgreSQL would
    -- walk the list of all its rows along with them.
    return query execute
      format('select id from %s where (tenant_id = $1) is true and bos__search @@ $2', bos.module_table(schema_name, table_name))
      using bos.tenant(), words;
  end if;
end $$;
comment on function bos.search is 'Ids of the tenant''s rows whose searched fields hold every word of the query, as a beginning.';

create function bos.matching(schema_name text, table_name text, column_name text, pattern text) returns setof uuid
language plpgsql stable security definer rows 100 set search_path = pg_catalog, pg_temp as $$
begin
  if column_name !~ '__f$' then
    raise exception 'no folded column %', column_name using errcode = 'undefined_column';
  end if;
  return query execute
    format('select id from %s where tenant_id = $1 and %I like $2', bos.module_table(schema_name, table_name), column_name)
    using bos.tenant(), pattern;
end $$;
comment on function bos.matching is 'Ids of the tenant''s rows whose folded column is LIKE the pattern (already folded and escaped).';

grant execute on function bos.search, bos.matching, bos.words to bos_read;

-- The path of a tree --------------------------------------------------------------------------------------------------
-- The path is the ids from the root down to the record, each followed by '/': everything under a record is a prefix range.
--
-- A table takes both triggers; their arguments are the columns of the parent and of the path, which only the catalogue knows:
--   create trigger … before insert or update of "parent" on … for each row execute function bos.tree_path('parent', 'path');
--   create trigger … after  insert or update of "parent" on … for each row execute function bos.tree_path('parent', 'path');
-- The first writes the path that is right in all simple cases. The second looks at the finished statement: it refuses cycles
-- (BOS02) and rewrites what hangs below. Rewriting in the first would touch rows that the same statement may still be about to update.

create function bos.tree_path() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  parent_column text := tg_argv[0];
  path_column text := tg_argv[1];
  parent uuid := to_jsonb(new) ->> parent_column;
  at_table text := format('%I.%I', tg_table_schema, tg_table_name);
  tree bigint := hashtextextended(at_table || new.tenant_id::text, 0);
  above text := '';
  is_cycle boolean;
begin
  if tg_op = 'UPDATE' then
    if parent is not distinct from (to_jsonb(old) ->> parent_column)::uuid then
      return new;
    end if;
    -- One move at a time per tenant and table, and none while a record is being put under a path that might move.
    perform pg_advisory_xact_lock(tree);
  elsif parent is not null then
    perform pg_advisory_xact_lock_shared(tree);
  end if;

  if tg_when = 'BEFORE' then
    if parent is not null then
      execute format('select %I from %s where tenant_id = $1 and id = $2', path_column, at_table) into above using new.tenant_id, parent;
    end if;
    return jsonb_populate_record(new, jsonb_build_object(path_column, coalesce(above, '') || new.id || '/'));
  end if;

  execute format(
    'with recursive up (id, parent) as (
       select id, %2$I from %1$s where tenant_id = $1 and id = $2
       union select t.id, t.%2$I from %1$s t join up on t.tenant_id = $1 and t.id = up.parent)
     select exists (select from up where parent = $2)', at_table, parent_column) into is_cycle using new.tenant_id, new.id;
  if is_cycle then
    raise exception 'a record cannot be under itself'
      using errcode = 'BOS02', table = tg_table_name, schema = tg_table_schema, column = parent_column;
  end if;
  execute format(
    'with recursive down (id, path) as (
       select t.id, coalesce(p.%3$I, '''') || t.id || ''/'' from %1$s t left join %1$s p on p.tenant_id = $1 and p.id = t.%2$I
         where t.tenant_id = $1 and t.id = $2
       union all select t.id, down.path || t.id || ''/'' from %1$s t join down on t.tenant_id = $1 and t.%2$I = down.id)
     update %1$s t set %3$I = down.path, revision = t.revision + $3
       from down where t.tenant_id = $1 and t.id = down.id and t.%3$I is distinct from down.path', at_table, parent_column, path_column)
    using new.tenant_id, new.id, (tg_op = 'UPDATE')::integer;
  return null;
end $$;
