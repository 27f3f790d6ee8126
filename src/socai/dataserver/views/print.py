"""Facts for paper: what printing needs of vouchers and reports, gathered from one tenant's file. Lays nothing out.

Printing is loaded at the first print: most of what it needs is of no use to a server that prints nothing today.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from socai.base.calendar import day_text, parse_day
from socai.base.fault import Fault, Faults
from socai.dataserver.desk import Desk
from socai.dataserver.store import catalog, voucher
from socai.dataserver.store.file import Connection
from socai.dataserver.store.voucher import Head
from socai.dataserver.views.report import Asked, Elsewhere, Ready, Whole, title_of, whole
from socai.dataserver.views.voucher import Branches
from socai.registry import common_words, regimes, say, voucher_types

if TYPE_CHECKING:
    from socai.printing import BookFacts

PAPERS = ("A4", "A5")
COPIES_MAX = 5
VOUCHERS_MAX = 200
NAMED_PARAMETERS = ("branch", "account", "partner", "bank_account", "fund", "currency")


def print_vouchers(
    desk: Desk,
    idents: Sequence[str],
    branches: Branches,
    *,
    paper: str,
    copies: int,
    language: str,
    name_of: Callable[[str], str],
) -> bytes | Fault:
    """One PDF of several vouchers in the order asked. `name_of` gives a login's own name, for who prepared it.

    Faults: VOUCHER_UNKNOWN (also of a branch the person may not see), ACT_DELETED, CHOICE_INVALID for paper or copies.
    """
    if paper not in ("", *PAPERS):
        return Fault("CHOICE_INVALID", "paper", {"value": paper[:20], "choices": ", ".join(PAPERS)})
    if not 0 <= copies <= COPIES_MAX:
        return Fault("CHOICE_INVALID", "copies", {"value": str(copies), "choices": f"1–{COPIES_MAX}"})
    if not idents or len(idents) > VOUCHERS_MAX:
        return Fault("PARAMETER_INVALID", "ids", {"field": "ids", "value": str(len(idents))})
    from socai.printing import vouchers_pdf

    facts = []
    spec_copies = 1
    with desk.file.read() as db:
        heads, bodies = voucher.load_many(db, idents), voucher.bodies(db, idents)
        books = voucher.book_rows(db, idents)
        for ident in idents:
            head = heads.get(ident)
            if head is None or (branches is not None and head.branch not in branches):
                return Fault("VOUCHER_UNKNOWN", "ids", {"id": ident[:40]})
            if head.deleted:
                return Fault("ACT_DELETED", "ids", {"act": "print"})
            posted = any(row.posted for row in books.get(ident, ()))
            facts.append(_voucher_facts(desk, db, head, bodies[ident], paper, language, posted, name_of(head.author)))
            spec_copies = voucher_types()[head.type].spec.copies if len(idents) == 1 else 1
    return vouchers_pdf(facts, copies or spec_copies, language)


def _voucher_facts(
    desk: Desk, db: Connection, head: Head, body: bytes, paper: str, language: str, posted: bool, preparer: str
) -> dict[str, Any]:
    from socai.printing import voucher_facts

    known = desk.cache.get(db)
    content = msgspec.json.decode(body)
    day = date.fromisoformat(str(content["accounting_date"]))
    years = known.calendar.years
    year = known.calendar.year_of(day) or (years[0] if years else None)
    regime = regimes().get(year.regime) if year else None
    return voucher_facts(
        voucher_types()[head.type],
        content,
        known.company,
        regime or next(iter(regimes().values())),
        lambda kind, ident: _entry(db, kind, ident),
        language=language,
        paper=paper or None,  # type: ignore[arg-type]
        posted=posted,
        preparer=preparer or known.company.preparer,
    )


def _entry(db: Connection, kind: str, ident: str) -> Mapping[str, str] | None:
    """A catalog entry as forms read it."""
    row = catalog.load(db, kind, ident)
    return {name: str(value) for name, value in msgspec.json.decode(row.body).items()} if row else None


def print_report(desk: Desk, asked: Asked, spreadsheet: bool, elsewhere: Elsewhere | None = None) -> bytes | Faults:
    """The PDF or the workbook of a whole report. Faults as for a page; PARAMETER_INVALID for one too long to print."""
    from socai.printing import report_pdf, report_xlsx
    from socai.printing.report import TooLong

    with whole(desk, asked, elsewhere) as found:
        if not isinstance(found, Whole):
            return found
        ready = found.ready
        plain = ({"kind": row.kind, "cells": row.cells} for row in found.rows)
        make = report_xlsx if spreadsheet else report_pdf
        try:
            return make(_book_facts(ready, asked.language), ready.columns, plain, ready.decimals)
        except TooLong:
            span = f"{asked.parameters.get('from', '')} – {asked.parameters.get('to', '')}"
            return (Fault("PARAMETER_INVALID", "to", {"field": "to", "value": span}),)


def _book_facts(ready: Ready, language: str) -> BookFacts:
    from socai.printing import BookFacts

    words, form = ready.kind.words, ready.form
    return BookFacts(
        title=title_of(ready, language),
        subtitle=form.subtitle(language) if form else "",
        number=form.number if form else "",
        circular=form.circular(language) if form else "",
        company=ready.company,
        period=_period(ready, language),
        headings={column.name: say(words, language, "column", column.name) for column in ready.columns},
        groups={
            column.group: say(words, language, "column_group", column.group) for column in ready.columns if column.group
        },
        filters=_filters(ready, language),
        as_of=as_of_text(ready, language),
        signers=ready.spec.signatures,
        head=_head(ready, language),
        landscape=ready.spec.landscape,
        language=language,
    )


def _head(ready: Ready, language: str) -> str:
    """Who signs the books for the company, as the regime words it."""
    head = ready.regime.head if ready.regime else {}
    return str(head.get(language) or head.get("vi") or "")


def _period(ready: Ready, language: str) -> str:
    days = [parse_day(ready.request.get(name), name) for name in ("from", "to")]
    first, last = (day_text(day) if isinstance(day, date) else "" for day in days)
    begin, end = (say(common_words(), language, "parameter", name) for name in ("from", "to"))
    return f"{begin} {first} {end.lower()} {last}"


def _filters(ready: Ready, language: str) -> list[str]:
    """What the report is limited to, one line each: "Tài khoản: 1111 - Tiền Việt Nam"."""
    lines = []
    for name in NAMED_PARAMETERS:
        value = ready.request.get(name)
        if not value:
            continue
        label = say(common_words(), language, "parameter", name)
        if name == "account":
            account = ready.context.chart.accounts.get(value)
            shown = f"{value} - {(language == 'en' and account.name_en) or account.name_vi}" if account else value
        elif name == "currency":
            shown = value
        else:
            code, title = ready.context.names(name, [value]).get(value, (value, ""))
            shown = f"{code} - {title}" if title else code
        lines.append(f"{label}: {shown}")
    return lines


def as_of_text(ready: Ready, language: str) -> str:
    """The sentence on the moment of the figures."""
    parts = []
    if ready.as_of:
        moment = datetime.fromisoformat(ready.as_of).astimezone()
        time = f"{moment:%H:%M} {day_text(moment.date())}"
        parts.append(say(common_words(), language, "row", "as_of").format(time=time))
    if ready.pending:
        parts.append(say(common_words(), language, "row", "pending").format(count=ready.pending))
    return ", ".join(parts)
