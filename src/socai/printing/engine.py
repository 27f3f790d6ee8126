"""The one place that knows Typst: a main document and its facts in, PDF bytes out.

Facts travel as JSON, so no text of a user is ever read as Typst code. Fonts are bundled; the system's are ignored, so
that a form looks the same on every machine. A long book is compiled in a process of its own: a big run would slow the
small ones that follow it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import typst

HOUSE = Path(__file__).parent.parent
FONTS = Path(__file__).parent / "fonts"
ROWS_IN_PROCESS_MAX = 2_000  # above this a child process compiles
CHILD_SECONDS_MAX = 300


class PrintFailed(Exception):
    """Typst refused a layout: a bug in a form, told with what Typst said."""


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(FONTS)])


def compile_pdf(main: str, facts: Mapping[str, Any], rows: int = 0) -> bytes:
    """The PDF of `main`, which reads `json(bytes(sys.inputs.facts))`. PrintFailed for a broken layout."""
    payload = msgspec.json.encode(facts).decode()
    return _compile(main, payload) if rows <= ROWS_IN_PROCESS_MAX else _compile_in_child(main, payload)


def _compile(main: str, payload: str) -> bytes:
    try:
        compiler = typst.Compiler(
            main.encode(),
            root=str(HOUSE),
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"facts": payload},
        )
        found = compiler.compile(format="pdf", pdf_tags=False)
    except typst.TypstError as error:
        raise PrintFailed(f"{error.message} {error.diagnostic}") from error
    if not isinstance(found, bytes):
        raise PrintFailed("the layout gave no single document")
    return found


def _compile_in_child(main: str, payload: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-c", "from socai.printing.engine import child; child()"],
        input=msgspec.json.encode((main, payload)),
        capture_output=True,
        timeout=CHILD_SECONDS_MAX,
        check=False,
    )
    if done.returncode != 0:
        raise PrintFailed(done.stderr.decode(errors="replace")[-2_000:])
    return done.stdout


def child() -> None:
    """What the child process does: (main, facts) on standard input, the PDF on standard output."""
    main, payload = msgspec.json.decode(sys.stdin.buffer.read(), type=tuple[str, str])
    sys.stdout.buffer.write(_compile(main, payload))
