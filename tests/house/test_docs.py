"""Documents are there, their links lead somewhere, and every command and setting is in the reference."""

import dataclasses
import importlib
import re
from collections.abc import Iterator

import click
import pytest
import typer

from house.tree import ROOT, SOURCE, kept_files, shown

REFERENCE = ROOT / "docs" / "reference"
GLOSSARY = ROOT / "docs" / "glossary.md"
# What a newcomer looks for. A document begun is a document finished: the size below is that of a real one.
DOCUMENTS = (
    "README.md",
    "README.vi.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE",
    "docs/glossary.md",
)
MARKDOWN = [path for path in kept_files() if path.suffix == ".md"]


def reference() -> str:
    """The reference pages as one text."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(REFERENCE.rglob("*.md")))


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Every command of the program with its full name."""
    if getattr(command, "hidden", False):
        return
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
    else:
        for word, below in inner.items():
            yield from commands(below, f"{name} {word}")


def all_commands() -> list[tuple[str, click.Command]]:
    """The commands of `socai`."""
    app = importlib.import_module("socai.cli.main").app
    return list(commands(typer.main.get_command(app), "socai"))


def settings_modules() -> list[str]:
    """Modules that declare what a program reads at start."""
    found = [path for path in SOURCE.rglob("settings.py") if "__pycache__" not in path.parts]
    return [".".join(("socai", *path.relative_to(SOURCE).with_suffix("").parts)) for path in found]


def setting_names() -> list[tuple[str, str]]:
    """Every field of every settings object, with the name of the object."""
    names = []
    for module_name in settings_modules():
        module = importlib.import_module(module_name)
        for owner in vars(module).values():
            if not isinstance(owner, type) or owner.__module__ != module_name:
                continue
            fields = getattr(owner, "__struct_fields__", None)
            if fields is None and dataclasses.is_dataclass(owner):
                fields = tuple(field.name for field in dataclasses.fields(owner))
            names += [(owner.__name__, field) for field in fields or ()]
    return names


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_says_something(name: str) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8")) > 100


def test_links_lead_somewhere() -> None:
    """Links and pictures within the checkout exist."""
    broken = []
    for path in MARKDOWN:
        for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)\s]*)?(?:\s+\"[^\"]*\")?\)", path.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", target) and not (path.parent / target).exists():
                broken.append(f"{shown(path)}: {target}")
    assert broken == []


def test_every_command_helps() -> None:
    """`--help` teaches: each command and each of its options says what it is for."""
    silent = [name for name, command in all_commands() if not (command.help or "").strip()]
    for name, command in all_commands():
        for parameter in command.params:
            said = (
                getattr(parameter, "help", None) or parameter.name == "help" or parameter.param_type_name == "argument"
            )
            if not said:
                silent.append(f"{name} --{parameter.name}")
    assert silent == []


def test_every_command_is_in_the_reference() -> None:
    written = reference()
    names = [name for name, _ in all_commands()]
    assert [name for name in names if name not in written] == []


def test_every_setting_is_in_the_reference() -> None:
    written = reference()
    names = setting_names()
    assert [f"{owner}.{name}" for owner, name in names if not re.search(rf"\b{name}\b", written)] == []


def test_glossary_owns_the_words() -> None:
    """Each term of the design is in the glossary, in both languages, once."""
    terms = re.findall(r"^\|\s*([^|]+?)\s*\|", GLOSSARY.read_text(encoding="utf-8"), re.M)
    assert sorted({term for term in terms if terms.count(term) > 1 and not set(term) <= set("-: ")}) == []
