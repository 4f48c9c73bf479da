-- What expressions need of PostgreSQL where plain SQL would be long or would evaluate an argument twice. The twin of each stands in
-- engine/expressions and gives the same answer to the last digit and code point (differential.db.test.ts). None raises an error for any
-- input: where there is no answer, or it would lie outside the years 0001 to 9999 or grow without bound, it is null.

-- Numbers -------------------------------------------------------------------------------------------------------------

-- Positions and counts: whole, and within what an integer holds.
create function bos.clamp(n numeric) returns integer
language sql immutable strict parallel safe
  return least(greatest(trunc(n), -2000000000), 2000000000)::integer;

create function bos.count(n numeric) returns integer
language sql immutable strict parallel safe
  return least(greatest(trunc(n), 0), 2000000000)::integer;

-- Digits to round to.
create function bos.digits(n numeric) returns integer
language sql immutable strict parallel safe
  return least(greatest(trunc(n), -100), 100)::integer;

-- Truncated one digit further than kept, which decides the half as the full quotient would; multiplying by 1e-21 is exact.
create function bos.quotient(a numeric, b numeric) returns numeric
language sql immutable strict parallel safe
  return round(div(a * 1e21, nullif(b, 0)) * 1e-21, 20);

create function bos.power(base numeric, exponent numeric) returns numeric
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  raised numeric := 1;
  factor numeric := round(base, 20);
  times integer;
begin
  if exponent <> trunc(exponent) or abs(exponent) > 100 or abs(base) >= 1e100 or (base = 0 and exponent < 0) then
    return null;
  end if;
  times := abs(exponent);
  while times > 0 loop
    if times % 2 = 1 then
      raised := raised * factor;
    end if;
    times := times / 2;
    if times > 0 then
      factor := factor * factor;
    end if;
  end loop;
  if exponent < 0 then
    raised := bos.quotient(1, raised);
  end if;
  raised := round(raised, 20);
  return case when abs(raised) < 1e100 then raised end;
end $$;

create function bos.number(value text) returns numeric
language sql immutable strict parallel safe
  return case
    when btrim(value, U&'\0009\000A\000B\000C\000D\0020\00A0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A\2028\2029\202F\205F\3000\FEFF')
      ~ '^-?(?:0|[1-9][0-9]{0,59})(?:\.[0-9]{1,40})?$'
    then btrim(value, U&'\0009\000A\000B\000C\000D\0020\00A0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A\2028\2029\202F\205F\3000\FEFF')::numeric
  end;

-- The digits of a number pattern such as #,##0.00, with its sign and what stands before them.
create function bos.digits_of(value numeric, min_whole integer, min_fraction integer, max_fraction integer, is_grouped boolean, before text)
returns text
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  rounded numeric := trim_scale(round(value, max_fraction));
  whole text := trunc(abs(rounded))::text;
  fraction text := split_part(abs(rounded)::text, '.', 2);
begin
  if abs(rounded) >= 1e100 then
    return null;
  end if;
  if min_whole = 0 and whole = '0' then
    whole := '';
  end if;
  whole := lpad(whole, greatest(min_whole, length(whole)), '0');
  if is_grouped then
    whole := regexp_replace(whole, '\d(?=(?:\d{3})+$)', '\&,', 'g');
  end if;
  fraction := rpad(fraction, greatest(min_fraction, length(fraction)), '0');
  return case when rounded < 0 then '-' else '' end || before || whole || case when fraction = '' then '' else '.' || fraction end;
end $$;

-- Text ----------------------------------------------------------------------------------------------------------------

create function bos.ends_with(value text, part text) returns boolean
language sql immutable strict parallel safe
  return right(value, length(part)) = part;

create function bos.pad(value text, wanted integer, fill text, is_left boolean) returns text
language sql immutable strict parallel safe
  return case
    when length(value) >= wanted or fill = '' then value
    when wanted > 10000 then null
    when is_left then lpad('', wanted - length(value), fill) || value
    else value || lpad('', wanted - length(value), fill)
  end;

create function bos.replace(value text, part text, replacement text) returns text
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  found bigint;
begin
  if part = '' then
    return value;
  end if;
  found := (length(value) - length(replace(value, part, ''))) / length(part);
  if found > 0 and length(value) + found * (length(replacement) - length(part)) > 1000000 then
    return null;
  end if;
  return replace(value, part, replacement);
end $$;

