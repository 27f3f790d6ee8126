"""The account of a series' numbers on paper or as a workbook, through the machinery of reports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import msgspec

from socai.base.calendar import day_text
from socai.core.report import Column
from socai.dataserver.books import Books
from socai.dataserver.store import catalog
from socai.dataserver.views.number import NumbersView
from socai.registry import common_words, say, voucher_types

COLUMNS = (
    Column("first_number", width=12),
    Column("last_number", width=12),
    Column("count", width=6),
    Column("fate", width=26),
    Column("to", width=12),
    Column("by", width=12),
    Column("at", width=14),
    Column("holder", width=16),
)


def print_numbers(books: Books, view: NumbersView, spreadsheet: bool, language: str) -> bytes:
    """One series accounted for, as PDF or workbook."""
    from socai.printing import BookFacts, report_pdf, report_xlsx

    words = common_words()
    with books.read() as db:
        company, branch = books.known(db).company, catalog.load(db, "branch", view.branch)
    place = msgspec.json.decode(branch.body) if branch is not None else {}
    title = say(voucher_types()[view.type].words, language, "title")
    facts = BookFacts(
        title=say(words, language, "number", "title"),
        subtitle="",
        number="",
        circular="",
        company=company,
        period=" – ".join(_day(text) for text in (view.first_day, view.last_day) if text),
        headings={column.name: say(words, language, "number", column.name) for column in COLUMNS},
        filters=[title, f"{place.get('code', '')} - {place.get('name', '')}".strip(" -")],
        as_of=say(words, language, "row", "as_of").format(time=_moment(view.as_of)) if view.as_of else "",
        landscape=True,
        language=language,
    )
    rows = ({"kind": "line", "cells": cells} for cells in _rows(view, language))
    return (report_xlsx if spreadsheet else report_pdf)(facts, COLUMNS, rows)


def _rows(view: NumbersView, language: str) -> Iterator[dict[str, Any]]:
    words = common_words()

    def told(fate: str) -> str:
        return say(words, language, "number_fate", fate)

    for run in view.runs:
        yield {
            "first_number": run.first_number,
            "last_number": run.last_number if run.last != run.first else "",
            "count": str(run.last - run.first + 1),
            "fate": told(run.fate),
            "to": run.to,
            "by": run.by,
            "at": _moment(run.at) if run.at else "",
            "holder": run.holder,
        }
    for use in view.provisional:
        yield {"first_number": use.number, "count": "1", "fate": told("provisional")}
    for twice in view.duplicates:
        yield {"first_number": twice.number, "count": str(len(twice.vouchers)), "fate": told("duplicate")}


def _day(text: str) -> str:
    return day_text(date.fromisoformat(text))


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text).astimezone()
    return f"{moment:%H:%M} {day_text(moment.date())}"
