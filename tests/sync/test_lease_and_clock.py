"""The five minutes run in real time: sleep counts, a set clock does not matter, a restart does not renew them."""

from __future__ import annotations

import pytest

from socai.core.life import LEASE_SECONDS
from socai.dataserver.clock import elapsed_seconds
from socai.sync import lease
from support.desk import HandClock


def test_the_lease_ends_after_five_minutes() -> None:
    assert not lease.over(LEASE_SECONDS - 0.001)
    assert lease.over(LEASE_SECONDS)


@pytest.mark.parametrize(
    ("happens", "seconds"),
    [
        (lambda clock: clock.go(120), 120),  # time, or sleep: the boot clock counts both
        (lambda clock: clock.set_wall(-86_400), 0),  # set back a day
        (lambda clock: clock.set_wall(86_400), 0),  # set on a day
        (lambda clock: clock.reboot(60, 5), 65),  # off for a minute, up for five seconds
        (lambda clock: (clock.reboot(60), clock.set_wall(-86_400), clock.go(400)), 400),  # rebooted and set back
    ],
)
def test_elapsed_time(happens: object, seconds: float) -> None:
    clock = HandClock()
    since = clock.now()
    happens(clock)  # type: ignore[operator]
    assert elapsed_seconds(since, clock.now()) == seconds
