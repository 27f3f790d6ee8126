-- What a book has refused and nobody has mended is told with a snapshot.

create index voucher_book_refused on voucher_book (bucket, tenant, voucher) where faults <> '[]';
