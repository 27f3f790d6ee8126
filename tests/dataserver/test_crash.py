"""I1: what was acknowledged survives kill -9; what was not is wholly there or not at all, and is never there twice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from socai.dataserver.store import audit, outbox, voucher
from support.desk import open_office

ROUNDS = 3
ACKNOWLEDGED_BEFORE_THE_KILL = (5, 60, 200)


def saver(folder: Path, first: int) -> subprocess.Popen[str]:
    tests = Path(__file__).resolve().parent.parent
    environment = os.environ | {"PYTHONPATH": str(tests)}
    command = [sys.executable, str(Path(__file__).with_name("saver.py")), str(folder), str(first)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


@pytest.mark.parametrize("enough", ACKNOWLEDGED_BEFORE_THE_KILL)
def test_kill_in_the_middle_of_saves(tmp_path: Path, enough: int) -> None:
    acknowledged: list[list[str]] = []
    for number in range(ROUNDS):
        process = saver(tmp_path, 10_000_000 * (number + 1))
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        for _ in range(enough):
            acknowledged.append(process.stdout.readline().split())
        process.kill()
        rest = process.stdout.read().splitlines()
        acknowledged += [line.split() for line in rest if len(line.split()) == 3]
        process.wait()
    office = open_office(tmp_path / "replica.db")
    with office.desk.file.read() as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert audit.broken_link(db) == 0
        for ident, act, number in acknowledged:
            head = voucher.load(db, ident)
            assert head is not None, ident
            assert (head.number, head.revision) == (number, 1)
            done = audit.done(db, act)
            assert done is not None
            assert done.object == ident
            assert len(outbox.open_of(db, "voucher", "journal", ident)) == 1
        numbers = [row[0] for row in db.execute("SELECT number FROM voucher ORDER BY number")]
        assert numbers == [f"NVK{count:05d}" for count in range(1, len(numbers) + 1)]
        whole = (
            "SELECT count(*) FROM voucher v JOIN voucher_body b ON b.voucher = v.id JOIN outbox o ON o.object = v.id"
        )
        assert db.execute(whole).fetchone() == (len(numbers),)
    assert len(numbers) >= len(acknowledged)
    office.close()
