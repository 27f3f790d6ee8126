"""Specs and catalogs put into words: the JSON a client draws menus, forms, grids and reports from. Pure.

Words are nested tables whose leaves are {vi, en}. A folder's own words come first, then the common ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from socai.core import catalog, life
from socai.core.account import Chart
from socai.core.report import ALWAYS, Balances, ReportSpec
from socai.core.spec import ACTS_COMMON, STANDARD_HEADER, Field, Grid, VoucherSpec

Words = Mapping[str, Any]
Json = dict[str, Any]


def find(words: Words, language: str, *path: str) -> str:
    """The word under `path` in one table of words, or empty text."""
    found: Any = words
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(found, Mapping) and isinstance(found.get("vi"), str):
        return str(found.get(language) or found["vi"])
    return ""


def spoken(words: Words, language: str) -> Json:
    """A table of words in one language: leaves become text."""
    told: Json = {}
    for name, value in words.items():
        if isinstance(value, Mapping):
            told[name] = find(words, language, name) or spoken(value, language)
    return told


class Speaker:
    """Words of one folder over the common ones, in one language."""

    def __init__(self, own: Words, common: Words, language: str) -> None:
        self.own, self.common, self.language = own, common, language

    def say(self, *path: str) -> str:
        """The word under `path`, the folder's first; the last name of the path where nobody has one."""
        return find(self.own, self.language, *path) or find(self.common, self.language, *path) or path[-1]

    def choices(self, values: tuple[str, ...], *names: str) -> list[Json]:
        """Values of a choice with their labels; `names` are the tables to look in, the first that knows decides."""
        told = []
        for value in values:
            labels = (self.say("choice", name, value) for name in names)
            told.append({"value": value, "label": next((label for label in labels if label != value), value)})
        return told


def describe_voucher(spec: VoucherSpec, speaker: Speaker) -> Json:
    """A voucher type as clients read it: the spec with labels, the standard header in front."""
    return {
        "code": spec.code,
        "title": speaker.say("title"),
        "short": speaker.say("short"),
        "module": spec.module,
        "order": spec.order,
        "form": spec.form,
        "numbering": asdict(spec.numbering),
        "header": [_field(item, speaker) for item in (*STANDARD_HEADER, *spec.header)],
        "grids": [_grid(grid, speaker) for grid in spec.grids],
        "postings": [
            {
                "grid": posting.grid,
                "amount": posting.amount,
                "converted": posting.converted,
                "single": posting.single,
                "in_total": posting.in_total,
            }
            for posting in spec.postings
        ],
        "reasons": [{**asdict(reason), "label": speaker.say("reason", reason.code)} for reason in spec.reasons],
        "debit_accounts": list(spec.debit_accounts),
        "credit_accounts": list(spec.credit_accounts),
        "negative": spec.negative,
        "foreign": spec.foreign,
        "provisional_rate": spec.provisional_rate,
        "copies": spec.copies,
        "paper": spec.paper,
        "acts": [*ACTS_COMMON, *spec.acts],
        "list_columns": [{"name": name, "label": speaker.say("field", name)} for name in spec.list_columns],
        "tax_base": spec.tax_base,
        "before_books": spec.before_books,
    }


def _grid(grid: Grid, speaker: Speaker) -> Json:
    return {
        "name": grid.name,
        "label": speaker.say("grid", grid.name),
        "kind": grid.kind,
        "rows_min": grid.rows_min,
        "columns": [_field(column, speaker) for column in grid.columns],
    }


def _field(item: Field, speaker: Speaker) -> Json:
    return {
        **asdict(item),
        "label": speaker.say("field", item.name),
        "among": speaker.choices(item.among, item.name),
        "fills": [{"field": field, "attribute": attribute} for field, attribute in item.fills],
    }


def describe_report(spec: ReportSpec, speaker: Speaker) -> Json:
    """A report as clients read it: parameters and columns with labels. Period, branch and book are asked by all."""
    asked = [{"name": name, "required": name == "period", "groups": []} for name in ALWAYS]
    asked += [asdict(parameter) for parameter in spec.parameters]
    return {
        "code": spec.code,
        "title": speaker.say("title"),
        "short": speaker.say("short") if find(speaker.own, speaker.language, "short") else speaker.say("title"),
        "module": spec.module,
        "order": spec.order,
        "form": spec.form,
        "source": {"kind": "balances" if isinstance(spec.source, Balances) else "movements", **asdict(spec.source)},
        "columns": [
            {
                **asdict(column),
                "label": speaker.say("column", column.name),
                "group_label": speaker.say("column_group", column.group) if column.group else "",
            }
            for column in spec.columns
        ],
        "parameters": [{**item, "label": speaker.say("parameter", str(item["name"]))} for item in asked],
        "landscape": spec.landscape,
    }


def describe_catalogs(speaker: Speaker) -> list[Json]:
    """Every catalog kind with its attributes, in the order of the menu."""
    return [
        {
            "name": kind.name,
            "title": speaker.say("catalog", kind.name),
            "natural": kind.natural,
            "single": kind.single,
            "screen": kind.screen,
            "attributes": [
                {
                    **asdict(attribute),
                    "label": find(speaker.common, speaker.language, "attribute_of", kind.name, attribute.name)
                    or speaker.say("attribute", attribute.name),
                    "among": speaker.choices(attribute.among, f"{kind.name}_{attribute.name}", attribute.name),
                }
                for attribute in kind.attributes
            ],
        }
        for kind in catalog.KINDS.values()
    ]


def describe_acts(speaker: Speaker) -> Json:
    """The label of every act of the life table."""
    return {act: speaker.say("act", act) for act in life.ACTS}


def describe_chart(chart: Chart, language: str) -> Json:
    """The accounts in force, in order of their codes, with what roles and groups mean under this chart."""
    return {
        "accounts": [
            {
                "code": account.code,
                "name": account.name_en if language == "en" and account.name_en else account.name_vi,
                "parent": account.parent,
                "nature": account.nature,
                "leaf": account.code in chart.leaves,
                "level": chart.level(account.code),
                "carries": sorted(account.carries),
                "requires": sorted(account.requires),
                "partner_kind": account.partner_kind,
                "monetary": account.monetary,
                "house": account.house,
                "active": account.active,
            }
            for account in sorted(chart.accounts.values(), key=lambda account: account.code)
        ],
        "roles": {name: chart.role(name) for name in chart.roles},
        "groups": {name: list(prefixes) for name, prefixes in chart.groups.items()},
    }
