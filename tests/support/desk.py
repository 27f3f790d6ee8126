"""A tenant's file with a small company in it, for tests of the data server: real SQLite, no cloud."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from socai.dataserver.acts import entry, save
from socai.dataserver.acts.save import Request
from socai.dataserver.clock import Instant, new_ident
from socai.dataserver.desk import Desk, Refused, Saved
from socai.dataserver.store import meta, voucher
from socai.dataserver.store.file import MEMORY
from socai.dataserver.store.replica import Replica
from socai.dataserver.store.voucher import Head
from socai.dataserver.syncing import exchange, incoming
from socai.sync.grant import Grant
from socai.sync.message import PROTOCOL, FeedItem, FeedPage, HelloAnswer

CHIEF = Grant("chief", "admin")
CLERK = Grant("clerk", "accountant")
_counter = itertools.count(1)


def ident(number: int | None = None) -> str:
    """A canonical identifier; the same number gives the same one."""
    return f"0199aaaa-0000-7000-8000-{number if number is not None else next(_counter) + 10**9:012d}"


@dataclass
class HandClock:
    """A clock that goes on only by hand. `sleep` is time the machine slept: the wall and the boot clock both see it."""

    wall: int = 1_795_000_000_000
    tick: int = 1_000_000
    boot: str = "boot-1"

    def now(self) -> Instant:
        return Instant(self.wall, self.tick, self.boot)

    def go(self, seconds: float) -> None:
        self.wall += int(seconds * 1000)
        self.tick += int(seconds * 1000)

    def set_wall(self, seconds: float) -> None:
        """Somebody sets the machine's clock."""
        self.wall += int(seconds * 1000)

    def reboot(self, off_seconds: float, up_seconds: float = 0) -> None:
        """The machine is off for a while and comes up again."""
        self.wall += int((off_seconds + up_seconds) * 1000)
        self.tick = int(up_seconds * 1000)
        self.boot = f"reboot-{next(_counter)}"


def saved(found: Saved | Refused) -> Saved:
    """The save or act was taken."""
    assert isinstance(found, Saved), found
    return found


BRANCH, PARTNER, VENDOR, FUND, BANK = ident(1), ident(2), ident(3), ident(4), ident(5)

COMPANY: list[tuple[str, str, dict[str, Any]]] = [
    ("branch", BRANCH, {"code": "HN", "name": "Văn phòng Hà Nội", "kind": "head_office"}),
    (
        "company",
        "company",
        {"name": "Công ty Minh Phát", "books_first_day": "2026-01-01", "negative_cash": "allow", "post_on_save": True},
    ),
    (
        "fiscal_year",
        "2026",
        {"code": "2026", "first_day": "2026-01-01", "last_day": "2026-12-31", "regime": "tt99"},
    ),
    ("partner", PARTNER, {"code": "KH01", "name": "Cửa hàng Ánh Dương", "is_customer": True}),
    ("partner", VENDOR, {"code": "NCC01", "name": "Công ty Đồng Tâm", "is_vendor": True, "tax_code": "0101234567"}),
    ("fund", FUND, {"code": "QTM", "name": "Quỹ tiền mặt", "branch": BRANCH}),
]


@dataclass
class Office:
    """One desk with its clock, and short words for what tests do."""

    desk: Desk
    clock: HandClock
    told: list[tuple[str, str, str]] = field(default_factory=list)

    def save(
        self,
        body: dict[str, Any],
        voucher: str = "",
        revision: int = 0,
        act_id: str = "",
        grant: Grant = CLERK,
        **more: Any,
    ) -> Saved | Refused:
        request = Request(act_id or ident(), voucher or ident(), revision, body, **more)
        return save.save_voucher(self.desk, grant, request)

    def entry(self, kind: str, key: str, body: dict[str, Any], base: int = 0, grant: Grant = CHIEF) -> Saved | Refused:
        return entry.save_entry(self.desk, grant, ident(), kind, key, base, body)

    def close(self) -> None:
        self.desk.file.close()


def journal(amount: str = "100000", day: str = "2026-11-20", count: int = 1, **more: Any) -> dict[str, Any]:
    """A general journal voucher of some lines between accounts that require nothing."""
    return {
        "type": "journal",
        "branch": BRANCH,
        "voucher_date": day,
        "accounting_date": day,
        "description": "Phân bổ chi phí tháng 11",
        "lines": [{"debit_account": "6428", "credit_account": "242", "amount": amount} for _ in range(count)],
        **more,
    }


def open_office(
    path: Path | str = MEMORY, *, company: bool = True, threaded: bool | None = None, clock: HandClock | None = None
) -> Office:
    """A desk on a file (in memory: without a writer thread), with a company in it unless told otherwise."""
    clock = clock or HandClock()
    file = Replica(path, threaded=path != MEMORY if threaded is None else threaded)
    desk = Desk("minhphat", file, clock)
    office = Office(desk, clock)
    desk.listeners.append(lambda _tenant, *change: office.told.append(change))
    with file.read() as db:
        fresh = not meta.text(db, "replica")
    if fresh:
        facts: dict[str, str | int] = {"replica": new_ident(clock.now()), "epoch": 1, "next_n": 1, "tenant": "minhphat"}
        file.write(lambda db: meta.put(db, facts))
        if company:
            for kind, key, body in COMPANY:
                found = office.entry(kind, key, body)
                assert isinstance(found, Saved), found
    return office


def head(office: Office, key: str) -> Head:
    """A voucher's head as the office has it."""
    with office.desk.file.read() as db:
        found = voucher.load(db, key)
    assert found is not None
    return found


def amount(office: Office, key: str) -> str:
    """The amount of the first line of the form on top."""
    found = head(office, key)
    with office.desk.file.read() as db:
        return str(msgspec.json.decode(voucher.body(db, key, found.revision))["lines"][0]["amount"])


def hear(office: Office, *items: FeedItem) -> None:
    """The feed tells these, and has no more."""
    last = items[-1].seq
    incoming.take_page(office.desk, FeedPage("", list(items), str(last), False, last))


def restored(office: Office, n: int = 1_000) -> None:
    """The cloud has come back from a backup, with the acts of this office up to n in it."""
    exchange.take_hello(office.desk, HelloAnswer("t2", "rewind", 1, n))


__all__ = [
    "PROTOCOL", "HandClock", "Office", "amount", "head", "hear", "ident", "journal", "open_office", "restored", "saved",
]  # fmt: skip
