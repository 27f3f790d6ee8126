-- Shared number series (core/numbering.py): the last count granted in each, the ranges leased to data servers, and notes
-- of data servers on numbers that no voucher carries any more and the cloud may never have seen.

create table number_series (
    bucket smallint not null,
    tenant integer not null,
    series text not null,
    last bigint not null default 0,
    primary key (bucket, tenant, series)
);

create table number_lease (
    bucket smallint not null,
    tenant integer not null,
    series text not null,
    first bigint not null,
    last bigint not null,
    replica uuid,                           -- null for a range skipped because a hand-typed number lay in it
    epoch integer not null default 0,
    state text not null check (state in ('leased', 'returned', 'dropped')),
    at timestamptz not null default now(),
    primary key (bucket, tenant, series, first)
);
create index number_lease_replica on number_lease (bucket, tenant, replica) where state = 'leased';

create table number_note (
    bucket smallint not null,
    tenant integer not null,
    replica uuid not null,
    epoch integer not null,
    n bigint not null,                      -- as the data server counts its notes
    series text not null,
    number text not null,
    fate text not null,
    voucher text not null default '',
    successor text not null default '',
    author text not null default '',
    made_at text not null default '',
    primary key (bucket, tenant, replica, epoch, n)
);
create index number_note_series on number_note (bucket, tenant, series);

-- What a number was before a voucher got another: the history is asked by day and type.
create index voucher_version_day on voucher_version (bucket, tenant, type, day);

do $$
declare
    owned text;
begin
    foreach owned in array array['number_series', 'number_lease', 'number_note']
    loop
        execute format('alter table %I enable row level security', owned);
        execute format(
            'create policy own_rows on %I to socai_api, socai_poster '
            'using (tenant = nullif(current_setting(''app.tenant'', true), '''')::integer)', owned);
        execute format('grant select on %I to socai_api, socai_poster', owned);
    end loop;
end
$$;
grant insert, update, delete on number_series, number_lease to socai_api;
grant insert on number_note to socai_api;
