"""Names, sizes and manners of files, and what must never be committed."""

import ast
import json
import re
from pathlib import Path

import pytest

from house.tree import DECLARED_ROOMS, ROOT, SOURCE, TEXT_SUFFIXES, WEB, files_under, kept_files, shown

LINES_PER_FILE_MAX = 500
LINES_PER_FUNCTION_MAX = 70
EMPTY_NAMES = {"utils", "helpers", "common", "manager", "service", "data", "info"}
EMPTY_NAMES |= {"util", "helper", "commons", "managers", "services", "misc"}
CODE_SUFFIXES = {".py", ".ts", ".tsx", ".css", ".typ", ".sql"}
TESTS = ROOT / "tests"
THIS_HOUSE = TESTS / "house"

# Written in halves, so that this file does not hold what it forbids.
UNFINISHED = re.compile(
    "|".join(rf"\b{first}{second}\b" for first, second in [("TO", "DO"), ("FIX", "ME"), ("XX", "X")])
)
NOT_TESTING = re.compile(r"pytest\.skip|mark\.skip|importorskip|mark\.xfail|pytest\.xfail|unittest\.skip|\bsleep\(")
MACHINE = re.compile(
    "|".join(
        re.escape(first + second)
        for first, second in [
            ("pypi.", "org"),
            ("files.python", "hosted"),
            ("registry.npm", "js"),
            ("registry.yarn", "pkg"),
            ("deb.deb", "ian.org"),
            ("proxy.gol", "ang"),
            ("/wo", "rk/"),
            ("fa", "rm-"),
            (".lib", "rary/"),
        ]
    )
)


def code_files() -> list[Path]:
    """The code of the product and of the web client."""
    return files_under(SOURCE, WEB, suffixes=CODE_SUFFIXES)


def test_files_are_short() -> None:
    """A file that grows is split by noun, not by 'part 2'."""
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in code_files()}
    assert {name: count for name, count in lengths.items() if count > LINES_PER_FILE_MAX} == {}


def test_functions_fit_a_screen() -> None:
    long = []
    for path in files_under(SOURCE, suffixes={".py"}):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                lines = node.end_lineno - node.lineno + 1
                if lines > LINES_PER_FUNCTION_MAX:
                    long.append(f"{shown(path)}: {node.name} has {lines} lines")
    assert long == []


def test_folders_declare_and_compute_nothing() -> None:
    """What a spec can not say is a word its language lacks, and never a program of its own."""
    programs = [path for room in DECLARED_ROOMS for path in files_under(SOURCE / room, suffixes={".py"})]
    assert sorted(shown(path) for path in programs if path.name not in ("__init__.py", "spec.py")) == []


def test_names_say_something() -> None:
    """A module is named after its noun. A 'utils' has no job and so attracts every job."""
    named = [(path, part) for path in code_files() for part in (path.stem, path.parent.name)]
    assert sorted({shown(path) for path, part in named if part.lower() in EMPTY_NAMES}) == []


def test_modules_say_their_job() -> None:
    """Each module opens with its one job and what it must not do."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in files_under(SOURCE, suffixes={".py"})}
    assert [shown(path) for path, tree in trees.items() if not ast.get_docstring(tree)] == []


@pytest.mark.parametrize("folder", [ROOT / "src", TESTS, WEB, ROOT / "scripts"], ids=shown)
def test_nothing_is_left_unfinished(folder: Path) -> None:
    found = []
    for path in files_under(folder):
        text = path.read_text(encoding="utf-8")
        if UNFINISHED.search(text) or (path.suffix == ".py" and re.search(r"raise NotImplemented", text)):
            found.append(shown(path))
    assert [name for name in found if name != shown(Path(__file__))] == []


def test_tests_test() -> None:
    """Nothing is skipped, nothing is expected to fail, and nothing waits by the clock."""
    found = [
        f"{shown(path)}:{number}"
        for path in files_under(TESTS, ROOT / "web" / "e2e", suffixes={".py", ".ts"})
        if not path.is_relative_to(THIS_HOUSE)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if NOT_TESTING.search(line)
    ]
    assert found == []


def test_nothing_names_the_machine_it_was_made_on() -> None:
    """No address of a package registry and no path of a workplace: every machine has its own."""
    plain = [path for path in kept_files() if path.suffix in TEXT_SUFFIXES | {".lock", ""} or path.name.startswith(".")]
    found = []
    for path in plain:
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if MACHINE.search(line):
                found.append(f"{shown(path)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_locks_are_hashed_and_without_addresses() -> None:
    """Both registries' packages are pinned by content; where they come from is the machine's affair."""
    python = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    stanzas = re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", python, flags=re.MULTILINE))
    assert [stanza.split()[0] for stanza in stanzas if not re.search(r"==\S+.*--hash=sha256:", stanza, re.S)] == []
    web = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert [name for name, entry in web.items() if "resolved" in entry] == []
    assert [name for name, entry in web.items() if name and "integrity" not in entry and not entry.get("link")] == []
