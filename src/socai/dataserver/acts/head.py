"""From a voucher's body to its head: what lists show, what search reads, what the voucher names. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from socai.base.calendar import day_key
from socai.base.folding import fold
from socai.core.check import invoice_keys
from socai.core.entry import VND
from socai.core.numbering import series_of_body
from socai.core.spec import TEXT, VOUCHER, VoucherSpec
from socai.core.voucher import catalog_references, total_foreign, total_vnd
from socai.dataserver.store.known import Known
from socai.dataserver.store.voucher import Head
from socai.sync.reading import named_accounts

SEARCH_LENGTH_MAX = 600
Key = tuple[str, str]
ACCOUNT_KEY, INVOICE_KEY, VOUCHER_KEY = "account", "invoice", "voucher"


def day_of(body: Mapping[str, Any], name: str) -> int:
    """A day of the body as yyyymmdd; 0 where it has none."""
    text = str(body.get(name) or "")
    return day_key(date.fromisoformat(text)) if text else 0


def fill_head(head: Head, spec: VoucherSpec, body: Mapping[str, Any], known: Known) -> None:
    """Bring a head to what its body says."""
    head.type = spec.code
    head.branch = str(body["branch"])
    head.number = str(body.get("number") or "")
    head.series = series_of_body(spec, known.company.numbering, body).key
    head.day, head.voucher_date = day_of(body, "accounting_date"), day_of(body, "voucher_date")
    head.books = ",".join(body["books"])
    head.partner_name = str(body.get("partner_name") or "")
    head.description = str(body.get("description") or "")
    head.total = total_vnd(spec, body)
    head.currency = str(body.get("currency") or VND)
    head.amount = total_foreign(spec, body) if head.currency != VND else head.total
    head.search = search_text(spec, body, head)


def search_text(spec: VoucherSpec, body: Mapping[str, Any], head: Head) -> str:
    """Folded text of everything people look for: number, who, what, how much, and what the lines say."""
    words = [head.number, head.partner_name, head.description, str(head.total)]
    words += [str(body[item.name]) for item in spec.header if item.kind == TEXT and body.get(item.name)]
    for grid in spec.grids:
        texts = [column.name for column in grid.columns if column.kind == TEXT and column.name != "description"]
        for row in body.get(grid.name) or ():
            described = row.get("description")
            if described and described != head.description:
                words.append(described)
            words += [row[name] for name in texts if row.get(name)]
            if len(words) > SEARCH_LENGTH_MAX // 4:
                break
    return fold(" ".join(dict.fromkeys(words)))[:SEARCH_LENGTH_MAX]


def keys_of(spec: VoucherSpec, body: Mapping[str, Any]) -> list[Key]:
    """What the voucher names: catalog entries, accounts, invoices, other vouchers."""
    found = {(kind, ident) for _, kind, ident in catalog_references(spec, body)}
    found |= {(ACCOUNT_KEY, code) for code in named_accounts(spec, body)}
    found |= {(INVOICE_KEY, key) for key in invoice_keys(spec, body)}
    found |= {
        (VOUCHER_KEY, str(body[item.name])) for item in spec.header if item.kind == VOUCHER and body.get(item.name)
    }
    currency = str(body.get("currency") or VND)
    if currency != VND:
        found.add(("currency", currency))
    return sorted(found)
