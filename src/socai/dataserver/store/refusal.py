"""The statements about work on the books the cloud has refused, kept for the timeline also once it is mended."""

from __future__ import annotations

from typing import NamedTuple

import apsw


class Refusal(NamedTuple):
    """One refusal. `version` of the voucher the cloud looked at, `act` post | unpost | delete, `at` when told here."""

    voucher: str
    book: str
    version: int
    act: str
    faults: str
    at: str


def note(db: apsw.Connection, refusal: Refusal) -> None:
    """Keep a refusal."""
    db.execute(
        "INSERT INTO refusal (voucher, book, version, act, faults, at) VALUES (?, ?, ?, ?, ?, ?)",
        refusal,
    )


def all_of(db: apsw.Connection, ident: str, limit: int) -> list[Refusal]:
    """The newest refusals of one voucher, oldest first."""
    rows = db.execute(
        "SELECT voucher, book, version, act, faults, at FROM"
        " (SELECT * FROM refusal WHERE voucher = ? ORDER BY n DESC LIMIT ?) ORDER BY n",
        (ident, limit),
    )
    return [Refusal(*row) for row in rows]
