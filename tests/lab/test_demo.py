"""The demo's smoke over the command line, and what stands around a running demo."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from socai.lab.control import NotRunning, ask, listening
from socai.lab.demo import FolderNotOurs, OfficeUnknown, office_called, prepare
from socai.lab.line import Line
from socai.lab.program import Program, ProgramFailed, end_leftover, start_mark

STEPS = ("saved_ms", "posted_ms", "seen_elsewhere_ms", "saved_offline_ms", "drained_ms")


def test_smoke() -> None:
    """`socai demo --smoke --json`: one voucher from office to office, one more with the line cut."""
    asked = [sys.executable, "-m", "socai.cli", "demo", "--smoke", "--json"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    found = json.loads(told.stdout)
    assert found["ok"], (found, told.stderr)
    assert [step for step in STEPS if not found[step] > 0] == []
    assert found["saved_ms"] < found["posted_ms"] <= found["seen_elsewhere_ms"]


@pytest.mark.parametrize(
    ("name", "office"),
    [("hanoi", "hanoi"), ("Hà Nội", "hanoi"), ("HN", "hanoi"), ("TP.HCM", "hcm"), ("Sài Gòn", "hcm"),
     ("thành phố Hồ Chí Minh", "hcm")],
)  # fmt: skip
def test_offices_are_called_as_people_call_them(name: str, office: str) -> None:
    assert office_called(name) == office


def test_an_unknown_office_is_refused() -> None:
    with pytest.raises(OfficeUnknown):
        office_called("Paris")


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("two years of work", encoding="utf-8")
    with pytest.raises(FolderNotOurs):
        prepare(tmp_path, fresh=True)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "two years of work"


def test_a_demo_half_loaded_begins_anew(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "stack.json").write_text("{}", encoding="utf-8")
    prepare(folder, fresh=False)
    assert not folder.exists()


def test_a_second_command_speaks_to_the_running_one(tmp_path: Path) -> None:
    with listening(tmp_path, lambda command: {"heard": command["link"]}):
        assert ask(tmp_path, {"link": "hanoi"}) == {"heard": "hanoi"}
        assert (tmp_path / "control.json").stat().st_mode & 0o077 == 0
    with pytest.raises(NotRunning):
        ask(tmp_path, {"link": "hanoi"})


def test_without_the_secret_nothing_is_answered(tmp_path: Path) -> None:
    with listening(tmp_path, lambda command: {"ok": True}):
        door = json.loads((tmp_path / "control.json").read_text(encoding="utf-8"))
        (tmp_path / "control.json").write_text(json.dumps({**door, "secret": "guess"}), encoding="utf-8")
        with pytest.raises(NotRunning):
            ask(tmp_path, {"link": "hanoi"})


def test_a_line_on_a_taken_port_says_so() -> None:
    with Line(1) as first, pytest.raises(OSError, match="in use"), Line(1, first.port):
        pass


def test_a_program_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    program = Program("wrong", ("no-such-command",), tmp_path, "http://127.0.0.1:9/")
    program.start()
    with pytest.raises(ProgramFailed, match="No such command"):
        program.wait()


def test_what_a_killed_owner_left_is_ended(tmp_path: Path) -> None:
    left = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    mark = tmp_path / "left.pid"
    mark.write_text(f"{left.pid} {start_mark(left.pid)}", encoding="ascii")
    end_leftover(mark)
    assert left.wait() == -signal.SIGTERM
    assert not mark.exists()


def test_a_process_that_only_has_the_same_number_is_left_alone(tmp_path: Path) -> None:
    mark = tmp_path / "other.pid"
    mark.write_text(f"{os.getpid()} 1", encoding="ascii")
    end_leftover(mark)
    assert not mark.exists()
