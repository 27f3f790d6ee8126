"""A voucher's body: from what a client sent to its one normal form, by the type's spec. Shapes only, no ledger facts.

Body on the wire and at rest (a flat JSON object; amounts are decimal strings, days ISO text):
`{type, branch, books, number, voucher_date, accounting_date, currency, rate, …header, lines: [{…}], taxes: [{…}]}`.
Empty values are left out. The normal form of a normal form is itself, so its bytes are stable under every hop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from socai.base.calendar import parse_day
from socai.base.fault import Fault, Faults
from socai.base.ident import CANONICAL, parse_ident
from socai.base.money import AMOUNT_MAX, amount_text, format_amount, parse_amount
from socai.base.rate import convert, parse_rate, rate_text
from socai.core import spec as language
from socai.core.catalog import UNREADABLE, normalize
from socai.core.entry import BOOKS, FINANCIAL, VND
from socai.core.spec import Field, Grid, Posting, VoucherSpec

Body = dict[str, object]
Reference = tuple[str, str, str]  # (place, kind, id) of a catalog entry that is named

BRANCH = Field("branch", required=True, length_max=40)
COUNT_MAX = 9_999
FAULTS_PER_VOUCHER_MAX = 50

CASH_FLOW_CODE = re.compile("[0-9]{2}", re.ASCII)
PLAIN_AMOUNT = re.compile("[1-9][0-9]{0,14}", re.ASCII)
VOUCHER_NUMBER = re.compile(r"(?=.)(?:[^\W_][\w./-]*)?(?:~[\w./-]+)?")  # ~ stands in provisional numbers
SIDES = ("debit", "credit")


def parse_voucher(spec: VoucherSpec, raw: Mapping[str, object], decimals: Mapping[str, int]) -> tuple[Body, Faults]:
    """The normal form of `raw` and the faults found. `decimals` gives the minor units of each known currency.

    Line faults name their cell as `lines.3.amount` (1-based). At most FAULTS_PER_VOUCHER_MAX faults are returned.
    """
    faults: list[Fault] = []
    body: Body = {"type": spec.code}
    branch = _read_text(BRANCH, raw.get("branch"), "branch", 0)
    if isinstance(branch, Fault):
        faults.append(branch)
    body["branch"] = "" if isinstance(branch, Fault) else branch
    body["books"] = _books(raw.get("books"), faults)
    currency = _currency(raw.get("currency"), "currency", decimals, faults)
    if currency != VND and not spec.foreign:
        faults.append(Fault("CURRENCY_UNKNOWN", "currency", {"currency": currency}))
        currency = VND
    rate = _rate(raw.get("rate"), currency, "rate", faults)
    body["currency"], body["rate"] = currency, rate_text(rate)
    for item in spec.cells:
        if item.required or item.name in raw:
            _put(body, item, raw.get(item.name), "", decimals[currency], faults)
    _check_number(body, faults)
    _check_reason(spec, body, faults)
    _unknown(raw, spec.names, "", faults)
    for grid in spec.grids:
        rows = _rows(grid, raw.get(grid.name), body, decimals, faults)
        if rows:
            body[grid.name] = rows
    _check_amounts(spec, body, faults)
    return body, tuple(faults[:FAULTS_PER_VOUCHER_MAX])


def _books(raw: object, faults: list[Fault]) -> list[str]:
    if raw is None or raw == []:
        return [FINANCIAL]
    if isinstance(raw, list) and all(book in BOOKS for book in raw):
        return [book for book in BOOKS if book in raw]
    shown = ", ".join(map(str, raw[:3])) if isinstance(raw, list) else str(raw)
    faults.append(Fault("BOOK_UNKNOWN", "books", {"book": shown[:40]}))
    return [FINANCIAL]


def _currency(raw: object, place: str, decimals: Mapping[str, int], faults: list[Fault]) -> str:
    if raw is None or raw == "":
        return VND
    if isinstance(raw, str) and raw in decimals:
        return raw
    faults.append(Fault("CURRENCY_UNKNOWN", place, {"currency": str(raw)[:10]}))
    return VND


def _rate(raw: object, currency: str, place: str, faults: list[Fault]) -> Decimal:
    if currency == VND:
        if raw not in (None, "", "1"):
            rate = parse_rate(raw, place)
            if isinstance(rate, Fault) or rate != 1:
                faults.append(Fault("RATE_NOT_ONE", place, {"rate": str(raw)[:20]}))
        return Decimal(1)
    rate = parse_rate(raw, place)
    if isinstance(rate, Fault):
        faults.append(rate)
        return Decimal(1)
    return rate


def _check_number(body: Body, faults: list[Fault]) -> None:
    number = body.get("number")
    if isinstance(number, str) and not VOUCHER_NUMBER.fullmatch(number):
        del body["number"]
        faults.append(Fault("NUMBER_INVALID", "number", {"number": number}))


def _check_reason(spec: VoucherSpec, body: Body, faults: list[Fault]) -> None:
    """A reason is one the spec declares, or the id of one the company added to its catalog."""
    reason = body.get("reason")
    codes = [item.code for item in spec.reasons]
    if isinstance(reason, str) and reason not in codes and not CANONICAL.fullmatch(reason):
        del body["reason"]
        faults.append(
            Fault("CHOICE_INVALID", "reason", {"field": "reason", "value": reason, "choices": ", ".join(codes)})
        )


def _unknown(raw: Mapping[str, object], known: frozenset[str], prefix: str, faults: list[Fault]) -> None:
    if raw.keys() <= known:
        return
    for name in raw:
        if name not in known:
            shown = str(name)[:60]
            faults.append(Fault("FIELD_UNKNOWN", prefix + shown, {"field": shown}))


def _put(body: Body, item: Field, value: object, prefix: str, places: int, faults: list[Fault]) -> None:
    """Read one cell into `body`; nothing is stored where the cell is empty or faulty. Faults stand at prefix + name."""
    if value is None or value == "" or value is False:
        if item.required:
            code = "AMOUNT_EMPTY" if item.kind in (language.MONEY, language.VND) else "FIELD_REQUIRED"
            faults.append(Fault(code, prefix + item.name, {"field": item.name}))
        return
    read = READERS.get(item.kind, _read_text)(item, value, prefix + item.name, places)
    if isinstance(read, Fault):
        faults.append(read)
    elif read != "":
        body[item.name] = read


def _read_text(item: Field, value: object, place: str, _: int) -> object:
    if isinstance(value, str):
        if not value.isprintable() and UNREADABLE.search(value):  # what can be printed has nothing unreadable in it
            return Fault("TEXT_INVALID", place, {"field": item.name})
        text = value.strip() if value.isascii() else normalize(value)
    elif value is None:
        text = ""
    else:
        return Fault("TEXT_INVALID", place, {"field": item.name})
    if not text:
        return Fault("FIELD_REQUIRED", place, {"field": item.name}) if item.required else ""
    if len(text) > item.length_max:
        return Fault("TEXT_TOO_LONG", place, {"field": item.name, "max": str(item.length_max)})
    if item.among and text not in item.among:
        params = {"field": item.name, "value": text[:40], "choices": ", ".join(item.among)}
        return Fault("CHOICE_INVALID", place, params)
    if item.kind == language.CASH_FLOW and not CASH_FLOW_CODE.fullmatch(text):
        return Fault("CHOICE_INVALID", place, {"field": item.name, "value": text[:40], "choices": "01 … 36"})
    return text


def _read_amount(item: Field, value: object, place: str, places: int) -> object:
    places = places if item.kind == language.MONEY else 0
    if not places and isinstance(value, str) and PLAIN_AMOUNT.fullmatch(value):
        return value  # in its normal form already, as a data server sends it
    amount = parse_amount(value, place, places)
    return amount if isinstance(amount, Fault) else amount_text(amount, places)


def _read_day(_: Field, value: object, place: str, __: int) -> object:
    day = parse_day(value, place)
    return day if isinstance(day, Fault) else day.isoformat()


def _read_rate(_: Field, value: object, place: str, __: int) -> object:
    rate = parse_rate(value, place)
    return rate if isinstance(rate, Fault) else rate_text(rate)


def _read_count(item: Field, value: object, place: str, _: int) -> object:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= COUNT_MAX:
        return Fault("QUANTITY_INVALID", place, {"field": item.name, "value": str(value)[:20]})
    return value


def _read_flag(item: Field, value: object, place: str, _: int) -> object:
    return True if value is True else Fault("TEXT_INVALID", place, {"field": item.name})


def _read_voucher(_: Field, value: object, place: str, __: int) -> object:
    return parse_ident(value, place)


READERS: Mapping[str, Callable[[Field, object, str, int], object]] = {
    language.MONEY: _read_amount,
    language.VND: _read_amount,
    language.DAY: _read_day,
    language.RATE: _read_rate,
    language.COUNT: _read_count,
    language.FLAG: _read_flag,
    language.VOUCHER: _read_voucher,
}
"""How a cell that is no text is read: (field, value, place, minor units) to its normal form, a fault, or ""."""


def _rows(grid: Grid, raw: object, header: Body, decimals: Mapping[str, int], faults: list[Fault]) -> list[Body]:
    if raw is None:
        raw = []
    if not isinstance(raw, Sequence) or isinstance(raw, (str, bytes)):
        faults.append(Fault("TEXT_INVALID", grid.name, {"field": grid.name}))
        return []
    if len(raw) > language.LINES_PER_VOUCHER_MAX:
        limit = str(language.LINES_PER_VOUCHER_MAX)
        faults.append(Fault("LINES_TOO_MANY", grid.name, {"count": str(len(raw)), "max": limit}))
        return []
    if len(raw) < grid.rows_min:
        faults.append(Fault("LINES_EMPTY", grid.name, {"field": grid.name}))
        return []
    rows: list[Body] = []
    for position, line in enumerate(raw, start=1):
        place = f"{grid.name}.{position}"
        if isinstance(line, Mapping):
            rows.append(_row(grid, line, header, decimals, place, faults))
        else:
            faults.append(Fault("TEXT_INVALID", place, {"field": grid.name}))
        if len(faults) > FAULTS_PER_VOUCHER_MAX:
            break
    return rows


def _row(
    grid: Grid, line: Mapping[str, object], header: Body, decimals: Mapping[str, int], place: str, faults: list[Fault]
) -> Body:
    row: Body = {}
    currency = str(header["currency"])
    rate = Decimal(1) if currency == VND else Decimal(str(header["rate"]))
    own_currency = "currency" in grid.names
    if own_currency:
        currency, rate = _own_currency(row, line, place, decimals, faults)
    places, prefix = decimals[currency], f"{place}."
    for column in grid.columns:
        name = column.name
        if (name not in line and name not in grid.asked) or (own_currency and name in ("currency", "rate")):
            continue
        value = line.get(name)
        if (value is None or value == "") and name in grid.computed:
            value = _computed(grid, column, line, header)
        _put(row, column, value, prefix, places, faults)
    _unknown(line, grid.names, prefix, faults)
    for money in grid.converted:
        _convert(row, money, currency, rate, places, place, faults)
    return row


def _computed(grid: Grid, column: Field, line: Mapping[str, object], header: Body) -> object:
    """What an empty cell says all the same: the header's field it follows, or the tax of its row."""
    if column.default.startswith("header:"):
        return header.get(column.default[7:])
    if grid.kind == "taxes" and column.name == "tax_amount":
        net = parse_amount(line.get("net_amount"), column.name)
        tax = language.tax_rows_total(net, str(line.get("tax_rate") or "")) if isinstance(net, int) else None
        return None if tax is None else amount_text(tax)
    return None


