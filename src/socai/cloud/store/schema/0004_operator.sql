-- What the one who runs the cloud may see: figures of lanes, machines and tenants, and nothing of any books. A role of its
-- own that reads named columns across tenants and writes nothing.

alter table replica add column program text not null default '';       -- the data server's release
alter table replica add column cursor_seq bigint not null default 0;   -- how far its feed had come when last noted
alter table work add column act_id text not null default '';           -- whose act it is, from the keyboard to the ledger

grant usage on schema public to socai_operator;
grant select on tenant_directory, schema_step to socai_operator;
grant select (bucket, tenant, code, name, seq, active) on tenant to socai_operator;
grant select (bucket, tenant, replica, name, epoch, last_n, state, enrolled_at, seen_at, program, cursor_seq)
    on replica to socai_operator;
grant select on lane to socai_operator;
grant select (bucket, tenant, n, enqueued_at) on work to socai_operator;
grant select on sequence work_n_seq to socai_operator;

create policy figures on tenant to socai_operator using (true);
create policy figures on replica to socai_operator using (true);
create policy figures on lane to socai_operator using (true);
create policy figures on work to socai_operator using (true);
