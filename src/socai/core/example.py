"""Examples of vouchers in one readable text format: they are the tests, the documentation and seeds of the demo alike.

An `examples.txt` lies in a voucher type's folder. Blocks begin at the margin, what belongs to them is indented:

    == Khách hàng trả tiền mặt            a new example and its title
    voucher_date: 2026-03-05              a header field
    lines:  debit_account | credit_account | amount
            {cash}        | {receivable}   | 11 000 000
    posts:  debit  | credit       | amount     | credit_partner
            {cash} | {receivable} | 11 000 000 | KH01
    faults: ACCOUNT_UNKNOWN lines.1.debit_account

The branch is HN and the accounting date the voucher date, if not said. `{role}` is the account of a role under the
regime the example runs with, `{role^}` the first-level account above it; an example that names a role the regime lacks
does not concern that regime. `posts` gives the entries, `faults` what stops the voucher instead. A detail or foreign
amount that has no column in `posts` must be absent from the entries. A line that begins with `#` is a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from socai.core import spec as language
from socai.core.account import Chart
from socai.core.entry import VND, Entry, Side
from socai.core.spec import Field, VoucherSpec

Table = tuple[Mapping[str, str], ...]

ROLE = re.compile(r"\{([a-z_]+)(\^?)\}")
BRANCH = "HN"

SAMPLE: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "branch": {"HN": {"name": "Trụ sở Hà Nội"}, "HCM": {"name": "Chi nhánh TP. Hồ Chí Minh"}},
    "partner": {
        "KH01": {"name": "Công ty TNHH Thương mại Bình An"},
        "KH02": {"name": "Cửa hàng Hoa Mai"},
        "KH99": {"name": "Khách lẻ cũ", "active": "no"},
        "NCC01": {"name": "Công ty CP Văn phòng phẩm Hồng Hà"},
        "NCC02": {"name": "Công ty TNHH Máy tính Thành Công"},
        "NV01": {"name": "Trần Văn Nam"},
        "NV02": {"name": "Lê Thị Hoa"},
        "CTY": {"name": "Công ty TNHH Minh Phát"},
    },
    "bank_account": {
        "VCB": {"name": "Vietcombank VND"},
        "BIDV": {"name": "BIDV VND"},
        "VCB-USD": {"name": "Vietcombank USD"},
    },
    "fund": {"QTM": {"name": "Quỹ tiền mặt"}},
    "expense_item": {"CPVP": {"name": "Chi phí văn phòng"}, "CPNH": {"name": "Phí ngân hàng"}},
    "department": {"KD": {"name": "Phòng Kinh doanh"}, "KT": {"name": "Phòng Kế toán"}},
}  # fmt: skip
"""The catalog entries that examples may name, by kind and id."""


class ExampleUnreadable(Exception):
    """An examples.txt that does not keep the format, with the number of the line: a bug of whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Example:
    """One example: what is typed (header and tables), and either the entries it makes or the faults that stop it."""

    title: str
    line: int
    header: Mapping[str, str]
    grids: Mapping[str, Table]
    posts: Table = ()
    faults: tuple[tuple[str, str], ...] = ()


def read_examples(text: str) -> tuple[Example, ...]:
    """All examples of a file, in its order. Raises ExampleUnreadable."""
    return tuple(_example(number, title, blocks) for number, title, blocks in _sections(text))


Block = tuple[int, str, list[str]]


def _sections(text: str) -> Iterator[tuple[int, str, list[Block]]]:
    """(line, title, blocks) of each example; a block is (line, name, its lines)."""
    section: tuple[int, str, list[Block]] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("== "):
            if section is not None:
                yield section
            section = (number, line[3:].strip(), [])
        elif section is None:
            raise ExampleUnreadable(f"line {number}: nothing stands before the first ==")
        elif line[0].isspace():
            if not section[2]:
                raise ExampleUnreadable(f"line {number}: belongs to no block")
            section[2][-1][2].append(line.strip())
        else:
            name, colon, rest = line.partition(":")
            if not colon:
                raise ExampleUnreadable(f"line {number}: no colon after {name}")
            section[2].append((number, name.strip(), [rest.strip()] if rest.strip() else []))
    if section is not None:
        yield section


