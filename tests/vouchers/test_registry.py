"""The registry: every folder is whole, agrees with the others, and can be put into words in both languages."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from socai import registry
from socai.core import catalog, life, report
from socai.core.spec import LINES_PER_VOUCHER_MAX, STANDARD_HEADER, TAX_RATES, Field, VoucherSpec
from socai.core.wording import Speaker, describe_chart
from socai.sync.log import ACCEPTED, POSTED, REFUSED, VOIDED
from socai.sync.message import CONFLICT

TYPES = registry.voucher_types()
LANGUAGES = ("vi", "en")


def fields(spec: VoucherSpec) -> Iterator[Field]:
    yield from (*STANDARD_HEADER, *spec.header)
    for grid in spec.grids:
        yield from grid.columns


def unworded(words: dict[str, Any], *paths: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The paths that have no word in one of the languages."""
    missing = []
    for path in paths:
        for source in (words, registry.common_words()):
            found: Any = source
            for name in path:
                found = found.get(name, {}) if isinstance(found, dict) else {}
            if isinstance(found, dict) and all(
                isinstance(found.get(language), str) and found[language] for language in LANGUAGES
            ):
                break
        else:
            missing.append(path)
    return missing


# ---- folders agree


def test_types_stand_in_the_order_of_the_menu() -> None:
    menu = list(registry.common_words()["module"])
    places = [(menu.index(item.spec.module), item.spec.order) for item in TYPES.values()]
    assert places == sorted(places)
    assert list(TYPES)[:2] == ["cash_receipt", "cash_payment"]


def test_a_folder_that_repeats_a_mark_is_refused() -> None:
    with pytest.raises(registry.FolderRefused, match="first and second have the same number prefix: PT"):
        registry._refuse_repeats("number prefix", [("second", "PT"), ("first", "PT")])


def test_a_folder_whose_spec_has_another_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(registry.FolderRefused, match="the code in its spec is"):
        registry._checked_code("somewhere_else", TYPES["journal"].spec.code)


@pytest.mark.parametrize("code", TYPES)
def test_names_in_a_spec_lead_somewhere(code: str) -> None:
    spec = TYPES[code].spec
    header = {item.name for item in (*STANDARD_HEADER, *spec.header)}
    assert len(header) == len(STANDARD_HEADER) + len(spec.header)
    for grid in spec.grids:
        names = [column.name for column in grid.columns]
        assert len(names) == len(set(names))
    for posting in spec.postings:
        columns = {column.name for column in spec.grid(posting.grid).columns}
        wanted = {rule.account for rule in (posting.debit, posting.credit) if rule}
        wanted |= {"debit_amount", "credit_amount"} if posting.single else {posting.amount, posting.converted}
        assert wanted <= columns
        details = {name for rule in (posting.debit, posting.credit) if rule for _, name in rule.details}
        assert details <= columns | header
    assert set(spec.list_columns) <= header | {"total"}
    for item in fields(spec):
        assert {field for field, _ in item.fills} <= header | {
            column.name for grid in spec.grids for column in grid.columns
        }
        attributes = {attribute.name for attribute in catalog.KINDS["partner"].attributes}
        assert {attribute for _, attribute in item.fills} <= attributes
        if item.default.startswith("header:"):
            assert item.default[7:] in header
    assert set(spec.acts) <= set(life.ACTS)


@pytest.mark.parametrize("code", TYPES)
def test_roles_groups_and_forms_of_a_spec_are_known_to_the_regimes(code: str) -> None:
    """A role may be missing in one regime, not in all; a group is known to each; a form to each, or to none.

    A type whose form no regime knows is printed under its own title.
    """
    spec = TYPES[code].spec
    regimes = registry.regimes().values()
    roles = {item.default[5:] for item in fields(spec) if item.default.startswith("role:")}
    roles |= {role for reason in spec.reasons for role in (reason.debit, reason.credit) if role}
    everywhere = [set(regime.chart.roles) for regime in regimes]
    assert roles <= set.union(*everywhere)
    for regime in regimes:
        assert {*spec.debit_accounts, *spec.credit_accounts} <= set(regime.chart.groups)
    assert len({spec.form in regime.forms for regime in regimes}) == 1


@pytest.mark.parametrize("code", TYPES)
def test_reasons_keep_to_the_accounts_the_type_allows(code: str) -> None:
    spec = TYPES[code].spec
    for regime in registry.regimes().values():
        for reason in spec.reasons:
            for role, groups in ((reason.debit, spec.debit_accounts), (reason.credit, spec.credit_accounts)):
                account = regime.chart.role(role) if role else ""
                assert not account or not groups or account in regime.chart.members(*groups), (regime.code, reason.code)


# ---- words


@pytest.mark.parametrize("code", TYPES)
def test_every_type_is_worded_in_both_languages(code: str) -> None:
    spec, words = TYPES[code].spec, dict(TYPES[code].words)
    wanted = [("title",), ("short",), ("module", spec.module)]
    wanted += [("field", item.name) for item in fields(spec)]
    wanted += [("group", item.group) for item in spec.header]
    wanted += [("field", name) for name in spec.list_columns]
    wanted += [("grid", grid.name) for grid in spec.grids]
    wanted += [("reason", reason.code) for reason in spec.reasons]
    wanted += [("choice", item.name, value) for item in fields(spec) for value in item.among]
    assert unworded(words, *wanted) == []


