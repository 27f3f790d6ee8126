"""Sổ nhật ký chung: the whole book, one row for each side of an entry; both columns add up to the same."""
