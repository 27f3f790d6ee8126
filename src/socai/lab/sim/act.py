"""People in the simulated offices: what they do, drawn by chance, through the very acts the rim calls.

Every attempt on a voucher is first looked up in the act table; an act the table refuses must be refused, and one it
allows may be refused only for what is wrong with the voucher itself. The judge is told of all that was acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import product
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

from socai.core import life
from socai.core import spec as language
from socai.core.account import Chart
from socai.core.entry import FINANCIAL
from socai.core.numbering import RESETS, SCOPES, is_provisional
from socai.core.spec import Field, Reason, VoucherSpec
from socai.dataserver.acts import act, entry, save
from socai.dataserver.acts.act import Asked
from socai.dataserver.acts.save import Request
from socai.dataserver.desk import CHOICES, Desk, Refused, Saved
from socai.dataserver.facts import read_one
from socai.dataserver.store import catalog, conflict, outbox, voucher
from socai.dataserver.store.file import Connection
from socai.dataserver.store.voucher import Head
from socai.dataserver.syncing import loading
from socai.lab.sim.file import OfficeCrashed
from socai.lab.sim.step import TRIED, Step
from socai.registry import chart_for, regimes, voucher_types
from socai.sync.grant import Grant
from socai.sync.message import BODY_ACTS, CATALOG, VOUCHER

if TYPE_CHECKING:
    from socai.lab.sim.office import Office
    from socai.lab.sim.world import World

CHIEF, CLERK = Grant("chief", "admin"), Grant("clerk", "accountant")
WARNINGS = ("CASH_NEGATIVE", "INVOICE_DUPLICATE")
STANDINGS = ("deleted", "conflict", "in_flight", "locked", "posted", "free")
CELLS = tuple(product(STANDINGS, TRIED))
FIRST_DAY = date(2026, 9, 1)
DAYS = 80
LOCK_DAYS = (3, 8, 12, 20, 30)  # after FIRST_DAY: the lock moves on, and back
CODES = 25
"""Codes people give to partners: so few that two offices make the same one while they know nothing of each other."""

NEWEST = 40  # vouchers people still have to do with
OPINIONS = frozenset(("ACT_IN_FLIGHT", "ACT_DELETED", "ACT_CONFLICT", "ACT_LOCKED", "ACT_POSTED"))
"""What only the act table says, each of a standing."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What an office told a person it had saved: `body` as it came back. `life` counts the file's restorations."""

    office: str
    restored: int
    kind: str
    object_kind: str
    id: str
    revision: int
    body: bytes
    act_id: str


@dataclass(slots=True)
class Place:
    """The catalogs of one tenant, as its people know them."""

    branches: tuple[str, ...]
    funds: list[str]
    banks: list[str]
    partners: list[str] = field(default_factory=list)


