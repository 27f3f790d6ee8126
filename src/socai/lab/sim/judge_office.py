"""The judge of one office at rest: it equals the cloud but for what it was told, and it says what it was told (I5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from socai.cloud.store.memory_feed import entitled
from socai.cloud.store.memory_table import TenantTables
from socai.core.balance import Movements
from socai.core.numbering import Series, series_of_body
from socai.dataserver.facts import read_one, wire_faults
from socai.dataserver.store import conflict, meta, number, outbox, voucher
from socai.dataserver.store.conflict import Theirs
from socai.dataserver.store.file import Connection
from socai.dataserver.store.voucher import BookRow, Head
from socai.dataserver.syncing.settling import TRIES_MAX
from socai.lab.sim.act import form_of
from socai.registry import voucher_types
from socai.sync.fact import VoucherFact
from socai.sync.message import APPLIED, BODILESS_ACTS, CATALOG, REJECTED, VOUCHER

if TYPE_CHECKING:
    from socai.lab.sim.office import Office
    from socai.lab.sim.world import World


def judge_office(office: Office, tables: TenantTables, world: World) -> Iterator[str]:
    """Every way in which an office is not what it should be."""
    with office.file.read() as db:
        for law in (_mark, _vouchers, _entries, _ledger, _outbox, _numbers, _settled, _limits):
            for text in law(db, office, tables):
                yield f"{text.partition(' ')[0]} {office.name} {text.partition(' ')[2]}"
        idents = {str(row[0]) for row in db.execute("SELECT id FROM voucher")}
    others = [other for other in world.cloud.store.tables.values() if other is not tables]
    if strange := [ident for ident in idents if any(ident in other.vouchers for other in others)]:
        yield f"I12 {office.name} holds vouchers of another tenant: {strange}"


def _mark(db: Connection, office: Office, tables: TenantTables) -> Iterator[str]:
    """The mark is green: all is sent, answered and received, as dataserver/books.py reckons it."""
    if not meta.standing(db).received:
        yield "I5 has everything and waits for more"
    if office.push_state.reason or not office.push_state.online:
        yield f"I5 is not on line: {office.push_state.reason}"
    if not office.pull_state.caught_up:
        yield "I5 has not caught up"
    if shadows := db.execute("SELECT count(*) FROM shadow").fetchone()[0]:  # type: ignore[index]
        yield f"I5 keeps {shadows} newer forms from people, and nothing waits"


# ---- vouchers


def _vouchers(db: Connection, office: Office, tables: TenantTables) -> Iterator[str]:
    idents = [str(row[0]) for row in db.execute("SELECT id FROM voucher ORDER BY id")]
    books = voucher.book_rows(db, idents)
    heads = voucher.load_many(db, idents)
    lost = conflict.of_vouchers(db, idents)
    for ident in idents:
        head, fact = heads[ident], _seen(office, tables, ident)
        row = conflict.load(db, VOUCHER, head.type, ident) if ident in lost else None
        if row is not None:
            yield from _against(f"conflict about {ident}", row.winner, fact)
        elif head.refused:
            yield from _told(db, head, fact)
        elif fact is None:
            if not head.deleted:
                yield f"I5 has {ident}, the cloud never heard of it"
        else:
            yield from _same(head, fact, voucher.body(db, ident, head.revision))
        if fact is not None:
            yield from _books(ident, books.get(ident, []), fact)
    since = meta.number(db, "snapshot_seq")
    for ident, fact in tables.vouchers.items():
        if ident in heads or fact.deleted or not _entitled(office, fact.branch):
            continue
        if tables.changes[VOUCHER, ident].seq > since:
            yield f"I5 never heard of {ident}"


def _entitled(office: Office, branch: str) -> bool:
    """Whether a branch is this office's business."""
    return not office.desk.branches or branch in office.desk.branches


