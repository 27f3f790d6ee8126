-- What is looked for leads these keys (books/table.py, _day_key). A new database has them so from its beginning.

drop index entry_d_account, entry_c_account, entry_d_partner, entry_c_partner, entry_d_bank_account, entry_c_bank_account;

create index entry_d_account on entry (d_account, bucket, tenant, day);
create index entry_c_account on entry (c_account, bucket, tenant, day);
create index entry_d_partner on entry (d_partner, bucket, tenant, day) where d_partner <> '';
create index entry_c_partner on entry (c_partner, bucket, tenant, day) where c_partner <> '';
create index entry_d_bank_account on entry (d_bank_account, bucket, tenant, day) where d_bank_account <> '';
create index entry_c_bank_account on entry (c_bank_account, bucket, tenant, day) where c_bank_account <> '';