class People:
    """Everybody who types. One act at a time, in some office that is up."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.acknowledged: list[Acknowledged] = []
        self.places: dict[str, Place] = {}
        self.poison: dict[str, str] = {}  # tenant -> which poison its next new voucher is
        self.regime = next(iter(regimes()))
        self.chart = chart_for(self.regime)
        self.plain = list(_plain(self.chart))
        self._mended = 0
        self._repeat: tuple[Office, Grant, Request] | None = None
        for office in world.offices:
            if office.tenant not in self.places:
                office.boot()
                self.places[office.tenant] = self._found(office)

    def act(self, step: Step) -> None:
        """One act of some person, in the office the step names or, where that is down, in the next one."""
        offices = self.world.offices
        first = next(at for at, office in enumerate(offices) if office.name == step.office)
        for office in (*offices[first:], *offices[:first]):
            if office.up and not office.asleep:
                break
        else:
            return
        random = Random(step.draw)
        copies = [other for other in offices if other.copied_from is office and other.up]
        if copies and random.random() < 0.5:
            office = copies[0]
        self.world.acts_done += 1
        try:
            getattr(self, f"_{step.what}", self._touch)(office, self.places[office.tenant], step.what, random)
        except OfficeCrashed as crash:
            office.watch.forget_acts()
            office.crash(str(crash))

    def lost(self, office: Office) -> None:
        """What an office had acknowledged and its restored file does not hold is lost with the disk."""
        with office.file.read() as db:
            self.acknowledged = [
                told for told in self.acknowledged if told.office != office.name or _form(db, told) == told.body
            ]

    # ---- catalogs

    def _found(self, office: Office) -> Place:
        """The first office sets the company up."""
        ids = [office.ident() for _ in range(5)]
        place = Place(self.world.branches[office.tenant], [ids[1]], [ids[2], ids[3]], [ids[4]])
        settings: dict[str, Any] = {"name": "Công ty", "books_first_day": "2026-01-01", "negative_cash": "allow"}
        if self.world.traits.shared:
            settings["numbering"] = self._shared()
        rows: list[tuple[str, str, dict[str, Any]]] = [
            ("branch", place.branches[0], {"code": "TS", "name": "Trụ sở", "kind": "head_office"}),
            ("branch", place.branches[1], {"code": "CN", "name": "Chi nhánh", "kind": "dependent"}),
            ("company", "company", settings),
            ("fiscal_year", "2026", {
                "code": "2026", "first_day": "2026-01-01", "last_day": "2026-12-31", "regime": self.regime,
            }),
            ("fund", ids[1], {"code": "Q1", "name": "Quỹ"}),
            ("bank_account", ids[2], {"code": "B1", "name": "Tài khoản 1", "bank_name": "Ngân hàng"}),
            ("bank_account", ids[3], {"code": "B2", "name": "Tài khoản 2", "bank_name": "Ngân hàng"}),
            ("partner", ids[4], _partner("P0", 0)),
        ]  # fmt: skip
        for kind, ident, body in rows:
            found = entry.save_entry(office.desk, CHIEF, office.ident(), kind, ident, 0, body)
            if isinstance(found, Refused):
                raise AssertionError(found)
        return place

    def _shared(self) -> dict[str, Any]:
        """Settings by which most types' numbers come from series that all offices share, cut in different ways."""
        random = Random(self.world.seed)
        return {
            code: {"shared": True, "reset": random.choice(RESETS[:2]), "scope": random.choice(SCOPES)}
            for code in dict.fromkeys(spec.code for spec, _ in self.plain)
            if random.random() < 0.7
        }

    def _partner(self, office: Office, place: Place, _what: str, random: Random) -> None:
        """A new partner, under a code somebody else may be giving away too, or a changed one."""
        if random.random() < 0.6:
            ident, code, base = office.ident(), f"P{random.randrange(1, CODES)}", 0
        else:
            ident = random.choice(place.partners)
            with office.file.read() as db:
                row = catalog.load(db, "partner", ident)
            if row is None:
                return
            code, base = row.code, row.revision
        self._save_entry(office, CLERK, "partner", ident, base, _partner(code, random.randrange(1000)))

    def _save_entry(
        self, office: Office, grant: Grant, kind: str, ident: str, base: int, body: dict[str, Any]
    ) -> Saved | Refused:
        act_id = office.ident()
        found = entry.save_entry(office.desk, grant, act_id, kind, ident, base, body)
        self._told(office, f"{kind} {body.get('code')}", ident, found, CATALOG, act_id)
        place = self.places[office.tenant]
        if isinstance(found, Saved) and kind == "partner" and ident not in place.partners:
            place.partners.append(ident)
        return found

    def _mend_entry(self, office: Office, _place: Place, _what: str, _random: Random) -> None:
        """Entries the cloud refused are given another code, and what names them can go."""
        self.mend_entries(office)

    def mend_entries(self, office: Office) -> None:
        """Give every refused partner of an office a code nobody else has."""
        with office.file.read() as db:
            rows = [row for row in catalog.living(db, "partner") if row.refused]
        for row in rows:
            self._mended += 1
            body = _partner(f"M{self._mended}", self._mended)
            if isinstance(self._save_entry(office, CLERK, "partner", row.id, row.revision, body), Saved):
                self.world.befell("entry_mended", f"{office.name}: mended {row.code}")

    def _resolve_entry(self, office: Office, _place: Place, _what: str, random: Random) -> None:
        """A conflict about an entry is settled."""
        with office.file.read() as db:
            rows = [row for kind in ("partner", "lock") for row in catalog.living(db, kind)
                    if conflict.load(db, CATALOG, kind, row.id)]  # fmt: skip
        if rows:
            row = random.choice(rows)
            choice, act_id = random.choice(("theirs", "mine")), office.ident()
            found = entry.resolve_entry(office.desk, CHIEF, act_id, row.kind, row.id, choice)
            self._told(office, f"resolve_entry {choice}", row.id, found, CATALOG, act_id)

    def _lock(self, office: Office, place: Place, _what: str, random: Random) -> None:
        """The books are locked up to a day, or opened again from there."""
        day = FIRST_DAY + timedelta(days=random.choice(LOCK_DAYS))
        branch = self._branch(office, place, random)
        code = f"{branch}.{FINANCIAL}"
        body = {"code": code, "branch": branch, "book": FINANCIAL, "day": day.isoformat()}
        with office.file.read() as db:
            row = catalog.load(db, "lock", code)
        found = self._save_entry(office, CHIEF, "lock", code, row.revision if row else 0, body)
        if isinstance(found, Saved):
            self.world.befell("lock_moved", f"{office.name} locks up to {day}")

    # ---- vouchers

    def _new(self, office: Office, place: Place, _what: str, random: Random) -> None:
        body = self._body(office, place, random)
        request = Request(office.ident(), office.ident(), 0, body, self._posts(random), WARNINGS)
        if poison := self.poison.pop(office.tenant, ""):
            store = self.world.cloud.store
            (store.poison_accept if poison == "accept" else store.poison_post).add(request.id)
            self.world.befell(f"poison_{poison}", f"{request.id[-6:]} is poison ({poison})")
        if isinstance(self._save(office, CLERK, request), Saved):
            office.watch.acted(request.id)

    def _save(self, office: Office, grant: Grant, request: Request) -> Saved | Refused:
        self._repeat = (office, grant, request)  # also where the office dies over it: then nobody was told
        found = save.save_voucher(office.desk, grant, request)
        self._told(office, "save", request.id, found, VOUCHER, request.act_id)
        self._limits(office, request.body, found)
        return found

    def _limits(self, office: Office, body: Mapping[str, Any], found: Saved | Refused) -> None:
        """An office of some branches saves nothing of another."""
        branches = office.desk.branches
        if not branches or body["branch"] in branches:
            return
        if isinstance(found, Saved) and not found.repeated:
            self.world.broken(f"branch: {office.name} saved {found.id}, which is of a branch that is not its own")
        elif isinstance(found, Refused) and found.faults[0].code == "BRANCH_UNKNOWN":
            self.world.befell("branch_refused", f"{office.name}: not of its branch")

    def _branch(self, office: Office, place: Place, random: Random) -> str:
        """A branch somebody in this office writes down: nearly always one of theirs."""
        mine = sorted(office.desk.branches)
        if mine and random.random() < 0.95:
            return random.choice(mine)
        return random.choice(place.branches)

    def _again(self, _office: Office, _place: Place, _what: str, _random: Random) -> None:
        """Somebody's workstation repeats the last save, because its answer was lost on the way."""
        if self._repeat is None:
            return
        office, grant, request = self._repeat
        if office.up and not office.asleep:
            found = save.save_voucher(office.desk, grant, request)
            self._told(office, "save again", request.id, found, VOUCHER, request.act_id)
            if isinstance(found, Saved) and not found.repeated:
                office.watch.acted(request.id)  # the first time it had been refused

    def _posts(self, random: Random) -> tuple[str, ...]:
        return (FINANCIAL,) if random.random() < 0.75 else ()

    def _download(self, office: Office, _place: Place, _what: str, random: Random) -> None:
        """Tải chứng từ: some months, of all types and branches or of one."""
        first = FIRST_DAY.replace(month=random.randrange(9, 12))
        types = random.choice(((), (), (self.plain[0][0].code,)))
        found = loading.ask(office.desk, "clerk", first.isoformat(), "2026-11-30", types)
        self.world.note(f"{office.name} asks for vouchers from {first} on: {found}")

    def _ask(self, office: Office, _place: Place, _what: str, _random: Random) -> None:
        """Đồng bộ dữ liệu: somebody wants to be sure."""
        office.chores.asked = True

    def _body(self, office: Office, place: Place, random: Random) -> dict[str, Any]:
        """A voucher about a partner this office knows, if it knows one."""
        spec, reason = random.choice(self.plain)
        day = FIRST_DAY + timedelta(days=random.randrange(DAYS))
        with office.file.read() as db:
            rows = db.execute("SELECT id FROM catalog_entry WHERE kind = 'partner' AND deleted = 0 ORDER BY id")
            partners = [str(row[0]) for row in rows] or place.partners
        return fill(spec, reason, self.chart, place, self._branch(office, place, random), random.choice(partners),
                    day.isoformat(), str(random.randrange(1, 10**9)))  # fmt: skip

    def _touch(self, office: Office, place: Place, what: str, random: Random) -> None:
        """Some act on a voucher this office knows."""
        with office.file.read() as db:
            rows = db.execute("SELECT id FROM voucher ORDER BY id DESC LIMIT ?", (NEWEST,))
            idents = [str(row[0]) for row in rows]
            chosen = self._choose(db, office.desk, idents, random) if idents else None
            if chosen is None:
                return
            head, facts = chosen
            body = msgspec.json.decode(voucher.body(db, head.id, head.revision) or b"{}")
            sent = any(row.state == outbox.SENT for row in outbox.open_of(db, VOUCHER, head.type, head.id))
        if facts.conflict and random.random() < 0.3:
            what = "resolve"
        elif head.refused_act in BODY_ACTS and random.random() < 0.3:
            asked = Asked(CLERK, office.ident(), head.id, head.revision)
            found = act.discard(office.desk, asked)
            self._told(office, "discard", head.id, found, VOUCHER, asked.act_id)
            if isinstance(found, Saved):
                office.watch.acted(found.id)
            return
        self.world.cells[life.standing(facts), what] += 1
        office.watch.standing(head, facts)
        verdict = life.allow(facts, what, FINANCIAL)
        found = self._attempt(office, place, head, what, body, random)
        if verdict is not None and isinstance(found, Saved):
            self.world.broken(f"table: {what} on {head.id} is refused ({verdict.code}) and was done")
        if verdict is None and isinstance(found, Refused) and found.faults[0].code in OPINIONS:
            code = found.faults[0].code
            if what != "resolve" and not (code == "ACT_LOCKED" and what in ("edit", "post")):
                self.world.broken(f"table: {what} on {head.id} is allowed and was refused ({code})")
        if isinstance(found, Saved):
            office.watch.acted(found.id)
            if what == "resolve":
                office.watch.settled(head.id)
            if sent and facts.lease_over and what == "edit":
                self.world.befell("edit_after_lease")

    def _choose(
        self, db: Connection, desk: Desk, idents: Sequence[str], random: Random
    ) -> tuple[Head, life.Facts] | None:
        """Some voucher, those in conflict or in flight rather more often, since they pass."""
        picked = random.sample(idents, min(5, len(idents)))
        heads = [head for ident in picked if (head := voucher.load(db, ident))]
        calendar, now = desk.cache.get(db).calendar, desk.clock.now()
        known = [(head, read_one(db, head, calendar, now)) for head in heads]
        rare = [
            (head, facts)
            for head, facts in known
            if life.standing(facts) in ("conflict", "in_flight", "locked") or facts.pending == life.SENT
        ]
        return random.choice(rare or known) if known else None

    def _attempt(
        self, office: Office, place: Place, head: Head, name: str, body: dict[str, Any], random: Random
    ) -> Saved | Refused:
        asked = Asked(CLERK, office.ident(), head.id, head.revision)
        desk = office.desk
        if name == "edit":
            changed = self._body(office, place, random) | {"number": body.get("number", ""), "type": head.type}
            if changed["type"] != head.type or random.random() < 0.5:
                moved = changed["branch"] if random.random() < 0.3 else body["branch"]
                changed = body | {"accounting_date": changed["accounting_date"], "branch": moved}
            return self._save(office, CLERK, Request(asked.act_id, head.id, head.revision, changed,
                                                     self._posts(random), WARNINGS))  # fmt: skip
        if name == "quick_edit":
            found = act.quick_edit(desk, asked, {"description": f"Sửa {random.randrange(1000)}"})
        elif name == "delete":
            found = act.delete(desk, asked)
        elif name == "post":
            found = act.post(desk, asked, FINANCIAL, WARNINGS)
        elif name == "unpost":
            found = act.unpost(desk, asked, FINANCIAL)
        elif name == "renumber":
            found = act.renumber(desk, asked, f"X{random.randrange(10**6)}")
        else:
            found = act.resolve(desk, asked, random.choice(CHOICES), office.ident())
        self._told(office, name, head.id, found, VOUCHER, asked.act_id)
        return found

    def _told(self, office: Office, name: str, ident: str, found: Saved | Refused, kind: str, act_id: str) -> None:
        codes = ",".join(fault.code for fault in found.faults) if isinstance(found, Refused) else "done"
        if isinstance(found, Saved) and is_provisional(found.number):
            self.world.befell("provisional", f"{office.name}: {ident[-6:]} has the provisional number {found.number}")
        self.world.note(f"{office.name} {name} {ident[-6:]}: {codes}")
        if isinstance(found, Saved):
            self.acknowledged.append(
                Acknowledged(
                    office.name, office.restored, kind, found.type, found.id, found.revision, found.body, act_id
                )
            )


def _form(db: Connection, told: Acknowledged) -> bytes:
    """The acknowledged form as the file has it now."""
    if told.kind == VOUCHER:
        return voucher.body(db, told.id, told.revision)
    return catalog.body(db, told.object_kind, told.id, told.revision)


form_of = _form


def _partner(code: str, number: int) -> dict[str, Any]:
    return {"code": code, "name": f"Đối tượng {number}", "is_customer": True, "is_vendor": True, "is_employee": True}


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
    spec: VoucherSpec, reason: Reason, chart: Chart, place: Place, branch: str, partner: str, day: str, amount: str
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
        "branch": branch,
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
