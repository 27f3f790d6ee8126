"""The judge of a simulated world at rest: the invariants of the design as predicates, each a sentence when broken.

What holds while a world runs is watched as it runs (watch.py: I6 and the five minutes; act.py: the act table;
office.py: I16, nobody asks before told to). What no simulator of one process can judge is said where it stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from socai.base.calendar import day_of_key
from socai.cloud.store.memory_table import TenantTables
from socai.core.balance import Movements, move
from socai.core.posting import post_voucher
from socai.lab.sim import judge_office as offices
from socai.lab.sim.cloud import CLERK
from socai.registry import chart_for, voucher_types
from socai.sync.message import APPLIED, CONFLICT, NUMBER

if TYPE_CHECKING:
    from socai.lab.sim.world import World

Law = Callable[["World", TenantTables], Iterator[str]]


def judge(world: World) -> Iterator[str]:
    """Every broken invariant of a world that has come to rest."""
    yield from world.violations
    for ref in world.cloud.refs.values():
        tables = world.cloud.store.at(ref)
        for law in CLOUD_LAWS:
            yield from law(world, tables)
    for office in world.offices:
        if office.out:
            continue  # the copy a person has switched off: what it holds is judged by I1 alone
        tables = world.cloud.store.at(world.cloud.refs[office.tenant])
        yield from offices.judge_office(office, tables, world)
    yield from offices.acknowledged(world)


# ---- the log


def one_effect(world: World, tables: TenantTables) -> Iterator[str]:
    """I2: an act has one effect, under however many numbers it came.

    Under a new epoch it is answered with what it came to the first time, be that a refusal or a conflict.
    """
    effects: dict[tuple[str, str], set[tuple[str, str, int]]] = {}
    for (replica, _, _), (operation, record) in tables.log.items():
        told = (operation.id, record.result, record.version)
        effects.setdefault((replica, operation.act_id), set()).add(told)
    for (_, act_id), found in effects.items():
        if len(found) > 1:
            yield f"I2 act {act_id} came to {sorted(found)}"


def order(world: World, tables: TenantTables) -> Iterator[str]:
    """I3: a replica's operations were applied in its order and without gaps; versions have no gaps."""
    epochs: dict[tuple[str, int], list[int]] = {}
    seqs: dict[tuple[str, int], int] = {}
    for replica, epoch, n in sorted(tables.log):
        epochs.setdefault((replica, epoch), []).append(n)
        operation, record = tables.log[replica, epoch, n]
        if record.result == APPLIED and not _told_before(tables, replica, epoch, operation.act_id):
            if record.seq < seqs.get((replica, epoch), 0):
                yield f"I3 operation {n} of {replica} was applied before an earlier one"
            seqs[replica, epoch] = record.seq
    for key, numbers in epochs.items():
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"I3 operations of {key} have gaps"
    for fact in tables.vouchers.values():
        missing = [n for n in range(1, fact.version) if (fact.id, n) not in tables.voucher_history]
        if missing:
            yield f"I3 voucher {fact.id} lacks versions {missing}"
    for entry in tables.entries.values():
        missing = [n for n in range(1, entry.version) if (entry.kind, entry.id, n) not in tables.entry_history]
        if missing:
            yield f"I3 {entry.kind} {entry.id} lacks versions {missing}"


def _told_before(tables: TenantTables, replica: str, epoch: int, act_id: str) -> bool:
    """Whether an act is known from an older epoch: then its record repeats what it came to there."""
    return epoch > 1 and any(
        operation.act_id == act_id
        for (whose, when, _), (operation, _) in tables.log.items()
        if whose == replica and when < epoch
    )


def base(world: World, tables: TenantTables) -> Iterator[str]:
    """I4: what was applied replaced exactly what it was made on. Nobody lost to an act of his own machine."""
    makers = {
        (operation.id, record.version): replica
        for (replica, _, _), (operation, record) in tables.log.items()
        if record.result == APPLIED
    }
    doubled = {row.replica for row in tables.replicas.values() if row.epoch > 1}
    for (replica, epoch, n), (operation, record) in tables.log.items():
        if record.result == APPLIED:
            chained = tables.log.get((replica, epoch, operation.base.operation)) if operation.base.operation else None
            made_on = chained[1].version if chained else operation.base.version
            if record.version != made_on + 1 and not _told_before(tables, replica, epoch, operation.act_id):
                yield f"I4 {operation.act} of {operation.id}: version {record.version} was made on {made_on}"
        elif record.result == CONFLICT and not world.cloud.restored and replica not in doubled:
            lost_to = makers.get((operation.id, record.version))
            if lost_to == replica:
                yield f"I4 {operation.act} {n} of {operation.id} lost to an act of the same office"


# ---- the books


def books(world: World, tables: TenantTables) -> Iterator[str]:
    """I8: debits are credits, balances are sums of entries; I9: a version stands in a book once, where it is posted."""
    chart = chart_for(world.people.regime)
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
        wanted, held = nonzero(rebuilt.get(book, {})), nonzero(tables.balances.get(book, {}))
        if wanted != held:
            yield f"I8 balances of {book}: {sum(1 for key in {*wanted, *held} if wanted.get(key) != held.get(key))} off"
    for fact in tables.vouchers.values():
        for state in fact.books:
            if state.posted != ((fact.id, state.book) in live):
                yield f"I9 {fact.id}: posted is {state.posted}, its live set says otherwise"
            if fact.deleted and state.posted:
                yield f"I9 {fact.id} is deleted and posted"