def _seen(office: Office, tables: TenantTables, ident: str) -> VoucherFact | None:
    """A voucher as this office may see it: one that has left its branches reads as deleted, and is in no book.

    Of one that never was in them it is told nothing; it can hold one only that a restored cloud has lost, and another
    office has sent again in its own branch.
    """
    fact = tables.vouchers.get(ident)
    if fact is None or _entitled(office, fact.branch):
        return fact
    told = entitled(tables.changes[VOUCHER, ident], office.desk.branches)
    return replace(fact, deleted=True, books=()) if told else None


def _against(what: str, winner: Theirs, fact: VoucherFact | None) -> Iterator[str]:
    """A conflict stands against the newest form, not against one that is gone itself."""
    there = (fact.version, fact.deleted) if fact is not None else (0, True)
    if (winner.version, winner.deleted) != there:
        yield f"I5 {what} is told against {(winner.version, winner.deleted)}, the cloud is at {there}"
    elif fact is not None and not fact.deleted and msgspec.json.decode(winner.body) != msgspec.json.decode(fact.body):
        yield f"I5 {what} is told against another form than the cloud's"


def _told(db: Connection, head: Head, fact: VoucherFact | None) -> Iterator[str]:
    """A refused draft says why, and stands on what the cloud has."""
    if not all(fault.code for fault in wire_faults(head.refused)):
        yield f"I15 does not say why {head.id} was refused"
    if head.version != (fact.version if fact is not None else 0):
        yield f"I5 holds a refused draft of {head.id} on {head.version}, the cloud is at {fact and fact.version}"
    elif fact is not None and not fact.deleted:
        if head.refused_act in BODILESS_ACTS:
            yield from _same(head, fact, voucher.body(db, head.id, head.revision))
        form = voucher.newest_taken(db, head.id)
        held = voucher.body(db, head.id, form.revision) if form is not None else b"{}"
        if msgspec.json.decode(held) != msgspec.json.decode(fact.body):
            yield f"I5 would bring back another form of {head.id} than the cloud's, were its draft put away"


def _same(head: Head, fact: VoucherFact, content: bytes) -> Iterator[str]:
    here, there = (head.version, bool(head.deleted)), (fact.version, fact.deleted)
    if here != there:
        yield f"I5 has {head.id} at {here}, the cloud at {there}"
        return
    if fact.deleted:
        return
    mine = msgspec.json.decode(content)
    if mine != msgspec.json.decode(fact.body):
        yield f"I5 shows another body of {head.id}"
    if (head.number, head.branch, head.day, head.type) != (fact.number, fact.branch, fact.day, fact.type):
        yield f"I5 lists {head.id} as {(head.number, head.day, head.type)}, its body says otherwise"


def _books(ident: str, rows: list[BookRow], fact: VoucherFact) -> Iterator[str]:
    """Of every book the same: posted, asked, running, and why not."""
    here = {
        row.book: (row.posted, row.asked, row.running, row.fault_act, [fault.code for fault in wire_faults(row.faults)])
        for row in rows
    }
    there = {
        state.book: (state.posted, state.asked, state.running, state.fault_act, [fault.code for fault in state.faults])
        for state in fact.books
    }
    nothing: tuple[bool, bool, str, str, list[str]] = (False, False, "", "", [])
    for book in {*here, *there}:
        if here.get(book, nothing) != there.get(book, nothing):
            yield f"I5 shows {ident} in {book} as {here.get(book)}, the cloud as {there.get(book)}"


# ---- catalogs


def _entries(db: Connection, office: Office, tables: TenantTables) -> Iterator[str]:
    drafts = {(row[0], row[1]): int(row[2]) for row in db.execute(
        "SELECT object_kind, object, version FROM conflict WHERE kind = ?", (CATALOG,))}  # fmt: skip
    here = set()
    for kind, ident, version, deleted, refused, body in db.execute(
        "SELECT kind, id, version, deleted, refused, body FROM catalog_entry"
    ):
        here.add((kind, ident))
        fact = tables.entries.get((kind, ident))
        at = fact.version if fact is not None else 0
        if (kind, ident) in drafts:
            if drafts[kind, ident] != at:
                yield f"I5 conflict about {kind} {ident} is told against {drafts[kind, ident]}, the cloud is at {at}"
        elif refused:
            if version != at:
                yield f"I5 holds a refused draft of {kind} {ident} on {version}, the cloud is at {at}"
        elif fact is None:
            if not deleted:
                yield f"I5 has {kind} {ident}, the cloud never heard of it"
        elif (version, bool(deleted)) != (fact.version, fact.deleted):
            yield f"I5 has {kind} {ident} at {version}, the cloud at {fact.version}"
        elif not deleted and msgspec.json.decode(body) != msgspec.json.decode(fact.body):
            yield f"I5 shows another form of {kind} {ident}"
    for key, fact in tables.entries.items():
        if key not in here and not fact.deleted:
            yield f"I5 never heard of {key}"


