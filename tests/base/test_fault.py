"""Rule: every fault has words in both languages, with a cure and an example, and wording never fails."""

import re

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
    assert "{" not in words.sentence + words.cure


def test_parameters_fill_the_words() -> None:
    fault = Fault("ACCOUNT_UNKNOWN", "lines.2.debit", {"account": "1119", "unused": "x"})
    assert fault_words(fault, "vi").sentence == "Tài khoản 1119 không có trong hệ thống tài khoản."
    assert fault_words(fault, "en").sentence == "Account 1119 is not in the chart of accounts."


def test_missing_parameter_reads_as_an_ellipsis() -> None:
    assert fault_words(Fault("ACCOUNT_UNKNOWN"), "en").sentence == "Account … is not in the chart of accounts."


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