create function bos.join(list text[], separator text) returns text
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  characters bigint;
begin
  select coalesce(sum(length(item)), 0) + greatest(count(item) - 1, 0) * length(separator) into characters from unnest(list) item;
  return case when characters <= 1000000 then array_to_string(list, separator) end;
end $$;

create function bos.split(value text, separator text) returns text[]
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  parts text[] := string_to_array(value, separator);
begin
  return case when cardinality(parts) <= 10000 then parts end;
end $$;

create function bos.duration_text(seconds numeric) returns text
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  total numeric := abs(round(seconds));
  hours numeric := div(total, 3600);
  minutes numeric := div(mod(total, 3600), 60);
  rest numeric := mod(total, 60);
begin
  return case when round(seconds) < 0 then '-' else '' end || 'PT'
    || case when hours > 0 then hours || 'H' else '' end
    || case when minutes > 0 then minutes || 'M' else '' end
    || case when rest > 0 or total = 0 then rest || 'S' else '' end;
end $$;

-- Lists ---------------------------------------------------------------------------------------------------------------

create function bos.last_of(list anyarray) returns anyelement
language sql immutable strict parallel safe as $$
  select list[cardinality(list)]
$$;

create function bos.distinct_of(list anyarray) returns anyarray
language sql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
  select array(
    select value from (select value, min(n) as n from unnest(list) with ordinality as each(value, n) group by value) once order by n)
$$;

-- Dates ---------------------------------------------------------------------------------------------------------------

-- So many days after 0001-01-01.
create function bos.day(days numeric) returns date
language sql immutable strict parallel safe
  return case when days between 0 and 3652058 then date '0001-01-01' + days::integer end;

create function bos.add_days(day date, days numeric) returns date
language sql immutable strict parallel safe
  return bos.day(day - date '0001-01-01' + trunc(days));

create function bos.make_day(year numeric, month numeric, day numeric) returns date
language sql immutable strict parallel safe
  return case
    when trunc(year) between 1 and 9999 and trunc(month) between 1 and 12 and trunc(day) between 1 and 31
      and trunc(day) <= extract(day from (make_date(trunc(year)::integer, trunc(month)::integer, 1) + interval '1 month' - interval '1 day'))
    then make_date(trunc(year)::integer, trunc(month)::integer, trunc(day)::integer)
  end;

-- The same day of another month, or its last.
create function bos.add_months(day date, months numeric) returns date
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  place numeric := extract(year from day) * 12 + extract(month from day) - 1 + trunc(months);
  first date;
begin
  if place < 12 or place >= 120000 then
    return null;
  end if;
  first := make_date(div(place, 12)::integer, mod(place, 12)::integer + 1, 1);
  return first + least(extract(day from day), extract(day from first + interval '1 month' - interval '1 day'))::integer - 1;
end $$;

create function bos.add_years(day date, years numeric) returns date
language sql immutable strict parallel safe
  return bos.add_months(day, trunc(years) * 12);

create function bos.months_between(from_day date, to_day date) returns bigint
language sql immutable strict parallel safe
  return case
    when to_day >= from_day then
      (extract(year from to_day) - extract(year from from_day)) * 12 + extract(month from to_day) - extract(month from from_day)
      - (extract(day from to_day) < extract(day from from_day))::integer
    else
      -((extract(year from from_day) - extract(year from to_day)) * 12 + extract(month from from_day) - extract(month from to_day)
      - (extract(day from from_day) < extract(day from to_day))::integer)
  end::bigint;

-- Moments -------------------------------------------------------------------------------------------------------------

-- Milliseconds since 1970. Hours and the rest apart: an interval's seconds pass through a double.
create function bos.moment(ms numeric) returns timestamptz
language sql immutable strict parallel safe
  return case when ms between -62135596800000 and 253402300799999 then
    (timestamp '1970-01-01' + make_interval(hours => div(ms, 3600000)::integer, secs => mod(ms, 3600000)::double precision / 1000))
      at time zone 'UTC' end;

create function bos.later(moment timestamptz, seconds numeric) returns timestamptz
language sql immutable strict parallel safe
  return bos.moment(extract(epoch from moment at time zone 'UTC') * 1000 + round(seconds * 1000));

create function bos.local(moment timestamptz, zone text) returns timestamp
language sql immutable strict parallel safe
  return case
    when moment at time zone zone >= timestamp '0001-01-01' and moment at time zone zone < timestamp '10000-01-01'
    then moment at time zone zone
  end;

