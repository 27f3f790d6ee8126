"""The bench of typing measures what it says, in a real browser, run very small; without what drives one it says so."""

from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner

from socai.cli.main import app
from socai.lab.bench import type as bench_type


@pytest.mark.long
def test_keys_palette_search_and_saves_are_timed_beside_an_empty_page() -> None:
    found = bench_type.run(0.02)
    assert all(isinstance(value, (int, float)) for value in found.values())
    for name, least in (("key", 100), ("palette", bench_type.PALETTES), ("search", 30), ("save", bench_type.SAVES)):
        assert found[f"{name}_count"] >= least
        assert found[f"{name}_paint_p95_ms"] >= found[f"{name}_paint_p50_ms"] > 0
        assert found[f"ratio_p95_{name}_empty_page"] > 0


def test_without_playwright_the_bench_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    monkeypatch.setattr(bench_type, "files", lambda _: _Built())
    answer = CliRunner().invoke(app, ["bench", "type", "--json"])
    assert answer.exit_code == 2
    assert "Playwright" in answer.output


class _Built:
    """A web client that is built."""

    def joinpath(self, *_: str) -> _Built:
        return self

    def is_file(self) -> bool:
        return True
