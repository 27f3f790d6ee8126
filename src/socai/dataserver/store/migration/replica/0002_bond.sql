-- Documents that bind a voucher (an issued e-invoice, a settlement), and entries no cloud has taken yet: what names them
-- waits for them.

alter table voucher add column bonds text not null default '';  -- comma-joined: invoiced:1C26TAA-15, settled:PC00012
create index catalog_new on catalog_entry (kind, id) where version = 0;
