"""The demo: cloud, worker and two offices of the sample company in one folder, loaded once and kept.

While it runs it answers `demo link`, which cuts and mends an office's line.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from socai.base.folding import fold
from socai.lab.company import PASSWORD, PEOPLE
from socai.lab.control import ask, listening
from socai.lab.sample import EMPTY_TENANT, HANOI, HCM, OFFICES, TENANT, Sample, Told, last_day
from socai.lab.stack import Stack

LOADED = "demo.json"
PORTS = {"cloud": 8700, HANOI: 8701, HCM: 8702, f"{HANOI}-line": 8711, f"{HCM}-line": 8712}
CALLED = {
    HANOI: frozenset(("hanoi", "hn")),
    HCM: frozenset(("hcm", "tphcm", "hochiminh", "tphochiminh", "thanhphohochiminh", "saigon", "sg")),
}


class OfficeUnknown(Exception):
    """No office of the demo is called that."""


class FolderNotOurs(Exception):
    """The folder holds something that is no demo; it is left alone."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo."""

    stack: Stack
    vouchers: int

    def addresses(self) -> list[tuple[str, str]]:
        """(what, address) of everything a person opens."""
        told = [(f"Văn phòng {OFFICES[name]}", office.address) for name, office in self.stack.offices.items()]
        return [*told, ("Cloud, operator's page", f"{self.stack.cloud_address}/operator")]

    def logins(self) -> list[tuple[str, str, str, str]]:
        """(login, password, name, role) of everybody."""
        return [(who.login, PASSWORD, who.name, who.role) for who in PEOPLE]

    def companies(self) -> tuple[str, str]:
        """The codes of the company with books and of the empty one."""
        return TENANT, EMPTY_TENANT


def office_called(name: str) -> str:
    """The office a person means: hanoi, Hà Nội, HN; hcm, TP.HCM, Sài Gòn … Raises OfficeUnknown."""
    plain = "".join(letter for letter in fold(name) if letter.isalnum())
    for office, names in CALLED.items():
        if plain in names:
            return office
    raise OfficeUnknown(name)


@contextlib.contextmanager
def running(folder: Path, *, fresh: bool, today: date, told: Told) -> Iterator[Demo]:
    """The demo of a folder, started; loaded first where it never was. `fresh` begins anew."""
    prepare(folder, fresh)
    mark = folder / LOADED
    with Stack(folder, (HANOI, HCM), ports=PORTS) as stack:
        if mark.is_file():
            stack.start_offices()
            vouchers = int(json.loads(mark.read_text(encoding="utf-8"))["vouchers"])
        else:
            vouchers = Sample(stack, told).load(last_day(today))
            mark.write_text(json.dumps({"vouchers": vouchers}), encoding="utf-8")
        with listening(folder, lambda command: _commanded(stack, command)):
            yield Demo(stack, vouchers)


def prepare(folder: Path, fresh: bool) -> None:
    """Clear away a demo that is not wanted any more, or was never wholly loaded. Raises FolderNotOurs."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / "stack.json").is_file():
        raise FolderNotOurs(str(folder))
    if fresh or not (folder / LOADED).is_file():
        Stack(folder, (HANOI, HCM)).stop_leftovers()
        shutil.rmtree(folder)


def set_link(folder: Path, office: str, whole: bool) -> None:
    """Cut or mend an office's line in the running demo of a folder. Raises NotRunning."""
    ask(folder, {"link": office, "whole": whole})


def _commanded(stack: Stack, command: Mapping[str, Any]) -> Mapping[str, Any]:
    office = stack.offices.get(str(command.get("link")))
    if office is None:
        return {"ok": False}
    if command.get("whole"):
        office.line.mend()
    else:
        office.line.cut()
    return {"ok": True}
