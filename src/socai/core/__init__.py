"""Accounting, pure: vouchers, entries, their life, posting and balances. It never reads a file, a clock or a database."""
