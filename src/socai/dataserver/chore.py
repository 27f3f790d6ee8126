"""What a data server does beside sending and receiving, one thing after the other, while nobody waits for it.

Every chore knows when it is due, tries, and notes when it is due again. All but two need the line. Whatever goes wrong
is the caller's: it comes again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from socai.core.life import LEASE_SECONDS
from socai.dataserver import convergence, exchange
from socai.dataserver.desk import DOWNLOAD, SYNC, VOUCHER, Desk
from socai.dataserver.loading import next_page
from socai.dataserver.rejoin import next_reheard
from socai.dataserver.settling import exchange_numbers
from socai.dataserver.store import outbox, voucher
from socai.edge.client import CloudClient, CloudRefused
from socai.sync import digest, pull
from socai.sync.message import People

PEOPLE_SECONDS = 600.0
ANSWERED_DAYS_KEPT = 60  # a restored cloud may ask for acknowledged operations that long
FORGET_SECONDS = 3_600.0
FORGET_PLACES = 500
NUMBERS_SECONDS = 30.0  # before a cloud that refuses to lease numbers is asked again
NOT_FOUND = 404

_log = structlog.get_logger("socai.chore")


class Host(Protocol):
    """Whose chores they are."""

    @property
    def closed(self) -> bool:
        """Whether nothing more is to be begun."""

    @property
    def open(self) -> bool:
        """Whether the line is up and the cloud takes what comes from here."""

    @property
    def caught_up(self) -> bool:
        """Whether all the cloud has is here."""

    def step_aside(self) -> None:
        """Let people go first."""

    def greet(self) -> None:
        """Say hello again: the session is void."""

    def follow_round(self, client: CloudClient) -> None:
        """See how far the running round of syncing is."""


class Chores:
    """One tenant's chores. `on_people` takes the users the cloud tells; `clock` only goes forward."""

    def __init__(self, desk: Desk, host: Host, on_people: Callable[[People], None], clock: Callable[[], float]) -> None:
        self._desk, self._host, self._on_people, self._clock = desk, host, on_people, clock
        self._seen = desk.clock.now()
        self._people_at = self._forget_at = self._numbers_at = 0.0
        self._people_due, self._compare_asked = True, False
        self._watch = digest.begin(clock())

    def ask(self) -> None:
        """A person wants everything looked at now."""
        self._people_due = self._compare_asked = True

    def go(self, client: CloudClient) -> None:
        """Do what is due. Raises CloudRefused, CloudUnreachable and StorageFailed."""
        self._tell_lapsed()
        if self._host.open:
            self._people(client)
            while not self._host.closed and next_reheard(self._desk, client):
                self._desk.tell(SYNC)
            while not self._host.closed and next_page(self._desk, client):
                self._desk.tell(DOWNLOAD)
                self._host.follow_round(client)
            self._compare(client)
            self._numbers(client)
        self._forget()

    def _tell_lapsed(self) -> None:
        """Tell of vouchers whose five minutes have ended: their buttons change without anything else happening."""
        now, span = self._desk.clock.now(), LEASE_SECONDS * 1000
        with self._desk.file.read() as db:
            found = voucher.lapsed(db, self._seen.wall - span, now.wall - span)
        for ident in found:
            self._desk.tell(VOUCHER, "", ident)
        self._seen = now

    def _people(self, client: CloudClient) -> None:
        """Who may log in here, and with which grants."""
        if not self._people_due and self._clock() - self._people_at < PEOPLE_SECONDS:
            return
        self._on_people(client.people())
        self._people_due, self._people_at = False, self._clock()

    def _compare(self, client: CloudClient) -> None:
        """See whether this file holds what the cloud holds: now and then, and when a person asks."""
        if self._compare_asked:
            self._watch, self._compare_asked = digest.asked(self._watch, self._clock()), False
        ready = self._host.caught_up and not exchange.pending(self._desk)
        if not digest.due(self._watch, self._clock(), ready):
            return
        verdict = digest.MOVED
        try:
            verdict = convergence.check(self._desk, client)
        except CloudRefused as refused:
            if refused.status != NOT_FOUND:
                raise
            verdict = digest.EQUAL  # a cloud that cannot say yet
        finally:
            self._watch = digest.after(self._watch, self._clock(), verdict)

    def _numbers(self, client: CloudClient) -> None:
        """Lease numbers of shared series, and make provisional ones final."""
        if self._clock() < self._numbers_at:
            return
        try:
            while not self._host.closed and exchange_numbers(self._desk, client, self._host.caught_up):
                self._host.step_aside()
        except CloudRefused as refused:
            _log.info("no numbers from the cloud", tenant=self._desk.code, code=refused.code)
            if refused.code in pull.VOID:
                self._host.greet()  # a hello tells of the new epoch; nothing else asks under it where nobody saves
            self._numbers_at = self._clock() + max(NUMBERS_SECONDS, refused.retry_after)

    def _forget(self) -> None:
        """Drop operations answered so long ago that no restored cloud will ask for them."""
        now = self._clock()
        if now - self._forget_at < FORGET_SECONDS:
            return
        before = datetime.fromtimestamp(self._desk.clock.now().wall / 1000, UTC) - timedelta(days=ANSWERED_DAYS_KEPT)
        moment = before.strftime("%Y-%m-%dT%H:%M:%S")
        while not self._host.closed and self._desk.file.write(lambda db: outbox.forget(db, moment, FORGET_PLACES)):
            self._host.step_aside()
        self._forget_at = now
