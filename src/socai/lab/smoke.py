"""The shortest proof that the whole way works: one voucher from office to office, then one more with the line cut.

It boots what the demo boots, on free ports in a folder of its own, with the company set up and no year of vouchers.
"""

from __future__ import annotations

import tempfile
import time
from datetime import date
from pathlib import Path

from socai.core.entry import FINANCIAL
from socai.lab.clerk import Clerk, Event, Line
from socai.lab.client import Workstation, wait_for
from socai.lab.sample import HANOI, HCM, Sample, newest_regime
from socai.lab.stack import Stack
from socai.registry import chart_for

AMOUNT = 25_000_000
SEEN_SECONDS_MAX = 120.0


def run() -> dict[str, object]:
    """Boot, save, wait, cut, save, mend, wait; `ok` with the milliseconds of each step. Raises what went wrong."""
    with tempfile.TemporaryDirectory(prefix="socai-smoke-") as folder:
        booting = time.perf_counter()
        with Stack(Path(folder), (HANOI, HCM)) as stack:
            sample = Sample(stack)
            sample.load(None)
            booted_ms = _since(booting)
            with sample.workstation(HANOI) as here, sample.workstation(HCM) as there:
                return {"ok": True, **_way(stack, sample, here, there), "booted_ms": booted_ms}


def _way(stack: Stack, sample: Sample, here: Workstation, there: Workstation) -> dict[str, float]:
    body = _receipt(sample)
    begun = time.perf_counter()
    first = str(here.save_voucher(body, (FINANCIAL,))["id"])
    figures = {"saved_ms": _since(begun)}
    here.wait_posted(first, FINANCIAL, SEEN_SECONDS_MAX)
    figures["posted_ms"] = _since(begun)
    there.wait_posted(first, FINANCIAL, SEEN_SECONDS_MAX)
    figures["seen_elsewhere_ms"] = _since(begun)

    line = stack.offices[HANOI].line
    line.cut()
    wait_for("the office notices the cut", lambda: None if here.sync_state()["online"] else True, SEEN_SECONDS_MAX)
    begun = time.perf_counter()
    second = str(here.save_voucher(body, (FINANCIAL,))["id"])
    figures["saved_offline_ms"] = _since(begun)
    if here.sync_state()["pending"] < 1:
        raise AssertionError("a voucher saved with the line cut was not waiting")
    line.mend()
    begun = time.perf_counter()
    here.wait_drained(SEEN_SECONDS_MAX)
    there.wait_posted(second, FINANCIAL, SEEN_SECONDS_MAX)
    figures["drained_ms"] = _since(begun)
    return figures


def _receipt(sample: Sample) -> dict[str, object]:
    """A customer pays in cash in Hà Nội."""
    ids = sample.catalogs.ids
    clerk = Clerk(chart_for(newest_regime()), sample.catalogs.bodies, {ids[HANOI]: ids["QUY-HN"]})
    lines = (Line("cash", "receivable", AMOUNT),)
    return clerk.body(Event(date(2026, 11, 20), ids[HANOI], "Thu tiền bán hàng", lines, ids["KH001"]))


def _since(begun: float) -> float:
    return round((time.perf_counter() - begun) * 1000, 1)
