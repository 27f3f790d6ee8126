-- One tenant's replica. Days are integers yyyymmdd, times ISO text in UTC, amounts integers of minor units.
-- The books (entry_set, entry, entry_history, balance) come from their one definition in books/table.py.

create table meta (
    name text primary key,
    value not null
) without rowid;

-- The newest form of each voucher, without its body: what lists show and filters search.
create table voucher (
    id text primary key,
    revision integer not null,               -- counts saves on this DS: the stale-form check
    version integer not null default 0,      -- cloud version the body is, or was made on
    seq integer not null default 0,          -- newest the cloud has told of it
    type text not null,
    branch text not null,
    number text not null,
    series text not null,                    -- stretch of numbers it draws from (core/numbering.py)
    day integer not null,                    -- accounting date
    voucher_date integer not null,
    books text not null,                     -- comma-joined
    partner_name text not null,
    description text not null,
    total integer not null,                  -- đồng
    currency text not null,
    amount integer not null,                 -- minor units of currency
    search text not null,                    -- folded
    deleted integer not null default 0,
    refused text not null default '',        -- faults (JSON) of the newest act when the cloud refused it
    refused_act text not null default '',
    author text not null,
    at text not null,
    lease_wall integer not null default 0,   -- the newest act, on three clocks: see dataserver/clock.py
    lease_tick integer not null default 0,
    lease_boot text not null default ''
) without rowid;
-- Lists run in this order; what follows the order lets them be counted and summed without reading the wide rows.
create index voucher_day on voucher (day, id, type, branch, total, books, deleted) where deleted = 0;
create index voucher_type on voucher (type, day, id, branch, total, books, deleted) where deleted = 0;
create index voucher_number on voucher (series, number) where deleted = 0;
create index voucher_refused on voucher (id) where refused <> '';

-- Every revision ever saved here or told by the cloud; the newest is the voucher's body. Nothing typed is lost.
create table voucher_body (
    place integer primary key,
    voucher text not null,
    revision integer not null,
    version integer not null,                -- cloud version this body is; 0 while no cloud has taken it
    act text not null,
    author text not null,
    at text not null,
    body blob not null
);
create unique index voucher_body_revision on voucher_body (voucher, revision);

-- What a voucher names: accounts, catalog entries, invoices. Read by filters, by "used" and by the duplicate check.
create table voucher_key (
    voucher text not null,
    kind text not null,
    value text not null,
    primary key (voucher, kind, value)
) without rowid;
create index voucher_key_value on voucher_key (kind, value, voucher);

-- Posting facts per book, as the cloud last told them.
create table voucher_book (
    voucher text not null,
    book text not null,
    asked integer not null default 0,
    posted integer not null default 0,
    running text not null default '',
    fault_act text not null default '',
    faults text not null default '',
    posted_at text not null default '',
    primary key (voucher, book)
) without rowid;
create index voucher_book_open on voucher_book (voucher) where running <> '' or faults <> '';

-- The cloud's newer body of an object that has work of its own waiting here; looked at when that work is answered.
create table shadow (
    kind text not null,
    object_kind text not null,
    object text not null,
    version integer not null,
    author text not null,
    at text not null,
    deleted integer not null,
    body blob not null,
    primary key (kind, object_kind, object)
) without rowid;

-- Acts on their way to the cloud. n and the sealed bytes are given when an operation is first sent, and never change.
create table outbox (
    place integer primary key,
    epoch integer,
    n integer,
    act_id text not null,
    user text not null,
    made_at text not null,
    schema integer not null,
    kind text not null,
    object_kind text not null,
    object text not null,
    act text not null,
    revision integer not null,
    base_version integer not null,
    base_place integer not null default 0,   -- the unanswered operation this one was made on
    books text not null default '',          -- comma-joined
    post_to text not null default '',
    answered text not null default '',       -- warnings accepted, comma-joined
    operation blob,
    sha256 text not null default '',
    state integer not null default 0,        -- 0 waiting, 1 sent, 2 answered
    result text not null default '',
    faults text not null default '',
    version integer not null default 0,
    seq integer not null default 0,
    sent_at text not null default '',
    answered_at text not null default ''
);
create index outbox_object on outbox (object, place);
create index outbox_state on outbox (state, place) where state < 2;
create index outbox_refused on outbox (place) where state = 2 and result in ('rejected', 'conflict');
create unique index outbox_n on outbox (epoch, n) where n is not null;

create table conflict (
    kind text not null,
    object_kind text not null,
    object text not null,
    version integer not null,                -- the winner
    author text not null,
    at text not null,
    deleted integer not null,
    body blob not null,
    mine integer not null,                   -- revision that lost
    mine_act text not null,
    mine_post text not null,
    told_at text not null,
    primary key (kind, object_kind, object)
) without rowid;

create table catalog_entry (
    kind text not null,
    id text not null,
    revision integer not null,
    version integer not null default 0,
    seq integer not null default 0,
    code text not null,
    code_key text not null,                  -- folded: codes that look alike are alike
    name text not null,
    search text not null,
    active integer not null,
    deleted integer not null default 0,
    refused text not null default '',
    refused_act text not null default '',
    author text not null,
    at text not null,
    body blob not null,
    primary key (kind, id)
) without rowid;
create index catalog_code on catalog_entry (kind, code_key, id) where deleted = 0;

create index catalog_refused on catalog_entry (kind, id) where refused <> '';

create table catalog_body (
    place integer primary key,
    kind text not null,
    id text not null,
    revision integer not null,
    version integer not null,
    act text not null,
    author text not null,
    at text not null,
    body blob not null
);
create unique index catalog_body_revision on catalog_body (kind, id, revision);

create table number_series (
    series text primary key,
    last integer not null
) without rowid;

-- Who did what, chained by hash so that a change behind the program's back shows. Also makes each act idempotent.
create table audit (
    n integer primary key,
    at text not null,
    user text not null,
    act text not null,
    act_id text,                             -- null for what the program did by itself
    kind text not null,
    object_kind text not null,
    object text not null,
    revision integer not null,
    digest text not null,
    chain text not null
);
create unique index audit_act on audit (act_id);
create index audit_object on audit (object, n);

create table download_job (
    id text primary key,
    user text not null,
    made_at text not null,
    first_day text not null,
    last_day text not null,
    types text not null,                     -- comma-joined; empty is all
    branches text not null,
    after text not null default '',
    done integer not null default 0,
    total integer not null default 0,
    state text not null default 'waiting',   -- waiting | running | done | failed
    fault text not null default ''
) without rowid;

-- Months of a branch whose vouchers from before the snapshot are not wholly here.
create table month_missing (
    branch text not null,
    month integer not null,
    primary key (branch, month)
) without rowid;
