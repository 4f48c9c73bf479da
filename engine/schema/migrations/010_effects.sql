-- What transitions have created, so that a later one can take it back.
create table bos.effect (
  tenant_id uuid not null references bos.tenant,
  record_id uuid not null,
  transition text collate "C" not null,
  target_entity text collate "C" not null,
  target_id uuid not null,
  primary key (tenant_id, record_id, transition, target_id)
);
call bos.protect('bos.effect');
create policy tenant_write on bos.effect to bos_write using (tenant_id = (select bos.tenant()));
grant select, insert, delete on bos.effect to bos_write;
