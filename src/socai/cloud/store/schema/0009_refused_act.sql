-- What was refused lately is told to the other offices, where its person may be at work.

create index operation_refused on operation (bucket, tenant, arrived_at) where result in ('rejected', 'conflict');
