-- The life of one voucher can be read: its acts by its id, and when a set went out of the books.

create index operation_object on operation (bucket, tenant, id);
alter table entry_set add column voided_at timestamptz;  -- null while it is in them, and for sets voided before this
