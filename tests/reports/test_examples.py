"""Every report's examples.txt, run on the books of a replica under every regime: they are its tests and its manual."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import apsw
import pytest

from socai.base.calendar import day_key
from socai.base.ident import make_ident
from socai.books.reader import SqliteReader
from socai.books.report import Context, Request, Row, run, stream
from socai.books.table import ddl_sqlite
from socai.books.write import NewSet, SqliteWriter
from socai.core.account import Chart
from socai.core.balance import move
from socai.core.entry import DETAILS, VND, Entry, Side
from socai.registry import chart_for, regimes, reports

ROLE = re.compile(r"\{([a-z_]+)(\^?)\}")
Table = list[dict[str, str]]


@dataclass
class Example:
    """What the books hold, what is asked, which rows come."""

    report: str
    title: str
    entries: Table = field(default_factory=list)
    ask: dict[str, str] = field(default_factory=dict)
    rows: Table = field(default_factory=list)


def read_examples(report: str, text: str) -> Iterator[Example]:
    """The examples of a file."""
    example, block, names = None, "", []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("== "):
            if example is not None:
                yield example
            example = Example(report, line[3:].strip())
            continue
        assert example is not None, f"{report}: nothing stands before the first =="
        if not line[0].isspace():
            block, _, line = line.partition(":")
            if block == "ask":
                example.ask = dict(item.split("=", 1) for item in line.split())
            else:
                names = [cell.strip() for cell in line.split("|")]
            continue
        cells = [cell.strip() for cell in line.split("|")]
        row = dict(zip(names, cells, strict=True))
        (example.entries if block == "entries" else example.rows).append(row)
    if example is not None:
        yield example


EXAMPLES = [
    example
    for code, report in reports().items()
    for example in read_examples(code, (report.folder / "examples.txt").read_text(encoding="utf-8"))
]


def said(text: str, chart: Chart) -> str:
    """A cell with its roles turned into accounts."""

    def account(match: re.Match[str]) -> str:
        code = chart.role(match[1])
        assert code, f"no account fills {match[1]}"
        return chart.ancestor(code, 1) if match[2] else code

    return ROLE.sub(account, text)


def written(example: Example, chart: Chart) -> SqliteReader:
    """Books that hold the example's entries, one voucher each."""
    connection = apsw.Connection(":memory:")
    for statement in ddl_sqlite():
        connection.execute(statement)
    writer = SqliteWriter(connection)
    for number, row in enumerate(example.entries):
        day = date.fromisoformat(row["day"])
        sides = [_side(said(row[name], chart), row, chart) for name in ("debit", "credit")]
        text = row.get("text") or row["number"]
        entries = (Entry(1, int(row["amount"].replace(" ", "")), *sides, text),)
        voucher = make_ident(1_770_000_000_000 + number, bytes(10))
        key = day_key(day)
        made = NewSet(
            voucher, "financial", 1, 1, "kind", row["number"], key, key, "HN", text, entries, row.get("rate") or "1"
        )
        moved: dict[str, dict[tuple[int, str, str, str, str, int], list[int]]] = {"financial": {}}
        move(moved["financial"], entries, day, chart)
        writer.post_entries([made])
        writer.add_balances(moved)
        writer.post_sets([made], number + 1)
    return SqliteReader(connection)


def _side(code: str, row: Mapping[str, str], chart: Chart) -> Side:
    account = chart.accounts[code]
    details = {name: row.get(name, "") for name in DETAILS if name in account.carries}
    currency = row.get("currency") or VND
    if currency == VND or not account.monetary:
        return Side(code, VND, 0, "HN", **details)
    return Side(code, currency, int(row["foreign"].replace(".", "")), "HN", **details)


def shown(row: Row, names: list[str]) -> dict[str, str]:
    """A row as an example writes it: nothing for a cell that is empty or nought."""
    cells: dict[str, object] = {"kind": row.kind, **row.cells}
    return {name: str(cells.get(name) or "") for name in names}


@pytest.mark.parametrize("regime", regimes())
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.report}: {example.title}")
def test_example(example: Example, regime: str) -> None:
    chart = chart_for(regime)
    reader = written(example, chart)
    request = Request({name: said(value, chart) for name, value in example.ask.items()})
    context = Context(chart, lambda kind, ids: {ident: (ident, f"Tên của {ident}") for ident in ids}, ("HN",))
    spec = reports()[example.report].spec
    page = run(spec, request, reader, context)
    expected = [
        {name: said(re.sub(r"(?<=\d) (?=\d)", "", cell), chart) for name, cell in row.items()} for row in example.rows
    ]
    assert [shown(row, list(expected[0])) for row in page.rows] == expected
    assert list(stream(spec, request, reader, context)) == page.rows


def test_every_report_has_an_example_and_a_form() -> None:
    """Each folder teaches by example; each form key is known to every regime, or to none: then its own title stands."""
    assert {example.report for example in EXAMPLES} == set(reports())
    for key in {key for item in reports().values() for key in (item.spec.form, item.spec.form_foreign) if key}:
        assert len({key in regime.forms for regime in regimes().values()}) == 1, key


@pytest.mark.parametrize("code", reports())
def test_columns_are_columns_of_the_source(code: str) -> None:
    """A spec asks only for what the interpreter gives."""
    from socai.core.report import BALANCE_COLUMNS, MOVEMENT_COLUMNS, Balances

    spec = reports()[code].spec
    known = BALANCE_COLUMNS if isinstance(spec.source, Balances) else MOVEMENT_COLUMNS
    assert [column.name for column in spec.columns if column.name not in known] == []
