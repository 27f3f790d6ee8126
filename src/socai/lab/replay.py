"""Takes worked cases through the whole pipeline and compares what they expect with the books at the other end.

Each case becomes a company of its own: set up and typed at a first office over HTTP, synced, posted by the worker, and
its balances read from the account balances report of a second office, which has seen nothing but the feed.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from socai.base.folding import fold
from socai.core.entry import FINANCIAL
from socai.lab.case import BOOK_DEFAULTS, Case
from socai.lab.clerk import account_balances_report
from socai.lab.client import Refused, WaitedTooLong, Workstation, new_ident
from socai.lab.office import Login, admit
from socai.lab.stack import Stack

FIRST, SECOND = "first", "second"
USER, PASSWORD = "replay", "Replay-2026-cases"
ROWS_MAX = 500

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one case. `ok` needs every expectation met and none that this version cannot compare."""

    case: str
    differences: tuple[str, ...]
    unsupported: tuple[str, ...]
    vouchers: int = 0

    @property
    def ok(self) -> bool:
        """Whether the case is right in all it asks."""
        return not self.differences and not self.unsupported

    def line(self) -> dict[str, Any]:
        """As the command prints it."""
        return {
            "case": self.case,
            "ok": self.ok,
            "differences": list(self.differences),
            "unsupported": list(self.unsupported),
        }


@contextlib.contextmanager
def offices(folder: Path | None = None) -> Iterator[Stack]:
    """A cloud and two offices, in a folder of their own that goes when they stop, or in one that stays."""
    with contextlib.ExitStack() as kept:
        place = folder or Path(kept.enter_context(tempfile.TemporaryDirectory(prefix="socai-replay-")))
        stack = kept.enter_context(Stack(place, (FIRST, SECOND)))
        yield stack


def replay(stack: Stack, cases: Sequence[Case], told: Told = lambda _: None) -> Iterator[Verdict]:
    """Each case in turn. A case that breaks on the way differs by what stopped it; the next goes on."""
    tenants = [f"{tenant_code(case.name)}-{number}" for number, case in enumerate(cases, start=1)]
    told("companies")
    for case, tenant in zip(cases, tenants, strict=True):
        admit(
            stack, tenant, case.name, [Login(USER, PASSWORD, case.name)], {office: office for office in stack.offices}
        )
    stack.start_offices()
    for case, tenant in zip(cases, tenants, strict=True):
        told(case.name)
        try:
            yield _replay(stack, case, tenant)
        except (Refused, WaitedTooLong) as stopped:
            yield Verdict(case.name, (str(stopped),), tuple(case.unsupported()))


def tenant_code(name: str) -> str:
    """A public code for the case's company."""
    return re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-")[:30] or "case"


def _replay(stack: Stack, case: Case, tenant: str) -> Verdict:
    here = stack.offices[FIRST].workstation(tenant, USER, PASSWORD)
    there = stack.offices[SECOND].workstation(tenant, USER, PASSWORD)
    with here, there:
        branch, ids = _set_up(here, case)
        saved = []
        for reference, body in case.bodies(branch, ids):
            try:
                saved.append(str(here.save_voucher(body, (FINANCIAL,))["id"]))
            except Refused as refused:
                return Verdict(case.name, (f"{reference}: {refused}",), tuple(case.unsupported()), len(saved))
        for ident in saved:
            there.wait_posted(ident, FINANCIAL)
        expected = case.expect.get("balances") or {}
        closing = closing_balances(there, *_period(case))
        differences = tuple(
            f"{account}: expected {wanted}, the books have {found}"
            for account, wanted in expected.items()
            if (found := _subtree(case, closing, str(account))) != int(wanted)
        )
        return Verdict(case.name, differences, tuple(case.unsupported()), len(saved))


def _set_up(station: Workstation, case: Case) -> tuple[str, Mapping[tuple[str, str], str]]:
    """The company of a case: its year under its regime, one branch, its accounts, and an entry for every name."""
    years = case.years()
    station.books("POST", "/setup", {
        "act_id": new_ident(),
        "company": {"name": case.name, "negative_cash": "allow", "duplicate_invoice": "allow"},
        "regime": case.regime,
        "year_first_month": 1,
        "books_first_day": case.open.isoformat(),
        "branch": {"code": "CTY", "name": case.name},
    })  # fmt: skip
    branch = str(station.books("GET", "/catalog/branch")["items"][0]["id"])
    for first, last in years[1:]:
        body = {"first_day": first.isoformat(), "last_day": last.isoformat(), "regime": case.regime}
        station.books("PUT", f"/fiscal-years/{first.year}", {"act_id": new_ident(), "base": 0, "body": body})
    for account in case.own_accounts:
        station.save_catalog("account", str(account["code"]), account)
    ids: dict[tuple[str, str], str] = {}
    for code in case.partners():
        everyone = {"is_customer": True, "is_vendor": True, "is_employee": True}
        ids["partner", code] = station.save_catalog("partner", new_ident(), {"code": code, "name": code, **everyone})
    bank = {"code": BOOK_DEFAULTS["bank_account"], "name": "Tài khoản ngân hàng", "bank_name": "Ngân hàng"}
    ids["bank_account", bank["code"]] = station.save_catalog("bank_account", new_ident(), bank)
    fund = {"code": BOOK_DEFAULTS["fund"], "name": "Quỹ"}
    ids["fund", fund["code"]] = station.save_catalog("fund", new_ident(), fund)
    return branch, ids


def closing_balances(station: Workstation, first: str, last: str) -> dict[str, int]:
    """Closing balance by account, debit positive, as the report of account balances says at this office."""

    def page(after: str) -> dict[str, Any]:
        query = {"from": first, "to": last, "branch": "", "book": FINANCIAL, "limit": ROWS_MAX, "after": after}
        return station.books("GET", f"/reports/{account_balances_report()}", **query)

    closing: dict[str, int] = {}
    after = ""
    while True:
        found = page(after)
        for row in found["rows"]:
            cells = row["cells"]
            if row["kind"] == "line":
                amount = int(cells.get("closing_debit") or 0) - int(cells.get("closing_credit") or 0)
                closing[str(cells["code"])] = amount
        after = found.get("next") or ""
        if not after:
            return closing


def _period(case: Case) -> tuple[str, str]:
    years = case.years()
    return case.open.isoformat(), years[-1][1].isoformat()


def _subtree(case: Case, closing: Mapping[str, int], account: str) -> int:
    """The sum of an account's leaves: what the report says of leaves only, for parents repeat them."""
    chart = case.chart
    total = 0
    for code, amount in closing.items():
        above = code
        while above and above != account and above in chart.accounts:
            above = chart.accounts[above].parent
        if above == account and code not in chart.parents:
            total += amount
    return total
