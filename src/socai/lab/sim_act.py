"""People in the simulated offices: what they do, drawn by chance, through the very acts the rim calls.

Every attempt on a voucher is first looked up in the act table; an act the table refuses must be refused. What was
acknowledged is remembered, for the judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import apsw
import msgspec

from socai.core import life
from socai.core import spec as language
from socai.core.account import Chart
from socai.core.entry import FINANCIAL
from socai.core.spec import Field, Reason, VoucherSpec
from socai.dataserver import act, entry, save
from socai.dataserver.act import Asked
from socai.dataserver.desk import Desk, Refused, Saved
from socai.dataserver.facts import read_one
from socai.dataserver.save import Request
from socai.dataserver.store import voucher
from socai.dataserver.store.voucher import Head
from socai.lab.sim_office import OfficeCrashed
from socai.registry import chart_for, regimes, voucher_types
from socai.sync.grant import Grant

if TYPE_CHECKING:
    from socai.lab.sim_office import Office
    from socai.lab.sim_world import World

CHIEF, CLERK = Grant("chief", "admin"), Grant("clerk", "accountant")
WARNINGS = ("CASH_NEGATIVE", "INVOICE_DUPLICATE")
STANDINGS = ("deleted", "conflict", "in_flight", "locked", "posted", "free")
TRIED = ("edit", "quick_edit", "delete", "post", "unpost", "renumber", "resolve")
CELLS = tuple(product(STANDINGS, TRIED))
FIRST_DAY = date(2026, 9, 1)
LOCK_DAY = date(2026, 9, 12)
LOCK_AFTER_ACTS = 110
PARTNERS_MAX = 12
ACT_PAUSE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What an office told a person it had saved."""

    office: str
    voucher: str
    revision: int


@dataclass(slots=True)
class Place:
    """The catalogs of one tenant, as its people know them."""

    branch: str
    funds: list[str]
    banks: list[str]
    partners: list[str]
    locked: bool = False


