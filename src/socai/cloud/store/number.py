"""What a cloud store offers for shared number series."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from socai.cloud.store.row import ReplicaRow, TenantRef
from socai.core.number_use import Use
from socai.sync.message import NumberNote
from socai.sync.number import Lease


@dataclass(frozen=True, slots=True)
class Stretch:
    """The vouchers of one series: a type on days (yyyymmdd) of a branch and fund; empty texts mean all."""

    type: str
    first_day: int
    last_day: int
    branch: str = ""
    fund: str = ""


class Numbering(Protocol):
    """One open transaction about the numbers of a tenant."""

    def replica(self, replica: str) -> tuple[ReplicaRow, Mapping[str, object]] | None:
        """Lock the replica; it and the company's settings, None for a replica this tenant does not have."""

    def last(self, series: str) -> int | None:
        """Lock the series; its last count granted, None where it had none (it has from now on: 0)."""

    def leases(self, series: str) -> list[Lease]:
        """The ranges of a series, lowest first."""

    def taken(self, series: str, numbers: Sequence[str]) -> set[str]:
        """Which of these numbers vouchers carry."""

    def keep(self, series: str, leases: Iterable[Lease], last: int) -> None:
        """Write ranges (by their first count) and the last count."""

    def drop(self, replica: str, epoch: int) -> None:
        """Ranges granted to older epochs of a replica are gone."""

    def note(self, replica: str, epoch: int, notes: Sequence[NumberNote]) -> None:
        """Keep notes; those kept already stay as they are."""

    def uses(self, series: str, stretch: Stretch) -> list[Use]:
        """What became of the series' numbers: living and deleted vouchers, numbers they had before, notes."""


class NumberStore(Protocol):
    """Shared series of all tenants."""

    def numbering(self, ref: TenantRef) -> AbstractContextManager[Numbering]:
        """A transaction that commits when the block ends. Raises Raced where somebody came between."""
