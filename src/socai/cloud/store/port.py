"""The operations a cloud store offers. `postgres.py` and `memory.py` keep the same contract; one suite tests both.

Accept, feed, people and enrolment are declared here; what the lane and the poster need is declared in their own module
and works on the same tables. Rules every store keeps:

- All rows of one transaction belong to one tenant. The change counter is taken under the tenant's row lock as the last
  statement, so a reader that has seen seq s never later finds a change at or below s.
- Locks are taken in this order: replica, catalog entries, vouchers (by id), lane, tenant. Posters begin at vouchers.
- Accept writes `work` rows and raises the lane's depth. It writes voucher_book (asked, running, work) for the books a
  person's act is about; from then on voucher_book is the poster's until the next act. The outcome of work n changes the
  book state only where voucher_book.work is still n.
- A body-changing act raises voucher.body_version: queued post or replace of an older one is superseded.
- A delete that goes through the lane leaves the voucher undeleted; the poster marks it deleted (and frees its number)
  when no book holds it any more.
- Accept of a catalog kind that postings read raises lane.settings_version; a posting that loaded an older one must not
  commit: it checks the fence and settings_version in its own lane update, the last but one statement.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from socai.books.reader import Reader
from socai.cloud.store.number import Numbering, NumberStore, Stretch
from socai.cloud.store.row import (
    CodeRow,
    Cursor,
    DownloadFilter,
    PersonRow,
    ReplicaRow,
    TenantRef,
    TenantRow,
)
from socai.sync.digest import Digests
from socai.sync.fact import Changes, Objects
from socai.sync.log import LoggedAct, LoggedSet
from socai.sync.message import ChangeCount, FeedItem, SnapshotChunk
from socai.sync.reading import Record, Wanted
from socai.sync.refused import LoggedRefusal

ACTS_MAX = 500  # of one voucher, told in its log
REFUSED_MAX = 50  # refusals told to another office at once


class Raced(Exception):
    """Somebody else made or took the same thing between our reading and our writing: load, decide and apply again."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What a transaction came to. `seq` is 0 where nothing changed."""

    seq: int
    depth: int


@dataclass(frozen=True, slots=True)
class FrameRows:
    """What a store knows of a batch's frame. `bodies` are those of the catalog kinds that readings depend on."""

    replica: ReplicaRow
    people: Sequence[PersonRow]
    bodies: Mapping[str, Sequence[Mapping[str, object]]]
    recorded: Mapping[int, Record]
    earlier: Mapping[str, tuple[Record, ...]]
    arrived_at: str
    timeline: str = ""


class Accepting(Protocol):
    """One accepting transaction, open."""

    def frame(self, replica: str, numbers: Collection[int], act_ids: Collection[str]) -> FrameRows | None:
        """Lock the replica and read the frame; None for a replica this tenant does not have.

        `act_ids` are looked up only where the replica has had an older epoch.
        """

    def objects(self, wanted: Wanted) -> Objects:
        """Read and lock the objects, in order."""

    def stretch(self, wanted: Stretch, limit: int) -> list[str]:
        """Living vouchers with numbers of a type, days, branch and fund, by id; at most `limit`."""

    def apply(self, changes: Changes) -> Applied:
        """Write everything; takes the counter last. Raises Raced."""

    def quarantine(self, replica: str) -> None:
        """Take nothing more from this replica until a person has chosen the right copy."""


class AcceptStore(Protocol):
    """Recording what data servers send."""

    def accepting(self, ref: TenantRef) -> AbstractContextManager[Accepting]:
        """A transaction that commits when the block ends and rolls back on any exception."""

    def renumbering(self, ref: TenantRef) -> AbstractContextManager[tuple[Accepting, Numbering]]:
        """The same with the shared series in it."""


class FeedStore(Protocol):
    """Reading what changed. Every call sees one moment of the tenant."""

    def heads(self, refs: Sequence[TenantRef]) -> Mapping[TenantRef, int]:
        """The newest seq of each tenant: one cheap look, for those who wait."""

    def feed(
        self, ref: TenantRef, after: Cursor, branches: frozenset[str], limit: int, bytes_max: int
    ) -> tuple[list[FeedItem], Cursor, int]:
        """Items after the cursor in (seq, kind, id) order, the new cursor, and the newest seq.

        Where the items end the feed, the cursor stands behind everything of the newest seq.
        """

    def ahead(
        self, ref: TenantRef, after: Cursor, branches: frozenset[str], most: int
    ) -> tuple[list[ChangeCount], int]:
        """How many objects of each kind lie after the cursor, of at most `most` looked at, and the newest seq."""

    def reheard(
        self, ref: TenantRef, held: Mapping[str, int], branches: frozenset[str]
    ) -> tuple[list[FeedItem], list[str]]:
        """Those of the held vouchers (id -> seq known) that stand at another seq now, with their live sets.

        Tombstones too. Behind them the ids of which there is nothing, or never was in these branches, in order.
        """

    def snapshot(self, ref: TenantRef, branches: frozenset[str], rows: int) -> Iterator[SnapshotChunk]:
        """All catalog entries and the balances of the branches, as of one seq, in chunks of at most `rows`."""

    def download(
        self, ref: TenantRef, wanted: DownloadFilter, after: tuple[int, str], limit: int, bytes_max: int
    ) -> tuple[list[FeedItem], tuple[int, str] | None]:
        """Vouchers by (day, id) after that key with their live sets, and the key to go on from, None at the end."""

    def download_count(self, ref: TenantRef, wanted: DownloadFilter) -> int:
        """How many vouchers the filter holds."""


