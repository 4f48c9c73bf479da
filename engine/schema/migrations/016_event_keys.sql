-- An event is found by its id, or by its record. When both keys began with the tenant, a planner whose statistics were from a time when tenants had
-- one event each took either for the id, and went through all of a tenant's events for each that it looked up. So the record comes first in this
-- one: an id is sought in the primary key alone, whatever the planner knows.
drop index bos.event_record;
create index event_record on bos.event (record_id, tenant_id, version, revision);
