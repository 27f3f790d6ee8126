"""A voucher's body: from what a client sent to its one normal form, by the type's spec. Shapes only, no ledger facts.

Body on the wire and at rest (a flat JSON object; amounts are decimal strings, days ISO text):
`{type, branch, books, number, voucher_date, accounting_date, currency, rate, …header fields, lines: [{…}], taxes: [{…}]}`
plus `corrects` (the voucher an adjusting journal names). Empty values are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from socai.base.calendar import parse_day
from socai.base.fault import Fault, Faults
from socai.base.ident import parse_ident
from socai.base.money import amount_text, parse_amount
from socai.base.rate import convert, parse_rate
from socai.core import spec as language
from socai.core.catalog import normalize
from socai.core.entry import BOOKS, FINANCIAL, VND
from socai.core.spec import Field, Grid, VoucherSpec

Body = dict[str, object]

COUNT_MAX = 9_999
FAULTS_PER_VOUCHER_MAX = 50


def parse_voucher(spec: VoucherSpec, raw: Mapping[str, object], decimals: Mapping[str, int]) -> tuple[Body, Faults]:
    """The normal form of `raw` and the faults found. `decimals` gives the minor units of each known currency.

    Line faults name their cell as `lines.3.amount` (1-based). At most FAULTS_PER_VOUCHER_MAX faults are returned.
    """
    faults: list[Fault] = []
    body: Body = {"type": spec.code}
    body["branch"] = _text(raw.get("branch"), Field("branch", required=True, length_max=40), "branch", faults)
    body["books"] = _books(raw.get("books"), faults)
    for name in ("corrects",):
        if raw.get(name):
            ident = parse_ident(raw[name], name)
            if isinstance(ident, Fault):
                faults.append(ident)
            else:
                body[name] = ident
    currency = raw.get("currency") or VND
    if not isinstance(currency, str) or currency not in decimals or (currency != VND and not spec.foreign):
        faults.append(Fault("CURRENCY_UNKNOWN", "currency", {"currency": str(currency)[:10]}))
        currency = VND
    rate = _rate(raw.get("rate"), currency, faults)
    body["currency"], body["rate"] = currency, format(rate, "f")
    places = decimals[currency]
    for item in (*language.STANDARD_HEADER, *spec.header):
        if item.name in ("currency", "rate"):
            continue
        _put(body, item, raw.get(item.name), item.name, places, faults)
    known = {item.name for item in (*language.STANDARD_HEADER, *spec.header)}
    known |= {"type", "branch", "books", "corrects"} | {grid.name for grid in spec.grids}
    for name in raw:
        if name not in known:
            faults.append(Fault("FIELD_UNKNOWN", str(name)[:60], {"field": str(name)[:60]}))
    for grid in spec.grids:
        rows = _rows(grid, raw.get(grid.name), body, places, faults)
        if rows:
            _convert_rows(grid, rows, currency, rate, places, faults)
            body[grid.name] = rows
    _check_signs(spec, body, faults)
    return body, tuple(faults[:FAULTS_PER_VOUCHER_MAX])


def _books(raw: object, faults: list[Fault]) -> list[str]:
    if raw is None or raw == []:
        return [FINANCIAL]
    if isinstance(raw, list) and all(book in BOOKS for book in raw):
        return [book for book in BOOKS if book in raw]
    faults.append(Fault("BOOK_UNKNOWN", "books", {"book": str(raw)[:40]}))
    return [FINANCIAL]


def _rate(raw: object, currency: str, faults: list[Fault]) -> Decimal:
    if currency == VND:
        if raw not in (None, "", "1"):
            rate = parse_rate(raw, "rate")
            if isinstance(rate, Fault) or rate != 1:
                faults.append(Fault("RATE_NOT_ONE", "rate", {"rate": str(raw)[:20]}))
        return Decimal(1)
    rate = parse_rate(raw, "rate")
    if isinstance(rate, Fault):
        faults.append(rate)
        return Decimal(1)
    return rate


def _text(value: object, item: Field, place: str, faults: list[Fault]) -> str:
    if value is None or value == "":
        if item.required:
            faults.append(Fault("FIELD_REQUIRED", place, {"field": item.name}))
        return ""
    if not isinstance(value, str) or any(ord(letter) < 32 and letter not in "\n\t" for letter in value):
        faults.append(Fault("TEXT_INVALID", place, {"field": item.name}))
        return ""
    text = normalize(value)
    if len(text) > item.length_max:
        faults.append(Fault("TEXT_TOO_LONG", place, {"field": item.name, "max": str(item.length_max)}))
        return ""
    return text


def _put(body: Body, item: Field, value: object, place: str, places: int, faults: list[Fault]) -> None:
    """Read one cell into `body`; nothing is stored where the cell is empty or faulty."""
    if value is None or value == "" or value is False:
        if item.required:
            code = "AMOUNT_EMPTY" if item.kind in (language.MONEY, language.VND) else "FIELD_REQUIRED"
            faults.append(Fault(code, place, {"field": item.name}))
        return
    if item.kind in (language.MONEY, language.VND):
        places = places if item.kind == language.MONEY else 0
        amount = parse_amount(value, place, places)
        if isinstance(amount, Fault):
            faults.append(amount)
        else:
            body[item.name] = amount_text(amount, places)
    elif item.kind == language.DAY:
        day = parse_day(value, place)
        if isinstance(day, Fault):
            faults.append(day)
        else:
            body[item.name] = day.isoformat()
    elif item.kind == language.COUNT:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= COUNT_MAX:
            faults.append(Fault("QUANTITY_INVALID", place, {"field": item.name, "value": str(value)[:20]}))
        else:
            body[item.name] = value
    elif item.kind == language.FLAG:
        body[item.name] = True
    elif text := _text(value, item, place, faults):
        if item.among and text not in item.among:
            faults.append(Fault("CHOICE_INVALID", place, {"field": item.name, "value": text[:40]}))
        else:
            body[item.name] = text


def _rows(grid: Grid, raw: object, header: Body, places: int, faults: list[Fault]) -> list[Body]:
    if raw is None:
        raw = []
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        faults.append(Fault("TEXT_INVALID", grid.name, {"field": grid.name}))
        return []
    if len(raw) > language.LINES_PER_VOUCHER_MAX:
        limit = str(language.LINES_PER_VOUCHER_MAX)
        faults.append(Fault("LINES_TOO_MANY", grid.name, {"count": str(len(raw)), "max": limit}))
        return []
    if len(raw) < grid.rows_min:
        faults.append(Fault("LINES_EMPTY", grid.name, {"field": grid.name}))
        return []
    columns = {column.name for column in grid.columns}
    rows: list[Body] = []
    for position, line in enumerate(raw, start=1):
        place = f"{grid.name}.{position}"
        if not isinstance(line, Mapping):
            faults.append(Fault("TEXT_INVALID", place, {"field": grid.name}))
            continue
        row: Body = {}
        for column in grid.columns:
            value = line.get(column.name)
            if (value is None or value == "") and column.default.startswith("header:"):
                value = header.get(column.default[7:])
            _put(row, column, value, f"{place}.{column.name}", places, faults)
        for name in line:
            if name not in columns:
                faults.append(Fault("FIELD_UNKNOWN", f"{place}.{str(name)[:60]}", {"field": str(name)[:60]}))
        rows.append(row)
        if len(faults) > FAULTS_PER_VOUCHER_MAX:
            break
    return rows


def _convert_rows(grid: Grid, rows: list[Body], currency: str, rate: Decimal, places: int, faults: list[Fault]) -> None:
    """Fill `<money>_vnd` columns from their money column. A typed conversion in a foreign currency is kept as typed."""
    names = {column.name for column in grid.columns}
    pairs = [(column.name, f"{column.name}_vnd") for column in grid.columns if column.kind == language.MONEY]
    for money, converted in pairs:
        if converted not in names:
            continue
        for position, row in enumerate(rows, start=1):
            text = row.get(money)
            if not isinstance(text, str):
                continue
            minor = int(text.replace(".", ""))
            expected = minor if currency == VND else convert(minor, rate, places)
            typed = row.get(converted)
            if typed is None or currency == VND:
                if typed is not None and typed != amount_text(expected):
                    place = f"{grid.name}.{position}.{converted}"
                    faults.append(Fault("CONVERTED_MISMATCH", place, {"typed": str(typed), "expected": str(expected)}))
                row[converted] = amount_text(expected)


def _check_signs(spec: VoucherSpec, body: Body, faults: list[Fault]) -> None:
    """Zero and negative amounts of posted columns: never zero; negative only where the type allows a correction."""
    correcting = spec.negative == language.CORRECTING
    for posting in spec.postings:
        rows = body.get(posting.grid)
        if not isinstance(rows, list):
            continue
        for position, row in enumerate(rows, start=1):
            for name in ("debit_amount", "credit_amount") if posting.single else (posting.amount,):
                text = row.get(name)
                if not isinstance(text, str):
                    continue
                place = f"{posting.grid}.{position}.{name}"
                if text.startswith("-"):
                    if not correcting:
                        faults.append(Fault("AMOUNT_NEGATIVE", place, {"amount": text}))
                    elif not body.get("corrects"):
                        faults.append(Fault("CORRECTS_REQUIRED", "corrects", {"amount": text}))
                elif not text.strip("0."):
                    if posting.grid == "taxes":
                        continue  # a 0 % invoice is declared, and posts nothing
                    faults.append(Fault("AMOUNT_EMPTY", place, {"field": name}))


def total_vnd(spec: VoucherSpec, body: Mapping[str, object]) -> int:
    """The voucher's total in đồng: what lists show and amounts in words spell."""
    total = 0
    for posting in spec.postings:
        rows = body.get(posting.grid)
        if isinstance(rows, list):
            names = ("debit_amount_vnd",) if posting.single else (posting.converted,)
            total += sum(int(row.get(name) or 0) for row in rows for name in names)
    return total


def catalog_references(spec: VoucherSpec, body: Mapping[str, object]) -> list[tuple[str, str, str]]:
    """(place, kind, id) of every catalog entry the body names, branch included; accounts are not catalog references."""
    found = [("branch", "branch", str(body.get("branch", "")))]
    found += _named(spec.header, body, "")
    for grid in spec.grids:
        rows = body.get(grid.name)
        if isinstance(rows, list):
            for position, row in enumerate(rows, start=1):
                found += _named(grid.columns, row, f"{grid.name}.{position}.")
    return found


def _named(fields: tuple[Field, ...], body: Mapping[str, object], prefix: str) -> list[tuple[str, str, str]]:
    return [
        (prefix + item.name, item.kind, str(body[item.name]))
        for item in fields
        if item.kind in language.CATALOG_CELLS and body.get(item.name)
    ]
