"""The log of one voucher, on every store; and how acts and postings of several offices are put in order."""

from __future__ import annotations

from socai.cloud.store.port import CloudStore
from socai.sync.log import LoggedAct, LoggedSet, assemble
from socai.sync.message import LogItem
from support.sender import HN, Sender, company, enrol, ident
from support.sender import specs as _specs

BODY = {
    "type": "journal",
    "branch": HN,
    "voucher_date": "2026-11-20",
    "accounting_date": "2026-11-20",
    "description": "Phân bổ chi phí",
    "lines": [{"debit_account": "6428", "credit_account": "242", "amount": "1000"}],
}


def test_every_act_is_told_with_its_office_and_its_answer(cloud_store: CloudStore) -> None:
    first = company(cloud_store)
    second = Sender(cloud_store, first.ref, enrol(cloud_store, first.ref))
    voucher, other = ident(), ident()
    assert _specs()
    first.push(first.save(voucher, BODY), first.save(other, BODY))
    second.push(second.save(voucher, BODY, base=1), second.save(voucher, BODY, base=1))
    rows = cloud_store.voucher_rows(first.ref, voucher)
    assert rows.branches == frozenset((HN,))
    found = sorted((act.replica == first.replica, act.version, act.result, act.act) for act in rows.acts)
    assert found == [(False, 2, "applied", "save"), (False, 2, "conflict", "save"), (True, 1, "applied", "save")]
    assert all(act.arrived_at.endswith("Z") and act.made_at and act.author for act in rows.acts)
    assert [fault.code for act in rows.acts for fault in act.faults] == ["CONFLICT"]
    assert rows.sets == ()
    assert cloud_store.voucher_rows(first.ref, ident()).acts == ()


def act(replica: str, n: int, seq: int, at: str, name: str = "save", result: str = "applied") -> LoggedAct:
    return LoggedAct(replica, 1, n, f"act-{n}", f"user-{replica}", "made", at, name, n, seq, result)


def told(items: list[LogItem]) -> list[tuple[str, str, str]]:
    return [(item.what, item.act, item.office) for item in items]


def test_a_posting_is_told_with_the_act_that_asked_for_it() -> None:
    acts = [
        act("b", 9, 30, "2026-11-20T03:00:00.000Z", "unpost"),
        act("a", 1, 10, "2026-11-20T01:00:00.000Z"),
        act("a", 2, 0, "2026-11-20T01:30:00.000Z", "delete", "rejected"),
    ]
    sets = [LoggedSet("financial", 1, 1, 20, "2026-11-20T01:10:00Z", 31, "2026-11-20T03:00:05.000Z")]
    found = assemble(acts, sets, {"a": "Hà Nội", "b": "Sài Gòn"})
    assert told(found) == [
        ("accepted", "save", "Hà Nội"),
        ("refused", "delete", "Hà Nội"),
        ("posted", "save", "Hà Nội"),
        ("accepted", "unpost", "Sài Gòn"),
        ("voided", "unpost", "Sài Gòn"),
    ]
    assert [item.by for item in found] == ["user-a", "user-a", "user-a", "user-b", "user-b"]


def test_one_seq_that_exchanges_sets_tells_the_old_one_first() -> None:
    sets = [LoggedSet("financial", 1, 1, 20, "t1", 40, "t2"), LoggedSet("financial", 2, 2, 40, "t2")]
    acts = [act("a", 1, 10, "t0"), act("a", 2, 30, "t1")]
    assert [item.what for item in assemble(acts, sets, {})] == ["accepted", "posted", "accepted", "voided", "posted"]
