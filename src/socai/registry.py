"""Walks vouchers/, reports/ and regimes/ and offers what it finds; imports none of them by name, refuses duplicates."""
