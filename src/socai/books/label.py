"""What rows that are not lines are called: the common words of rows, in Vietnamese and English."""

from __future__ import annotations

from socai.registry import common_words, say


def label(kind: str, language: str, month: int = 0) -> str:
    """The label of a row; `month` (yyyymm) fills the ones that name a month, as 03/2026."""
    text = say(common_words(), language, "row", kind)
    return text.replace("{month}", f"{month % 100:02d}/{month // 100}") if month else text