class People:
    """Everybody who types. One act at a time, in some office that is up."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.random
        self.acknowledged: list[Acknowledged] = []
        self.violations: list[str] = []
        self.places: dict[str, Place] = {}
        self.regime = next(iter(regimes()))
        self.chart = chart_for(self.regime)
        self.plain = list(_plain(self.chart))
        self._repeat: tuple[Office, Grant, Request] | None = None
        for office in world.offices:
            if office.tenant not in self.places:
                office.boot()
                self.places[office.tenant] = self._found(office)

    def act(self) -> None:
        """One act, and the next one planned."""
        if self.world.healed:
            return
        offices = [office for office in self.world.offices if office.up and not office.asleep]
        if offices:
            self.world.acts_done += 1
            office = self.random.choice(offices)
            try:
                self._one(office)
                office.point("saved")
            except OfficeCrashed as crash:
                office.crash(str(crash))
        self.world.later(self.random.expovariate(1 / ACT_PAUSE_SECONDS), self.act)

    def _one(self, office: Office) -> None:
        place = self.places[office.tenant]
        if not place.locked and self.world.acts_done > LOCK_AFTER_ACTS:
            place.locked = self._lock(office, place)
            return
        draw = self.random.random()
        if draw < 0.36:
            self._new(office, place)
        elif draw < 0.42:
            self._partner(office, place)
        elif draw < 0.45 and self._repeat is not None:
            self._again()
        else:
            self._touch(office, place)

    # ---- catalogs

    def _found(self, office: Office) -> Place:
        """The first office sets the company up."""
        ids = [office.ident() for _ in range(5)]
        place = Place(ids[0], [ids[1]], [ids[2], ids[3]], [ids[4]])
        rows: list[tuple[str, str, dict[str, Any]]] = [
            ("branch", place.branch, {"code": "TS", "name": "Trụ sở", "kind": "head_office"}),
            ("company", "company", {"name": "Công ty", "books_first_day": "2026-01-01", "negative_cash": "allow"}),
            ("fiscal_year", "2026", {
                "code": "2026", "first_day": "2026-01-01", "last_day": "2026-12-31", "regime": self.regime,
            }),
            ("fund", ids[1], {"code": "Q1", "name": "Quỹ"}),
            ("bank_account", ids[2], {"code": "B1", "name": "Tài khoản 1", "bank_name": "Ngân hàng"}),
            ("bank_account", ids[3], {"code": "B2", "name": "Tài khoản 2", "bank_name": "Ngân hàng"}),
            ("partner", ids[4], {"code": "P0", "name": "Đối tượng", "is_customer": True, "is_vendor": True,
                                 "is_employee": True}),
        ]  # fmt: skip
        for kind, ident, body in rows:
            found = entry.save_entry(office.desk, CHIEF, office.ident(), kind, ident, 0, body)
            if isinstance(found, Refused):
                raise AssertionError(found)
        return place

    def _partner(self, office: Office, place: Place) -> None:
        number = len(place.partners)
        known = self.random.choice(place.partners)
        if number < PARTNERS_MAX and self.world.chance(60):
            ident, base = office.ident(), 0
            code = f"P{number}"
        else:
            ident, code = known, f"P{place.partners.index(known)}"
            base = _revision(office, "partner", ident)
            if not base:
                return
        body = {"code": code, "name": f"Đối tượng {self.random.randrange(1000)}", "is_customer": True,
                "is_vendor": True, "is_employee": True}  # fmt: skip
        found = entry.save_entry(office.desk, CLERK, office.ident(), "partner", ident, base, body)
        if isinstance(found, Saved) and not base:
            place.partners.append(ident)

    def _lock(self, office: Office, place: Place) -> bool:
        body = {"code": f"{place.branch}.{FINANCIAL}", "branch": place.branch, "book": FINANCIAL,
                "day": LOCK_DAY.isoformat()}  # fmt: skip
        found = entry.save_entry(office.desk, CHIEF, office.ident(), "lock", body["code"], 0, body)
        self.world.note(f"{office.name} locks {LOCK_DAY}: {type(found).__name__}")
        return isinstance(found, Saved)

    # ---- vouchers

    def _new(self, office: Office, place: Place) -> None:
        request = Request(office.ident(), office.ident(), 0, self._body(office, place), self._posts(), WARNINGS)
        self._save(office, CLERK, request)

    def _save(self, office: Office, grant: Grant, request: Request) -> Saved | Refused:
        found = save.save_voucher(office.desk, grant, request)
        self._told(office, "save", request.id, found)
        self._repeat = (office, grant, request)
        return found

    def _again(self) -> None:
        """Somebody's workstation repeats the last save, because its answer was lost on the way."""
        office, grant, request = self._repeat or (None, CLERK, None)
        if office is None or request is None or not office.up or office.asleep:
            return
        found = save.save_voucher(office.desk, grant, request)
        self._told(office, "save again", request.id, found)

    def _posts(self) -> tuple[str, ...]:
        return (FINANCIAL,) if self.random.random() < 0.75 else ()

    def _body(self, office: Office, place: Place) -> dict[str, Any]:
        spec, reason = self.random.choice(self.plain)
        day = FIRST_DAY + timedelta(days=self.random.randrange(80))
        return fill(spec, reason, self.chart, place, self.random.choice(place.partners), day.isoformat(),
                    str(self.random.randrange(1, 10**9)))  # fmt: skip

    def _touch(self, office: Office, place: Place) -> None:
        """Some act on a voucher this office knows."""
        with office.file.read() as db:
            idents = [row[0] for row in db.execute("SELECT id FROM voucher ORDER BY id DESC LIMIT 40")]
            if not idents:
                return
            head = self._choose(db, office.desk, idents)
            if head is None:
                return
            known = office.desk.cache.get(db)
            facts = read_one(db, head, known.calendar, office.clock.now())
            body = msgspec.json.decode(voucher.body(db, head.id, head.revision) or b"{}")
        name = self.random.choice(TRIED if not facts.conflict else (*TRIED, "resolve", "resolve", "resolve"))
        self.world.cells[life.standing(facts), name] += 1
        verdict = life.allow(facts, name, FINANCIAL)
        found = self._attempt(office, place, head, name, body)
        self._told(office, name, head.id, found)
        if verdict is not None and isinstance(found, Saved):
            self.violations.append(f"life table: {name} on {head.id} is refused ({verdict.code}) and was done")

    def _choose(self, db: apsw.Connection, desk: Desk, idents: list[str]) -> Head | None:
        """Some voucher, those in conflict or in flight rather more often, since they pass."""
        heads = [head for ident in self.random.sample(idents, min(6, len(idents))) if (head := voucher.load(db, ident))]
        calendar = desk.cache.get(db).calendar
        rare = [
            head for head in heads
            if life.standing(read_one(db, head, calendar, desk.clock.now())) in ("conflict", "in_flight", "locked")
        ]  # fmt: skip
        return self.random.choice(rare or heads) if heads else None

    def _attempt(self, office: Office, place: Place, head: Head, name: str, body: dict[str, Any]) -> Saved | Refused:
        asked = Asked(CLERK, office.ident(), head.id, head.revision)
        desk = office.desk
        if name == "edit":
            changed = self._body(office, place) | {"number": body.get("number", "")}
            return self._save(office, CLERK, Request(asked.act_id, head.id, head.revision, changed, self._posts(),
                                                     WARNINGS))  # fmt: skip
        if name == "quick_edit":
            return act.quick_edit(desk, asked, {"description": f"Sửa {self.random.randrange(1000)}"})
        if name == "delete":
            return act.delete(desk, asked)
        if name == "post":
            return act.post(desk, asked, FINANCIAL, WARNINGS)
        if name == "unpost":
            return act.unpost(desk, asked, FINANCIAL)
        if name == "renumber":
            return act.renumber(desk, asked, f"X{self.random.randrange(10**6)}")
        return act.resolve(desk, asked, self.random.choice(act.CHOICES), office.ident())

    def _told(self, office: Office, name: str, ident: str, found: Saved | Refused) -> None:
        codes = ",".join(fault.code for fault in found.faults) if isinstance(found, Refused) else "done"
        self.world.note(f"{office.name} {name} {ident[-6:]}: {codes}{' stale' if codes == '' else ''}")
        if isinstance(found, Saved):
            self.acknowledged.append(Acknowledged(office.name, found.id, found.revision))