def _own_currency(
    row: Body, line: Mapping[str, object], place: str, decimals: Mapping[str, int], faults: list[Fault]
) -> tuple[str, Decimal]:
    """A row's currency and rate. Where every amount has its typed value in đồng, the rate may stay empty."""
    currency = _currency(line.get("currency"), f"{place}.currency", decimals, faults)
    if currency == VND:
        _rate(line.get("rate"), VND, f"{place}.rate", faults)
        return VND, Decimal(1)
    row["currency"] = currency
    typed = all(line.get(f"{side}_amount_vnd") for side in SIDES if line.get(f"{side}_amount"))
    if typed and line.get("rate") in (None, ""):
        return currency, Decimal(1)
    rate = _rate(line.get("rate"), currency, f"{place}.rate", faults)
    row["rate"] = rate_text(rate)
    return currency, rate


def _convert(row: Body, money: str, currency: str, rate: Decimal, places: int, place: str, faults: list[Fault]) -> None:
    """Fill `<money>_vnd`. A conversion typed for foreign money is kept as typed, as long as the signs agree."""
    text, converted = row.get(money), f"{money}_vnd"
    if not isinstance(text, str):
        row.pop(converted, None)
        return
    minor = int(text.replace(".", ""))
    expected = minor if currency == VND else convert(minor, rate, places)
    if abs(expected) > AMOUNT_MAX:
        faults.append(Fault("AMOUNT_TOO_LARGE", f"{place}.{converted}", {"max": format_amount(AMOUNT_MAX)}))
        return
    typed = row.get(converted)
    if typed is None or currency == VND:
        row[converted] = amount_text(expected)
    if isinstance(typed, str) and (int(typed) != expected if currency == VND else _sign(int(typed)) != _sign(minor)):
        params = {"typed": typed, "expected": amount_text(expected)}
        faults.append(Fault("CONVERTED_MISMATCH", f"{place}.{converted}", params))
    elif minor and row[converted] == "0":
        faults.append(Fault("AMOUNT_EMPTY", f"{place}.{converted}", {"field": converted}))


