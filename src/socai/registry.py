"""The one place that knows which voucher types, reports and regimes there are: it walks their folders.

It imports none by name, and nothing else does either.

Each folder is a unit: `spec.py` (SPEC), `words.toml`, examples. A folder that repeats a code, a place in the menu or a
number prefix is refused when the room is first opened. Everything is read once and kept; nothing is read at import.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from socai.base.fault import FaultEntry, fault_table
from socai.core.account import CREDIT, DEBIT, Account, Chart
from socai.core.report import ReportSpec
from socai.core.spec import TAX_RATES, VoucherSpec
from socai.core.wording import (
    Speaker,
    Words,
    describe_acts,
    describe_catalogs,
    describe_report,
    describe_voucher,
    find,
    spoken,
)  # fmt: skip

HOUSE = Path(__file__).parent


class FolderRefused(Exception):
    """A folder of vouchers/, reports/ or regimes/ contradicts another one or itself: a bug of whoever added it."""


@dataclass(frozen=True, slots=True)
class VoucherType:
    """One voucher type: what it declares, what it is called, where its print form and examples lie."""

    spec: VoucherSpec
    words: Words
    folder: Path


@dataclass(frozen=True, slots=True)
class ReportType:
    """One report: what it declares, what it is called, where its layout and examples lie."""

    spec: ReportSpec
    words: Words
    folder: Path


@dataclass(frozen=True, slots=True)
class Form:
    """A printed form as a regime numbers and names it. Forms of custom have no number and carry no legal line."""

    number: str
    title_vi: str
    title_en: str
    subtitle_vi: str = ""
    subtitle_en: str = ""
    circular_vi: str = ""  # the legal line under the number
    circular_en: str = ""

    def title(self, language: str) -> str:
        """The printed title."""
        return self.title_en if language == "en" else self.title_vi

    def subtitle(self, language: str) -> str:
        """The line under the title, if the regime has one."""
        return self.subtitle_en if language == "en" else self.subtitle_vi

    def circular(self, language: str) -> str:
        """The legal line under the number."""
        return self.circular_en if language == "en" else self.circular_vi


@dataclass(frozen=True, slots=True)
class Regime:
    """One accounting regime: its chart and roles, its forms by neutral key, and since when and to whom it is offered.

    `since` is its since.toml (first_day, last_day, offered_to, default_for, circular, warning); `head` words who signs
    the books.
    """

    code: str
    words: Words
    chart: Chart
    forms: Mapping[str, Form]
    since: Mapping[str, Any]
    head: Words
    folder: Path


# ---- the three rooms


@cache
def voucher_types() -> Mapping[str, VoucherType]:
    """Every voucher type by code, in the order of the menu."""
    found = [
        VoucherType(_spec(folder, VoucherSpec), _toml(folder / "words.toml"), folder) for folder in _folders("vouchers")
    ]
    _refuse_repeats("number prefix", [(item.spec.code, item.spec.numbering.prefix) for item in found])
    _refuse_repeats("menu place", [(item.spec.code, f"{item.spec.module} {item.spec.order}") for item in found])
    return {
        item.spec.code: item
        for item in sorted(found, key=lambda item: (_module_order(item.spec.module), item.spec.order))
    }


@cache
def reports() -> Mapping[str, ReportType]:
    """Every report by code, in the order of the menu."""
    found = [
        ReportType(_spec(folder, ReportSpec), _toml(folder / "words.toml"), folder) for folder in _folders("reports")
    ]
    _refuse_repeats("menu place", [(item.spec.code, f"{item.spec.module} {item.spec.order}") for item in found])
    return {
        item.spec.code: item
        for item in sorted(found, key=lambda item: (_module_order(item.spec.module), item.spec.order))
    }


@cache
def regimes() -> Mapping[str, Regime]:
    """Every regime by code, the newest first."""
    found = [_regime(folder) for folder in _folders("regimes", "chart.csv")]
    return {item.code: item for item in sorted(found, key=lambda item: str(item.since["first_day"]), reverse=True)}


@cache
def common_words() -> Words:
    """Words that belong to no folder: standard fields, catalogs, states, acts, parameters, columns."""
    return _toml(HOUSE / "core" / "words.toml")


def chart_for(regime_code: str, account_entries: Iterable[Mapping[str, object]] = ()) -> Chart:
    """The chart of a company: the regime's with the company's own accounts (bodies of catalog kind `account`).

    KeyError for a regime nobody has: years are checked against `regimes()` when they are set up.
    """
    chart = regimes()[regime_code].chart
    own = [_own_account(chart, body) for body in account_entries]
    return chart.with_accounts(sorted(own, key=lambda account: account.code)) if own else chart


def say(words: Words, language: str, *path: str) -> str:
    """The word under `path` in a folder's words, else in the common ones, else the last name of the path itself."""
    return Speaker(words, common_words(), language).say(*path)


