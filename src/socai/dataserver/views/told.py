"""Faults as a screen tells them: in words, with what people call the things they are about. Reads only."""

from __future__ import annotations

from collections.abc import Iterable

from socai.base.fault import Fault
from socai.dataserver import facts as fact
from socai.dataserver.store.file import Connection
from socai.edge.problem import WordedFault, worded


def told(db: Connection, faults: Iterable[Fault]) -> list[WordedFault]:
    """Faults with their words and names."""
    return [worded(fact.named(db, fault)) for fault in faults]


def told_of(db: Connection, text: str) -> list[WordedFault]:
    """Stored faults with their words and names."""
    return told(db, fact.faults_of(text))
