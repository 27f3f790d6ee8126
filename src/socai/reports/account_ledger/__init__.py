"""Sổ cái of one account and all below it: opening, each entry with its counter account, months, quarter so far, closing."""
