-- The cloud's tables. Every tenant-owned one begins with (bucket, tenant) in all its keys, so that plain PostgreSQL and
-- Citus run the same schema. Days are integers yyyymmdd. The books' own tables (entry_set, entry, entry_history, balance)
-- are made from their one definition beside these; rights and row security of all of them are in 0002.

-- Directories: who lives where. They belong to no tenant, are tiny on a row, and carry no books.

create table tenant_directory (
    code text primary key,
    bucket smallint not null,
    tenant integer not null generated always as identity,
    made_at timestamptz not null default now(),
    unique (tenant)
);

create table replica_directory (
    replica uuid primary key,
    bucket smallint not null,
    tenant integer not null
);

-- Tenants, their machines and their people.

create table tenant (
    bucket smallint not null,
    tenant integer not null,
    code text not null,
    name text not null,
    seq bigint not null default 0,          -- taken as the last statement of every transaction that changes something
    timeline uuid not null,                 -- changes when the cloud is restored from a backup
    active boolean not null default true,
    settings jsonb not null default '{}',
    made_at timestamptz not null default now(),
    primary key (bucket, tenant)
) with (fillfactor = 50);

create table replica (
    bucket smallint not null,
    tenant integer not null,
    replica uuid not null,
    name text not null,
    public_key bytea not null,
    epoch integer not null default 1,
    last_n bigint not null default 0,       -- highest operation recorded in this epoch; operations have no gaps below it
    last_hash text not null default '',
    branches text[] not null default '{}',  -- ids of branches; empty is all
    series_mark text not null default '',
    state text not null default 'active' check (state in ('active', 'quarantined', 'revoked')),
    enrolled_at timestamptz not null default now(),
    seen_at timestamptz,
    primary key (bucket, tenant, replica),
    unique (bucket, tenant, series_mark)
);

create table enrolment_code (
    bucket smallint not null,
    tenant integer not null,
    code_hash text not null,                -- sha256; the code itself is shown once and never kept
    name text not null default '',
    branches text[] not null default '{}',
    made_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_by uuid,
    primary key (bucket, tenant, code_hash)
);

create table person (
    bucket smallint not null,
    tenant integer not null,
    login text not null,
    name text not null,
    password_hash text not null,
    role text not null check (role in ('admin', 'chief_accountant', 'accountant')),
    branches text[] not null default '{}',  -- ids of branches; empty is all
    active boolean not null default true,
    changed_by text not null default '',
    changed_at timestamptz not null default now(),
    primary key (bucket, tenant, login)
);

-- What people recorded. The newest version stands in the table, superseded ones in its history. Bodies are json, not
-- jsonb: an office gets back the very text it was accepted in, so its own save coming back is no change to it.

create table voucher (
    bucket smallint not null,
    tenant integer not null,
    id uuid not null,
    version integer not null,               -- counts accepted acts of people
    body_version integer not null,          -- newest version that changed what is posted
    type text not null,
    branch text not null,
    was_in text[] not null default '{}',    -- branches it was moved out of: their replicas still have to hear of it
    number text not null default '',
    series text not null default '',        -- the stretch of numbers it draws from (core/numbering.py)
    day integer not null,                   -- accounting date
    body json not null,
    deleted boolean not null default false,
    author text not null,
    at timestamptz not null,
    primary key (bucket, tenant, id)
) with (fillfactor = 85);
create index voucher_day on voucher (bucket, tenant, day, id) where not deleted;

create table voucher_version (
    bucket smallint not null,
    tenant integer not null,
    id uuid not null,
    version integer not null,
    type text not null,
    branch text not null,
    number text not null,
    day integer not null,
    body json not null,
    deleted boolean not null,
    author text not null,
    at timestamptz not null,
    primary key (bucket, tenant, id, version)
);

create table catalog_entry (
    bucket smallint not null,
    tenant integer not null,
    kind text not null,
    id text not null,
    version integer not null,
    code_key text not null default '',      -- the code as compared: NFC, folded case; empty where the kind has no code
    body json not null,
    used boolean not null default false,    -- something names it, so it is not deleted any more
    deleted boolean not null default false,
    author text not null,
    at timestamptz not null,
    primary key (bucket, tenant, kind, id)
);
create unique index catalog_code on catalog_entry (bucket, tenant, kind, code_key) where not deleted and code_key <> '';

create table catalog_version (
    bucket smallint not null,
    tenant integer not null,
    kind text not null,
    id text not null,
    version integer not null,
    body json not null,
    deleted boolean not null,
    author text not null,
    at timestamptz not null,
    primary key (bucket, tenant, kind, id, version)
);

