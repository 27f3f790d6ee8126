"""The messages of a report read from the cloud: what is asked on whose behalf, and the rows of one page."""

from __future__ import annotations

from typing import Any

import msgspec


class ReportWish(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page of a report over books the replica does not hold whole, on behalf of `user`.

    `branches`: what that person may see at that office; none means all that the cloud's own checks leave.
    """

    user: str
    code: str
    parameters: dict[str, str] = {}
    branches: list[str] = []
    language: str = "vi"
    after: str = ""
    limit: int = 500


class ReportRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row as the interpreter made it: cells are integers of đồng or minor units, ISO days, text."""

    kind: str
    cells: dict[str, Any] = {}
    voucher: str = ""
    type: str = ""


class ReportAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page of rows as of a moment (UTC); `next` is empty on the last page, the sums are of the whole report."""

    timeline: str
    as_of: str
    rows: list[ReportRow] = []
    next: str = ""
    totals: dict[str, int] = {}
    opening: dict[str, int] = {}
    closing: dict[str, int] = {}