create function bos.at_zone(there timestamp, zone text) returns timestamptz
language sql immutable strict parallel safe
  return case
    when there at time zone zone >= timestamptz '0001-01-01 00:00:00+00' and there at time zone zone < timestamptz '10000-01-01 00:00:00+00'
    then there at time zone zone
  end;

-- So many days, months or years later, at the same local time.
create function bos.moved(moment timestamptz, count numeric, unit text, zone text) returns timestamptz
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  there timestamp := bos.local(moment, zone);
  day date := case unit
    when 'days' then bos.add_days(there::date, count)
    when 'months' then bos.add_months(there::date, count)
    else bos.add_years(there::date, count) end;
begin
  return bos.at_zone(day + there::time, zone);
end $$;

-- Names that mean a zone to JavaScript as well: no abbreviations, no rules written out. Null: it is none.
create function bos.zone(name text) returns text
language plpgsql stable strict parallel safe set search_path = pg_catalog, pg_temp as $$
begin
  if name !~ '^(?:UTC|(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)(?:/[A-Za-z_-]+){1,2}|Etc/(?:UTC|GMT(?:\+(?:[0-9]|1[0-2])|-(?:[0-9]|1[0-4]))?))$' then
    return null;
  end if;
  perform timestamp '2000-01-01' at time zone name;
  return name;
exception when invalid_parameter_value then
  return null;
end $$;

-- Working time --------------------------------------------------------------------------------------------------------

-- Days of the week with a working day's id, Monday = 0.
create function bos.weekdays(working_days text[]) returns integer[]
language sql immutable strict parallel safe
  return array(select n from generate_series(0, 6) n
    where (array['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'])[n + 1] = any(working_days));

create function bos.workdays(from_day date, to_day date, working_days text[], holidays date[]) returns bigint
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  first integer := least(from_day, to_day) - date '0001-01-01';
  next integer := greatest(from_day, to_day) - date '0001-01-01';
  weekdays integer[] := bos.weekdays(working_days);
  counted bigint;
begin
  select coalesce(sum((next - n + 6) / 7 - (first - n + 6) / 7), 0) into counted from unnest(weekdays) n;
  counted := counted - (
    select count(distinct holiday) from unnest(holidays) holiday
    where holiday >= least(from_day, to_day) and holiday < greatest(from_day, to_day) and (holiday - date '0001-01-01') % 7 = any(weekdays));
  return case when from_day <= to_day then counted else -counted end;
end $$;

-- Seconds within working hours. `time_zone` is the calendar's, else `zone` holds.
create function bos.business_time(
  from_moment timestamptz, to_moment timestamptz, working_days text[], holidays date[], starts_at time, ends_at time, time_zone text, zone text)
returns numeric
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  valid text := case when time_zone is null then zone else bos.zone(time_zone) end;
  first date := bos.local(least(from_moment, to_moment), valid)::date;
  last date := bos.local(greatest(from_moment, to_moment), valid)::date;
  weekdays integer[] := bos.weekdays(working_days);
  seconds numeric;
begin
  if from_moment is null or to_moment is null or starts_at is null or ends_at is null or weekdays is null or holidays is null
    or first is null or last is null or last - first > 11000 then
    return null;
  end if;
  select coalesce(sum(greatest(0, extract(epoch from
      least(greatest(from_moment, to_moment), (day + ends_at) at time zone valid)
      - greatest(least(from_moment, to_moment), (day + starts_at) at time zone valid)))), 0)
    into seconds
    from (select first + n as day from generate_series(0, last - first) n) days
    where (day - date '0001-01-01') % 7 = any(weekdays) and not coalesce(day = any(array_remove(holidays, null)), false);
  return case when from_moment <= to_moment then seconds else -seconds end;
end $$;

grant execute on function bos.clamp, bos.count, bos.digits, bos.quotient, bos.power, bos.number, bos.digits_of, bos.ends_with, bos.pad, bos.replace,
  bos.join, bos.split, bos.duration_text, bos.last_of, bos.distinct_of, bos.day, bos.add_days, bos.make_day, bos.add_months, bos.add_years,
  bos.months_between, bos.moment, bos.later, bos.local, bos.at_zone, bos.moved, bos.zone, bos.weekdays, bos.workdays, bos.business_time
  to bos_read, bos_write;
