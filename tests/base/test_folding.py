"""Rule: text typed without accents finds text written with them, composed or decomposed alike."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socai.base.folding import fold

ALPHABET = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  Đặng  Thị\tÁNH ", "dang thi anh"),
        ("Công ty TNHH Sữa Việt", "cong ty tnhh sua viet"),
        ("ƯỜNG đ Đ", "uong d d"),
        ("PT-00012/26", "pt-00012/26"),
        ("İstanbul", "istanbul"),
    ],
)
def test_folding(text: str, expected: str) -> None:
    assert fold(text) == expected


def test_the_whole_alphabet_becomes_plain_letters() -> None:
    for form in ("NFC", "NFD"):
        for text in (ALPHABET, ALPHABET.upper()):
            assert set(fold(unicodedata.normalize(form, text))) <= set("abcdefghijklmnopqrstuvwxyz")


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text))