def _revision(office: Office, kind: str, ident: str) -> int:
    with office.file.read() as db:
        row = db.execute("SELECT revision FROM catalog_entry WHERE kind = ? AND id = ?", (kind, ident)).fetchone()
    return int(row[0]) if row else 0


def _plain(chart: Chart) -> Iterator[tuple[VoucherSpec, Reason]]:
    """Types and reasons whose vouchers need nothing but what `fill` gives."""
    for kind in voucher_types().values():
        spec = kind.spec
        names = {grid.name for grid in spec.grids}
        if spec.before_books or "lines" not in names:
            continue
        for reason in spec.reasons or ():
            debit, credit = chart.role(reason.debit), chart.role(reason.credit)
            if debit and credit and debit in chart.leaves and credit in chart.leaves:
                yield spec, reason


def fill(
    spec: VoucherSpec, reason: Reason, chart: Chart, place: Place, partner: str, day: str, amount: str
) -> dict[str, Any]:
    """A voucher of one line, every catalog cell filled with something of its kind."""
    used = {"banks": 0}

    def cell(item: Field) -> str:
        if item.kind == language.BANK_ACCOUNT:
            used["banks"] += 1
            return place.banks[(used["banks"] - 1) % len(place.banks)]
        return {language.PARTNER: partner, language.FUND: place.funds[0]}.get(item.kind, "")

    body: dict[str, Any] = {
        "type": spec.code,
        "branch": place.branch,
        "books": [FINANCIAL],
        "voucher_date": day,
        "accounting_date": day,
    }
    for item in spec.header:
        if value := cell(item):
            body[item.name] = value
    if any(item.name == "description" for item in spec.header):
        body["description"] = "Mô phỏng"
    row: dict[str, str] = {
        "debit_account": chart.role(reason.debit),
        "credit_account": chart.role(reason.credit),
        "amount": amount,
    }
    for column in spec.grid("lines").columns:
        if column.kind == language.PARTNER:
            row[column.name] = partner
        elif column.kind == language.BANK_ACCOUNT and column.name not in body:
            row[column.name] = place.banks[1 if column.name.startswith("credit") else 0]
    body["lines"] = [row]
    return body
