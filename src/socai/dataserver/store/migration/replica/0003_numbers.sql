-- Numbers of shared series: ranges leased from the cloud. `next` is the count the next voucher gets.
create table number_lease (
    series text not null,
    first integer not null,
    last integer not null,
    next integer not null,
    granted_at integer not null,             -- milliseconds of the wall clock
    primary key (series, first)
) without rowid;

-- Vouchers whose number is only provisional. `reserved`: the final count already drawn for it. `tries`: how often the
-- cloud refused the final number.
create table number_wait (
    voucher text primary key,
    series text not null,
    reserved text not null default '',
    tries integer not null default 0
) without rowid;

-- Numbers given here that no voucher carries any more, for the cloud can not know of those it never saw.
create table number_note (
    n integer primary key,
    series text not null,
    number text not null,
    fate text not null,                      -- deleted | renumbered
    voucher text not null,
    successor text not null default '',
    user text not null,
    at text not null,
    told integer not null default 0
);
create index number_note_series on number_note (series);
create index number_note_untold on number_note (n) where told = 0;