def test_every_report_is_worded_in_both_languages() -> None:
    for item in registry.reports().values():
        wanted = [("title",), ("module", item.spec.module)]
        wanted += [("column", column.name) for column in item.spec.columns]
        wanted += [("column_group", column.group) for column in item.spec.columns if column.group]
        wanted += [("parameter", parameter.name) for parameter in item.spec.parameters]
        assert unworded(dict(item.words), *wanted) == [], item.spec.code


def test_the_common_words_are_complete() -> None:
    columns = (*report.BALANCE_COLUMNS, *report.MOVEMENT_COLUMNS)
    wanted = [("column", name) for name in columns]
    wanted += [
        ("parameter", name)
        for name in (*report.ALWAYS, "level", "account", "partner", "bank_account", "fund", "currency")
    ]
    wanted += [("act", act) for act in life.ACTS]
    wanted += [
        ("state", "sync", life.__dict__[name]) for name in ("LOCAL", "SYNCING", "SYNCED", "SYNC_FAILED", "CONFLICT")
    ]
    ledger = ("UNPOSTED", "POSTING", "POSTED", "POST_FAILED", "UNPOSTING", "UNPOST_FAILED", "DELETING", "DELETE_FAILED")
    wanted += [("state", "book", life.__dict__[name]) for name in ledger]
    wanted += [("detail", name) for name in (*life.DETAILS, "in_flight")]
    moments = ("saved", "sent", ACCEPTED, REFUSED, CONFLICT, POSTED, VOIDED)
    wanted += [("moment", name) for name in moments]
    wanted += [("choice", "tax_rate", rate) for rate in TAX_RATES]
    wanted += [("book", book) for book in ("financial", "management")]
    wanted += [("role", role) for role in ("admin", "chief_accountant", "accountant")]
    wanted += [("choice", "branch_kind", kind) for kind in catalog.BRANCH_KINDS]
    for kind in catalog.KINDS.values():
        wanted.append(("catalog", kind.name))
        wanted += [("attribute", attribute.name) for attribute in kind.attributes]
    assert unworded({}, *wanted) == []


def leaves(words: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    if isinstance(words, dict):
        if set(words) & set(LANGUAGES) and all(isinstance(value, str) for value in words.values()):
            yield path, words
        else:
            for name, value in words.items():
                yield from leaves(value, (*path, name))


def test_no_word_is_left_in_one_language() -> None:
    sources = {"common": registry.common_words()}
    sources |= {code: item.words for code, item in TYPES.items()}
    sources |= {code: item.words for code, item in registry.reports().items()}
    for source, words in sources.items():
        for path, leaf in leaves(words):
            assert set(leaf) == set(LANGUAGES), (source, path)
            assert all(text == text.strip() and text for text in leaf.values()), (source, path)


def test_a_word_nobody_has_is_its_own_name() -> None:
    assert Speaker({}, registry.common_words(), "vi").say("field", "colour") == "colour"
    assert registry.say(TYPES["cash_receipt"].words, "vi", "field", "description") == "Lý do nộp"
    assert registry.say(TYPES["cash_receipt"].words, "en", "field", "partner") == "Partner"


# ---- what clients read


@pytest.mark.parametrize("language", LANGUAGES)
def test_describe_is_plain_json_with_everything_in_it(language: str) -> None:
    told = json.loads(json.dumps(registry.describe(language)))
    assert [item["code"] for item in told["voucher_types"]] == list(TYPES)
    assert [item["name"] for item in told["catalogs"]] == list(catalog.KINDS)
    assert [item["code"] for item in told["regimes"]] == list(registry.regimes())
    assert told["words"]["act"]["save"] == ("Cất" if language == "vi" else "Save")
    assert told["faults"]["LINES_TOO_MANY"]["sentence"]
    receipt = told["voucher_types"][0]
    assert receipt["title"] == ("Phiếu thu" if language == "vi" else "Cash receipt")
    assert [item["name"] for item in receipt["header"]][:5] == [item.name for item in STANDARD_HEADER]
    assert receipt["reasons"][0]["debit"] == "cash"
    assert LINES_PER_VOUCHER_MAX == 10_000


def test_describe_chart() -> None:
    regime = next(iter(registry.regimes().values()))
    told = json.loads(json.dumps(describe_chart(regime.chart, "vi")))
    owed = next(item for item in told["accounts"] if item["code"] == regime.chart.role("receivable"))
    assert (owed["requires"], owed["leaf"], owed["level"]) == (["partner"], True, 1)
    assert told["roles"]["cash"] == regime.chart.role("cash")
    assert told["groups"]["cash"] == ["111"]


def test_each_regime_numbers_the_lines_of_the_cash_flow_statement() -> None:
    """Every line a reason names is known to every regime; what a regime calls its own comes before the common word."""
    named = {reason.cash_flow for item in TYPES.values() for reason in item.spec.reasons if reason.cash_flow}
    for regime in registry.regimes():
        lines = {line["value"]: line["label"] for line in registry.describe("vi", regime)["cash_flow"]}
        assert named <= set(lines), regime
        own = registry.regimes()[regime].words.get("cash_flow", registry.common_words()["cash_flow"])
        assert lines == {code: leaf["vi"] for code, leaf in own.items()}
