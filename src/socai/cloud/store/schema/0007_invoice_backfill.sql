-- Vouchers posted before 0003 declare their input invoices too. The key is that of core/check.py, `invoice_key`: the
-- supplier's tax code, the series and the number, without blanks, in capitals, the number without leading zeros. The
-- body is the one the live set was made from: the first that was kept from its version on.

insert into invoice_posted (bucket, tenant, voucher, book, invoice, number)
select distinct p.bucket, p.tenant, p.voucher, p.book, p.code || '|' || p.series || '|' || p.digits, p.number
from (
    select s.bucket, s.tenant, s.voucher, s.book, s.number,
        upper(regexp_replace(coalesce(r.row ->> 'supplier_tax_code', ''), '\s', '', 'g')) as code,
        upper(regexp_replace(coalesce(r.row ->> 'invoice_series', ''), '\s', '', 'g')) as series,
        ltrim(upper(regexp_replace(coalesce(r.row ->> 'invoice_number', ''), '\s', '', 'g')), '0') as digits
    from entry_set s
    join voucher v on v.bucket = s.bucket and v.tenant = s.tenant and v.id = s.voucher
    cross join lateral (
        select coalesce((
            select o.body from voucher_version o
            where o.bucket = s.bucket and o.tenant = s.tenant and o.id = s.voucher and o.version >= s.version
                and not o.deleted
            order by o.version limit 1), v.body) as body) b
    cross join lateral json_array_elements(
        case when json_typeof(b.body -> 'taxes') = 'array' then b.body -> 'taxes' else '[]' end) as r(row)
    where s.live = 1
) p
where p.code <> '' and p.digits <> ''
on conflict do nothing;
