-- Ends sessions of one's own tenant's people: one of them, or all but one of a person. Answers how many.
create function bos.member_sessions_end(member uuid, session uuid, keep uuid) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  select bos.sessions_end(null, bos.tenant(), member_sessions_end.member, member_sessions_end.session, member_sessions_end.keep);
end;
revoke all on function bos.member_sessions_end from public;
grant execute on function bos.member_sessions_end to bos_write;