@cache
def describe(language: str, regime: str = "") -> Mapping[str, Any]:
    """All that a client draws from, in one language: voucher types, reports, catalogs, words, faults, regimes.

    The same for every company but for the lines of the cash-flow statement, which `regime` numbers; the chart in force
    is `wording.describe_chart`.
    """
    common = common_words()
    plain = Speaker({}, common, language)
    modules = list(common["module"])
    return {
        "language": language,
        "modules": [{"code": code, "label": plain.say("module", code)} for code in modules],
        "voucher_types": [
            describe_voucher(item.spec, Speaker(item.words, common, language)) for item in voucher_types().values()
        ],
        "reports": [describe_report(item.spec, Speaker(item.words, common, language)) for item in reports().values()],
        "catalogs": describe_catalogs(plain),
        "acts": describe_acts(plain),
        "tax_rates": plain.choices(TAX_RATES, "tax_rate"),
        "cash_flow": _cash_flow_lines(regime, language),
        "regimes": [_described(regime, language) for regime in regimes().values()],
        "words": spoken(common, language),
        "faults": {code: _fault_words(entry, language) for code, entry in fault_table().items()},
    }


def _described(regime: Regime, language: str) -> Mapping[str, Any]:
    since = regime.since
    return {
        "code": regime.code,
        "name": say(regime.words, language, "title"),
        "short": say(regime.words, language, "short"),
        "about": say(regime.words, language, "about"),
        "since": str(since["first_day"]),
        "until": str(since.get("last_day", "")),
        "offered_to": list(since.get("offered_to", ())),
        "default_for": list(since.get("default_for", ())),
        "warning": find(since, language, "warning"),
    }


def _cash_flow_lines(regime: str, language: str) -> list[Mapping[str, str]]:
    own = regimes()[regime].words.get("cash_flow", {}) if regime in regimes() else {}
    lines = spoken(own or common_words()["cash_flow"], language)
    return [{"value": code, "label": label} for code, label in lines.items()]


def _fault_words(entry: FaultEntry, language: str) -> Mapping[str, str]:
    english = language == "en"
    return {
        "sentence": entry.en if english else entry.vi,
        "cure": entry.cure_en if english else entry.cure_vi,
        "example": entry.example,
    }


# ---- reading folders


def _folders(room: str, mark: str = "spec.py") -> list[Path]:
    return sorted(folder for folder in (HOUSE / room).iterdir() if (folder / mark).is_file())


def _spec(folder: Path, kind: type[Any]) -> Any:
    spec = getattr(import_module(f"socai.{folder.parent.name}.{folder.name}.spec"), "SPEC", None)
    if not isinstance(spec, kind):
        raise FolderRefused(f"{folder.name}: spec.py has no SPEC of {kind.__name__}")
    _checked_code(folder.name, spec.code)
    return spec


def _checked_code(folder: str, code: str) -> None:
    if code != folder:
        raise FolderRefused(f"{folder}: the code in its spec is {code}")


def _refuse_repeats(what: str, marks: list[tuple[str, str]]) -> None:
    owners: dict[str, str] = {}
    for code, mark in marks:
        if mark in owners:
            raise FolderRefused(f"{code} and {owners[mark]} have the same {what}: {mark}")
        owners[mark] = code


