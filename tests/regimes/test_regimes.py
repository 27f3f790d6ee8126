"""Rule: every regime is whole and hangs together, read here straight from its files, without the registry."""

import csv
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
import yaml

CODES = tuple(sorted(each.name for each in files("socai.regimes").iterdir() if each.joinpath("chart.csv").is_file()))
COLUMNS = ["code", "name_vi", "name_en", "parent", "nature", "detail_by", "level"]
# What the law's own text says, counted by hand: accounts, those of the first level, the suffix of its books' numbers.
CIRCULARS = {"tt99": (184, 71, "-DN"), "tt133": (123, 49, "-DNN"), "tt200": (235, 76, "-DN")}
DETAILS = {
    "none", "cash_fund", "bank_account", "security", "counterparty", "customer", "vendor", "employee", "any_partner",
    "branch", "item", "warehouse", "item_group", "item_or_partner", "cost_object", "expense_item", "fixed_asset",
    "biological_asset", "investee", "project", "prepaid_item", "accrual_item", "deferred_item", "provision_item",
    "loan_contract", "bond_issue", "contract", "owner",
}  # fmt: skip

Row = Mapping[str, str]


def text(code: str, name: str) -> str:
    return files("socai.regimes").joinpath(code, name).read_text(encoding="utf-8")


@cache
def table(code: str, name: str) -> tuple[Row, ...]:
    return tuple(csv.DictReader(text(code, name).splitlines()))


@cache
def chart(code: str) -> Mapping[str, Row]:
    """The statutory chart and the house accounts together."""
    return {row["code"]: row for name in ("chart.csv", "house.csv") for row in table(code, name)}


@cache
def toml(code: str, name: str) -> Mapping[str, Any]:
    return tomllib.loads(text(code, name))


@cache
def forms_of_all() -> set[str]:
    """Every form key that some regime has."""
    return {key for code in CODES for key in toml(code, "forms.toml")["forms"]}


def leaves(code: str) -> set[str]:
    return set(chart(code)) - {row["parent"] for row in chart(code).values()}


@pytest.mark.parametrize("code", CODES)
class TestChart:
    def test_it_parses_whole(self, code: str) -> None:
        for name in ("chart.csv", "house.csv"):
            assert text(code, name).splitlines()[0].split(",") == COLUMNS
        rows = [*table(code, "chart.csv"), *table(code, "house.csv")]
        assert len({row["code"] for row in rows}) == len(rows)
        for row in rows:
            assert row["code"].isdigit()
            assert row["name_vi"].strip() == row["name_vi"] != ""
            assert row["name_en"].strip() == row["name_en"] != ""
            assert row["nature"] in {"debit", "credit", "both"}
            assert set(row["detail_by"].split("|")) <= DETAILS

    def test_its_size_is_the_circular_s(self, code: str) -> None:
        rows = table(code, "chart.csv")
        assert (len(rows), sum(row["level"] == "1" for row in rows)) == CIRCULARS[code][:2]

    def test_parents_exist_and_levels_count_them(self, code: str) -> None:
        for row in chart(code).values():
            if row["parent"]:
                assert row["code"].startswith(row["parent"])
                assert int(row["level"]) == int(chart(code)[row["parent"]]["level"]) + 1
            else:
                assert (len(row["code"]), row["level"]) == (3, "1")

    def test_default_leaves_cover_every_parent_and_lead_to_leaves_below(self, code: str) -> None:
        default = {row["account"]: row["default_leaf"] for row in table(code, "default_leaf.csv")}
        parents = {row["parent"] for row in chart(code).values() if row["parent"]}
        assert set(default) == parents
        for account, leaf in default.items():
            assert leaf.startswith(account)
            assert leaf in leaves(code)