# ---- the books here


def _ledger(db: Connection, office: Office, tables: TenantTables) -> Iterator[str]:
    """I5 balances and live sets are the cloud's; I7 no set is here in part."""
    held: dict[str, dict[tuple[object, ...], tuple[int, ...]]] = {}
    for book, *rest in db.execute(
        "SELECT book, dimension, branch, account, currency, detail, period,"
        " debit, credit, debit_foreign, credit_foreign FROM balance"
    ):
        if any(rest[6:]):
            held.setdefault(book, {})[tuple(rest[:6])] = tuple(rest[6:])
    for book in {*held, *tables.balances}:
        mine = {key: row for key, row in tables.balances.get(book, {}).items() if _entitled(office, key[1])}
        if held.get(book, {}) != _nonzero(mine):
            yield f"I5 has balances of {book} that are not the cloud's"
    since = meta.number(db, "snapshot_seq")
    here = {
        (row[0], row[1], row[2]): (row[3], row[4])
        for row in db.execute(
            "SELECT s.voucher, s.book, s.set_no, count(e.line), coalesce(sum(e.amount), 0) FROM entry_set s"
            " LEFT JOIN entry e ON (e.bucket, e.tenant, e.voucher, e.book) = (s.bucket, s.tenant, s.voucher, s.book)"
            " WHERE s.live GROUP BY s.voucher, s.book, s.set_no"
        )
    }
    there = {
        key: (len(kept.entries), sum(entry.amount for entry in kept.entries), kept.posted_seq)
        for key, kept in tables.sets.items()
        if not kept.voided_seq and _entitled(office, kept.branch)
    }
    for key, found in here.items():
        if key not in there:
            yield f"I5 has set {key} in its books, the cloud has not"
        elif found != there[key][:2]:
            yield f"I7 has {found[0]} entries of set {key}, the cloud {there[key][0]}"
    for key, (_, _, posted_seq) in there.items():
        if key not in here and posted_seq > since:
            yield f"I5 lacks set {key}"


def _nonzero(movements: Movements) -> dict[tuple[object, ...], tuple[int, ...]]:
    return {tuple(key): tuple(turnover) for key, turnover in movements.items() if any(turnover)}


def _outbox(db: Connection, office: Office, tables: TenantTables) -> Iterator[str]:
    """I16: what this office was told of its acts is what the cloud has recorded; a refusal says why."""
    for epoch, n, sha256, result, faults in db.execute(
        "SELECT epoch, n, sha256, result, faults FROM outbox WHERE state = ? AND n IS NOT NULL", (outbox.ANSWERED,)
    ):
        found = tables.log.get((office.replica, epoch, n))
        if found is None:
            if result != APPLIED and office.world.cloud.restored:
                continue  # refused in an epoch that a restored cloud has lost: it led to nothing there either
            yield f"I16 was told {result} of operation {epoch}.{n}, which the cloud does not know"
        elif (found[0].sha256, found[1].result) != (sha256, result):
            yield f"I16 was told {result} of operation {epoch}.{n}, the cloud recorded {found[1].result}"
        if result == REJECTED and not faults:
            yield f"I16 was told nothing of why {epoch}.{n} was refused"


