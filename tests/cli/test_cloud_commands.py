"""The cloud and a data server from an empty folder to an enrolled office, by commands alone."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from socai.cli.main import app
from socai.cloud.run import serving

runner = CliRunner()


def said(*words: str) -> str:
    """What a command prints; it must succeed."""
    told = runner.invoke(app, list(words))
    assert told.exit_code == 0, told.output
    return told.output


def test_from_nothing_to_an_enrolled_office(
    fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = ("--database", fresh_database)
    said("cloud", "tenant", "add", "minh-phat", "Công ty TNHH Minh Phát", *at)
    monkeypatch.setenv("SOCAI_PASSWORD", "Mot-Hai-Ba-2026")
    said("cloud", "user", "add", "minh-phat", "lan", "--name", "Lê Thị Lan", "--role", "admin", *at)
    code = said("cloud", "enrol-code", "minh-phat", "--office", "Hà Nội", *at).strip()
    office = tmp_path / "office"
    with serving(fresh_database) as address:
        assert "minh-phat" in said("ds", "enrol", "--dir", str(office), "--cloud", address, "--code", code)
        again = runner.invoke(app, ["ds", "enrol", "--dir", str(office), "--cloud", address, "--code", code])
        assert (again.exit_code, "ENROL_CODE_INVALID" in again.output) == (1, True)
    state = json.loads(said("ds", "status", "--dir", str(office), "--json"))
    assert (state["company"], state["pending"], state["vouchers"]) == ("minh-phat", 0, 0)
    cloud = json.loads(said("cloud", "status", *at, "--json"))
    assert (cloud["companies"], cloud["data_servers"], cloud["people"]) == (1, 1, 1)
    assert json.loads(said("cloud", "tenant", "list", *at, "--json"))["code"] == "minh-phat"
    assert json.loads(said("check", fresh_database, "--json")) == {"ok": True, "findings": []}


def test_backups_are_whole(fresh_database: str, tmp_path: Path) -> None:
    said("cloud", "tenant", "add", "minhphat", "Minh Phát", "--database", fresh_database)
    dump = tmp_path / "cloud.dump"
    said("cloud", "backup", str(dump), "--database", fresh_database)
    assert dump.read_bytes()[:5] == b"PGDMP"
    assert "1 companies" in said("cloud", "restored", "--database", fresh_database)


def test_a_fault_ends_the_command_with_its_cure(fresh_database: str) -> None:
    told = runner.invoke(app, ["cloud", "tenant", "add", "Not A Code", "Name", "--database", fresh_database])
    assert (told.exit_code, "IDENT_INVALID" in told.output) == (1, True), told.output
    told = runner.invoke(app, ["cloud", "enrol-code", "nobody", "--database", fresh_database])
    assert (told.exit_code, "tenant list" in told.output) == (2, True), told.output
