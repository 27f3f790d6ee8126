"""Vouchers on paper: from a voucher's body to the facts of its form, and from facts to one PDF of many vouchers.

The form is the folder's own form.typ, else layout/slip.typ. Every copy (liên) is a page of its own. A figure that waits
for posting is marked, never shown as 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

from socai.base.money import format_amount
from socai.base.spelling import spell_amount, spell_amount_english
from socai.core import spec as language_of_specs
from socai.core.company import DECIMALS, Company
from socai.core.entry import VND
from socai.core.numbering import is_provisional
from socai.core.spec import Field, Grid
from socai.core.voucher import total_vnd
from socai.printing.engine import HOUSE, compile_pdf
from socai.printing.wording import labels, long_day, short_day, signature_word, wire_amount
from socai.registry import Form, Regime, VoucherType, say

Paper = Literal["A4", "A5"]
COPIES_MAX = 5
VOUCHERS_PER_PRINT_MAX = 500

Names = Callable[[str, str], Mapping[str, str] | None]
"""(catalog kind, id) -> {code, name, …} of an entry, or None where it is not held here."""


def voucher_facts(
    kind: VoucherType,
    body: Mapping[str, Any],
    company: Company,
    regime: Regime,
    names: Names,
    *,
    language: str = "vi",
    paper: Paper | None = None,
    posted: bool = True,
    preparer: str = "",
) -> dict[str, Any]:
    """All that a form shows, as text. `names` resolves catalog ids; `posted` False marks the slip "chờ ghi sổ"."""
    spec, words = kind.spec, labels(language)
    form = regime.forms.get(spec.form, Form("", say(kind.words, "vi", "title"), say(kind.words, "en", "title")))
    fields = {item.name: _cell(item, body.get(item.name), names, language, kind) for item in spec.header}
    return {
        "template": _template(kind.folder),
        "paper": paper or spec.paper,
        "w": words,
        "company": {"name": company.name, "address": company.address, "tax_code": company.tax_code},
        "form": {"number": form.number, "title": form.title(language), "circular": form.circular(language)},
        "number": _number(str(body.get("number", "")), words["provisional_number"]),
        "book_number": "",
        "copy": "",
        "date": long_day(date.fromisoformat(str(body["voucher_date"])), language),
        "label": {item.name: say(kind.words, language, "field", item.name) for item in spec.header},
        "field": {name: text for name, text in fields.items() if text},
        "shown": [
            {"label": say(kind.words, language, "field", item.name), "text": fields[item.name]}
            for item in spec.header
            if fields[item.name] and item.kind not in (language_of_specs.REASON, language_of_specs.COUNT)
        ],
        "bank": _bank_details(spec.header, body, names),
        "tables": [table for grid in spec.grids if (table := _table(kind, grid, body, names, language))],
        "originals": str(body.get("original_documents", "")),
        "waiting": "" if posted else words["waiting"],
        "sign": _signatures(company, fields, language, preparer),
        **_accounts(body),
        **_money(kind, body, language, posted),
    }


def _number(number: str, mark: str) -> str:
    """The number as printed; one that will be replaced says so."""
    return f"{number} ({mark})" if is_provisional(number) else number


def vouchers_pdf(facts: Sequence[Mapping[str, Any]], copies: int | None = None, language: str = "vi") -> bytes:
    """One PDF: every voucher, every copy, in order. `copies` 1 to COPIES_MAX; ValueError beyond the named limits."""
    if not 0 < len(facts) <= VOUCHERS_PER_PRINT_MAX or not 0 < (copies or 1) <= COPIES_MAX:
        raise ValueError(f"at most {VOUCHERS_PER_PRINT_MAX} vouchers and {COPIES_MAX} copies in one print")
    templates = sorted({str(item["template"]) for item in facts})
    pages = [
        {**item, "form_index": templates.index(item["template"]), "copy": _copy_word(number, copies, language)}
        for item in facts
        for number in range(1, (copies or 1) + 1)
    ]
    imports = "\n".join(f'#import "{path}": form as form{index}' for index, path in enumerate(templates))
    forms = ", ".join(f"form{index}" for index in range(len(templates)))
    main = f"""#import "/printing/layout/page.typ": sheet
{imports}
#let forms = ({forms},)
#for f in json(bytes(sys.inputs.facts)).pages {{ sheet(lower(f.paper), (forms.at(f.form_index))(f)) }}
"""
    return compile_pdf(main, {"pages": pages}, rows=sum(len(t["rows"]) for item in pages for t in item["tables"]))


def _template(folder: Path) -> str:
    own = folder / "form.typ"
    return f"/{own.relative_to(HOUSE).as_posix()}" if own.is_file() else "/printing/layout/slip.typ"


def _copy_word(number: int, copies: int | None, language: str) -> str:
    return f"{labels(language)['copy']} {number}" if copies and copies > 1 else ""


def _cell(item: Field, value: object, names: Names, language: str, kind: VoucherType) -> str:
    if value is None or value == "":
        return ""
    if item.kind in language_of_specs.CATALOG_CELLS:
        entry = names(item.kind, str(value))
        return _entry_text(item.kind, entry) if entry else ""
    if item.kind in (language_of_specs.MONEY, language_of_specs.VND):
        return wire_amount(value, language)
    if item.kind == language_of_specs.DAY:
        return short_day(str(value))
    if item.kind == language_of_specs.REASON:
        return say(kind.words, language, "reason", str(value))
    if item.kind == language_of_specs.CHOICE:
        return say(kind.words, language, "choice", item.name, str(value))
    return str(value)


def _entry_text(kind: str, entry: Mapping[str, str]) -> str:
    if kind == language_of_specs.BANK_ACCOUNT:
        return f"{entry.get('code', '')} - {entry.get('bank_name', '')}".strip(" -")
    return str(entry.get("name") or entry.get("code") or "")


def _bank_details(header: Sequence[Field], body: Mapping[str, Any], names: Names) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in header:
        if item.kind == language_of_specs.BANK_ACCOUNT and body.get(item.name):
            for name, value in (names(item.kind, str(body[item.name])) or {}).items():
                found[f"{item.name}.{name}"] = str(value)
    return found


def _table(
    kind: VoucherType, grid: Grid, body: Mapping[str, Any], names: Names, language: str
) -> dict[str, Any] | None:
    rows = body.get(grid.name)
    if not isinstance(rows, list) or not rows:
        return None
    used = [item for item in grid.columns if any(row.get(item.name) not in (None, "") for row in rows)]
    foreign = body.get("currency", VND) != VND or any(row.get("currency", VND) != VND for row in rows)
    used = [item for item in used if foreign or not item.foreign_only]
    used = [item for item in used if item.kind != language_of_specs.CASH_FLOW]
    title = say(kind.words, language, "grid", grid.name) if grid.kind == "taxes" or len(kind.spec.grids) > 1 else ""
    money = (language_of_specs.MONEY, language_of_specs.VND)
    totals = ["" for _ in used]
    for index, item in enumerate(used):
        if item.total and item.kind in money:
            totals[index] = _sum(rows, item, body, language)
    totals[0] = totals[0] or labels(language)["total"]
    return {
        "title": title,
        "columns": [
            {
                "label": say(kind.words, language, "field", item.name),
                "right": item.kind in money,
                "width": max(item.width, 9),
            }
            for item in used
        ],
        "rows": [[_cell(item, row.get(item.name), names, language, kind) for item in used] for row in rows],
        "total": totals if any(item.total for item in used) else [],
    }


def _sum(rows: Sequence[Mapping[str, Any]], item: Field, body: Mapping[str, Any], language: str) -> str:
    currencies = {str(row.get("currency") or body.get("currency") or VND) for row in rows}
    if item.kind == language_of_specs.MONEY and len(currencies) > 1:
        return ""  # amounts of several currencies have no sum
    decimals = DECIMALS.get(currencies.pop(), 2) if item.kind == language_of_specs.MONEY else 0
    total = sum(int(str(row.get(item.name) or "0").replace(".", "")) for row in rows)
    return format_amount(total, decimals, language)


def _accounts(body: Mapping[str, Any]) -> dict[str, str]:
    """The Nợ/Có box: every account of the voucher's rows once, in order."""
    found: dict[str, dict[str, None]] = {"debits": {}, "credits": {}}
    for rows in body.values():
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, Mapping):
                for side, names in (("debits", ("debit_account", "tax_account")), ("credits", ("credit_account",))):
                    found[side].update({str(row[name]): None for name in names if row.get(name)})
    return {side: ", ".join(accounts) for side, accounts in found.items()}