def _numbers(db: Connection, office: Office, tables: TenantTables) -> Iterator[str]:
    """I13: each number of a series drawn here stands on some form of a voucher: nothing was drawn for nobody."""
    if office.restored or any(other.copied_from is office for other in office.world.offices):
        return  # what was drawn after the backup is on vouchers that came back from the cloud, or lost with the disk
    drawn: dict[str, set[str]] = {}
    cut: dict[str, Series] = {}
    numbering, mark = office.desk.cache.get(db).company.numbering, meta.text(db, "series_mark")
    for kind, content in db.execute("SELECT v.type, b.body FROM voucher v JOIN voucher_body b ON b.voucher = v.id"):
        body = msgspec.json.decode(content)
        series = series_of_body(voucher_types()[kind].spec, numbering, body)
        drawn.setdefault(series.key, set()).add(str(body.get("number") or ""))
        cut[series.key] = series
    given = [(str(key), 1, int(last)) for key, last in db.execute("SELECT series, last FROM number_series")]
    given += [tuple(row) for row in db.execute("SELECT series, first, next - 1 FROM number_lease")]
    for key, first, last in given:
        carried = drawn.get(key, set()) | {row.reserved for row in number.waiting(db, 10_000)}
        carried |= {use.number for use in number.noted(db, key)}
        missing = [n for n in range(first, last + 1) if key in cut and cut[key].text(mark, n) not in carried]
        if missing:
            yield f"I13 has drawn numbers {missing[:3]} of {key} for nobody"


# ---- branches and shared numbers


def _limits(db: Connection, office: Office, tables: TenantTables) -> Iterator[str]:
    """An office of some branches holds nothing of another: no form of a voucher, no entry, no balance, no month."""
    if not office.desk.branches:
        return
    found = {str(row[0]) for row in db.execute(
        "SELECT branch FROM voucher UNION SELECT branch FROM entry_set UNION SELECT branch FROM balance"
        " UNION SELECT branch FROM month_missing"
        " UNION SELECT body ->> '$.branch' FROM voucher_body WHERE length(body) > 0"
        " UNION SELECT body ->> '$.branch' FROM conflict WHERE kind = 'voucher' AND length(body) > 0"
    )}  # fmt: skip
    if strange := found - office.desk.branches - {""}:
        yield f"branch: holds something of {sorted(strange)}, and is of {sorted(office.desk.branches)}"


def _settled(db: Connection, office: Office, tables: TenantTables) -> Iterator[str]:
    """I13: with the line up no provisional number is left but on what a person has to settle first."""
    known, now = office.desk.cache.get(db), office.desk.clock.now()
    waiting = {row.voucher: row for row in number.waiting(db, 10_000)}
    mark = meta.text(db, "series_mark")
    rows = db.execute("SELECT id FROM voucher WHERE number LIKE '%~%' AND deleted = 0")
    for ident in [str(row[0]) for row in rows]:
        head = voucher.load_many(db, [ident])[ident]
        facts = read_one(db, head, known.calendar, now)
        if ident in waiting:
            tried = waiting[ident].tries >= TRIES_MAX
            newest = outbox.newest_of(db, VOUCHER, ident)  # the cloud knows a lock that stands in conflict here
            locked = facts.locked or (newest is not None and "DATE_LOCKED" in newest.faults)
            if not (facts.conflict or locked or head.refused or tried):
                yield f"I13 leaves {ident} with the provisional number {head.number}"
        elif head.number.partition("~")[2].rstrip("0123456789") == mark and not facts.conflict and not head.refused:
            yield f"I13 has forgotten that {ident} waits for a number in place of {head.number}"
    for ident in waiting:
        if ident not in voucher.load_many(db, [ident]):
            yield f"I13 waits for a number of {ident}, which is not here"


# ---- what was acknowledged


def acknowledged(world: World) -> Iterator[str]:
    """I1 and I15: what was acknowledged can be read, in the very form that was typed, whatever became of it."""
    offices = {office.name: office for office in world.offices}
    for told in world.people.acknowledged:
        with offices[told.office].file.read() as db:
            found = form_of(db, told)
        if told.body and found != told.body:
            lost = "has lost it" if not found else "has another"
            yield f"I1 {told.office} acknowledged form {told.revision} of {told.id} and {lost}"
