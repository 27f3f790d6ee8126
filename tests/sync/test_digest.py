"""Convergence, the decisions: what differs, what is left out, and when to look again."""

import pytest

from socai.sync import digest
from socai.sync.digest import Digest, Place, Summer, Watch, differences


def summed(*rows: tuple[object, ...]) -> list[Digest]:
    summer = Summer()
    for kind, branch, month, *parts in rows:
        summer.row(str(kind), str(branch), int(str(month)), *parts)
    return summer.digests()


def test_the_order_of_rows_makes_no_difference_and_each_row_does() -> None:
    rows = [("voucher", "HN", 202603, f"v{at}", at) for at in range(5)]
    assert summed(*rows) == summed(*reversed(rows))
    assert summed(*rows) != summed(*rows[1:])
    assert summed(*rows[1:], ("voucher", "HN", 202603, "v0", 9)) != summed(*rows)


def test_parts_of_digests_add_up() -> None:
    summer = Summer()
    summer.row("set", "HN", 202603, "a")
    summer.add(Digest("set", "HN", 202603, total=70))
    (found,) = summer.digests()
    assert (found.count, found.hash, found.total) == (1, digest.mark("a"), 70)


THERE = summed(("voucher", "HN", 202602, "a", 1), ("voucher", "HN", 202603, "b", 2), ("partner", "", 0, "p", 1))


@pytest.mark.parametrize(
    "ours, missing, unsettled, expected",
    [
        (THERE, set(), set(), []),
        (THERE[:1] + THERE[2:], set(), set(), [Place("voucher", "HN", 202602)]),
        (THERE[:1] + THERE[2:], {("HN", 202602)}, set(), []),  # not wholly here: nobody expects it
        (THERE[:1] + THERE[2:], set(), {Place("voucher", "HN", 202602)}, []),  # work of ours stands against it
        (THERE + summed(("voucher", "HN", 202604, "x", 1)), set(), set(), [Place("voucher", "HN", 202604)]),
        (THERE[1:], set(), set(), [Place("partner", "", 0)]),
        (THERE[1:], {("", 0)}, set(), [Place("partner", "", 0)]),  # months say nothing about catalogs
    ],
)
def test_what_differs(
    ours: list[Digest], missing: set[tuple[str, int]], unsettled: set[Place], expected: list[Place]
) -> None:
    assert [found.place for found in differences(THERE, ours, missing, unsettled)] == expected


def test_a_look_is_rare_unless_somebody_asks_or_something_was_mended() -> None:
    watch = digest.begin(0.0)
    assert not digest.due(watch, digest.FIRST_SECONDS - 1, ready=True)
    assert not digest.due(watch, digest.FIRST_SECONDS, ready=False)
    assert digest.due(watch, digest.FIRST_SECONDS, ready=True)
    watch = digest.after(watch, 300.0, digest.EQUAL)
    assert watch.next_at == 300.0 + digest.CHECK_SECONDS
    watch = digest.asked(watch, 310.0)
    assert digest.due(watch, 310.0, ready=True)
    watch = digest.after(watch, 310.0, digest.EQUAL)
    assert digest.asked(watch, 320.0) == watch  # asked a moment ago
    assert digest.due(digest.asked(watch, 310.0 + digest.ASKED_SECONDS), 310.0 + digest.ASKED_SECONDS, ready=True)


@pytest.mark.parametrize("verdict", [digest.DIFFERS, digest.MOVED])
def test_what_does_not_become_equal_is_not_tried_for_ever(verdict: str) -> None:
    watch, now, looks = Watch(0.0), 0.0, 0
    while watch.next_at - now <= digest.MOVED_SECONDS:
        now, looks = watch.next_at, looks + 1
        watch = digest.after(watch, now, verdict)
    assert looks == digest.TRIES_MAX
    assert watch.next_at == now + digest.CHECK_SECONDS
