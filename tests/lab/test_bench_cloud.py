"""The benches of the cloud and of saving measure what they say: run very small, they tell figures and lose nothing."""

from __future__ import annotations

import pytest

from socai.lab.bench import backlog as bench_backlog
from socai.lab.bench import fair as bench_fair
from socai.lab.bench import feed as bench_feed
from socai.lab.bench import overload as bench_overload
from socai.lab.bench import push as bench_push
from socai.lab.bench import save as bench_save
from socai.lab.bench.fleet import parts, percentile
from socai.lab.bench.save_state import STATES, UP

pytestmark = pytest.mark.long


def flat(found: dict[str, object]) -> bool:
    return all(isinstance(value, (int, float, str)) for value in found.values())


def test_row_15_overload_loses_and_doubles_nothing() -> None:
    found = bench_overload.run(0.05)
    assert flat(found)
    assert (found["vouchers_lost"], found["vouchers_doubled"]) == (0, 0)
    assert found["ratio_overload_peak"] > 0


def test_row_16_quiet_companies_are_all_posted_beside_twenty_backlogs() -> None:
    found = bench_fair.run(0.01)
    assert flat(found)
    assert found["beside_p99_ms"] > 0


def test_rows_12_and_15_saves_are_timed_in_every_state_of_the_cloud_beside_what_the_disk_takes() -> None:
    found = bench_save.run(0.01)
    assert flat(found)
    assert (found["refused"], found["synchronous_unsettled"]) == (0, 0)
    assert all(found[f"{what}_{share}_ms_{state}"] > 0 for what in ("save", "fsync") for share in ("p50", "p99")
               for state in STATES)  # fmt: skip
    assert all(found[f"ratio_p50_{state}_up"] > 0 for state in STATES if state != UP)
    assert found["ratio_p50_synchronous_up"] > 1
    assert found["slow_line_requests"] > 0
    assert found["others_pushes_refused"] > 0


def test_push_feed_and_backlog_tell_their_figures() -> None:
    pushed, fed, back = bench_push.run(0.05), bench_feed.run(0.02), bench_backlog.run(0.02)
    assert all(flat(found) for found in (pushed, fed, back))
    assert pushed["ratio_push_raw"] > 0
    assert fed["no_op_bytes"] < 1_000
    assert (back["backlog_failed"], back["backlog_conflicts"]) == (0, 0)


def test_parts_and_percentiles() -> None:
    assert list(parts([1, 2, 3], 2)) == [[1, 2], [3]]  # type: ignore[list-item,comparison-overlap]
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([], 0.5) == 0.0
