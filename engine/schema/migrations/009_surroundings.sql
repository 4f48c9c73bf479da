-- What expressions know besides records, for statements and row policies alike: who asks, when, and in which tenant. They take no
-- parameter, so that a policy can hold them; `(select bos.today())` is evaluated once per statement.

create function bos.now() returns timestamptz language sql stable parallel safe
  return date_trunc('milliseconds', transaction_timestamp());

create function bos.tenant_zone() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select t.time_zone from bos.tenant t where t.id = bos.tenant();
end;

create function bos.today() returns date language sql stable
  return (bos.now() at time zone bos.tenant_zone())::date;

-- Roles of the acting member; none for the engine itself.
create function bos.roles() returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select array(select r.role from bos.role_assignment r where r.tenant_id = bos.tenant() and r.member_id = bos.member() order by r.role);
end;

create function bos.tenant_fact(fact text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select case tenant_fact.fact
      when 'slug' then t.slug when 'name' then t.name when 'locale' then t.locale when 'time_zone' then t.time_zone when 'currency' then t.currency
    end collate "C"
  from bos.tenant t where t.id = bos.tenant();
end;

grant execute on function bos.now(), bos.tenant_zone(), bos.today(), bos.roles(), bos.tenant_fact(text) to bos_read, bos_write;
