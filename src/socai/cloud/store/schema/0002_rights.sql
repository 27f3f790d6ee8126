-- Who may do what. socai_migration owns everything and serves nobody; socai_api and socai_poster own nothing and do not
-- bypass row security. Row security is enabled without FORCE: forced policies make online moves of shards hang.
-- The tenant is `SET LOCAL app.tenant`; without it a role sees nothing.

grant usage on schema public to socai_api, socai_poster;
grant select, insert on tenant_directory, replica_directory to socai_api;
grant select on tenant_directory, replica_directory to socai_poster;
revoke execute on function lane_floor(smallint), heads(smallint, integer[]) from public;
grant execute on function lane_floor(smallint) to socai_api, socai_poster;
grant execute on function heads(smallint, integer[]) to socai_api;

do $$
declare
    owned text;
begin
    foreach owned in array array[
        'tenant', 'replica', 'enrolment_code', 'person', 'voucher', 'voucher_version', 'catalog_entry', 'catalog_version',
        'number_taken', 'operation', 'change', 'voucher_book', 'work', 'lane',
        'entry_set', 'entry', 'entry_history', 'balance']
    loop
        execute format('alter table %I enable row level security', owned);
        execute format(
            'create policy own_rows on %I to socai_api, socai_poster '
            'using (tenant = nullif(current_setting(''app.tenant'', true), '''')::integer)', owned);
        execute format('grant select on %I to socai_api, socai_poster', owned);
    end loop;
end
$$;

grant insert, update on tenant, replica, enrolment_code, person, voucher, catalog_entry, change, voucher_book, lane to socai_api;
grant insert on voucher_version, catalog_version, operation, work to socai_api;
grant insert, update, delete on number_taken to socai_api;

grant update on tenant, voucher, voucher_book, lane to socai_poster;
grant insert on voucher_book, change to socai_poster;
grant update on change to socai_poster;
grant delete on work, number_taken to socai_poster;
grant insert, update, delete on entry_set, entry, entry_history, balance to socai_poster;

-- A poster claims the next lane of a bucket before it knows whose it is.
create policy claim_any on lane to socai_poster using (true);
