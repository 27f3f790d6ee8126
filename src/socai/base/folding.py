"""Folded text for searching: the same on both databases and in the browser, so it is folded before it is stored.

The rule, which the web client repeats: decompose (NFD), drop the combining marks U+0300 to U+036F, đ becomes d,
lower-case, and any run of white space becomes one space.
"""

import re
import unicodedata

_MARKS = re.compile("[\u0300-\u036f]")


def fold(text: str) -> str:
    """`text` without accents and case: "  Đặng  Thị ÁNH" becomes "dang thi anh"."""
    if not text.isascii():
        text = _unmarked(text).lower().replace("đ", "d")
        text = _unmarked(text)  # lower case may bring new marks: İ
    return " ".join(text.lower().split())


def _unmarked(text: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFD", text))
