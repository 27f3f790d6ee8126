"""Numbers over HTTP: every number of a series accounted for, and what is not in order before a lock."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import get
from litestar.params import QueryParameter

from socai.dataserver import view_catalog, view_number
from socai.dataserver.http.seat import Seated, given
from socai.dataserver.http.voucher import TEXT_MAX, Query
from socai.dataserver.view_number import NumbersView, SeriesCheck
from socai.edge.http import problems


@get("/numbers", sync_to_thread=True, responses=problems(400, 401, 404, 422))
def account_numbers(
    seat: Seated,
    kind: Annotated[str, QueryParameter(name="type", max_length=TEXT_MAX)],
    branch: Query,
    day: Query = "",
    fund: Query = "",
) -> NumbersView:
    """Every number of the series a voucher of this day draws from: used, deleted, renumbered, leased, missing."""
    seat.among(branch)
    found: NumbersView = given(view_number.numbers_view(seat.books, kind, branch, day, fund))
    return found


@get("/numbers/check", sync_to_thread=True, responses=problems(400, 401, 404, 422))
def check_numbers(
    seat: Seated,
    last: Annotated[str, QueryParameter(name="to", max_length=TEXT_MAX)],
    first: Annotated[str, QueryParameter(name="from", max_length=TEXT_MAX)] = "",
    branch: Query = "",
) -> list[SeriesCheck]:
    """Every series with vouchers in a span of days, in short: look at it before a lock. No branch: all one may see."""
    branches = [branch] if branch else [item.id for item in view_catalog.all_branches(seat.desk, seat.branches)]
    if branch:
        seat.among(branch)
    found: list[SeriesCheck] = given(view_number.check_series(seat.books, branches, first, last))
    return found


HANDLERS: list[Any] = [account_numbers, check_numbers]
