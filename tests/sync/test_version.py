"""Row 13: versions of the protocol: how long each is spoken, how what was written under it is read, kept samples.

The samples are bytes a data server of that version made and the outcomes the cloud of its time gave. They never change:
a test that fails here means that offices in the field would not be understood any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from socai.cloud.accept import Acceptor
from socai.cloud.store.row import CodeRow, PersonRow, ReplicaRow
from socai.sync.message import (
    PROTOCOL,
    Hello,
    Outcome,
    Push,
    encode,
    operation_hash,
)
from socai.sync.version import (
    VERSIONS,
    Version,
    check_schema,
    check_version,
    oldest_spoken,
    spoken_until,
    upcast,
)
from support.sender import LATER, NOW, TIMELINE, memory_store, specs

SAMPLES = Path(__file__).parent / "samples"


def lines(version: int, name: str) -> list[bytes]:
    return (SAMPLES / str(version) / f"{name}.jsonl").read_bytes().splitlines()


# ---- kept samples


def test_row_13_every_version_spoken_has_samples() -> None:
    assert {item.number for item in VERSIONS} == {int(folder.name) for folder in SAMPLES.iterdir()}
    assert VERSIONS[-1].number == PROTOCOL


@pytest.mark.parametrize("version", [item.number for item in VERSIONS])
def test_row_13_the_bytes_of_a_version_keep_their_hash(version: int) -> None:
    """Read and written again they are the same bytes, so the hash an office gave is the hash the cloud finds."""
    for line in lines(version, "push"):
        push = msgspec.json.decode(line, type=Push)
        assert push.protocol == version
        assert encode(push) == line
        assert [operation.sha256 for operation in push.operations] == [operation_hash(one) for one in push.operations]
    for line in lines(version, "hello"):
        assert encode(msgspec.json.decode(line, type=Hello)) == line


@pytest.mark.parametrize("version", [item.number for item in VERSIONS])
def test_row_13_the_cloud_of_today_answers_a_version_as_the_cloud_of_its_day(version: int) -> None:
    store = memory_store()
    ref = store.create_tenant("minhphat", "minhphat", TIMELINE, 0)
    assert ref is not None
    for login, role in (("chief", "admin"), ("clerk", "accountant")):
        store.save_person(ref, PersonRow(login, login, "argon2", role, ()), "test")
    pushes = [msgspec.json.decode(line, type=Push) for line in lines(version, "push")]
    code, replica = hashlib.sha256(b"code").hexdigest(), pushes[0].replica
    store.add_code(ref, CodeRow(code, "Hà Nội", (), LATER))
    store.use_code(ref, code, NOW, ReplicaRow(replica, "", b"\0" * 32))
    acceptor = Acceptor(store, specs())
    for push, kept in zip(pushes, lines(version, "outcome"), strict=True):
        done = acceptor.push(ref, replica, push.operations)
        expected = [one.result for one in msgspec.json.decode(kept, type=list[Outcome])]
        assert [(one.result, one.faults) for one in done.outcomes] == [(result, []) for result in expected]
    acts = {(one.kind, one.act) for push in pushes for one in push.operations}
    assert {act for kind, act in acts if kind == "voucher"} >= {
        *("save", "quick_edit", "renumber", "post", "unpost", "delete")
    }


# ---- how long


def next_(number: int, released: date, **more: Any) -> Version:
    return Version(number, released, **more)


LINE = (next_(1, date(2026, 11, 22)), next_(2, date(2027, 8, 31)), next_(3, date(2028, 1, 10)))


@pytest.mark.parametrize(
    ("number", "until"), [(1, date(2029, 2, 28)), (2, date(2029, 7, 10)), (3, None)]
)  # 31 August + 18 months is the last day of February
def test_row_13_a_version_is_spoken_eighteen_months_after_the_next_one_came(number: int, until: date | None) -> None:
    assert spoken_until(number, LINE) == until


@pytest.mark.parametrize(
    ("today", "oldest"),
    [
        (date(2026, 12, 1), 1),
        (date(2029, 2, 28), 1),
        (date(2029, 3, 1), 2),
        (date(2029, 7, 11), 3),
        (date(2040, 1, 1), 3),
    ],
)
def test_row_13_older_ones_are_told_to_upgrade(today: date, oldest: int) -> None:
    assert oldest_spoken(today, LINE) == oldest
    codes = {number: check_version(number, today, LINE) for number in (1, 2, 3, 4)}
    assert [number for number, fault in codes.items() if fault is None] == list(range(oldest, 4))
    assert codes[4] is not None
    assert codes[4].code == "VERSION_TOO_NEW"
    if oldest > 1:
        assert codes[1] is not None
        assert (codes[1].code, codes[1].params["oldest"]) == ("VERSION_TOO_OLD", str(oldest))


# ---- reading older bodies


def test_row_13_a_body_goes_through_every_version_after_its_own() -> None:
    """Version 2 gave every line a side, version 3 took a field away: an older body reads as today's."""

    def to_2(kind: str, object_kind: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**body, "side": "debit"} if (kind, object_kind) == ("voucher", "journal") else body

    def to_3(kind: str, object_kind: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: value for name, value in body.items() if name != "old"}

    versions = (
        next_(1, date(2026, 11, 22), upcast=to_2),
        next_(2, date(2027, 8, 31), upcast=to_3),
        next_(3, date(2028, 1, 10)),
    )
    body = {"old": 1, "kept": 2}
    assert upcast(1, "voucher", "journal", body, versions) == {"kept": 2, "side": "debit"}
    assert upcast(2, "voucher", "journal", body, versions) == {"kept": 2}
    assert upcast(3, "voucher", "journal", body, versions) == body
    assert upcast(1, "catalog", "partner", body, versions) == {"kept": 2}
    assert body == {"old": 1, "kept": 2}


def test_row_13_what_nobody_here_can_read_is_said_so() -> None:
    codes = [fault.code if (fault := check_schema(number, LINE)) else "" for number in (0, 1, 3, 4)]
    assert codes == ["VERSION_TOO_OLD", "", "", "VERSION_TOO_NEW"]


def test_row_13_every_version_but_the_newest_says_how_it_becomes_the_next() -> None:
    assert [item.number for item in VERSIONS] == list(range(VERSIONS[0].number, PROTOCOL + 1))
    assert [item.upcast is None for item in VERSIONS] == [False] * (len(VERSIONS) - 1) + [True]
    assert [item.released for item in VERSIONS] == sorted(item.released for item in VERSIONS)
