-- Input invoices that posted vouchers declare (core/check.py, `invoice_key`): which voucher of the tenant, whatever its
-- office, has an invoice in a book. Vouchers without invoices have no rows here. Written by the poster alone, together
-- with the entry sets they belong to.

create table invoice_posted (
    bucket smallint not null,
    tenant integer not null,
    voucher uuid not null,
    book text collate "C" not null,
    invoice text collate "C" not null,
    number text not null default '',        -- of the voucher, as it was posted
    primary key (bucket, tenant, voucher, book, invoice)
);
create index invoice_posted_invoice on invoice_posted (bucket, tenant, invoice, book);

alter table invoice_posted enable row level security;
create policy own_rows on invoice_posted to socai_api, socai_poster
    using (tenant = nullif(current_setting('app.tenant', true), '')::integer);
grant select on invoice_posted to socai_api, socai_poster;
grant insert, delete on invoice_posted to socai_poster;
