"""The operations a cloud store offers. `postgres.py` and `memory.py` keep the same contract; one suite tests both.

Accept, feed, people and enrolment are declared here; what the lane and the poster need is declared in their own module
and mixed into the same two stores. Rules every store keeps:

- All rows of one transaction belong to one tenant. The change counter is taken under the tenant's row lock as the last
  statement, so a reader that has seen seq s never later finds a change at or below s.
- Locks are taken in this order: replica, catalog entries, vouchers (by id), lane, tenant. The poster starts at vouchers.
- Accept writes `work` rows and raises the lane's depth. It writes voucher_book (asked, running, work) for the books a
  person's act is about; from then on voucher_book is the poster's until the next act. The outcome of work n changes the
  book state only where voucher_book.work is still n.
- A body-changing act raises voucher.body_version: queued post or replace of an older one is superseded.
- Accept of a catalog kind that postings read raises lane.settings_version; a posting that loaded an older one must not
  commit: it checks the fence and settings_version in its own lane update, the last but one statement.
"""
