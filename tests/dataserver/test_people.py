"""People of the office: login without the cloud, for a bounded time; sessions that end when they should."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from socai.base.fault import Fault
from socai.dataserver.people import FAILURE_WINDOW_SECONDS, FAILURES_MAX, People, Session
from socai.dataserver.store.replica import Replica
from socai.sync.message import Person
from support.desk import HandClock

FAST = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
ADDRESS = "192.168.1.20"
HOUR, DAY = 3600, 86_400


def person(user: str = "lan", password: str = "mot-hai-ba", **more: object) -> Person:
    return Person(user, "Lê Ngọc Lan", FAST.hash(password), "accountant", **more)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def people(tmp_path: Path, clock: HandClock) -> Iterator[People]:
    file = Replica(tmp_path / "office.db", kind="office")
    found = People(file, clock, FAST)
    found.put("minhphat", [person(branches=["b1"])])
    yield found
    file.close()


def logged_in(found: tuple[str, Session] | Fault) -> tuple[str, Session]:
    assert not isinstance(found, Fault), found
    return found


def code(found: object) -> str:
    assert isinstance(found, Fault), found
    return found.code


def test_login_gives_the_grant(people: People) -> None:
    token, _ = logged_in(people.login("lan", "mot-hai-ba", ADDRESS, "en"))
    session = people.session(token)
    assert isinstance(session, Session)
    assert session.language == "en"
    access = people.access(session, "minhphat")
    assert not isinstance(access, Fault)
    assert (access.grant.role, access.grant.branches) == ("accountant", frozenset(("b1",)))


@pytest.mark.parametrize(("user", "password"), [("lan", "sai"), ("ai-do", "mot-hai-ba"), ("", ""), ("lan", "x" * 5000)])
def test_a_wrong_name_is_not_told_from_a_wrong_password(people: People, user: str, password: str) -> None:
    assert code(people.login(user, password, ADDRESS)) == "LOGIN_FAILED"


def test_failures_are_limited_per_user_and_address(people: People, clock: HandClock) -> None:
    for _ in range(FAILURES_MAX):
        assert code(people.login("lan", "sai", ADDRESS)) == "LOGIN_FAILED"
    assert code(people.login("lan", "mot-hai-ba", ADDRESS)) == "RATE_LIMITED"
    logged_in(people.login("lan", "mot-hai-ba", "192.168.1.21"))  # a colleague's machine is not shut out
    clock.go(FAILURE_WINDOW_SECONDS + 1)
    logged_in(people.login("lan", "mot-hai-ba", ADDRESS))


def test_guessing_many_names_from_one_address_is_limited(people: People) -> None:
    codes = [code(people.login(f"user{number}", "sai", ADDRESS)) for number in range(40)]
    assert codes == ["LOGIN_FAILED"] * 30 + ["RATE_LIMITED"] * 10


def test_a_session_slides_while_it_is_used_and_ends_when_it_is_not(people: People, clock: HandClock) -> None:
    token, _ = logged_in(people.login("lan", "mot-hai-ba", ADDRESS))
    for _ in range(10):
        clock.go(11 * HOUR)
        assert isinstance(people.session(token), Session)
    clock.go(13 * HOUR)
    assert code(people.session(token)) == "LOGIN_EXPIRED"
    assert code(people.session(token)) == "TOKEN_INVALID"  # and it is gone


def test_no_session_lasts_for_ever(people: People, clock: HandClock) -> None:
    token, _ = logged_in(people.login("lan", "mot-hai-ba", ADDRESS))
    found: object = None
    for _ in range(8 * 24):
        clock.go(HOUR)
        found = people.session(token)
        if isinstance(found, Fault):
            break
    assert code(found) == "LOGIN_EXPIRED"


def test_a_session_survives_a_restart_and_is_kept_as_a_hash(tmp_path: Path, clock: HandClock) -> None:
    file = Replica(tmp_path / "office.db", kind="office")
    first = People(file, clock, FAST)
    first.put("minhphat", [person()])
    token, _ = logged_in(first.login("lan", "mot-hai-ba", ADDRESS))
    second = People(file, clock, FAST)
    assert isinstance(second.session(token), Session)
    file.close()
    assert not any(token.encode() in path.read_bytes() for path in tmp_path.iterdir())


def test_a_changed_password_ends_sessions_and_a_blocked_user_is_out(people: People) -> None:
    _, session = logged_in(people.login("lan", "mot-hai-ba", ADDRESS))
    people.put("minhphat", [person(password="bon-nam-sau")])
    assert code(people.access(session, "minhphat")) == "LOGIN_EXPIRED"
    _, session = logged_in(people.login("lan", "bon-nam-sau", ADDRESS))
    people.put("minhphat", [person(password="bon-nam-sau", active=False)])
    assert code(people.access(session, "minhphat")) == "TENANT_UNKNOWN"
    assert code(people.login("lan", "bon-nam-sau", ADDRESS)) == "LOGIN_FAILED"


def test_a_password_opens_only_the_tenants_it_belongs_to(people: People) -> None:
    """Two companies may each have a user of this name; they are two people."""
    people.put("phucan", [person(password="khac-hang")])
    people.put("hoasen", [person()])
    _, session = logged_in(people.login("lan", "mot-hai-ba", ADDRESS))
    assert [access.tenant for access in people.tenants(session)] == ["hoasen", "minhphat"]
    assert code(people.access(session, "phucan")) == "TENANT_UNKNOWN"


def test_the_clouds_word_holds_for_a_bounded_time(people: People, clock: HandClock) -> None:
    until = HandClock(clock.wall + 30 * DAY * 1000).now().text
    people.put("minhphat", [person(valid_until=until)])
    clock.go(29 * DAY)
    _, session = logged_in(people.login("lan", "mot-hai-ba", ADDRESS))
    clock.go(2 * DAY)
    assert code(people.access(session, "minhphat")) == "LOGIN_STALE"
    assert code(people.login("lan", "mot-hai-ba", ADDRESS)) == "LOGIN_STALE"
    people.put("minhphat", [person()])  # the line is back
    logged_in(people.login("lan", "mot-hai-ba", ADDRESS))
