"""Golden books through the whole pipeline, and a foreign program's opinion of what came out.

Real processes: a cloud with PostgreSQL, a worker, two data servers. hledger shares no code with us: where its balances
of the exported journal are those that the publishers print, posting, feed and export are right together.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from socai.core.entry import FINANCIAL
from socai.lab import journal_file
from socai.lab.case import Case, read_case
from socai.lab.inspection import inspect
from socai.lab.office_state import copy_office
from socai.lab.replay import FIRST, SECOND, Verdict, offices, replay, tenant_code
from socai.lab.stack import Stack

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = {case.name: case for case in (read_case(path) for path in sorted(GOLDEN.glob("*.yaml")))}
BOOKS = ("manufacturing_month", "trading_month", "full_year_2026")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, dict[str, Verdict]]]:
    """Every case replayed once, with the offices still running."""
    with offices(tmp_path_factory.mktemp("replay")) as stack:
        yield stack, {verdict.case: verdict for verdict in replay(stack, list(CASES.values()))}


def hledger_balances(journal: Path) -> dict[str, int]:
    """Closing balance by account code, as hledger adds it up: each account with all below it."""
    asked = ["hledger", "-f", str(journal), "balance", "--cost", "--tree", "--no-elide", "--empty", "-O", "json"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True)
    rows, _ = json.loads(told.stdout)
    balances: dict[str, int] = {}
    for full, _, _, amounts in rows:
        balances[full.split(":")[-1]] = int(sum(amount["aquantity"]["floatingPoint"] for amount in amounts))
    return balances


@pytest.mark.parametrize("name", ["manufacturing_month", "trading_month"])
def test_books_of_others_come_out_as_they_were_published(played: tuple[Stack, dict[str, Verdict]], name: str) -> None:
    verdict = played[1][name]
    assert verdict.line() == {"case": name, "ok": True, "differences": [], "unsupported": []}


def test_a_full_year_is_right_on_every_balance(played: tuple[Stack, dict[str, Verdict]]) -> None:
    """Statements come with a later issue: they are told, and the case is not ok, but no balance differs."""
    verdict = played[1]["full_year_2026"]
    assert (verdict.differences, verdict.unsupported, verdict.ok) == ((), ("statements",), False)


def test_what_is_not_there_yet_is_told(played: tuple[Stack, dict[str, Verdict]]) -> None:
    for name, verdict in played[1].items():
        if name.startswith("costing"):
            assert (verdict.ok, "stock" in verdict.unsupported) == (False, True), name


@pytest.mark.parametrize("name", BOOKS)
@pytest.mark.parametrize("source", ["replica", "cloud"])
def test_hledger_agrees(played: tuple[Stack, dict[str, Verdict]], name: str, source: str, tmp_path: Path) -> None:
    """The second office's own file, and the cloud's database, both say what the publishers say."""
    stack, verdicts = played
    case: Case = CASES[name]
    tenant = f"{tenant_code(name)}-{list(verdicts).index(name) + 1}"
    where = str(stack.offices[SECOND].folder / tenant / "replica.db") if source == "replica" else stack.dsn
    journal = tmp_path / "books.journal"
    journal.write_text("\n".join(journal_file.lines(where, tenant, FINANCIAL)) + "\n", encoding="utf-8")
    found = hledger_balances(journal)
    expected = {str(account): amount for account, amount in case.expect["balances"].items()}
    assert {account: found.get(account, 0) for account in expected} == expected


def test_every_invariant_holds_afterwards(played: tuple[Stack, dict[str, Verdict]]) -> None:
    stack, _ = played
    files = [str(file) for name in (FIRST, SECOND) for file in stack.offices[name].folder.glob("*/replica.db")]
    assert [finding for source in (*files, stack.dsn) for finding in inspect(source)] == []


TAMPERED = {
    "an entry was changed": ("UPDATE entry SET amount = amount + 1 WHERE line = 1", "I8"),
    "a balance was changed": ("UPDATE balance SET debit = debit + 1", "I8"),
    "an entry was taken out": ("DELETE FROM entry WHERE line = 1", "I8"),
    "a set was marked void": ("UPDATE entry_set SET live = 0", "I9"),
    "an operation was rewritten": ("UPDATE outbox SET sha256 = 'x' WHERE operation IS NOT NULL", "I2"),
    "a number was given twice": ("DROP INDEX outbox_n; UPDATE outbox SET n = 1 WHERE n = 2", "I2"),
    "the record of acts was cut": ("DELETE FROM audit WHERE n = 3", "Audit"),
    "a form was lost": ("DELETE FROM voucher_body", "I1"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_check_finds_what_was_tampered_with(
    played: tuple[Stack, dict[str, Verdict]], what: str, tmp_path: Path
) -> None:
    """Each breach is named by the invariant it breaks."""
    stack, verdicts = played
    tenant = f"{tenant_code('trading_month')}-{list(verdicts).index('trading_month') + 1}"
    copies = dict(copy_office(stack.offices[FIRST].folder, tmp_path))
    file = next(name for name in copies if f"/{tenant}/" in name)
    statement, invariant = TAMPERED[what]
    db = apsw.Connection(file)
    db.execute(statement)
    db.close()
    assert any(finding.rule.startswith(invariant) for finding in inspect(file)), list(inspect(file))