class Reading(Protocol):
    """One tenant's books and catalogs at one moment, as reports read them."""

    reader: Reader

    def settings(self) -> Mapping[str, Sequence[Mapping[str, object]]]:
        """The bodies of the catalog kinds that charts and years come from."""

    def entries(self, kind: str, idents: Sequence[str]) -> Mapping[str, bytes]:
        """The bodies of catalog entries by id, deleted ones too; those nobody knows are left out."""


@runtime_checkable
class ReportStore(Protocol):
    """Reading the books for reports. The store in memory has no books to run queries on, and is none."""

    def reading(self, ref: TenantRef) -> AbstractContextManager[Reading]:
        """The tenant at one moment, read only."""


class DigestStore(Protocol):
    """What offices compare themselves with."""

    def digests(self, ref: TenantRef, branches: frozenset[str]) -> Digests:
        """The digests of everything an office limited to `branches` (none: all) is entitled to, of one moment."""


@dataclass(frozen=True, slots=True)
class VoucherRows:
    """What a store knows of one voucher's life. `branches`: where it is and where it was."""

    branches: frozenset[str]
    acts: tuple[LoggedAct, ...]
    sets: tuple[LoggedSet, ...]


class LogStore(Protocol):
    """Reading one voucher's life."""

    def voucher_rows(self, ref: TenantRef, ident: str) -> VoucherRows:
        """Its newest acts and all its sets, of one moment; nothing where the cloud never heard of it."""

    def refused_acts(self, ref: TenantRef, but: str, since: str) -> list[LoggedRefusal]:
        """Acts of people at other replicas than `but` that were not taken since a moment, newest first.

        At most REFUSED_MAX; not those behind which something was done with the same object.
        """


class TenantStore(Protocol):
    """Tenants, their machines and their people."""

    def create_tenant(self, code: str, name: str, timeline: str, bucket: int) -> TenantRef | None:
        """A new tenant with an empty lane; None where the code is taken."""

    def tenants(self) -> list[TenantRef]:
        """All tenants, by code."""

    def find_tenant(self, code: str) -> TenantRef | None:
        """The tenant of a public code."""

    def find_replica(self, replica: str) -> TenantRef | None:
        """The tenant a replica belongs to."""

    def tenant(self, ref: TenantRef) -> TenantRow:
        """The tenant's row."""

    def set_timeline(self, ref: TenantRef, timeline: str) -> None:
        """Begin a new timeline: the database was restored from a backup.

        Its counter goes on from beyond anything an older timeline can have given out (microseconds of this moment), so
        that no seq ever means two things.
        """

    def replica(self, ref: TenantRef, replica: str) -> ReplicaRow | None:
        """One machine."""

    def replicas(self, ref: TenantRef) -> list[ReplicaRow]:
        """All machines, by name."""

    def record(self, ref: TenantRef, replica: str, epoch: int, n: int | None) -> Record | None:
        """Operation n of an epoch, or its last one where n is None."""

    def change_replica(self, ref: TenantRef, replica: str, epoch: int, last_n: int, last_hash: str, state: str) -> None:
        """Give a replica another epoch or state."""

    def seen(self, ref: TenantRef, replica: str, program: str = "", cursor_seq: int = -1) -> None:
        """Note that the replica was here, with which release, and how far its feed has come (where given)."""

    def add_code(self, ref: TenantRef, code: CodeRow) -> None:
        """Keep an enrolment code."""

    def use_code(self, ref: TenantRef, code_hash: str, now: str, replica: ReplicaRow) -> CodeRow | None:
        """Spend a code on a replica, in one transaction; None where it is wrong, used or expired.

        The replica gets the code's branches, its name where the replica brought none, and the next free series mark.
        """

    def people(self, ref: TenantRef) -> list[PersonRow]:
        """All users, by login."""

    def save_person(self, ref: TenantRef, person: PersonRow, by: str) -> None:
        """Add or change a user."""


class CloudStore(AcceptStore, FeedStore, DigestStore, LogStore, TenantStore, NumberStore, Protocol):
    """A whole store."""

    def close(self) -> None:
        """Let connections go."""
