"""Accounting, pure: no I/O, clock, random, SQL or logging in this room."""
