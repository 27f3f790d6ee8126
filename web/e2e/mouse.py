"""The mouse is forbidden: what would point, click or set a value past the keyboard raises, and the page counts too."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from playwright.sync_api import ElementHandle, Frame, Locator, Mouse, Page, Touchscreen

POINTING = (
    "check", "clear", "click", "dblclick", "dispatch_event", "drag_and_drop", "drag_to", "down", "fill", "focus",
    "hover", "move", "scroll_into_view_if_needed", "select_option", "select_text", "set_checked", "set_input_files",
    "tap", "uncheck", "up", "wheel",
)  # fmt: skip

# Counts what only a hand on a mouse, a pen or a glass would send; events made by the page's own code are not trusted.
WITNESS = """
window.socaiPointed = 0;
for (const kind of ['mousedown', 'mouseup', 'dblclick', 'pointerdown', 'touchstart', 'wheel'])
  window.addEventListener(kind, (event) => { if (event.isTrusted) window.socaiPointed += 1; }, true);
"""


class MouseForbidden(AssertionError):
    """A test reached for the mouse."""


def unplug(patch: pytest.MonkeyPatch) -> None:
    """Make every way of pointing raise MouseForbidden for as long as the patch lasts."""
    for owner in (ElementHandle, Frame, Locator, Mouse, Page, Touchscreen):
        for name in POINTING:
            if hasattr(owner, name):
                patch.setattr(owner, name, _refusing(f"{owner.__name__}.{name}"))


def _refusing(name: str) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise MouseForbidden(f"{name}: these tests have a keyboard only")

    return refuse
