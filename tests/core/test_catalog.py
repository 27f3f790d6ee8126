"""Catalog entries: the normal form of every kind, and what each kind refuses."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socai.core.catalog import KINDS, check_entry, references

FULL: dict[str, dict[str, Any]] = {
    "branch": {"code": "HN", "name": "Trụ sở Hà Nội", "kind": "head_office", "tax_code": "0100100216"},
    "partner": {"code": "KH01", "name": "Bình An", "is_customer": True, "department": "d1"},
    "bank_account": {"code": "0011001", "name": "VCB", "bank_name": "Vietcombank", "currency": "VND", "branch": "HN"},
    "fund": {"code": "QTM", "name": "Quỹ tiền mặt", "branch": "HN"},
    "item": {"code": "H01", "name": "Giấy A4", "unit": "u1", "nature": "goods"},
    "unit": {"code": "RAM", "name": "Ram"},
    "warehouse": {"code": "KHO1", "name": "Kho chính"},
    "expense_item": {"code": "CPVP", "name": "Chi phí văn phòng"},
    "department": {"code": "KT", "name": "Phòng Kế toán"},
    "currency": {"code": "USD", "name": "Đô la Mỹ", "decimals": 2, "rates": {"2026-03-05": "25450"}},
    "reason": {"code": "L01", "name": "Thu tiền điện", "type": "x", "debit_account": "1111", "credit_account": "131"},
    "account": {"code": "1121VCB", "name": "Tiền gửi VCB", "parent": "1121"},
    "fiscal_year": {"code": "2026", "first_day": "2026-01-01", "last_day": "2026-12-31", "regime": "x"},
    "lock": {"code": "HN|financial", "branch": "HN", "book": "financial", "day": "2026-03-31"},
    "company": {"name": "Minh Phát", "books_first_day": "2026-01-01", "negative_cash": "warn", "numbering": {}},
}


def told(kind: str, body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(fault.code, fault.field) for fault in check_entry(kind, body)[1]]


def test_every_kind_is_tried_here() -> None:
    assert set(FULL) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_is_kept_and_its_form_is_stable(kind: str) -> None:
    clean, faults = check_entry(kind, FULL[kind])
    assert faults == ()
    assert {name: clean[name] for name in FULL[kind]} == FULL[kind]
    assert check_entry(kind, clean) == (clean, ())


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_required_is_told(kind: str) -> None:
    required = [attribute.name for attribute in KINDS[kind].attributes if attribute.required]
    assert told(kind, {}) == [("FIELD_REQUIRED", name) for name in required]
    assert told(kind, {**FULL[kind], "name" if "name" in FULL[kind] else "code": "   "})[0][0] == "FIELD_REQUIRED"


@pytest.mark.parametrize("kind, change, fault", [
    ("branch", {"kind": "shop"}, ("CHOICE_INVALID", "kind")),
    ("branch", {"colour": "red"}, ("FIELD_UNKNOWN", "colour")),
    ("partner", {"is_customer": "yes"}, ("TEXT_INVALID", "is_customer")),
    ("partner", {"name": "x" * 256}, ("TEXT_TOO_LONG", "name")),
    ("partner", {"name": "a\x00b"}, ("TEXT_INVALID", "name")),
    ("partner", {"name": 5}, ("TEXT_INVALID", "name")),
    ("currency", {"decimals": "2"}, ("TEXT_INVALID", "decimals")),
    ("currency", {"decimals": -1}, ("TEXT_INVALID", "decimals")),
    ("currency", {"rates": "25450"}, ("TEXT_INVALID", "rates")),
    ("lock", {"day": "2026-02-30"}, ("DAY_INVALID", "day")),
])  # fmt: skip
def test_what_is_wrong_is_told(kind: str, change: dict[str, Any], fault: tuple[str, str]) -> None:
    assert told(kind, {**FULL[kind], **change}) == [fault]


def test_a_kind_nobody_has() -> None:
    assert told("spaceship", {"code": "X"}) == [("TYPE_UNKNOWN", "kind")]


def test_a_new_entry_is_followed_and_a_new_company_posts_on_save() -> None:
    assert check_entry("unit", {"code": "KG", "name": "Kilôgam"})[0]["active"] is True
    company = check_entry("company", {"name": "Minh Phát"})[0]
    assert (company["post_on_save"], company["two_books"]) == (True, False)


def test_references_are_named() -> None:
    assert references("bank_account", FULL["bank_account"]) == [
        ("currency", "currency", "VND"),
        ("branch", "branch", "HN"),
    ]


@given(st.sampled_from(sorted(KINDS)), st.data())
def test_nothing_a_client_sends_raises(kind: str, data: st.DataObject) -> None:
    names = [attribute.name for attribute in KINDS[kind].attributes]
    value = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.lists(st.text(max_size=3), max_size=2)
    body = data.draw(
        st.dictionaries(st.sampled_from([*names, "other"]), value | st.dictionaries(st.text(), value, max_size=2))
    )
    clean, faults = check_entry(kind, body)
    if not faults:
        assert check_entry(kind, clean) == (clean, ())
