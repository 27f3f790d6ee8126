"""Words, days and amounts as they stand on paper."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from socai.base.money import format_amount


@cache
def _words() -> Mapping[str, Any]:
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))


@cache
def labels(language: str) -> Mapping[str, str]:
    """Every flat word of words.toml in one language: what layouts call `w`."""
    return {key: str(word[language]) for key, word in _words().items() if "vi" in word}


def signature_word(role: str, language: str) -> str:
    """The word over a signature, by the role that signs."""
    return str(_words()["signature"][role][language])


def long_day(day: date, language: str) -> str:
    """Ngày 05 tháng 01 năm 2026."""
    return labels(language)["date"].format(day=f"{day.day:02d}", month=f"{day.month:02d}", year=day.year)


def short_day(text: str) -> str:
    """dd/mm/yyyy of an ISO day; empty stays empty."""
    return f"{text[8:10]}/{text[5:7]}/{text[0:4]}" if len(text) >= 10 else text


def wire_amount(text: object, language: str) -> str:
    """A decimal string of the wire with its separators; empty stays empty."""
    if not isinstance(text, str) or not text:
        return ""
    digits = text.replace("-", "")
    decimals = len(digits.split(".")[1]) if "." in digits else 0
    return format_amount(int(text.replace(".", "")), decimals, language)
