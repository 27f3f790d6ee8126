"""The checkout as the house tests see it: its files, and the folders that name voucher types, reports and regimes."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "socai"
WEB = ROOT / "web" / "src"
DECLARED_ROOMS = ("vouchers", "reports", "regimes")
TEXT_SUFFIXES = {
    ".cfg", ".css", ".csv", ".html", ".json", ".md", ".py", ".sh", ".sql", ".svg", ".toml", ".ts", ".tsx", ".txt",
    ".typ", ".yaml", ".yml",
}  # fmt: skip


@cache
def kept_files() -> tuple[Path, ...]:
    """Every file that is committed, or would be: what is ignored (builds, packages) is no part of the house."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = sorted(set(listed.stdout.decode("utf-8").split("\0")) - {""})
    return tuple(path for path in (ROOT / name for name in names) if path.is_file())


def files_under(*folders: Path, suffixes: set[str] = TEXT_SUFFIXES) -> list[Path]:
    """The kept text files below the folders."""
    return [
        path
        for path in kept_files()
        if path.suffix in suffixes and any(path.is_relative_to(folder) for folder in folders)
    ]


def shown(path: Path) -> str:
    """The path as a person names it."""
    return path.relative_to(ROOT).as_posix()


def declared_folders() -> list[Path]:
    """One folder per voucher type, report and regime; the folder's name is the code name."""
    return [
        folder
        for room in DECLARED_ROOMS
        for folder in sorted((SOURCE / room).iterdir())
        if folder.is_dir() and not folder.name.startswith(("_", "."))
    ]
