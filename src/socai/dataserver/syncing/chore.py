"""What a data server does beside sending and receiving, one thing after the other, while nobody waits for it.

Every chore knows when it is due, tries, and notes when it is due again. What needs the line keeps one pace: when the
cloud tells one chore when to come back, or tells it to who sends or receives, all of them wait so long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from socai.core.life import LEASE_SECONDS
from socai.dataserver.desk import DOWNLOAD, ELSEWHERE, SYNC, VOUCHER, Desk
from socai.dataserver.store import meta, outbox, voucher
from socai.dataserver.store.file import StorageFailed
from socai.dataserver.syncing import convergence, exchange
from socai.dataserver.syncing.loading import next_page
from socai.dataserver.syncing.rejoin import next_reheard
from socai.dataserver.syncing.round import Rounds, look_ahead
from socai.dataserver.syncing.settling import exchange_numbers
from socai.edge.client import CloudClient, CloudRefused, CloudUnreachable
from socai.sync import digest, pull
from socai.sync.message import People
from socai.sync.push import backoff_seconds

PEOPLE_SECONDS = 600.0
ANSWERED_DAYS_KEPT = 60  # a restored cloud may ask for acknowledged operations that long
FORGET_SECONDS = 3_600.0
FORGET_PLACES = 500
NUMBERS_SECONDS = 30.0  # before a cloud that refuses to lease numbers is asked again
ELSEWHERE_SECONDS = 30.0
FAILED_SECONDS = 5.0  # after a line or a disk that failed
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

    @property
    def rounds(self) -> Rounds:
        """The rounds of syncing."""

    def step_aside(self) -> None:
        """Let people go first."""

    def greet(self) -> None:
        """Say hello again: the session is void."""

    def settle_round(self) -> None:
        """See how far the running round of syncing is."""


class Chores:
    """One tenant's chores. `on_people` takes the users the cloud tells; `clock` only goes forward."""

    def __init__(
        self,
        desk: Desk,
        host: Host,
        on_people: Callable[[People], None],
        clock: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self._desk, self._host, self._on_people, self._clock, self._chance = desk, host, on_people, clock, chance
        self._seen = desk.clock.now()
        self._people_at = self._forget_at = self._numbers_at = self._elsewhere_at = 0.0
        self._people_due, self._compare_asked = True, False
        self._watch = digest.begin(clock())
        self._not_before, self._failures = 0.0, 0
        self._order = deque(
            (
                self._elsewhere,
                self._look_ahead,
                self._people,
                self._rehear,
                self._download,
                self._compare,
                self._numbers,
            )
        )

    def ask(self) -> None:
        """A person wants everything looked at now, whatever is being waited for."""
        self._people_due = self._compare_asked = True
        self._elsewhere_at = 0.0
        self._not_before, self._failures = 0.0, 0

    def put_off(self, retry_after: float) -> None:
        """The cloud has told us when to come back; nothing here is more urgent than what it refused."""
        if retry_after > 0:
            wait = backoff_seconds(1, retry_after, self._chance())
            self._not_before = max(self._not_before, self._clock() + wait)

    def go(self, client: CloudClient) -> None:
        """Do what is due; what goes wrong is noted and comes again."""
        try:
            self._tell_lapsed()
            self._forget()
            self._host.settle_round()
        except StorageFailed as error:
            self._failed(error)
        for chore in list(self._order):
            if self._host.closed or not self._host.open or self._clock() < self._not_before:
                return
            try:
                chore(client)
            except (CloudRefused, CloudUnreachable, StorageFailed) as error:
                self._failed(error)
                self._order.remove(chore)
                self._order.append(chore)  # the others first: one that never comes right must not starve them
                return
        self._failures = 0

    def _failed(self, error: CloudRefused | CloudUnreachable | StorageFailed) -> None:
        _log.info("a chore is put off", tenant=self._desk.code, reason=str(error))
        wait = FAILED_SECONDS
        if isinstance(error, CloudRefused):
            self._failures += 1
            wait = backoff_seconds(self._failures, error.retry_after, self._chance())
        self._not_before = max(self._not_before, self._clock() + wait)

    def _look_ahead(self, client: CloudClient) -> None:
        """Where a round has begun about news that are waited for already, ask for them anew."""
        rounds = self._host.rounds
        if rounds.unseen and self._host.caught_up:
            with self._desk.file.read() as db:
                cursor = meta.text(db, "cursor")
            rounds.ahead(look_ahead(client, cursor).counts)
            self._host.settle_round()

    def _rehear(self, client: CloudClient) -> None:
        """Ask again for the vouchers held here, after a snapshot in the feed's place and after a cloud's restore."""
        while not self._host.closed and next_reheard(self._desk, client):
            self._desk.tell(SYNC)

    def _download(self, client: CloudClient) -> None:
        """Go on with what people have wished to have here."""
        while not self._host.closed and next_page(self._desk, client):
            self._desk.tell(DOWNLOAD)
            self._look_ahead(client)
            self._host.settle_round()

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

    def _elsewhere(self, client: CloudClient) -> None:
        """What was refused at other offices: its person may be at work here, as long as anybody is."""
        if not self._desk.watched() or self._clock() < self._elsewhere_at:
            return
        try:
            found = {item.act_id: item for item in client.refused_acts().items}
        except CloudRefused as refused:
            if refused.status != NOT_FOUND:
                raise
            found = {}  # a cloud that does not tell yet
        self._elsewhere_at = self._clock() + ELSEWHERE_SECONDS
        known, self._desk.elsewhere = self._desk.elsewhere, found
        self._desk.tell_all((ELSEWHERE, item.object_kind, key) for key, item in found.items() if key not in known)
        self._desk.put_away &= found.keys()
        if known.keys() - found.keys():
            self._desk.tell(SYNC)  # mended there: the badges change

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
            self._numbers_at = self._clock() + NUMBERS_SECONDS
            self.put_off(refused.retry_after)

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