@pytest.mark.parametrize("code", CODES)
class TestRoles:
    def test_every_role_is_a_leaf(self, code: str) -> None:
        roles = toml(code, "roles.toml")["roles"]
        assert {role: account for role, account in roles.items() if account not in leaves(code)} == {}

    def test_all_regimes_speak_of_the_same_roles(self, code: str) -> None:
        def spoken(regime: str) -> set[str]:
            content = toml(regime, "roles.toml")
            assert not set(content["roles"]) & set(content["absent"])
            return set(content["roles"]) | set(content["absent"])

        assert spoken(code) == spoken("tt99")

    def test_groups_name_accounts(self, code: str) -> None:
        groups = toml(code, "roles.toml")["groups"]
        assert set(groups) == {"cash", "bank", "in_transit", "monetary", "gross"}
        for accounts in groups.values():
            assert set(accounts) <= set(chart(code))

    def test_gross_accounts_may_stand_on_either_side(self, code: str) -> None:
        for account in toml(code, "roles.toml")["groups"]["gross"]:
            assert chart(code)[account]["nature"] == "both"

    def test_money_roles_lie_in_their_groups(self, code: str) -> None:
        content = toml(code, "roles.toml")
        for role, group in (("cash", "cash"), ("cash_foreign", "cash"), ("bank", "bank"), ("bank_foreign", "bank")):
            assert content["roles"][role].startswith(tuple(content["groups"][group]))

    def test_a_tax_or_insurance_account_is_not_monetary(self, code: str) -> None:
        content = toml(code, "roles.toml")
        monetary = tuple(content["groups"]["monetary"])
        for role in ("input_vat", "output_vat", "social_insurance", "unearned_revenue", "prepaid_expense", "goods"):
            assert not content["roles"][role].startswith(monetary)
        for role in ("cash_foreign", "bank_foreign", "receivable", "payable", "loan", "deposit_paid", "other_payable"):
            assert content["roles"][role].startswith(monetary)


@pytest.mark.parametrize("code", CODES)
class TestRequired:
    def test_only_partner_and_bank_account_are_required(self, code: str) -> None:
        assert set(toml(code, "required.toml")) == {"partner", "bank_account"}

    def test_required_details_are_charted(self, code: str) -> None:
        partners = {"customer", "vendor", "employee", "any_partner"}
        for account in toml(code, "required.toml")["partner"]:
            assert chart(code)[account]["detail_by"] in partners
        for account in toml(code, "required.toml")["bank_account"]:
            assert chart(code)[account]["detail_by"] == "bank_account"

    def test_the_roles_of_people_require_a_partner_and_the_others_nothing(self, code: str) -> None:
        roles, partner = toml(code, "roles.toml")["roles"], tuple(toml(code, "required.toml")["partner"])
        for role in ("receivable", "payable", "advance", "other_receivable", "other_payable"):
            assert roles[role].startswith(partner)
        for role in ("shortage", "surplus", "union_fee", "social_insurance", "health_insurance",
                     "unemployment_insurance", "unearned_revenue", "salary_payable", "loan", "output_vat"):  # fmt: skip
            assert not roles[role].startswith(partner)


@pytest.mark.parametrize("code", CODES)
class TestFormsAndWords:
    def test_forms_are_complete(self, code: str) -> None:
        content = toml(code, "forms.toml")
        assert set(content["forms"]) == forms_of_all()
        assert content["legal"]["vi"].startswith("(")
        assert content["legal"]["en"].startswith("(")
        assert content["head"]["vi"]
        assert content["head"]["en"]
        numbers = [form["number"] for form in content["forms"].values() if form["number"]]
        assert len(set(numbers)) == len(numbers)
        for form in content["forms"].values():
            assert set(form) - {"subtitle_vi", "subtitle_en"} == {"number", "title_vi", "title_en"}
            assert form["title_vi"]
            assert form["title_en"]
            assert ("subtitle_vi" in form) == ("subtitle_en" in form)

    def test_book_numbers_carry_the_regime_s_suffix(self, code: str) -> None:
        for name, form in toml(code, "forms.toml")["forms"].items():
            if form["number"] and not name.endswith("_slip"):
                assert form["number"].endswith(CIRCULARS[code][2])

    def test_words_in_both_languages(self, code: str) -> None:
        words = toml(code, "words.toml")
        lines = words.pop("cash_flow", {})
        assert set(words) == {"title", "short", "about"}
        for word in (*words.values(), *lines.values()):
            assert set(word) == {"vi", "en"}
            assert word["vi"] != word["en"]

    def test_its_time(self, code: str) -> None:
        since = toml(code, "since.toml")
        assert isinstance(since["first_day"], date)
        assert since.get("last_day", date.max) > since["first_day"]
        assert set(since["default_for"]) <= set(since["offered_to"]) <= {"sme", "other"}
        for key in ("circular", "warning"):
            assert set(since[key]) == {"vi", "en"}

    def test_statements_parse_and_name_their_regime(self, code: str) -> None:
        content = yaml.safe_load(text(code, "statements.yaml"))
        assert content["regime"] == code
        for report in content["reports"].values():
            assert report["title"]
            codes = [line["code"] for line in report["lines"]]
            assert len(set(codes)) == len(codes)
            assert all(line["name_vi"] and line["formula"] for line in report["lines"])


