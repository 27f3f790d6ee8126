-- What the office itself knows, over all its tenants: enrolments, the people cache, login sessions.

create table meta (
    name text primary key,
    value not null
) without rowid;

create table enrolment (
    tenant text primary key,                 -- public code, also the folder's name
    name text not null,
    replica text not null,
    private_key blob not null,               -- Ed25519, raw
    cloud text not null,                     -- address
    branches text not null default '',
    series_mark text not null default '',
    timeline text not null default '',
    enrolled_at text not null
) without rowid;

create table person (
    tenant text not null,
    user text not null,
    name text not null,
    password_hash text not null,
    role text not null,
    branches text not null default '',       -- comma-joined ids; empty is all
    active integer not null,
    valid_until text not null,
    primary key (tenant, user)
) without rowid;
create index person_user on person (user);

create table session (
    token_hash text primary key,             -- sha256 of the token: the token itself is never kept
    user text not null,
    language text not null default 'vi',
    made_at text not null,
    seen_at text not null,
    ends_at text not null,
    tenants text not null default '{}'       -- JSON: each tenant the password opened, and a mark of that password
) without rowid;
create index session_user on session (user);
