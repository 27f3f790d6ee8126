"""Catalogs (danh mục): what each kind of entry holds. An entry is a dict of text; its identity is (kind, id).

Kinds with a natural key (account, currency, fiscal_year, company) use it as id; all others have a UUIDv7 made by the
client, so that they can be created offline. `code` is what people type and is unique within the kind.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from socai.base.calendar import parse_day
from socai.base.fault import Fault, Faults

TEXT, CODE, DAY, CHOICE, FLAG, RATE, REFERENCE, COUNT, MAP = (
    "text", "code", "day", "choice", "flag", "rate", "reference", "count", "map",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a catalog entry. `among` lists choices; `of` names the kind a reference points to."""

    name: str
    kind: str = TEXT
    required: bool = False
    length_max: int = 255
    among: tuple[str, ...] = ()
    of: str = ""


@dataclass(frozen=True, slots=True)
class CatalogKind:
    """A kind of catalog. `natural` kinds use their code as id; `single` kinds have exactly one entry."""

    name: str
    attributes: tuple[Attribute, ...]
    natural: bool = False
    single: bool = False
    screen: bool = True  # has a list of its own in the menu


_CODE = Attribute("code", CODE, True, 50)
_NAME = Attribute("name", TEXT, True)
_NOTE = Attribute("note", TEXT, False, 500)
_ACTIVE = Attribute("active", FLAG)

BRANCH_KINDS = ("head_office", "independent", "dependent", "representative", "location")

KINDS: Mapping[str, CatalogKind] = {
    kind.name: kind
    for kind in (
        CatalogKind("branch", (
            _CODE, _NAME, Attribute("kind", CHOICE, True, among=BRANCH_KINDS), Attribute("address"),
            Attribute("tax_code", TEXT, False, 14), _ACTIVE,
        )),
        CatalogKind("partner", (
            _CODE, _NAME, Attribute("is_customer", FLAG), Attribute("is_vendor", FLAG), Attribute("is_employee", FLAG),
            Attribute("address"), Attribute("tax_code", TEXT, False, 14), Attribute("phone", TEXT, False, 50),
            Attribute("email", TEXT, False, 100), Attribute("bank_number", TEXT, False, 50),
            Attribute("bank_name"), Attribute("bank_branch"), Attribute("department", REFERENCE, of="department"),
            _NOTE, _ACTIVE,
        )),
        CatalogKind("bank_account", (
            Attribute("code", CODE, True, 50), _NAME, Attribute("bank_name", TEXT, True), Attribute("bank_branch"),
            Attribute("currency", REFERENCE, of="currency"), Attribute("branch", REFERENCE, of="branch"),
            _NOTE, _ACTIVE,
        )),
        CatalogKind("fund", (_CODE, _NAME, Attribute("branch", REFERENCE, of="branch"), _NOTE, _ACTIVE)),
        CatalogKind("item", (
            _CODE, _NAME, Attribute("unit", REFERENCE, of="unit"),
            Attribute("nature", CHOICE, among=("goods", "material", "tool", "product", "service")), _NOTE, _ACTIVE,
        )),
        CatalogKind("unit", (_CODE, _NAME, _ACTIVE)),
        CatalogKind("warehouse", (
            _CODE, _NAME, Attribute("branch", REFERENCE, of="branch"), Attribute("address"), _ACTIVE,
        )),
        CatalogKind("expense_item", (_CODE, _NAME, _NOTE, _ACTIVE)),
        CatalogKind("department", (_CODE, _NAME, Attribute("branch", REFERENCE, of="branch"), _ACTIVE)),
        CatalogKind("currency", (
            Attribute("code", CODE, True, 3), _NAME, Attribute("decimals", COUNT), Attribute("rates", MAP), _ACTIVE,
        ), natural=True),
        CatalogKind("reason", (
            _CODE, _NAME, Attribute("type", TEXT, True, 50), Attribute("debit_account", REFERENCE, of="account"),
            Attribute("credit_account", REFERENCE, of="account"), _ACTIVE,
        )),
        CatalogKind("account", (
            Attribute("code", CODE, True, 20), _NAME, Attribute("name_en"),
            Attribute("parent", REFERENCE, of="account"), _ACTIVE,
        ), natural=True),
        CatalogKind("fiscal_year", (
            _CODE, Attribute("first_day", DAY, True), Attribute("last_day", DAY, True),
            Attribute("regime", TEXT, True, 20),
        ), natural=True, screen=False),
        CatalogKind("lock", (
            _CODE, Attribute("branch", REFERENCE, True, of="branch"), Attribute("book", TEXT, True, 20),
            Attribute("day", DAY), Attribute("reason"),  # without a day nothing is locked (any more)
        ), natural=True, screen=False),
        CatalogKind("company", (
            _NAME, Attribute("address"), Attribute("tax_code", TEXT, False, 14), Attribute("director"),
            Attribute("chief_accountant"), Attribute("cashier"), Attribute("preparer"),
            Attribute("phone", TEXT, False, 50),
            Attribute("year_first_month", COUNT), Attribute("books_first_day", DAY),
            Attribute("post_on_save", FLAG), Attribute("two_books", FLAG),
            Attribute("negative_cash", CHOICE, among=("allow", "warn", "refuse")),
            Attribute("duplicate_invoice", CHOICE, among=("allow", "warn", "refuse")),
            Attribute("recording", CHOICE, among=("asynchronous", "synchronous")),
            Attribute("recording_seconds", COUNT),
            Attribute("numbering", MAP),
        ), natural=True, single=True, screen=False),
    )
}  # fmt: skip

