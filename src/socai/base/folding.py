"""Folded text for searching: the same on both databases and in the browser, so it is folded before it is stored.

The rule, which the web client repeats: decompose (NFD), drop the combining marks U+0300 to U+036F, đ becomes d,
lower-case, and any run of white space becomes one space.
"""

import unicodedata

MARKS_FIRST, MARKS_LAST = "\u0300", "\u036f"


def fold(text: str) -> str:
    """`text` without accents and case: "  Đặng  Thị ÁNH" becomes "dang thi anh"."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not MARKS_FIRST <= c <= MARKS_LAST)
    lowered = plain.lower().replace("đ", "d")
    unmarked = "".join(c for c in unicodedata.normalize("NFD", lowered) if not MARKS_FIRST <= c <= MARKS_LAST)
    return " ".join(unmarked.split())


def contains_folded(haystack_folded: str, needle: str) -> bool:
    """Whether an already folded text holds every word of `needle`, in any order."""
    return all(word in haystack_folded for word in fold(needle).split())
