"""Row 18: a restored cloud gives versions out again; ours is told against the form that stands there, not its number.

I4: an applied change replaced exactly what it was made on. I5: what is put away brings back what the cloud has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from socai.dataserver.acts import act, entry
from socai.dataserver.acts.act import Asked
from socai.dataserver.desk import Saved
from socai.dataserver.store import catalog, conflict, meta
from socai.dataserver.store.conflict import ConflictRow
from socai.dataserver.store.file import MEMORY
from socai.dataserver.syncing import exchange
from socai.sync.message import (
    FeedItem,
    Outcome,
    PushAnswer,
    Winner,
    WireFault,
    form_hash,
    raw_body,
)
from support.desk import CHIEF, CLERK, PARTNER, Office, amount, head, hear, ident, journal, open_office, restored, saved

NEW, AGAIN = 50, 10**6  # seqs: of the old timeline, and of the new one


@pytest.fixture
def office() -> Iterator[Office]:
    found = open_office(MEMORY)
    answer(found)
    found.desk.file.write(lambda db: meta.put(db, {"timeline": "t1", "snapshot_done": 1}))
    yield found
    found.close()


def answer(office: Office, result: str = "applied", seq: int = 1, winner: Winner | None = None) -> dict[int, str]:
    """Send what waits, and answer it; what was said of the forms it stands on."""
    push = exchange.next_batch(office.desk)
    assert push is not None
    faults = [WireFault("DATE_LOCKED", "accounting_date")] if result == "rejected" else []
    told = [
        Outcome(each.n, result, each.base.version + 1 if result == "applied" else 0, seq, faults=faults, winner=winner)
        for each in push.operations
    ]
    exchange.take_answer(office.desk, push, PushAnswer("", told))
    return push.forms


def form(key: str, amount: str) -> bytes:
    return msgspec.json.encode(journal(amount, number=f"X{key[-4:]}", books=["financial"]))


def item(key: str, seq: int, version: int, amount: str = "", **more: Any) -> FeedItem:
    return FeedItem("voucher", "journal", key, seq, version, "other", "", body=raw_body(form(key, amount)), **more)


def told(office: Office, key: str, kind: str = "voucher", of: str = "journal") -> ConflictRow | None:
    with office.desk.file.read() as db:
        return conflict.load(db, kind, of, key)


def edit(office: Office, key: str, text: str) -> Saved:
    return saved(office.save(journal(text, number=f"X{key[-4:]}"), key, head(office, key).revision))


def sent(office: Office) -> int:
    with office.desk.file.read() as db:
        return meta.standing(db).next_n - 1


def asked(office: Office, key: str) -> Asked:
    return Asked(CLERK, ident(), key, head(office, key).revision)


def test_a_push_says_to_a_restored_cloud_what_its_versions_hold_and_to_no_other(office: Office) -> None:
    key = ident()
    hear(office, item(key, NEW, 2, "200"))
    edit(office, key, "222")
    assert answer(office, "rejected") == {}
    restored(office)
    edit(office, key, "223")
    push = exchange.next_batch(office.desk)
    assert push is not None
    (operation,) = push.operations
    assert (operation.base.version, push.timeline) == (2, "t2")
    assert push.forms == {operation.n: form_hash(form(key, "200"))}
    again = exchange.next_batch(office.desk)
    assert again is not None
    assert again.forms == push.forms


def test_a_refused_draft_is_told_against_another_form_under_its_version(office: Office) -> None:
    key = ident()
    hear(office, item(key, NEW, 2, "200"))
    edit(office, key, "222")
    answer(office, "rejected")
    restored(office)
    hear(office, item(key, AGAIN, 2, "200"))
    assert told(office, key) is None, "sent again as it was"
    hear(office, item(key, AGAIN + 1, 2, "999"))
    found = told(office, key)
    assert found is not None
    assert (found.winner.version, bytes(found.winner.body)) == (2, form(key, "999"))
    assert amount(office, key) == "222", "what was typed stays"
    saved(act.resolve(office.desk, asked(office, key), "theirs"))
    assert amount(office, key) == "999"


def test_an_unsent_edit_refused_for_another_reason_is_told_against_that_form_too(office: Office) -> None:
    """What was heard while ours waited is told nowhere else."""
    key = ident()
    hear(office, item(key, NEW, 2, "200"))
    restored(office)
    edit(office, key, "222")
    hear(office, item(key, AGAIN, 2, "999"))
    answer(office, "rejected")
    found = told(office, key)
    assert found is not None
    assert bytes(found.winner.body) == form(key, "999")


def test_discarding_does_not_bring_back_a_form_of_ours_that_the_cloud_has_lost(office: Office) -> None:
    """Taken once, lost with the cloud, sent again and refused: it is the older form that stands."""
    made = saved(office.save(journal("100")))
    answer(office)
    before = sent(office)
    saved(office.save(journal("777"), made.id, made.revision))
    answer(office, seq=NEW)
    restored(office, before)
    answer(office, "rejected")
    saved(act.discard(office.desk, asked(office, made.id)))
    assert amount(office, made.id) == "100"


def test_mine_on_top_refused_and_discarded_brings_back_theirs(office: Office) -> None:
    """Also without any restored cloud: the winner is what stands, not what both had begun from."""
    key = ident()
    hear(office, item(key, NEW, 1, "100"))
    edit(office, key, "222")
    winner = Winner(2, "other", "", body=raw_body(form(key, "999")))
    answer(office, "conflict", winner=winner)
    saved(act.resolve(office.desk, asked(office, key), "mine"))
    assert amount(office, key) == "222"
    answer(office, "rejected")
    saved(act.discard(office.desk, asked(office, key)))
    assert amount(office, key) == "999"


def test_the_same_of_a_catalog_entry(office: Office) -> None:
    """Row 7: mine on top of theirs, refused and put away: theirs stands."""
    mine, theirs = ({"code": "KH01", "name": name, "is_customer": True} for name in ("Của tôi", "Của họ"))
    saved(office.entry("partner", PARTNER, mine, base=1))
    winner = Winner(2, "other", "", body=raw_body(msgspec.json.encode(theirs)))
    answer(office, "conflict", winner=winner)
    saved(entry.resolve_entry(office.desk, CHIEF, ident(), "partner", PARTNER, "mine"))
    answer(office, "rejected")
    saved(entry.discard_entry(office.desk, CHIEF, ident(), "partner", PARTNER))
    with office.desk.file.read() as db:
        row = catalog.load(db, "partner", PARTNER)
    assert row is not None
    assert (msgspec.json.decode(row.body)["name"], row.version) == ("Của họ", 2)


def test_mine_on_top_stands_on_the_winner_for_a_restored_cloud_too(office: Office) -> None:
    """Else it would be told as a conflict again and again."""
    key = ident()
    hear(office, item(key, NEW, 1, "100"))
    restored(office)
    edit(office, key, "222")
    winner = Winner(2, "other", "", body=raw_body(form(key, "999")))
    answer(office, "conflict", winner=winner)
    saved(act.resolve(office.desk, asked(office, key), "mine"))
    (said,) = answer(office).values()
    assert said == form_hash(form(key, "999"))
