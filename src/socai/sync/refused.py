"""What was refused at one office is told at the others, where its person may be at work: messages, and who is told."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from socai.sync.log import LoggedAct
from socai.sync.message import VOUCHER, WireFault

NUMBER_MAX = 100  # of what a refused form says, as far as it is told


class RefusedAct(msgspec.Struct, frozen=True, omit_defaults=True):
    """An act the cloud did not take (rejected | conflict), told to other offices, where its person may be at work now.

    `office` is where it was done; `number` and `branch` are those of the refused form, empty for catalog entries.
    """

    act_id: str
    result: str
    user: str
    office: str
    at: str
    kind: str
    object_kind: str
    id: str
    act: str
    number: str = ""
    branch: str = ""
    faults: list[WireFault] = []


class RefusedActs(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was refused lately elsewhere and not done again since, newest first."""

    items: list[RefusedAct] = []


@dataclass(frozen=True, slots=True)
class LoggedRefusal:
    """An act the cloud did not take, with the form it brought (empty where it brought none)."""

    logged: LoggedAct
    kind: str
    object_kind: str
    id: str
    body: bytes


def refused_elsewhere(
    found: Iterable[LoggedRefusal], offices: Mapping[str, str], branches: Collection[str]
) -> list[RefusedAct]:
    """What an office of these branches (none: all) is told of refusals at others. What cannot be read is nobody's."""
    told = []
    for item in found:
        number, branch = _form(item)
        if branches and branch not in branches and item.kind == VOUCHER:
            continue
        one = item.logged
        told.append(
            RefusedAct(
                *(one.act_id, one.result, one.author, offices.get(one.replica, ""), one.arrived_at),
                *(item.kind, item.object_kind, item.id, one.act, number, branch),
                faults=list(one.faults),
            )
        )
    return told


def _form(item: LoggedRefusal) -> tuple[str, str]:
    try:
        body = msgspec.json.decode(item.body or b"{}")
    except msgspec.MsgspecError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    number = body.get("number") if item.kind == VOUCHER else body.get("code")
    return str(number or "")[:NUMBER_MAX], str(body.get("branch") or "")