create table number_taken (
    bucket smallint not null,
    tenant integer not null,
    series text not null,
    number text not null,
    voucher uuid not null,
    primary key (bucket, tenant, series, number)
);

-- The operation log: every operation that ever arrived, with its answer. A refused one keeps its body.

create table operation (
    bucket smallint not null,
    tenant integer not null,
    replica uuid not null,
    epoch integer not null,
    n bigint not null,
    act_id text not null,
    sha256 text not null,
    author text not null,
    made_at text not null,                  -- the office's clock: kept, never ordered by
    arrived_at timestamptz not null,
    kind text not null,
    object_kind text not null,
    id text not null,
    act text not null,
    base_version integer not null,
    base_operation bigint not null,
    books text[] not null default '{}',
    post_to text[] not null default '{}',
    answered text[] not null default '{}',
    result text not null,
    version integer not null default 0,
    seq bigint not null default 0,
    faults jsonb not null default '[]',
    body text not null default '',          -- as it arrived; only where it was refused
    primary key (bucket, tenant, replica, epoch, n)
);
create index operation_act on operation (bucket, tenant, act_id);

-- One row per changed object: what the feed reads in (seq, kind, id) order. kind is 'voucher' or the catalog's kind.

create table change (
    bucket smallint not null,
    tenant integer not null,
    kind text collate "C" not null,         -- byte order, so that a cursor means the same on every server
    id text collate "C" not null,
    seq bigint not null,
    branch text not null default '',        -- empty: for every replica of the tenant
    was_in text[] not null default '{}',
    primary key (bucket, tenant, kind, id)
) with (fillfactor = 70);
create index change_seq on change (bucket, tenant, seq, kind, id);

-- Posting. `running` is the act the lane has not answered yet and `work` the number of the newest piece of work for this
-- book: the outcome of an older one does not touch the state.

create table voucher_book (
    bucket smallint not null,
    tenant integer not null,
    voucher uuid not null,
    book text not null,
    asked boolean not null default false,
    posted boolean not null default false,
    running text not null default '',
    work bigint not null default 0,
    set_no integer not null default 0,      -- the last set number given out; the live one where `posted`
    version integer not null default 0,     -- the voucher's version the live set was made from
    fault_act text not null default '',
    faults jsonb not null default '[]',
    posted_at timestamptz,
    primary key (bucket, tenant, voucher, book)
) with (fillfactor = 70);

create table work (
    bucket smallint not null,
    tenant integer not null,
    n bigint not null generated always as identity,
    voucher uuid not null,
    book text not null,
    act text not null,                      -- post | replace | unpost | delete
    version integer not null,
    asked boolean not null default true,
    answered text[] not null default '{}',
    author text not null default '',
    enqueued_at timestamptz not null default now(),
    primary key (bucket, tenant, n)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- One lane per tenant. Milliseconds are those of the database's clock. `settings_version` rises when anything changes that
-- a posting reads (chart, fiscal years, locks, company): a posting that read an older one does not commit.

create table lane (
    bucket smallint not null,
    tenant integer not null,
    weight integer not null default 100,
    virtual_time bigint not null default 0,
    depth integer not null default 0,
    fence bigint not null default 0,
    holder text not null default '',
    lease_until bigint not null default 0,
    ready_at bigint not null default 0,
    failures integer not null default 0,
    settings_version bigint not null default 1,
    primary key (bucket, tenant)
) with (fillfactor = 30, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
create index lane_waiting on lane (bucket, virtual_time, tenant) where depth > 0;
create index lane_furthest on lane (bucket, virtual_time);

-- Where an idle lane of a bucket comes in (sync/lane.py, `present`). Runs as its owner: an API may not see other lanes,
-- only this one figure drawn from all of them.
create function lane_floor(wanted smallint) returns bigint language sql stable security definer set search_path = public, pg_temp
as $$
    select coalesce(
        (select min(virtual_time) from lane where bucket = wanted and depth > 0),
        (select max(virtual_time) from lane where bucket = wanted),
        0)
$$;

-- How far each tenant has come: one look for all offices that wait for news. Gives figures, never rows.
create function heads(wanted smallint, wanted_tenants integer[]) returns table (tenant integer, seq bigint)
language sql stable security definer set search_path = public, pg_temp
as $$
    select t.tenant, t.seq from tenant t where t.bucket = wanted and t.tenant = any(wanted_tenants)
$$;