def rebuild(world: World, tables: TenantTables) -> Iterator[str]:
    """I10: every live set is what its version, posted anew, comes to, and that version is the newest that may stand.

    The replay of the lane's outcomes on PostgreSQL is `socai cloud verify`'s, in tests/cloud.
    """
    chart = chart_for(world.people.regime)
    types = voucher_types()
    for (ident, book, _), kept in tables.sets.items():
        if kept.voided_seq:
            continue
        fact = tables.vouchers[ident]
        state = fact.book(book)
        if not state.faults and kept.version != fact.body_version:
            yield f"I10 {ident}: {book} shows version {kept.version}, the voucher stands at {fact.body_version}"
        source = fact if fact.body_version == kept.version else tables.voucher_history.get((ident, kept.version))
        if source is None:
            yield f"I10 {ident}: no version {kept.version} to rebuild from"
            continue
        entries, faults = post_voucher(types[source.type].spec, msgspec.json.decode(source.body), chart)
        if faults or tuple(entries) != tuple(kept.entries):
            yield f"I10 {ident}: posted anew, version {kept.version} gives other entries"


def ended(world: World, tables: TenantTables) -> Iterator[str]:
    """I11: nothing stays in progress; one poison voucher holds up nobody. I16: what was accepted has its outcome."""
    for fact in tables.vouchers.values():
        for state in fact.books:
            if state.running:
                yield f"I11 {fact.id}: {state.running} still runs in {state.book}"
            elif state.asked and not state.posted and not state.faults and not fact.deleted:
                yield f"I16 {fact.id}: posting in {state.book} was accepted, and nothing came of it"
    poison = world.cloud.store.poison_accept
    for operation, record in tables.log.values():
        if operation.id in poison and record.result == APPLIED:
            yield f"I11 poison {operation.id} was applied"
    for fact in tables.vouchers.values():
        if fact.id in world.cloud.store.poison_post and any(state.posted for state in fact.books):
            yield f"I11 poison {fact.id} was posted"


# ---- numbers, locks, rights


def numbers(world: World, tables: TenantTables) -> Iterator[str]:
    """I13: numbers are unique among living vouchers, and the table of numbers says who has which."""
    living = [fact for fact in tables.vouchers.values() if not fact.deleted and fact.number]
    for key, count in Counter((fact.series, fact.number) for fact in living).items():
        if count > 1:
            yield f"I13 number {key} stands on {count} vouchers"
    held = {(fact.series, fact.number): fact.id for fact in living}
    if held != tables.numbers:
        wrong = sorted({*held.items()} ^ {*tables.numbers.items()})[:2]
        yield f"I13 the table of numbers is not what the vouchers say: {wrong}"


def locks(world: World, tables: TenantTables) -> Iterator[str]:
    """I14: nothing dated on or before the lock date in force entered or left the books."""
    days: dict[str, list[tuple[int, int]]] = {}
    for operation, record in tables.log.values():
        if operation.object_kind == "lock" and record.result == APPLIED:
            body = msgspec.json.decode(operation.body)
            days.setdefault(body["branch"], []).append((record.seq, int(body["day"].replace("-", ""))))
    for (ident, _, _), kept in tables.sets.items():
        for what, seq in (("posted", kept.posted_seq), ("voided", kept.voided_seq)):
            day = max(((since, day) for since, day in days.get(kept.branch, ()) if since < seq), default=(0, 0))[1]
            if seq and kept.day <= day:
                yield f"I14 {ident} of {kept.day} was {what} at {seq} while {day} was locked"


def rights(world: World, tables: TenantTables) -> Iterator[str]:
    """The cloud checks each person's right again, at the moment the act arrives."""
    if world.cloud.restored:
        return  # its seqs are given out twice, and the people came back with the backup
    for time in world.cloud.revoked:
        if world.cloud.store.at(world.cloud.refs[time.tenant]) is not tables:
            continue
        for operation, record in tables.log.values():
            late = time.first < record.seq and (time.last is None or record.seq <= time.last)
            person = operation.act != NUMBER  # a final number is nobody's act
            if operation.user == CLERK and person and record.result == APPLIED and late:
                yield f"right: {operation.act} of {operation.id} was applied while its author had no right"


CLOUD_LAWS: tuple[Law, ...] = (one_effect, order, base, books, rebuild, ended, numbers, locks, rights)

ELSEWHERE = {
    "I7": "a reader beside the writer: tests/dataserver and tests/cloud with two connections; here a page, a turn and"
    " an answer are each one commit that a crash lies before or behind, and what is half would break I5 or I8",
    "I12": "that no tenant slows another is measured by `socai bench fair`; that none sees another is judged here",
}
"""Invariants, or parts of them, that one process in virtual time cannot break, and what judges them instead."""


def nonzero(movements: Movements) -> dict[tuple[object, ...], tuple[int, ...]]:
    """Balances that say something."""
    return {tuple(key): tuple(turnover) for key, turnover in movements.items() if any(turnover)}
