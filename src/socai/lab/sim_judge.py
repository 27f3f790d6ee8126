"""The judge of a simulated world at rest: the invariants of the design as predicates, each a sentence when broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from socai.base.calendar import day_key, day_of_key
from socai.cloud.store.memory import TenantTables
from socai.core.balance import Movements, move
from socai.dataserver.store import conflict, meta, voucher
from socai.lab.sim_act import LOCK_DAY
from socai.registry import chart_for
from socai.sync.message import APPLIED, VOUCHER

if TYPE_CHECKING:
    from socai.lab.sim_office import Office
    from socai.lab.sim_world import World


def judge(world: World) -> Iterator[str]:
    """Every broken invariant of a world that has come to rest."""
    yield from world.people.violations
    for ref in world.cloud.refs.values():
        tables = world.cloud.store.at(ref)
        yield from _log(tables)
        yield from _books(tables, world.people.regime)
        yield from _numbers(tables)
    for office in world.offices:
        yield from _office(world, office)
    yield from _acknowledged(world)


def _log(tables: TenantTables) -> Iterator[str]:
    """I2 an act has one effect; I3 numbers without gaps, versions without gaps."""
    effects: dict[str, set[tuple[str, int]]] = {}
    for operation, record in tables.log.values():
        if record.result == APPLIED:  # the same act under a new epoch is answered with what it came to the first time
            effects.setdefault(operation.act_id, set()).add((operation.id, record.version))
    for act_id, found in effects.items():
        if len(found) > 1:
            yield f"I2 act {act_id} had the effects {sorted(found)}"
    by_epoch: dict[tuple[str, int], list[int]] = {}
    for replica, epoch, n in tables.log:
        by_epoch.setdefault((replica, epoch), []).append(n)
    for key, numbers in by_epoch.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            yield f"I3 operations of {key} have gaps"
    for fact in tables.vouchers.values():
        missing = [n for n in range(1, fact.version) if (fact.id, n) not in tables.voucher_history]
        if missing:
            yield f"I3 voucher {fact.id} lacks versions {missing}"


def _books(tables: TenantTables, regime: str) -> Iterator[str]:
    """I8 debits are credits, balances are sums; I9 one live set where posted; I11 nothing runs; I14 the lock held."""
    chart = chart_for(regime)
    rebuilt: dict[str, Movements] = {}
    live: dict[tuple[str, str], int] = {}
    for (ident, book, _), kept in tables.sets.items():
        if kept.voided_seq:
            continue
        if (ident, book) in live:
            yield f"I9 {ident} stands twice in book {book}"
        live[ident, book] = kept.version
        debit = sum(entry.amount for entry in kept.entries if entry.debit)
        credit = sum(entry.amount for entry in kept.entries if entry.credit)
        if debit != credit:
            yield f"I8 {ident}: debits {debit}, credits {credit}"
        move(rebuilt.setdefault(book, {}), kept.entries, day_of_key(kept.day), chart)
    for book in {*rebuilt, *tables.balances}:
        wanted, held = _nonzero(rebuilt.get(book, {})), _nonzero(tables.balances.get(book, {}))
        if wanted != held:
            yield f"I8 balances of {book}: {sum(1 for key in {*wanted, *held} if wanted.get(key) != held.get(key))} off"
    for fact in tables.vouchers.values():
        for state in fact.books:
            if state.running:
                yield f"I11 {fact.id}: {state.running} still runs in {state.book}"
            if state.posted != ((fact.id, state.book) in live):
                yield f"I9 {fact.id}: posted is {state.posted}, its live set says otherwise"
            if fact.deleted and state.posted:
                yield f"I9 {fact.id} is deleted and posted"
    yield from _locks(tables)


def _locks(tables: TenantTables) -> Iterator[str]:
    """I14: what was posted after the lock was set lies after the lock date."""
    locks = [change.seq for (kind, _), change in tables.changes.items() if kind == "lock"]
    for (ident, _, _), kept in tables.sets.items():
        if locks and kept.day <= day_key(LOCK_DAY) and kept.posted_seq > min(locks):
            yield f"I14 {ident} of {kept.day} was posted after the lock"


def _numbers(tables: TenantTables) -> Iterator[str]:
    """I13 numbers are unique among living vouchers."""
    taken = Counter(
        (fact.branch, fact.series, fact.number) for fact in tables.vouchers.values() if not fact.deleted and fact.number
    )
    for key, count in taken.items():
        if count > 1:
            yield f"I13 number {key} stands on {count} vouchers"


def _nonzero(movements: Movements) -> dict[tuple[object, ...], tuple[int, ...]]:
    return {tuple(key): tuple(turnover) for key, turnover in movements.items() if any(turnover)}


def _office(world: World, office: Office) -> Iterator[str]:
    """I5 an office equals the cloud but for what it was told, and says so; I12 nothing of another tenant is here."""
    tables = world.cloud.store.at(world.cloud.refs[office.tenant])
    with office.file.read() as db:
        if not meta.standing(db).received:
            yield f"I5 {office.name} has everything and waits for more"
        idents = [row[0] for row in db.execute("SELECT id FROM voucher")]
        conflicts = conflict.of_vouchers(db, idents)
        books = voucher.book_rows(db, idents)
        for ident in idents:
            head, fact = voucher.load(db, ident), tables.vouchers.get(ident)
            if head is None or ident in conflicts or head.refused:
                continue
            if fact is None:
                if not head.deleted:
                    yield f"I5 {office.name} has {ident}, the cloud never heard of it"
                continue
            if (head.version, bool(head.deleted)) != (fact.version, fact.deleted):
                here, there = (head.version, bool(head.deleted)), (fact.version, fact.deleted)
                yield f"I5 {office.name} has {ident} at {here}, the cloud at {there}"
            elif not fact.deleted:
                mine = msgspec.json.decode(voucher.body(db, ident, head.revision))
                if mine != msgspec.json.decode(fact.body):
                    yield f"I5 {office.name} shows another body of {ident}"
            posted = {row.book for row in books.get(ident, ()) if row.posted}
            if posted != {book.book for book in fact.books if book.posted}:
                yield f"I5 {office.name} shows {ident} posted in {posted}"
        held: dict[str, dict[tuple[object, ...], tuple[int, ...]]] = {}
        for book, *rest in db.execute(
            "SELECT book, dimension, branch, account, currency, detail, period,"
            " debit, credit, debit_foreign, credit_foreign FROM balance"
        ):
            if any(rest[6:]):
                held.setdefault(book, {})[tuple(rest[:6])] = tuple(rest[6:])
        partners = {row[0]: row[1] for row in db.execute(
            "SELECT id, version FROM catalog_entry WHERE kind = 'partner' AND refused = ''")}  # fmt: skip
        drafts = {row[0] for row in db.execute("SELECT object FROM conflict WHERE kind <> ?", (VOUCHER,))}
    for book in {*held, *tables.balances}:
        if held.get(book, {}) != _nonzero(tables.balances.get(book, {})):
            yield f"I5 {office.name}: balances of {book} are not the cloud's"
    for ident, version in partners.items():
        entry = tables.entries.get(("partner", ident))
        if ident not in drafts and (entry is None or entry.version != version):
            yield f"I5 {office.name} has partner {ident} at {version}"
    strange = {ident for ident in idents if any(
        ident in other.vouchers for other in world.cloud.store.tables.values() if other is not tables)}  # fmt: skip
    if strange:
        yield f"I12 {office.name} holds vouchers of another tenant: {sorted(strange)}"


def _acknowledged(world: World) -> Iterator[str]:
    """I1 and I15: what was acknowledged can be read, in the very form that was typed, whatever became of it."""
    offices = {office.name: office for office in world.offices}
    for told in world.people.acknowledged:
        with offices[told.office].file.read() as db:
            if not voucher.body(db, told.voucher, told.revision):
                yield f"I1 {told.office} acknowledged revision {told.revision} of {told.voucher} and has lost it"
