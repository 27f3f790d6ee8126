"""Books as spreadsheets: the same columns and rows as on paper, amounts as numbers, written row by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO

import xlsxwriter
from xlsxwriter.format import Format

from socai.core import report as language_of_reports
from socai.core.report import Column
from socai.printing.report import BookFacts, Row
from socai.printing.wording import labels, short_day

ROWS_MAX = 1_000_000  # a sheet holds 1,048,576


def report_xlsx(facts: BookFacts, columns: Sequence[Column], rows: Iterable[Row], decimals: int = 0) -> bytes:
    """The workbook of a book, one sheet. Amounts in minor units are written as decimal numbers of the currency."""
    target = BytesIO()
    book = xlsxwriter.Workbook(
        target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet()
    look = {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "head": book.add_format(
            {"bold": True, "bg_color": "#EEEEEE", "border": 1, "text_wrap": True, "align": "center"}
        ),
        "line": book.add_format({"border": 1}),
        "strong": book.add_format({"border": 1, "bold": True}),
        "money": book.add_format({"border": 1, "num_format": "#,##0;(#,##0);"}),
        "money_strong": book.add_format({"border": 1, "bold": True, "num_format": "#,##0;(#,##0);"}),
        "foreign": book.add_format({"border": 1, "num_format": f"#,##0.{'0' * max(decimals, 1)}"}),
    }
    for index, column in enumerate(columns):
        sheet.set_column(index, index, max(8, column.width * 1.3))
    at = 0
    for text in (facts.company.name, facts.company.address, "", facts.title, facts.period, *facts.filters, facts.as_of):
        sheet.write_string(at, 0, text, look["title"] if text == facts.title else None)
        at += 1
    for index, column in enumerate(columns):
        group = facts.groups.get(column.group, column.group)
        heading = facts.headings.get(column.name, column.name)
        sheet.write_string(at, index, f"{group} - {heading}" if group else heading, look["head"])
    sheet.freeze_panes(at + 1, 0)
    for number, row in enumerate(rows):
        if number >= ROWS_MAX:
            break
        at += 1
        for index, column in enumerate(columns):
            _write(sheet, at, index, column, row, facts.language, decimals, look)
    book.close()
    return target.getvalue()


def _write(
    sheet: xlsxwriter.worksheet.Worksheet,
    at: int,
    index: int,
    column: Column,
    row: Row,
    language: str,
    decimals: int,
    look: dict[str, Format],
) -> None:
    value, strong = row["cells"].get(column.name), row["kind"] != "line"
    if column.kind == language_of_reports.MONEY and isinstance(value, int):
        if column.name.endswith("_foreign") and decimals:
            sheet.write_number(at, index, value / 10**decimals, look["foreign"])
        else:
            sheet.write_number(at, index, value, look["money_strong" if strong else "money"])
        return
    text = "" if value is None else str(value)
    if strong and not text and column.name in ("description", "name"):
        text = labels(language).get(str(row["kind"]), "")
    if column.kind == language_of_reports.DAY:
        text = short_day(text)
    sheet.write_string(at, index, text, look["strong" if strong else "line"])
