"""Rule: words name exactly one number. A parser written apart from the speller reads them back."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from socai.base.spelling import spell, spell_amount, spell_amount_english, spell_english

DIGIT = {"không": 0, "một": 1, "mốt": 1, "hai": 2, "ba": 3, "bốn": 4, "tư": 4, "năm": 5, "lăm": 5, "sáu": 6,
         "bảy": 7, "tám": 8, "chín": 9}  # fmt: skip
LIMIT = 10**15


def read_vietnamese(words: str) -> int:
    """The number of Vietnamese words: split at the last tỷ, then at triệu and nghìn, then trăm, mươi."""
    if words.startswith("âm "):
        return -read_vietnamese(words.removeprefix("âm "))
    if " tỷ" in words:
        high, _, low = words.rpartition(" tỷ")
        return read_vietnamese(high) * 10**9 + (read_vietnamese(low.strip()) if low else 0)
    total = 0
    for name, size in ((" triệu", 10**6), (" nghìn", 1_000)):
        head, found, rest = words.partition(name)
        if found:
            total, words = total + read_group(head) * size, rest.strip()
    return total + (read_group(words) if words else 0)


def read_group(words: str) -> int:
    match = re.fullmatch(r"(?:(\w+) trăm ?)?(?:(mười) ?|(\w+) mươi ?|linh )?(\w+)?", words)
    assert match, words
    hundreds, ten, tens, units = match.groups()
    return (
        100 * (DIGIT[hundreds] if hundreds else 0)
        + 10 * (1 if ten else DIGIT[tens] if tens else 0)
        + (DIGIT[units] if units else 0)
    )


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "không"),
        (4, "bốn"),
        (5, "năm"),
        (10, "mười"),
        (11, "mười một"),
        (14, "mười bốn"),
        (15, "mười lăm"),
        (20, "hai mươi"),
        (21, "hai mươi mốt"),
        (24, "hai mươi tư"),
        (25, "hai mươi lăm"),
        (55, "năm mươi lăm"),
        (100, "một trăm"),
        (101, "một trăm linh một"),
        (104, "một trăm linh bốn"),
        (105, "một trăm linh năm"),
        (110, "một trăm mười"),
        (111, "một trăm mười một"),
        (115, "một trăm mười lăm"),
        (121, "một trăm hai mươi mốt"),
        (1_000, "một nghìn"),
        (1_005, "một nghìn không trăm linh năm"),
        (1_015, "một nghìn không trăm mười lăm"),
        (10_001, "mười nghìn không trăm linh một"),
        (21_000, "hai mươi mốt nghìn"),
        (24_000, "hai mươi tư nghìn"),
        (1_000_005, "một triệu không trăm linh năm"),
        (1_005_000, "một triệu không trăm linh năm nghìn"),
        (
            1_234_567,
            "một triệu hai trăm ba mươi tư nghìn năm trăm sáu mươi bảy",
        ),
        (10**9, "một tỷ"),
        (10**9 + 1, "một tỷ không trăm linh một"),
        (15 * 10**9, "mười lăm tỷ"),
        (1_005 * 10**9, "một nghìn không trăm linh năm tỷ"),
        (10**12, "một nghìn tỷ"),
        (10**12 + 5 * 10**6, "một nghìn tỷ không trăm linh năm triệu"),
        (10**15, "một triệu tỷ"),
        (-1, "âm một"),
        (-1_005, "âm một nghìn không trăm linh năm"),
    ],
)
def test_known_words(number: int, expected: str) -> None:
    assert spell(number) == expected


@given(st.one_of(st.integers(-LIMIT, LIMIT), st.integers(0, 15).map(lambda e: 10**e), st.integers(0, 99_999)))
@example(LIMIT)
@example(-LIMIT)
def test_words_read_back_to_the_number(number: int) -> None:
    assert read_vietnamese(spell(number)) == number


def test_every_small_number_reads_back_and_no_two_read_alike() -> None:
    words = [spell(number) for number in range(12_000)]
    assert [read_vietnamese(word) for word in words] == list(range(12_000))
    assert len(set(words)) == len(words)


@given(st.integers(1, 9), st.integers(0, 14), st.integers(0, 14))
def test_numbers_with_holes_read_back(digit: int, one: int, two: int) -> None:
    number = digit * 10**one + 10**two
    assert read_vietnamese(spell(number)) == number


@pytest.mark.parametrize(
    ("amount", "currency", "decimals", "exact", "expected"),
    [
        (1_000_000, "VND", 0, True, "Một triệu đồng chẵn."),
        (1_000_000, "VND", 0, False, "Một triệu đồng."),
        (-1_000_000, "VND", 0, True, "Âm một triệu đồng chẵn."),
        (0, "VND", 0, True, "Không đồng."),
        (105, "VND", 0, True, "Một trăm linh năm đồng chẵn."),
        (120_000, "USD", 2, True, "Một nghìn hai trăm đô la Mỹ chẵn."),
        (120_050, "USD", 2, True, "Một nghìn hai trăm đô la Mỹ và năm mươi xu."),
        (5, "USD", 2, True, "Không đô la Mỹ và năm xu."),
        (-150, "EUR", 2, True, "Âm một ơ-rô và năm mươi xu."),
        (1_000, "JPY", 0, True, "Một nghìn yên Nhật chẵn."),
        (1_205, "XAU", 3, True, "Một phẩy hai không năm XAU."),
    ],
)
def test_amounts_in_words(amount: int, currency: str, decimals: int, exact: bool, expected: str) -> None:
    assert spell_amount(amount, currency, decimals, exact) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (21, "twenty-one"),
        (105, "one hundred and five"),
        (1_005, "one thousand and five"),
        (1_234_567, "one million two hundred and thirty-four thousand five hundred and sixty-seven"),
        (10**15, "one quadrillion"),
        (-7, "minus seven"),
    ],
)
def test_english_words(number: int, expected: str) -> None:
    assert spell_english(number) == expected


def test_english_amounts() -> None:
    assert spell_amount_english(1_000_000) == "One million dong only."
    assert spell_amount_english(120_050, "USD", 2) == "One thousand two hundred US dollars and fifty cents."
    assert spell_amount_english(1_205, "XAU", 3) == "One point two zero five XAU."