@pytest.mark.parametrize(
    ("year_start", "kind", "expected"),
    [
        (date(2026, 1, 1), "other", "tt99"),
        (date(2026, 1, 1), "sme", "tt133"),
        (date(2025, 1, 1), "other", "tt200"),
        (date(2025, 1, 1), "sme", "tt133"),
        (date(2016, 1, 1), "other", "tt200"),
    ],
)
def test_exactly_one_regime_is_the_default(year_start: date, kind: str, expected: str) -> None:
    def covers(code: str) -> bool:
        since = toml(code, "since.toml")
        return (
            bool(since["first_day"] <= year_start <= since.get("last_day", date.max)) and kind in since["default_for"]
        )

    assert [code for code in CODES if covers(code)] == [expected]


class TestMapFromThePreviousRegime:
    """Circular 99/2025, Art. 29: balances carried over; what the text leaves open is for a person."""

    def rows(self) -> tuple[Row, ...]:
        return table("tt99", "from_tt200.csv")

    def test_every_old_account_is_mapped_and_nothing_else(self) -> None:
        assert {row["old"] for row in self.rows()} == {row["code"] for row in table("tt200", "chart.csv")}

    def test_every_target_exists(self) -> None:
        assert {row["new"] for row in self.rows()} <= set(chart("tt99"))

    def test_kinds_mean_what_they_say(self) -> None:
        old_chart = {row["code"]: row for row in table("tt200", "chart.csv")}
        counts: dict[str, int] = {}
        for row in self.rows():
            counts[row["old"]] = counts.get(row["old"], 0) + 1
        for row in self.rows():
            assert row["kind"] in {"same", "renamed", "moved", "split", "judgement"}
            assert (row["new"] == row["old"]) or row["kind"] not in {"same", "renamed"}
            assert counts[row["old"]] == 1 or row["kind"] in {"split", "judgement"}
            assert counts[row["old"]] > 1 or row["kind"] != "split"
            assert row["kind"] == "same" or (row["note_vi"] and row["note_en"])
            assert bool(row["note_vi"]) == bool(row["note_en"])
            assert row["old"] in old_chart

    def test_a_balance_carried_without_a_person_lands_on_a_leaf(self) -> None:
        old_parents = {row["parent"] for row in table("tt200", "chart.csv")}
        for row in self.rows():
            if row["kind"] != "judgement" and row["old"] not in old_parents:
                assert row["new"] in leaves("tt99"), row

    @pytest.mark.parametrize(
        ("old", "new", "kind"),
        [
            ("441", ["4118"], "moved"),  # Art. 29.1
            ("466", ["4118"], "moved"),  # Art. 29.1
            ("3388", ["3388", "332"], "split"),  # dividends payable, Art. 29.1
            ("2413", ["2413", "2414"], "split"),  # upgrades, Art. 29.1
            ("1388", ["1388", "2281"], "split"),  # business co-operation contracts, Art. 29.1
            ("3524", ["3525"], "moved"),
            ("8211", ["82111"], "moved"),
            ("6415", ["6418"], "judgement"),  # the number changed its meaning
            ("1111", ["1111"], "same"),
            ("419", ["419"], "renamed"),
        ],
    )
    def test_known_rows(self, old: str, new: list[str], kind: str) -> None:
        found = [row for row in self.rows() if row["old"] == old]
        assert [row["new"] for row in found] == new
        assert {row["kind"] for row in found} == {kind}
