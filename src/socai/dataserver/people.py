"""People of the office: who they are, what they may do, and their login sessions. Works without the cloud.

The cloud owns users; this keeps their argon2id hashes and grants for a bounded time. A password opens exactly those
tenants whose hash it answers, for two companies may each have a user of the same name. Tokens are kept as hashes.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from socai.base.fault import LANGUAGES, Fault
from socai.dataserver.clock import Clock, SystemClock
from socai.dataserver.store import people as store
from socai.dataserver.store.people import PersonRow, SessionRow
from socai.dataserver.store.replica import Replica
from socai.sync.grant import Grant
from socai.sync.message import Person

SESSION_IDLE = timedelta(hours=12)
SESSION_WHOLE = timedelta(days=7)
TOUCH_EVERY = timedelta(minutes=5)
FAILURES_MAX = 5
FAILURES_PER_ADDRESS_MAX = 30
FAILURE_WINDOW_SECONDS = 300
FAILURE_KEYS_MAX = 10_000
SESSIONS_KEPT_MAX = 2_000
CHECKS_AT_ONCE = 2  # argon2 takes tens of megabytes each
NAME_LENGTH_MAX = 100
PASSWORD_LENGTH_MAX = 200

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Session:
    """One login: the user, and when it ends. What it opens is asked of `People.grant` each time."""

    token_hash: str
    user: str
    language: str
    row: SessionRow


@dataclass(frozen=True, slots=True)
class Access:
    """A tenant as one user sees it."""

    tenant: str
    name: str
    grant: Grant


class Failures:
    """Counts refused logins per user and address, and per address, in memory; the oldest are forgotten."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._found: dict[Key, list[float]] = {}

    def wait(self, user: str, address: str) -> int:
        """Seconds until another attempt is taken; 0 for at once."""
        now = self._seconds()
        with self._lock:
            return max(
                self._remaining((user, address), FAILURES_MAX, now),
                self._remaining(("", address), FAILURES_PER_ADDRESS_MAX, now),
            )

    def _remaining(self, key: Key, most: int, now: float) -> int:
        times = [time for time in self._found.get(key, ()) if now - time < FAILURE_WINDOW_SECONDS]
        if len(times) < most:
            return 0
        return int(FAILURE_WINDOW_SECONDS - (now - times[-most])) + 1

    def add(self, user: str, address: str) -> None:
        """Count one refused login."""
        now = self._seconds()
        with self._lock:
            for key, most in (((user, address), FAILURES_MAX), (("", address), FAILURES_PER_ADDRESS_MAX)):
                if key not in self._found and len(self._found) >= FAILURE_KEYS_MAX:
                    self._found.pop(next(iter(self._found)))
                self._found[key] = [*self._found.get(key, ()), now][-most:]

    def clear(self, user: str, address: str) -> None:
        """The right password was given."""
        with self._lock:
            self._found.pop((user, address), None)