def _module_order(module: str) -> int:
    modules = list(common_words().get("module", {}))
    return modules.index(module) if module in modules else len(modules)


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _table(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


# ---- charts

PARTNER_DETAILS: Mapping[str, str] = {
    "customer": "customer", "vendor": "vendor", "employee": "employee", "any_partner": "", "counterparty": "",
    "owner": "", "investee": "", "loan_contract": "", "bond_issue": "",
}  # fmt: skip
"""Details kept as a partner until their own module exists, with the kind of partner they ask for."""

COST_CLASSES = ("154", "241", "242", "6", "8")
"""Accounts of costs also carry an expense item and a department, in every regime."""


def _regime(folder: Path) -> Regime:
    forms_file = _toml(folder / "forms.toml")
    legal = forms_file.get("legal", {})
    forms = {key: _form(row, legal) for key, row in forms_file.get("forms", {}).items()}
    return Regime(
        code=folder.name,
        words=_toml(folder / "words.toml"),
        chart=_chart(folder),
        forms=forms,
        since=_toml(folder / "since.toml"),
        head=forms_file.get("head", {}),
        folder=folder,
    )


def _form(row: Mapping[str, str], legal: Mapping[str, str]) -> Form:
    numbered = bool(row["number"])
    return Form(
        **row, circular_vi=legal.get("vi", "") if numbered else "", circular_en=legal.get("en", "") if numbered else ""
    )


def _chart(folder: Path) -> Chart:
    roles_file, required = _toml(folder / "roles.toml"), _toml(folder / "required.toml")
    roles: Mapping[str, str] = roles_file.get("roles", {})
    groups = {name: tuple(prefixes) for name, prefixes in roles_file.get("groups", {}).items()}
    # Where a regime tells money in đồng from foreign money, the account of đồng keeps no currency of the voucher.
    dong_only = {roles[name] for name in ("cash", "bank") if roles.get(f"{name}_foreign", roles[name]) != roles[name]}
    accounts: dict[str, Account] = {}
    rows = [(row, False) for row in _table(folder / "chart.csv")] + [
        (row, True) for row in _table(folder / "house.csv")
    ]
    for row, house in sorted(rows, key=lambda pair: pair[0]["code"]):
        code = row["code"]
        if code in accounts:
            raise FolderRefused(f"{folder.name}: account {code} stands twice")
        kinds = [PARTNER_DETAILS[detail] for detail in row["detail_by"].split("|") if detail in PARTNER_DETAILS]
        requires = frozenset(detail for detail, prefixes in required.items() if code.startswith(tuple(prefixes)))
        accounts[code] = Account(
            code=code,
            name_vi=row["name_vi"],
            name_en=row["name_en"],
            parent=row["parent"],
            nature=row["nature"],
            carries=_carried(code, row["detail_by"].split("|")) | requires,
            requires=requires,
            partner_kind=kinds[0] if kinds else "",
            monetary=code.startswith(groups.get("monetary", ("-",))) and code not in dong_only,
            money=code.startswith((*groups.get("cash", ()), *groups.get("bank", ()))),
            gross=code.startswith(groups.get("gross", ("-",))),
            house=house,
        )
    leaves = {row["account"]: row["default_leaf"] for row in _table(folder / "default_leaf.csv")}
    return Chart(accounts, roles, leaves, groups)


def _carried(code: str, details: list[str]) -> frozenset[str]:
    carried: set[str] = set()
    if any(detail in PARTNER_DETAILS for detail in details):
        carried.add("partner")
    if "bank_account" in details:
        carried.add("bank_account")
    if "cash_fund" in details:
        carried.add("fund")
    if code.startswith(COST_CLASSES):
        carried |= {"expense_item", "department"}
    return frozenset(carried)


def _own_account(chart: Chart, body: Mapping[str, object]) -> Account:
    """An account the company added, renamed or switched off. What it leaves out is the regime's or the parent's."""
    code = str(body["code"])
    known = chart.accounts.get(code)
    parent = str(body.get("parent") or (known.parent if known else _longest_prefix(chart, code)))
    above = known or chart.accounts.get(parent)
    return Account(
        code=code,
        name_vi=str(body.get("name") or (known.name_vi if known else code)),
        name_en=str(body.get("name_en") or (known.name_en if known else "")),
        parent=parent,
        nature=above.nature if above else (CREDIT if code[:1] in "3457" else DEBIT),
        carries=above.carries if above else frozenset(),
        requires=above.requires if above else frozenset(),
        partner_kind=above.partner_kind if above else "",
        monetary=above.monetary if above else False,
        money=above.money if above else False,
        gross=above.gross if above else False,
        house=known.house if known else False,
        active=body.get("active") is not False,
    )


def _longest_prefix(chart: Chart, code: str) -> str:
    return next((code[:size] for size in range(len(code) - 1, 0, -1) if code[:size] in chart.accounts), "")
