"""Reports: a spec of the report language, a request and a reader in; a page or a stream of rows out.

Nothing here knows a report by name, nor which store is read. The caller checks the request first (`check_request`), and
keeps whoever asks within the branches it hands over in the context.
"""

from __future__ import annotations

from collections.abc import Iterator

from socai.books.balances import balance_page, balance_stream
from socai.books.movement import movement_page, movement_stream
from socai.books.reader import Reader
from socai.books.request import Context, Page, Request, Row, check_request, shown_columns
from socai.core.report import Balances, ReportSpec

__all__ = ["Context", "Page", "Request", "Row", "check_request", "run", "shown_columns", "stream"]


def run(spec: ReportSpec, request: Request, reader: Reader, context: Context) -> Page:
    """One page. ValueError for a request that `check_request` refuses."""
    _refuse(spec, request, context)
    page = balance_page if isinstance(spec.source, Balances) else movement_page
    return page(spec, request, reader, context)


def stream(spec: ReportSpec, request: Request, reader: Reader, context: Context) -> Iterator[Row]:
    """Every row, for PDF and Excel, without holding them. Reads in rounds: give it a connection with one snapshot."""
    _refuse(spec, request, context)
    rows = balance_stream if isinstance(spec.source, Balances) else movement_stream
    return rows(spec, request, reader, context)


def _refuse(spec: ReportSpec, request: Request, context: Context) -> None:
    faults = check_request(spec, request, context)
    if faults:
        raise ValueError(f"the request was not checked: {faults[0].code} {faults[0].field}")
