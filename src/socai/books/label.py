"""What rows that are not lines are called, in Vietnamese and English."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def _words() -> dict[str, dict[str, str]]:
    text = files("socai.books").joinpath("words.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)["row"])


def label(kind: str, language: str, month: int = 0) -> str:
    """The label of a row; `month` (yyyymm) fills the ones that name a month, as 03/2026."""
    words = _words()[kind]
    text = words.get(language) or words["vi"]
    return text.format(month=f"{month % 100:02d}/{month // 100}") if month else text
