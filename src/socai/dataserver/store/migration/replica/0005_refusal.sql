-- Postings, unpostings and deletions the cloud has refused, as this server was told: what the timeline of a voucher tells
-- after they have been mended. What stands refused now is in voucher_book.
create table refusal (
    n integer primary key,
    voucher text not null,
    book text not null,
    version integer not null,                -- of the voucher the cloud looked at
    act text not null,                       -- post | unpost | delete
    faults text not null,
    at text not null                         -- when this server was told
);
create index refusal_voucher on refusal (voucher);
