"""The log of one voucher, on every store; and how acts and postings of several offices are put in order."""

from __future__ import annotations

from socai.cloud.store.port import CloudStore
from socai.sync.log import LoggedAct, LoggedSet, assemble
from socai.sync.message import LogItem
from socai.sync.refused import LoggedRefusal, refused_elsewhere
from support.sender import HCM, HN, Sender, company, enrol, ident
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


def test_row_6_what_was_refused_is_told_to_the_other_offices_until_it_is_done_again(cloud_store: CloudStore) -> None:
    """With the number as it was typed; to none that may not see the branch; an act of the program's own to nobody."""
    first = company(cloud_store)
    second = Sender(cloud_store, first.ref, enrol(cloud_store, first.ref))
    taken, twice, partner = ident(), ident(), ident()
    first.push(first.save(taken, BODY | {"number": "NVK00001"}))
    second.push(
        second.save(twice, BODY | {"number": "NVK00001"}, user="accountant"),
        second.save(taken, BODY, base=5),
        second.entry("partner", partner, {"code": "KH77"}),
        second.operation("voucher", "journal", taken, "number", base=9, body=BODY | {"number": "NVK00009"}),
    )

    def told(office: Sender, *branches: str, since: str = "2000-01-01T00:00:00Z") -> set[tuple[str, ...]]:
        found = cloud_store.refused_acts(first.ref, office.replica, since)
        acts = refused_elsewhere(found, {second.replica: "Sài Gòn"}, branches)
        return {(each.id, each.result, each.user, each.office, each.number, each.branch) for each in acts}

    expected = (twice, "rejected", "accountant", "Sài Gòn", "NVK00001", HN)
    assert expected in told(first)
    assert expected in told(first, HN)
    assert expected not in told(first, HCM)
    assert partner in {each[0] for each in told(first, HCM)}  # a catalog is of no branch
    assert "NVK00009" not in {each[4] for each in told(first)}
    assert told(first, since="2100-01-01T00:00:00Z") == set()
    assert told(second) == set()
    second.push(second.save(twice, BODY | {"number": "NVK00002"}))
    assert twice not in {each[0] for each in told(first)}


def test_row_6_a_refused_form_that_cannot_be_read_is_told_without_its_number() -> None:
    one = act("b", 1, 0, "T", result="rejected")
    found = [LoggedRefusal(one, "voucher", "journal", "v", body) for body in (b"{", b"[]", b"", b'{"number": 7}')]
    assert [item.number for item in refused_elsewhere(found, {}, ())] == ["", "", "", "7"]
    assert refused_elsewhere(found, {}, [HN]) == []


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
