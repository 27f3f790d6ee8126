-- A password may open some of a user's tenants and not others: a session holds, as JSON, the tenants it was opened for,
-- each with a mark of the password it was opened with, so that a changed password ends it.
alter table session add column tenants text not null default '{}';
