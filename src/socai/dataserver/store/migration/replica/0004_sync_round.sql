-- Rounds of syncing that have ended, the newest few: what changed elsewhere, what was sent, what was brought.
create table sync_round (
    id integer primary key,
    content text not null
);