COMPANY_ID = "company"
FLAGS_ON = frozenset(("active", "post_on_save"))  # true where an entry does not say
MAP_ENTRIES_MAX = 4000

UNREADABLE = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufffe\\uffff]")
"""Control characters (but tab and newline), lone surrogates and non-characters: refused in every text."""


def normalize(text: str) -> str:
    """Text as stored: NFC, trimmed. Vietnamese typed in two Unicode forms must compare equal."""
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).strip()


def check_entry(kind: str, body: Mapping[str, object]) -> tuple[dict[str, object], Faults]:
    """The normalised body of a catalog entry and its faults. Knows shapes only; references are checked by the store.

    Faults: TYPE_UNKNOWN, FIELD_UNKNOWN, FIELD_REQUIRED, TEXT_TOO_LONG, TEXT_INVALID, CHOICE_INVALID, DAY_INVALID.
    """
    spec = KINDS.get(kind)
    if spec is None:
        return {}, (Fault("TYPE_UNKNOWN", "kind", {"type": kind}),)
    known = {attribute.name for attribute in spec.attributes}
    faults = [Fault("FIELD_UNKNOWN", name, {"field": name}) for name in body if name not in known]
    clean: dict[str, object] = {}
    for attribute in spec.attributes:
        read = _read(attribute, body.get(attribute.name))
        if isinstance(read, Fault):
            faults.append(read)
        elif read is not None:
            clean[attribute.name] = read
    return clean, tuple(faults)


def _read(attribute: Attribute, value: object) -> object:
    """The normal form of one attribute, None where there is nothing to keep, or a fault."""
    name, invalid = attribute.name, Fault("TEXT_INVALID", attribute.name, {"field": attribute.name})
    if attribute.kind == FLAG:
        if value is None:
            return name in FLAGS_ON
        return value if isinstance(value, bool) else invalid
    if attribute.kind == MAP:
        if value is None or (isinstance(value, Mapping) and len(value) <= MAP_ENTRIES_MAX):
            return None if value is None else dict(value)
        return invalid
    if attribute.kind == COUNT and value not in (None, ""):
        return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 9999 else invalid
    if value is not None and (not isinstance(value, str) or UNREADABLE.search(value)):
        return invalid
    text = normalize(value) if isinstance(value, str) else ""
    if not text:
        return Fault("FIELD_REQUIRED", name, {"field": name}) if attribute.required else None
    if len(text) > attribute.length_max:
        return Fault("TEXT_TOO_LONG", name, {"field": name, "max": str(attribute.length_max)})
    if attribute.among and text not in attribute.among:
        return Fault("CHOICE_INVALID", name, {"field": name, "value": text, "choices": ", ".join(attribute.among)})
    if attribute.kind == DAY and isinstance(day := parse_day(text, name), Fault):
        return day
    return text


def references(kind: str, body: Mapping[str, object]) -> list[tuple[str, str, str]]:
    """(field, kind, id) of every catalog entry that this entry names; accounts are checked against the chart."""
    spec = KINDS[kind]
    return [
        (attribute.name, attribute.of, str(body[attribute.name]))
        for attribute in spec.attributes
        if attribute.kind == REFERENCE and body.get(attribute.name)
    ]


def check_used(kind: str, before: Mapping[str, object], after: Mapping[str, object]) -> Fault | None:
    """What an entry in use may not change: an account its place in the chart, by which balances were kept.

    Its details and whether it is money come from the account above it, and old sets are taken out by the same keys.
    """
    if kind != "account" or before.get("parent") == after.get("parent"):
        return None
    return Fault("ACCOUNT_PARENT_USED", "parent", {"account": str(before.get("code") or after.get("code") or "")})