class People:
    """The users and sessions of one data server, over its office file."""

    def __init__(self, file: Replica, clock: Clock | None = None, hasher: PasswordHasher | None = None) -> None:
        self._file, self._clock = file, clock or SystemClock()
        self._hasher = hasher or PasswordHasher()
        self._nobody = ""
        self._checks = threading.BoundedSemaphore(CHECKS_AT_ONCE)
        self._failures = Failures(lambda: self._clock.now().wall / 1000)
        self._lock = threading.Lock()
        self._sessions: dict[str, SessionRow] = {}
        self._persons: dict[Key, PersonRow] = {}
        self.reload()

    def reload(self) -> None:
        """Read the cached users again."""
        with self._file.read() as db:
            found = store.persons(db)
        self._persons = {(row.tenant, row.user): row for row in found}

    def put(self, tenant: str, people: Iterable[Person]) -> None:
        """The users of a tenant as the cloud tells them, all of them."""
        rows = [
            PersonRow(
                tenant, p.user, p.name, p.password_hash, p.role, ",".join(p.branches), int(p.active), p.valid_until
            )
            for p in people
        ]
        self._file.write(lambda db: store.replace_tenant(db, tenant, rows))
        self.reload()

    def of_tenant(self, tenant: str) -> list[PersonRow]:
        """The users of a tenant, by name."""
        return sorted((row for row in self._persons.values() if row.tenant == tenant), key=lambda row: row.user)

    # ---- sessions

    def login(self, user: str, password: str, address: str, language: str = "vi") -> tuple[str, Session] | Fault:
        """A new session and its token. Faults: RATE_LIMITED, LOGIN_FAILED, LOGIN_STALE (too long without the cloud)."""
        user = user.strip()[:NAME_LENGTH_MAX]
        wait = self._failures.wait(user, address)
        if wait:
            return Fault("RATE_LIMITED", "", {"seconds": str(wait)})
        opened = self._opened(user, password[:PASSWORD_LENGTH_MAX])
        if not opened:
            self._failures.add(user, address)
            return Fault("LOGIN_FAILED", "password")
        self._failures.clear(user, address)
        now = self._now()
        if not any(self._valid(row, now) for row in opened):
            return Fault("LOGIN_STALE")
        token = secrets.token_urlsafe(32)
        row = SessionRow(
            token_hash=_token_hash(token),
            user=user,
            language=language if language in LANGUAGES else LANGUAGES[0],
            made_at=_text(now),
            seen_at=_text(now),
            ends_at=_text(now + SESSION_IDLE),
            tenants={row.tenant: _mark(row) for row in opened},
        )
        self._file.write(lambda db: store.put_session(db, row))
        self._keep(row)
        return token, Session(row.token_hash, user, row.language, row)

    def _opened(self, user: str, password: str) -> list[PersonRow]:
        """The tenants' persons of this name whose password this is."""
        rows = [row for row in self._persons.values() if row.user == user and row.active]
        answers: dict[str, bool] = {}
        with self._checks:
            for row in rows:
                if row.password_hash not in answers:
                    answers[row.password_hash] = self._verify(row.password_hash, password)
            if not rows:
                # An unknown user takes as long as a wrong password. Made when first needed: it costs memory.
                self._nobody = self._nobody or self._hasher.hash(secrets.token_urlsafe(16))
                self._verify(self._nobody, password)
        return [row for row in rows if answers[row.password_hash]]

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    def session(self, token: str) -> Session | Fault:
        """The session of a token, kept alive by being used. Faults: TOKEN_INVALID, LOGIN_EXPIRED."""
        hashed = _token_hash(token)
        row = self._sessions.get(hashed)
        if row is None:
            with self._file.read() as db:
                row = store.session(db, hashed)
            if row is None or not hmac.compare_digest(row.token_hash, hashed):
                return Fault("TOKEN_INVALID")
            self._keep(row)
        now = self._now()
        if _moment(row.ends_at) <= now:
            self.logout(row.token_hash)
            return Fault("LOGIN_EXPIRED")
        if now - _moment(row.seen_at) >= TOUCH_EVERY:
            row = self._touch(row, now)
        return Session(row.token_hash, row.user, row.language, row)

    def _touch(self, row: SessionRow, now: datetime) -> SessionRow:
        ends = min(now + SESSION_IDLE, _moment(row.made_at) + SESSION_WHOLE)
        touched = replace(row, seen_at=_text(now), ends_at=_text(ends))
        self._keep(touched)
        self._file.submit(lambda db: store.touch_session(db, row.token_hash, touched.seen_at, touched.ends_at))
        return touched

    def _keep(self, row: SessionRow) -> None:
        with self._lock:
            if len(self._sessions) >= SESSIONS_KEPT_MAX:
                self._sessions.clear()
            self._sessions[row.token_hash] = row

    def logout(self, token_hash: str) -> None:
        """End a session at once."""
        with self._lock:
            self._sessions.pop(token_hash, None)
        self._file.write(lambda db: store.drop_session(db, token_hash))

    # ---- rights

    def access(self, session: Session, tenant: str) -> Access | Fault:
        """What the session's user may do in a tenant.

        Faults: TENANT_UNKNOWN (not theirs, or there is none), LOGIN_EXPIRED (the password was changed since),
        LOGIN_STALE.
        """
        row = self._persons.get((tenant, session.user))
        mark = session.row.tenants.get(tenant)
        if row is None or mark is None or not row.active:
            return Fault("TENANT_UNKNOWN", "tenant")
        if not hmac.compare_digest(mark, _mark(row)):
            return Fault("LOGIN_EXPIRED")
        if not self._valid(row, self._now()):
            return Fault("LOGIN_STALE")
        return Access(tenant, row.name, Grant(row.user, row.role, frozenset(row.branch_list), bool(row.active)))

    def tenants(self, session: Session) -> list[Access]:
        """The tenants the session opens now, by code."""
        found = [self.access(session, tenant) for tenant in sorted(session.row.tenants)]
        return [item for item in found if isinstance(item, Access)]

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now().wall / 1000, UTC)

    @staticmethod
    def _valid(row: PersonRow, now: datetime) -> bool:
        """Whether the cloud's word about this user still holds; without a date it does not run out."""
        return not row.valid_until or now < _moment(row.valid_until)


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _mark(row: PersonRow) -> str:
    """Tells one password from another without telling anything of it."""
    return hashlib.sha256(row.password_hash.encode()).hexdigest()[:32]


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
