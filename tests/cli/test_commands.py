"""The command line teaches, answers programs in JSON, and says with its exit status whether all is well."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from socai.cli.main import app
from socai.cli.reference import pages
from socai.cli.screen import program

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
HEAVY = ("litestar", "sqlalchemy", "psycopg", "granian", "httpx", "apsw", "typst")

runner = CliRunner()


def test_help_names_every_room() -> None:
    told = runner.invoke(app, ["--help"])
    assert told.exit_code == 0
    for word in ("demo", "replay", "bench", "sim", "check", "export", "cloud", "ds", "settings"):
        assert word in told.output


def test_nothing_heavy_is_imported_for_help() -> None:
    """`socai --help` answers at once: servers, databases and printing are imported by the commands that need them."""
    script = "import sys, socai.cli.main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert [name for name in HEAVY if name in loaded.stdout.split()] == []


@pytest.mark.parametrize("name", sorted(pages()))
def test_reference_is_what_the_program_says(name: str) -> None:
    """Written anew by: python -m socai.cli.reference docs/reference"""
    assert pages()[name] == (REFERENCE / name).read_text(encoding="utf-8")


def test_every_command_shows_an_example() -> None:
    text = pages()["commands.md"]
    sections = text.split("\n## ")[1:]
    assert [section.splitlines()[0] for section in sections if "Example" not in section] == []


def test_settings_say_where_they_were_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOCAI_DS_PORT", "9000")
    (tmp_path / "socai.toml").write_text('host = "192.0.2.1"\nport = 1\n', encoding="utf-8")
    told = runner.invoke(app, ["settings", "--dir", str(tmp_path), "--json"])
    assert told.exit_code == 0, told.output
    found = {(row["program"], row["name"]): row for row in json.loads(told.stdout)}
    assert (found["ds", "port"]["value"], found["ds", "port"]["source"]) == ("9000", "SOCAI_DS_PORT")
    assert (found["cloud", "host"]["value"], found["cloud", "host"]["source"]) == (
        "192.0.2.1",
        str(tmp_path / "socai.toml"),
    )


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCAI_DS_PORT", "many")
    told = runner.invoke(app, ["settings"])
    assert told.exit_code == 2
    assert "SOCAI_DS_PORT" in told.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "nowhere.db"], "is no file"),
        (["export", "hledger", "nowhere.db"], "is no file"),
        (["replay", "nowhere.yaml"], "nowhere.yaml"),
        (["bench", "dreams"], "There is no bench called dreams"),
        (["demo", "link", "sideways", "hanoi"], "Say on or off"),
        (["demo", "link", "off", "paris"], "No office is called paris"),
        (["cloud", "status"], "--dir FOLDER"),
    ],
)
def test_mistakes_are_told_and_end_with_two(words: list[str], said: str) -> None:
    told = runner.invoke(app, words)
    assert (told.exit_code, said in told.output) == (2, True), told.output


def test_what_to_type_is_what_works_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hints name the program as it was called: from a fresh clone it stands on no path."""
    tool = tmp_path / ".venv" / "bin" / "socai"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(tool)])
    assert program() == ".venv/bin/socai"
    monkeypatch.setattr("sys.argv", ["/elsewhere/pytest"])
    assert program() == "socai"


def test_link_without_a_demo_says_how_to_start_one(tmp_path: Path) -> None:
    told = runner.invoke(app, ["demo", "--dir", str(tmp_path), "link", "off", "hanoi"])
    assert told.exit_code == 1
    assert "socai demo" in told.output