def _money(kind: VoucherType, body: Mapping[str, Any], language: str, posted: bool) -> dict[str, Any]:
    currency = str(body.get("currency") or VND)
    total = total_vnd(kind.spec, body)
    foreign: dict[str, str] | None = None
    amount, decimals = total, 0
    if currency != VND:
        decimals = DECIMALS.get(currency, 2)
        amount = sum(
            int(str(row.get(posting.amount) or "0").replace(".", ""))
            for posting in kind.spec.postings
            if posting.in_total
            for row in body.get(posting.grid) or ()
        )
        rate = str(body.get("rate", "1"))
        shown = wire_amount(rate, language)
        if kind.spec.provisional_rate and not posted:
            shown += f" ({labels(language)['waiting']})"
        foreign = {"rate": shown, "converted": format_amount(total, 0, language)}
    spell = spell_amount_english if language == "en" else spell_amount
    return {
        "currency": "đồng" if currency == VND and language == "vi" else currency,
        "total": format_amount(amount, decimals, language),
        "in_words": spell(amount, currency, decimals),
        "foreign": foreign,
    }


def _signatures(company: Company, fields: Mapping[str, str], language: str, preparer: str) -> dict[str, dict[str, str]]:
    words = labels(language)
    people = {
        "director": company.director,
        "chief_accountant": company.chief_accountant,
        "cashier": company.cashier,
        "preparer": preparer or company.preparer,
        "payer": fields.get("payer", ""),
        "receiver": fields.get("receiver", ""),
        "account_holder": company.director,
        "teller": "",
        "controller": "",
    }
    sealed = ("director", "account_holder")
    return {
        role: {
            "title": signature_word(role, language),
            "note": words["sign_seal"] if role in sealed else words["sign"],
            "name": name,
        }
        for role, name in people.items()
    }
