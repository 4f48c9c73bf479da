-- What a transition created and another took back stays known: it is not restored by hand beside what is created anew.
alter table bos.effect add column taken_back boolean not null default false;
create index effect_taken_back on bos.effect (tenant_id, target_id) where taken_back;
revoke delete on bos.effect from bos_write;
grant update (taken_back) on bos.effect to bos_write;
