"""Rule: every fault has words in both languages, with a cure and an example, and wording never fails."""

import re
import tomllib
from importlib.resources import files

import pytest

from socai.base.fault import Fault, FaultWords, fault_table, fault_words, placeholders

CODES = sorted(fault_table())


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_whole_words(code: str) -> None:
    entry = fault_table()[code]
    assert re.fullmatch(r"[A-Z][A-Z0-9_]*", code)
    for sentence in (entry.vi, entry.en, entry.cure_vi, entry.cure_en):
        assert sentence.strip() == sentence
        assert sentence.endswith((".", "}."))
        assert sentence[0].isupper() or sentence[0] in "“{"
        assert sentence.count("[") == sentence.count("]")
    assert entry.example
    assert entry.vi != entry.en
    assert placeholders(entry.vi) == placeholders(entry.en)
    assert placeholders(entry.cure_vi) == placeholders(entry.cure_en)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_words_without_parameters_do_not_raise(code: str, language: str) -> None:
    words = fault_words(Fault(code), language)
    assert words.sentence
    assert words.cure
    assert not set("{}[]") & set(words.sentence + words.cure)


def test_parameters_fill_the_words() -> None:
    fault = Fault("ACCOUNT_UNKNOWN", "lines.2.debit", {"account": "1119", "unused": "x"})
    assert fault_words(fault, "vi").sentence == "Tài khoản 1119 không có trong hệ thống tài khoản."
    assert fault_words(fault, "en").sentence == "Account 1119 is not in the chart of accounts."


def test_missing_parameter_reads_as_an_ellipsis() -> None:
    assert fault_words(Fault("ACCOUNT_UNKNOWN"), "en").sentence == "Account … is not in the chart of accounts."


def test_a_part_in_brackets_goes_with_its_parameter() -> None:
    fault = Fault("ACT_LOCKED", "act", {"act": "unpost"})
    assert fault_words(fault, "vi").sentence == "Chứng từ thuộc kỳ đã khóa sổ."
    fault = Fault("ACT_LOCKED", "act", {"lock_date": "2026-09-30"})
    assert fault_words(fault, "vi").sentence == "Chứng từ thuộc kỳ đã khóa sổ đến hết ngày 30/09/2026."


def test_codes_days_and_amounts_are_shown_as_people_read_them() -> None:
    fault = Fault("DETAIL_REQUIRED", params={"account": "131", "detail": "partner"})
    assert fault_words(fault, "vi").sentence == "Tài khoản 131 phải có đối tượng."
    assert fault_words(fault, "en").sentence == "Account 131 needs a partner."
    fault = Fault("UNBALANCED", params={"debit": "500000000", "credit": "499000000"})
    assert fault_words(fault, "vi").sentence == "Tổng Nợ 500.000.000 khác tổng Có 499.000.000."
    assert fault_words(fault, "en").sentence == "Total debit 500,000,000 differs from total credit 499,000,000."


def test_every_term_is_in_both_languages() -> None:
    table = tomllib.loads(files("socai.base").joinpath("terms.toml").read_text(encoding="utf-8"))
    for terms in table.values():
        for term in terms.values():
            assert set(term) == {"vi", "en"}


def test_parameters_are_never_interpreted() -> None:
    fault = Fault("ACCOUNT_UNKNOWN", params={"account": "{field.__class__} {0} {"})
    assert fault_words(fault, "en").sentence == "Account {field.__class__} {0} { is not in the chart of accounts."


def test_unknown_code_is_shown_as_itself() -> None:
    assert fault_words(Fault("NO_SUCH_CODE"), "vi") == FaultWords("NO_SUCH_CODE", "")


def test_unknown_language_reads_vietnamese() -> None:
    assert fault_words(Fault("UNBALANCED"), "fr") == fault_words(Fault("UNBALANCED"), "vi")


def test_faults_with_equal_parts_are_equal() -> None:
    assert Fault("A", "f", {"x": "1"}) == Fault("A", "f", {"x": "1"})
    assert Fault("A").params == {}