def _sign(amount: int) -> int:
    return (amount > 0) - (amount < 0)


def posted_amounts(posting: Posting, row: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """(side, amount column, đồng column) of the amounts a row posts; the side is "" where the row has both."""
    if not posting.single:
        yield "", posting.amount, posting.converted
        return
    for side in SIDES:
        if row.get(f"{side}_amount"):
            yield side, f"{side}_amount", f"{side}_amount_vnd"


def _check_amounts(spec: VoucherSpec, body: Body, faults: list[Fault]) -> None:
    """Amounts that post: never zero, negative only where the type allows a correction, the total within AMOUNT_MAX."""
    total = 0
    for posting in spec.postings:
        rows = body.get(posting.grid)
        for position, row in enumerate(rows if isinstance(rows, list) else (), start=1):
            place = f"{posting.grid}.{position}"
            amounts = list(posted_amounts(posting, row))
            if not amounts:
                faults.append(Fault("AMOUNT_EMPTY", f"{place}.debit_amount", {"field": "debit_amount"}))
            for _, name, converted in amounts:
                text = row.get(name)
                if isinstance(text, str):
                    _check_sign(spec, posting, body, text, f"{place}.{name}", faults)
                    total += abs(int(row.get(converted) or 0))
    if total > AMOUNT_MAX:
        faults.append(Fault("AMOUNT_TOO_LARGE", spec.postings[0].grid, {"max": format_amount(AMOUNT_MAX)}))


def _check_sign(spec: VoucherSpec, posting: Posting, body: Body, text: str, place: str, faults: list[Fault]) -> None:
    if text.startswith("-"):
        if spec.negative != language.CORRECTING:
            faults.append(Fault("AMOUNT_NEGATIVE", place, {"amount": text}))
        elif not body.get("corrects"):
            faults.append(Fault("CORRECTS_REQUIRED", "corrects", {"amount": text}))
    elif not text.strip("0.") and spec.grid(posting.grid).kind != "taxes":
        # An invoice at 0 % is declared and posts nothing; any other zero is a slip.
        faults.append(Fault("AMOUNT_EMPTY", place, {"field": place.rpartition(".")[2]}))


def total_vnd(spec: VoucherSpec, body: Mapping[str, object]) -> int:
    """The voucher's total in đồng: what lists show and amounts in words spell. Opening balances count their debits."""
    return _total(spec, body, foreign=False)


def total_foreign(spec: VoucherSpec, body: Mapping[str, object]) -> int:
    """The total in minor units of the voucher's currency; 0 for a voucher in đồng. Grids kept in đồng do not count."""
    return _total(spec, body, foreign=True) if body.get("currency") not in (None, VND) else 0


def _total(spec: VoucherSpec, body: Mapping[str, object], foreign: bool) -> int:
    total = 0
    for posting in spec.postings:
        rows = body.get(posting.grid)
        if not posting.in_total or not isinstance(rows, list) or (foreign and posting.amount == posting.converted):
            continue
        for row in rows:
            for side, name, converted in posted_amounts(posting, row):
                if side != "credit":
                    total += int(str(row.get(name if foreign else converted) or "0").replace(".", ""))
    return total


def catalog_references(spec: VoucherSpec, body: Mapping[str, object]) -> list[Reference]:
    """(place, kind, id) of every catalog entry the body names, branch included; accounts are not catalog references."""
    found = [("branch", "branch", str(body.get("branch", "")))]
    found += _named(spec.entries, body, "")
    reason = body.get("reason")
    if isinstance(reason, str) and CANONICAL.fullmatch(reason):
        found.append(("reason", "reason", reason))
    for grid in spec.grids:
        rows = body.get(grid.name)
        if isinstance(rows, list):
            for position, row in enumerate(rows, start=1):
                found += _named(grid.entries, row, f"{grid.name}.{position}.")
    return found


def _named(cells: language.Cells, body: Mapping[str, object], prefix: str) -> list[Reference]:
    return [(prefix + name, kind, str(value)) for name, kind in cells if (value := body.get(name))]
