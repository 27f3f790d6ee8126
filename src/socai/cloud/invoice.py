"""Input invoices declared twice: what the poster knows of the invoices in the books while it decides a turn. Pure.

The store tells, for the invoices a turn asks about, which posted vouchers declare them; but the turn before may still
be on its way into the database when it is asked. So what that turn put in and took out is kept here and laid over the
store's answer. While a worker holds a lane nobody else posts, so nothing else can be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

Place = tuple[str, str]  # (book, invoice key)
Holders = Mapping[Place, Mapping[str, str]]  # which vouchers declare it, with their numbers


class Declared(NamedTuple):
    """A posted voucher and one input invoice it declares."""

    voucher: str
    book: str
    invoice: str
    number: str


class Invoices:
    """The invoices of the books as the turn at hand has to see them."""

    def __init__(self) -> None:
        self._before: dict[tuple[str, str], dict[str, str]] = {}  # (voucher, book) -> invoice -> number
        self._turn: dict[tuple[str, str], dict[str, str]] = {}
        self._now: dict[Place, dict[str, str]] = {}
        self._of: dict[tuple[str, str], set[str]] = {}  # (voucher, book) -> its invoices in `_now`

    def begin(self, wanted: Iterable[Place], stored: Holders) -> None:
        """Begin a turn that asks about `wanted`, of which the store knows `stored`."""
        self._before, self._turn = self._turn, {}
        self._now, self._of = {place: dict(stored.get(place, {})) for place in wanted}, {}
        for (book, invoice), holders in self._now.items():
            for voucher in holders:
                self._of.setdefault((voucher, book), set()).add(invoice)
        for (voucher, book), invoices in self._before.items():
            self._lay(voucher, book, invoices)

    def holder(self, book: str, invoice: str, voucher: str) -> str | None:
        """The number of another posted voucher that declares an invoice, or None."""
        found = self._now.get((book, invoice), {})
        return next((number or other for other, number in found.items() if other != voucher), None)

    def put(self, voucher: str, book: str, number: str, invoices: Iterable[str]) -> None:
        """From here on the voucher declares exactly these in the book; none after it was taken out."""
        declared = dict.fromkeys(invoices, number)
        self._turn[voucher, book] = declared
        self._lay(voucher, book, declared)

    def _lay(self, voucher: str, book: str, declared: Mapping[str, str]) -> None:
        for invoice in self._of.pop((voucher, book), ()):
            del self._now[book, invoice][voucher]
        for invoice, number in declared.items():
            if (book, invoice) in self._now:
                self._now[book, invoice][voucher] = number
                self._of.setdefault((voucher, book), set()).add(invoice)