def _example(number: int, title: str, blocks: list[Block]) -> Example:
    header: dict[str, str] = {}
    grids: dict[str, Table] = {}
    posts: Table = ()
    faults: tuple[tuple[str, str], ...] = ()
    for line, name, lines in blocks:
        if name == "faults":
            faults = tuple((code, place) for code, _, place in (item.partition(" ") for item in lines))
        elif name == "posts":
            posts = _table(line, lines)
        elif len(lines) > 1 or (lines and "|" in lines[0]):
            grids[name] = _table(line, lines)
        else:
            header[name] = lines[0] if lines else ""
    if bool(posts) == bool(faults):
        raise ExampleUnreadable(f"line {number}: {title} must have either posts or faults")
    return Example(title, number, header, grids, posts, faults)


def _table(line: int, lines: list[str]) -> Table:
    names = [name.strip() for name in lines[0].split("|")]
    rows = []
    for row in lines[1:]:
        cells = [cell.strip() for cell in row.split("|")]
        if len(cells) != len(names):
            raise ExampleUnreadable(f"line {line}: {len(names)} columns, but a row has {len(cells)}: {row}")
        rows.append(dict(zip(names, cells, strict=True)))
    return tuple(rows)


# ---- under one chart


def under_chart(example: Example, chart: Chart) -> Example | None:
    """The example with roles turned into accounts; None where the chart has no account for one of them."""
    wanted = {name for text in _cells(example) for name, _ in ROLE.findall(text)}
    if any(not chart.role(name) for name in wanted):
        return None

    def told(text: str) -> str:
        return ROLE.sub(lambda found: _account(chart, found[1], found[2]), text)

    def table(rows: Table) -> Table:
        return tuple({name: told(cell) for name, cell in row.items()} for row in rows)

    return replace(
        example,
        header={name: told(text) for name, text in example.header.items()},
        grids={name: table(rows) for name, rows in example.grids.items()},
        posts=table(example.posts),
    )


def _account(chart: Chart, role: str, above: str) -> str:
    account = chart.role(role)
    return chart.ancestor(account, 1) if above else account


def _cells(example: Example) -> Iterator[str]:
    yield from example.header.values()
    for rows in (*example.grids.values(), example.posts):
        for row in rows:
            yield from row.values()


def raw_body(spec: VoucherSpec, example: Example) -> dict[str, object]:
    """What a client would send for the example: text and numbers by the kinds of the spec's fields."""
    header = dict(example.header)
    header.setdefault("branch", BRANCH)
    header.setdefault("accounting_date", header.get("voucher_date", ""))
    fields = {item.name: item for item in (*language.STANDARD_HEADER, *spec.header)}
    body: dict[str, object] = {name: _typed(fields.get(name), text) for name, text in header.items()}
    for name, rows in example.grids.items():
        columns = {column.name: column for grid in spec.grids if grid.name == name for column in grid.columns}
        body[name] = [{key: _typed(columns.get(key), cell) for key, cell in row.items() if cell} for row in rows]
    return body


def _typed(item: Field | None, text: str) -> object:
    """Thousands may be set apart by blanks; counts and flags are what JSON calls them."""
    if item is None:
        return text
    if item.kind in (language.MONEY, language.VND, language.RATE):
        return text.replace(" ", "")
    if item.kind == language.COUNT and text.isdigit():
        return int(text)
    return True if item.kind == language.FLAG and text == "yes" else text


def shown_entries(entries: list[Entry], expected: Table) -> list[dict[str, str]]:
    """Entries as rows of a `posts` table: the columns it asks for, and any detail it has forgotten."""
    asked = {name for row in expected for name in row}
    shown = []
    for entry in entries:
        row = {"debit": "", "credit": "", "amount": str(entry.amount)}
        for side, found in (("debit", entry.debit), ("credit", entry.credit)):
            if found is not None:
                row[side] = found.account
                row |= {f"{side}_{name}": text for name, text in _details(found).items() if text}
        row |= {name: getattr(entry, name) for name in ("description", "cash_flow") if name in asked}
        shown.append({**dict.fromkeys(asked, ""), **row})
    return shown


def _details(side: Side) -> dict[str, str]:
    details = {name: str(getattr(side, name)) for name in side._fields if name not in ("account", "branch")}
    if side.currency == VND:
        details["currency"] = details["foreign"] = ""
    return details


def expected_entries(expected: Table) -> list[dict[str, str]]:
    """The `posts` table with amounts in plain digits, to compare with `shown_entries`."""
    numbers = ("amount", "debit_foreign", "credit_foreign")
    rows = []
    for row in expected:
        row = {"debit": "", "credit": "", **row}
        rows.append({name: cell.replace(" ", "") if name in numbers else cell for name, cell in row.items()})
    return rows
