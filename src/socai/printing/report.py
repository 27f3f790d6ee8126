"""Books on paper: heading by regime, columns with grouped headings, page carry-forward lines, signatures at the end.

Rows are laid out into pages here, because a book must carry its sums from page to page ("cộng chuyển sang trang sau",
"số trang trước chuyển sang"); Typst then only draws. Rows come from an iterator and are never needed twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from socai.base.money import format_amount
from socai.core import report as language_of_reports
from socai.core.company import Company
from socai.core.report import Column
from socai.printing.engine import compile_pdf
from socai.printing.wording import labels, short_day, signature_word

# Heights in points at the sizes of layout/book.typ, by landscape: what is left for rows under the column headings.
PAGE_POINTS = {False: 724, True: 476}
HEADING_POINTS, FILTER_POINTS = 112, 12
ROW_POINTS, FURTHER_LINE_POINTS = 12.7, 8.6
ROWS_MAX = 200_000  # a longer book is printed by shorter periods
CHARACTERS_PER_LINE = {False: 112, True: 170}  # of the text columns together, to count wrapped rows


@dataclass(frozen=True, slots=True)
class BookFacts:
    """What stands around the rows. `headings` words each column and `groups` each column group; `filters` are lines
    such as "Tài khoản: 1111 - Tiền Việt Nam"; `as_of` is the sentence on the moment of the figures."""

    title: str
    subtitle: str
    number: str
    circular: str
    company: Company
    period: str
    headings: Mapping[str, str]
    groups: Mapping[str, str] = field(default_factory=dict)
    filters: Sequence[str] = ()
    as_of: str = ""
    signers: Sequence[str] = ("keeper", "chief_accountant", "director")
    head: str = ""
    signed_on: str = ""
    landscape: bool = False
    language: str = "vi"


Row = Mapping[str, Any]
"""{kind: opening|line|month|total|closing, cells: {column: int|str}}; amounts are integers of đồng or minor units."""


class TooLong(Exception):
    """The book has more rows than one print holds; the cure is a shorter period."""


def report_pdf(facts: BookFacts, columns: Sequence[Column], rows: Iterable[Row], decimals: int = 0) -> bytes:
    """The PDF of a book. `decimals` are the minor digits of the foreign columns. TooLong beyond ROWS_MAX rows."""
    words = labels(facts.language)
    pages, count = _pages(facts, columns, rows, decimals)
    payload = {
        "w": words,
        "title": facts.title,
        "subtitle": facts.subtitle,
        "number": facts.number,
        "circular": facts.circular,
        "company": {
            "name": facts.company.name,
            "address": facts.company.address,
            "tax_code": facts.company.tax_code,
        },
        "period": facts.period,
        "filters": list(facts.filters),
        "as_of": facts.as_of,
        "landscape": facts.landscape,
        "columns": [
            {
                "heading": facts.headings.get(column.name, column.name),
                "group": facts.groups.get(column.group, column.group),
                "width": column.width,
                "right": column.kind == language_of_reports.MONEY,
                "center": column.kind in (language_of_reports.DAY, language_of_reports.MARK),
            }
            for column in columns
        ],
        "pages": pages,
        "signers": _signers(facts),
        "signed_on": facts.signed_on or words["blank_date"],
    }
    main = '#import "/printing/layout/book.typ": book\n#book(json(bytes(sys.inputs.facts)))\n'
    return compile_pdf(main, payload, rows=count)


def _signers(facts: BookFacts) -> list[dict[str, str]]:
    names = {
        "director": facts.company.director,
        "chief_accountant": facts.company.chief_accountant,
        "cashier": facts.company.cashier,
    }
    words = labels(facts.language)
    return [
        {
            "title": facts.head if role == "director" and facts.head else signature_word(role, facts.language),
            "note": words["sign_seal"] if role == "director" else words["sign"],
            "name": names.get(role, ""),
        }
        for role in facts.signers
    ]


def _pages(
    facts: BookFacts, columns: Sequence[Column], rows: Iterable[Row], decimals: int
) -> tuple[list[list[dict[str, Any]]], int]:
    room = PAGE_POINTS[facts.landscape]
    sums: dict[str, int] = {column.name: 0 for column in columns if column.total}
    pages: list[list[dict[str, Any]]] = [[]]
    used: float = HEADING_POINTS + FILTER_POINTS * len(facts.filters)
    count = 0
    for row in rows:
        count += 1
        if count > ROWS_MAX:
            raise TooLong(f"more than {ROWS_MAX} rows")
        height = _height(row, columns, facts.landscape)
        if used + height > room - (ROW_POINTS if sums else 0):
            if sums:
                pages[-1].append(_sum_row("carry_forward", sums, columns, facts.language, decimals))
                pages.append([_sum_row("carried_over", sums, columns, facts.language, decimals)])
            else:
                pages.append([])
            used = ROW_POINTS * len(pages[-1])
        pages[-1].append(_printed(row, columns, facts.language, decimals))
        used += height
        if row["kind"] == "line":
            for name in sums:
                value = row["cells"].get(name)
                sums[name] += value if isinstance(value, int) else 0
    return pages, count


def _height(row: Row, columns: Sequence[Column], landscape: bool) -> float:
    """Printed height of a row in points: its longest text over the share of the page its column has."""
    total = sum(column.width for column in columns) or 1
    lines = 1
    for column in columns:
        text = row["cells"].get(column.name)
        if isinstance(text, str) and column.kind == language_of_reports.TEXT:
            share = max(4, CHARACTERS_PER_LINE[landscape] * column.width // total)
            lines = max(lines, -(-len(text) // share))
    return ROW_POINTS + FURTHER_LINE_POINTS * (lines - 1)


def _sum_row(
    word: str, sums: Mapping[str, int], columns: Sequence[Column], language: str, decimals: int
) -> dict[str, Any]:
    cells = {name: value for name, value in sums.items() if value}
    return _printed({"kind": "carry", "cells": {**cells, "": labels(language)[word]}}, columns, language, decimals)


def _printed(row: Row, columns: Sequence[Column], language: str, decimals: int) -> dict[str, Any]:
    cells = [cell_text(column, row["cells"].get(column.name), language, decimals) for column in columns]
    kind = str(row["kind"])
    if kind != "line":
        words = labels(language)
        label = str(row["cells"].get("") or row["cells"].get("description") or words.get(kind, ""))
        place = next((index for index, column in enumerate(columns) if column.name in ("description", "name")), 0)
        if not cells[place] or cells[place] == row["cells"].get("description"):
            cells[place] = label
    return {"kind": kind, "cells": cells}


def cell_text(column: Column, value: object, language: str, decimals: int = 0) -> str:
    """One cell as printed: amounts with separators, zero blank, negatives in parentheses, days as dd/mm/yyyy."""
    if value is None or value == "":
        return ""
    if column.kind == language_of_reports.MONEY and isinstance(value, int):
        if value == 0:
            return ""
        places = decimals if column.foreign or column.name.endswith("_foreign") else 0
        text = format_amount(abs(value), places, language)
        return f"({text})" if value < 0 else text
    if column.kind == language_of_reports.DAY:
        return short_day(str(value))
    return str(value)
