"""The leak number: files outside its own folder that know the name of a voucher type, report or regime. It is 0.

A new document type is one new folder; any other file that had to learn its name would be a second place to change.
"""

import re
from pathlib import Path

import pytest

from house.tree import SOURCE, WEB, declared_folders, files_under, shown

# Names that are also plain words. A quoted one still is the code name, but for these, which mean something else too:
# there only a use as the type of a voucher or the code of a report counts.
OTHER_MEANINGS = {"opening": "a kind of row in reports", "journal": "the format that hledger reads"}


def knows(name: str) -> re.Pattern[str]:
    """What gives away that a text knows the code name, in any of the spellings a program would use."""
    parts = [re.escape(part) for part in name.split("_")]
    if any(letter.isdigit() for letter in name):
        # In capitals it is the regulation's everyday name, which comments and words may cite.
        return re.compile(rf"(?<![A-Za-z0-9]){name}(?![A-Za-z0-9])|[\"'`]{name.upper()}[\"'`]")
    if len(parts) > 1:
        return re.compile(rf"(?<![A-Za-z0-9]){'[_-]?'.join(parts)}(?![A-Za-z0-9])", re.IGNORECASE)
    place = rf"(?:vouchers|reports|regimes)[./]{name}\b"
    if name in OTHER_MEANINGS:
        typed = rf"(?:type|code|report|regime)s?[\"'\])]*\s*(?:[=!]==?|=|:|\bin\b)\s*[\[({{]*\s*[\"'`]{name}[\"'`]"
        return re.compile(f"{place}|{typed}")
    return re.compile(rf"{place}|[\"'`]{name}[\"'`]")


def leaks(folder: Path) -> list[str]:
    """The files outside the folder that know its name, with the line."""
    pattern = knows(folder.name)
    found = []
    for path in files_under(SOURCE, WEB):
        if path.is_relative_to(folder):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{shown(path)}:{number}: {line.strip()[:120]}")
    return found


def test_leak_number_is_zero() -> None:
    found = {folder.name: leaks(folder) for folder in declared_folders()}
    assert {name: where for name, where in found.items() if where} == {}


@pytest.mark.parametrize(
    ("name", "text", "known"),
    [
        ("cash_receipt", 'if voucher.type == "cash_receipt":', True),
        ("cash_receipt", "class CashReceiptForm", False),  # a longer word; the next row is the name itself
        ("cash_receipt", "<CashReceipt />", True),
        ("cash_receipt", "the cash receipt is printed", False),
        ("tt99", "a rule of TT99, Art. 12", False),
        ("tt99", 'regime == "TT99"', True),
        ("tt99", "since(tt99)", True),
        ("tt99", "chart of tt990", False),
        ("journal", 'type == "journal"', True),
        ("journal", "PRAGMA journal_mode", False),
        ("opening", 'kind == "opening"', False),
        ("opening", 'body["type"] == "opening"', True),
        ("opening", "src/socai/vouchers/opening/spec.py", True),
    ],
)
def test_leak_finder_tells_names_from_words(name: str, text: str, known: bool) -> None:
    assert bool(knows(name).search(text)) is known


@pytest.mark.parametrize("folder", declared_folders(), ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_folder_says_itself_what_it_is(folder: Path) -> None:
    """Spec, words and examples stand in the folder, so that menu, form, demo and manual can come from it."""
    needed = {
        "vouchers": ("spec.py", "words.toml", "examples.txt"),
        "reports": ("spec.py", "words.toml"),
        "regimes": ("chart.csv", "default_leaf.csv", "words.toml", "since.toml", "forms.toml"),
    }[folder.parent.name]
    assert [name for name in needed if not (folder / name).is_file()] == []
