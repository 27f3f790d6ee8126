"""Direction before folders: who may import whom, and which rooms may know a library."""

import ast
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from house.tree import ROOT, SOURCE, files_under, shown

# library -> the rooms that may import it, as patterns below src/socai/
ROOMS_OF_LIBRARIES = {
    "litestar": ("edge/*", "*/http/*"),
    "granian": ("edge/*", "*/http/*", "cli/*"),
    "httpx": ("edge/*", "*/http/*", "lab/*", "cli/*"),
    "psycopg": ("books/*", "*/store/*", "lab/*"),
    "psycopg_pool": ("books/*", "*/store/*"),
    "sqlalchemy": ("books/*", "*/store/*"),
    "alembic": ("*/store/*",),
    "apsw": ("books/*", "*/store/*", "lab/*"),
    "sqlite3": (),  # the standard library's SQLite may carry a bug that damages files in WAL mode
    "typst": ("printing/*",),
    "xlsxwriter": ("printing/*",),
    "typer": ("cli/*",),
    "pydantic": (),
}


def imported_libraries(path: Path) -> set[str]:
    """The top names of everything a module imports, wherever in it the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_floors_hold() -> None:
    """The contracts of pyproject.toml: layers, siblings that never meet, pure base and core."""
    program = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([program, "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("library", ROOMS_OF_LIBRARIES)
def test_library_is_known_only_in_its_rooms(library: str) -> None:
    """HTTP at the rim, SQL in books/ and the stores, Typst in printing/; the rest of the house never hears of them."""
    rooms = ROOMS_OF_LIBRARIES[library]
    strangers = [
        shown(path)
        for path in files_under(SOURCE, suffixes={".py"})
        if library in imported_libraries(path)
        and not any(fnmatch(path.relative_to(SOURCE).as_posix(), room) for room in rooms)
    ]
    assert strangers == []


def test_no_test_and_no_story_opens_a_file_with_the_standard_librarys_sqlite() -> None:
    """A file that lives in WAL mode is opened as the product opens it, also to prepare what a story begins with."""
    strangers = [
        shown(path)
        for room in ("tests", "web/e2e")
        for path in files_under(ROOT / room, suffixes={".py"})
        if "sqlite3" in imported_libraries(path)
    ]
    assert strangers == []


def test_siblings_are_known_by_nobody() -> None:
    """No module imports a voucher type, report or regime by name: registry.py walks the folders."""
    importers = []
    for path in files_under(SOURCE, suffixes={".py"}):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [module]
            parts = path.relative_to(SOURCE).parts
            for name in (name.split(".") for name in names):
                if name[:1] != ["socai"] or len(name) < 3 or name[1] not in ("vouchers", "reports", "regimes"):
                    continue
                if parts[:2] != (name[1], name[2]):
                    importers.append(f"{shown(path)} imports {'.'.join(name)}")
    assert importers == []
