"""What the comparison with the cloud is there for: a file at rest loses a row, and the next look sees it and mends it.

Done to a world that has come to rest and was judged, so that nothing else can be the cause of what is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

from socai.dataserver.store import digest as held
from socai.dataserver.store.file import Connection
from socai.dataserver.syncing import convergence
from socai.lab.sim.judge_office import judge_office
from socai.sync.digest import DIFFERS, EQUAL, MOVED, VOUCHERS, Place, month_of
from socai.sync.message import VOUCHER

if TYPE_CHECKING:
    from socai.lab.sim.office import Office
    from socai.lab.sim.world import World

LOOKS_MAX = 4
BALANCE_KEY = ("book", "dimension", "branch", "account", "currency", "detail", "period")
ENTRY_SETS = "bucket = 0 AND tenant = 0 AND voucher = ?"


def prove(world: World) -> Iterator[str]:
    """Every office finds itself equal, is damaged, sees it, and is whole again (I5)."""
    if not world.traits.compared:
        return
    world.judged = True
    random = Random(world.seed)
    for office in world.offices:
        if office.out:
            continue
        first = _look(office)
        if first == DIFFERS and not office.leapt:
            yield f"I5 {office.name} is told to differ at rest: {office.chores.differing()}"
        told = office.file.write(lambda db, office=office: _damage(db, office, random))  # type: ignore[misc]
        if not told:
            continue
        seen, again = _look(office), _look(office)
        if (seen, again) != (DIFFERS, EQUAL):
            yield f"I5 {office.name} lost {told}: the comparison says {seen}, then {again}"
        world.befell("damage_mended", f"{office.name}: lost {told}, and has it again")
        tables = world.cloud.store.at(world.cloud.refs[office.tenant])
        yield from (f"{text} (after losing {told})" for text in judge_office(office, tables, world))


def _look(office: Office) -> str:
    verdict = MOVED
    for _ in range(LOOKS_MAX):
        verdict = convergence.check(office.desk, office.chores.line)
        if verdict != MOVED:
            break
    return verdict


def _damage(db: Connection, office: Office, random: Random) -> str:
    """Change one row of what has to be the cloud's; which."""
    working = held.working(db)
    apart, busy = held.unsettled(db, working), {ident for kind, _, ident in working if kind == VOUCHER}
    missing = held.missing(db)
    vouchers = [
        str(ident)
        for ident, branch, day in db.execute(
            "SELECT id, branch, day FROM voucher WHERE version > 0 AND deleted = 0 ORDER BY id"
        )
        if ident not in busy
        and (branch, month_of(day)) not in missing
        and Place(VOUCHERS, branch, month_of(day)) not in apart
    ]
    kind = random.choice(("voucher", "number", "set", "balance", "balance", "partner"))
    if kind == "balance":
        rows = db.execute(f"SELECT {', '.join(BALANCE_KEY)} FROM balance ORDER BY {', '.join(BALANCE_KEY)}").fetchall()
        if rows:
            where = " AND ".join(f"{name} = ?" for name in BALANCE_KEY)
            db.execute(f"UPDATE balance SET debit = debit + 1 WHERE {where}", random.choice(rows))
        return "a balance" if rows else ""
    if kind == "partner":
        found = db.execute(
            "SELECT id FROM catalog_entry WHERE kind = 'partner' AND refused = '' ORDER BY id"
        ).fetchall()
        if not found or Place("partner", "", 0) in apart:
            return ""
        row = random.choice(found)
        db.execute("DELETE FROM catalog_entry WHERE kind = 'partner' AND id = ?", row)
        return f"partner {row[0]}"
    if not vouchers:
        return ""
    ident = random.choice(vouchers)
    if kind == "voucher":
        db.execute("DELETE FROM voucher WHERE id = ?", (ident,))
    elif kind == "number":
        db.execute("UPDATE voucher SET number = 'HU' WHERE id = ?", (ident,))
    else:
        gone = db.execute(f"SELECT count(*) FROM entry_set WHERE {ENTRY_SETS} AND live = 1", (ident,)).fetchone()
        for table in ("entry", "entry_set"):
            db.execute(f"DELETE FROM {table} WHERE {ENTRY_SETS}", (ident,))
        if not gone or not gone[0]:
            return ""
    return f"the {kind} of {ident}"
