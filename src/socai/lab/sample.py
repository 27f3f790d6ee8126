"""Brings the sample company into a running stack: people, catalogs, opening balances, a year of vouchers.

It types like people do: over HTTP, at each branch's own office, as that office's accountant. The books are made by the
real poster; nothing is written past the product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from socai.core import spec as language
from socai.core.entry import FINANCIAL
from socai.core.example import raw_body, read_examples, under_chart
from socai.lab.clerk import Body, Clerk
from socai.lab.client import Workstation, new_ident, wait_for
from socai.lab.company import BRANCHES, COMPANY, EMPTY_NAME, FIRST_YEAR, NAME, PASSWORD, PEOPLE, Catalogs
from socai.lab.office import Login, admit
from socai.lab.stack import Stack
from socai.lab.year import Year
from socai.registry import chart_for, regimes, voucher_types

SEED = 2026
TENANT, EMPTY_TENANT = "minhphat", "khoinguyen"
HANOI, HCM = "hanoi", "hcm"
OFFICES = {HANOI: "Hà Nội", HCM: "TP. Hồ Chí Minh"}
OPENING_TEXT = "Số dư đầu kỳ"
PASSING_WARNINGS = ("CASH_NEGATIVE",)
"""Each type is typed by itself, so money passes below zero on the way; the finished year never is."""
POSTED_SECONDS_MAX = 300.0

Told = Callable[[str, int, int], None]
"""(what, done, of): progress as it is made."""


@dataclass
class Sample:
    """The sample company on a stack whose cloud runs. `load` is for a new stack; one loaded before is just started."""

    stack: Stack
    told: Told = lambda what, done, of: None
    seed: int = SEED
    catalogs: Catalogs = field(init=False)

    def __post_init__(self) -> None:
        self.catalogs = Catalogs(self.seed)

    def load(self, until: date | None) -> int:
        """Everything, with vouchers up to `until` (None: none at all); how many vouchers there are then."""
        self.admit()
        self.stack.start_offices()
        self.set_up()
        saved = self.enter(until) if until is not None else []
        return len(saved)

    def admit(self) -> None:
        """The two companies and their people; Hà Nội keeps both, every other office the first."""
        ids = self.catalogs.ids
        people = [
            Login(who.login, PASSWORD, who.name, who.role, tuple(ids[branch] for branch in who.branches))
            for who in PEOPLE
        ]
        offices = {office: OFFICES.get(office, office) for office in self.stack.offices}
        admit(self.stack, TENANT, NAME, people, offices)
        admit(self.stack, EMPTY_TENANT, EMPTY_NAME, [people[0]], {HANOI: OFFICES[HANOI]})

    def set_up(self) -> None:
        """Settings, year, branches and catalogs, typed in Hà Nội; waits until every office has them."""
        entries = list(self.catalogs.after_setup())
        with self.workstation(HANOI) as station:
            head = self.catalogs.branch(HANOI)
            station.save_catalog("branch", head, BRANCHES[HANOI])
            station.books("POST", "/setup", {
                "act_id": new_ident(),
                "company": {name: value for name, value in COMPANY.items() if name not in _ASKED_APART},
                "regime": newest_regime(),
                "year_first_month": COMPANY["year_first_month"],
                "books_first_day": COMPANY["books_first_day"],
                "branch": {"code": BRANCHES[HANOI]["code"], "name": BRANCHES[HANOI]["name"]},
            })  # fmt: skip
            for done, (kind, ident, body) in enumerate(entries, start=1):
                station.save_catalog(kind, ident, body)
                self.told("catalogs", done, len(entries))
        kind, ident, _ = entries[-1]
        for office in self.stack.offices:
            with self.workstation(office) as station:
                station.wait_catalog(kind, ident)

    def enter(self, until: date) -> list[str]:
        """Save every voucher at its office and wait until all are posted and known at both.

        Each type of voucher of a branch is typed by itself, in the order of days, so that its numbers run with them.
        """
        stacks: dict[tuple[str, str], list[Body]] = {}
        for branch in (HANOI, HCM):
            for body in self.bodies(branch, until):
                stacks.setdefault((branch, str(body["type"])), []).append(body)
        count = sum(len(stack) for stack in stacks.values())
        clerks = {who.branches[0]: who.login for who in PEOPLE if who.branches}
        done: list[str] = []

        def type_in(branch: str, stack: list[Body]) -> None:
            with self.workstation(branch, clerks[branch]) as station:
                for body in stack:
                    done.append(str(station.save_voucher(body, (FINANCIAL,), answered=PASSING_WARNINGS)["id"]))
                    self.told("vouchers", len(done), count)

        with ThreadPoolExecutor(len(stacks)) as threads:
            for typing in [threads.submit(type_in, branch, stack) for (branch, _), stack in stacks.items()]:
                typing.result()
        for office in self.stack.offices:
            self._wait_posted(office, done)
        return done

    def _wait_posted(self, office: str, saved: list[str]) -> None:
        with self.workstation(office) as station:

            def look() -> bool | None:
                posted = int(station.books("GET", "/vouchers", state="posted", book=FINANCIAL, limit=1)["count"])
                self.told("posted", min(posted, len(saved)), len(saved))
                return True if posted >= len(saved) else None

            wait_for(f"all vouchers posted at {office}", look, POSTED_SECONDS_MAX)

    def bodies(self, branch: str, until: date) -> Iterator[Body]:
        """Opening balances and everything that happened in a branch, as vouchers in the order they are typed."""
        first = date.fromisoformat(str(COMPANY["books_first_day"]))
        ids = self.catalogs.ids
        funds = {ids[HANOI]: ids["QUY-HN"], ids[HCM]: ids["QUY-HCM"]}
        clerk = Clerk(chart_for(newest_regime()), self.catalogs.bodies, funds)
        year = Year(self.catalogs, self.seed, first, until)
        yield clerk.opening(ids[branch], first - timedelta(days=1), year.opening(branch), OPENING_TEXT)
        typed: list[Body] = [clerk.body(event) for event in year.events(branch)]
        if branch == HANOI:
            typed += [body for body in self.examples() if str(body["accounting_date"]) <= until.isoformat()]
        yield from sorted(typed, key=lambda body: str(body["accounting_date"]))

    def examples(self) -> Iterator[Body]:
        """The examples of every voucher type that post, as vouchers of the head office and its fund."""
        chart = chart_for(newest_regime())
        fund = self.catalogs.ids["QUY-HN"]
        for known in voucher_types().values():
            if known.spec.before_books or not (known.folder / "examples.txt").is_file():
                continue
            names_another = any(item.kind == language.VOUCHER for item in known.spec.header)
            for example in read_examples((known.folder / "examples.txt").read_text(encoding="utf-8")):
                shown = under_chart(example, chart) if example.posts else None
                if shown is None or (names_another and _corrects(known.spec, shown.header)):
                    continue
                body = raw_body(known.spec, replace(shown, header=dict(shown.header)))
                drawer = {item.name: fund for item in known.spec.header if item.kind == language.FUND}
                yield {"type": known.spec.code, **drawer, **_renamed(body, self.catalogs.sample_ids)}

    def workstation(self, office: str, login: str = PEOPLE[0].login) -> Workstation:
        """Somebody of the company, logged in at an office; the administrator unless said."""
        return self.stack.offices[office].workstation(TENANT, login, PASSWORD)


_ASKED_APART = ("year_first_month", "books_first_day")


def newest_regime() -> str:
    """The regime that a new company would be offered first."""
    return next(iter(regimes()))


def last_day(today: date) -> date:
    """The last day of the sample year that has passed."""
    return min(max(today - timedelta(days=1), date(FIRST_YEAR, 2, 28)), date(FIRST_YEAR, 12, 31))


def _corrects(spec: language.VoucherSpec, header: Mapping[str, str]) -> bool:
    return any(header.get(item.name) for item in spec.header if item.kind == language.VOUCHER)


def _renamed(value: Any, ids: Mapping[str, str]) -> Any:
    """The body with the catalog entries of the examples as the sample company knows them."""
    if isinstance(value, dict):
        return {name: _renamed(item, ids) for name, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, ids) for item in value]
    return ids.get(value, value) if isinstance(value, str) else value
