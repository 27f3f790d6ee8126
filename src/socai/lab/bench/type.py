"""How fast it feels to type: a real browser at a real data server, from the key to what is painted.

A journal voucher of 300 lines is opened and edited in its middle; a partner is looked for among 20,000 by every letter
of a code; the palette is opened; receipts are saved, from the key to the answer on the screen. Every time is told by
the browser's own clock, from when the key reached it until the frame after it was handed to the screen; so each holds
the wait for that frame. What a page with nothing but one box takes for the same stands beside it, from the same run.
`work` is the part of it that our own code had the browser busy for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from socai.lab.bench.background import FIRST_DAY, Sample
from socai.lab.bench.fleet import percentile
from socai.lab.bench.stocked import CHIEF, TENANT, stock
from socai.lab.browser import BrowserMissing, driven_browser
from socai.lab.clerk import Clerk, Event, Line
from socai.lab.client import Workstation
from socai.lab.sample import HANOI
from socai.lab.stack import Stack

SCALE = 1.0
LINES, PARTNERS = 300, 20_000
KEYS, EMPTY_KEYS, PALETTES, SAVES = 160, 60, 20, 15
STEP = ("1", "2", "3", "4", "5", "6", "Tab", "Shift+Tab", "ArrowDown")  # a figure, to the next cell and back, and on
WORDS = ("pa", "pa0", "partner 1", "pa012", "ner 99", "PA1", "partner 7", "pa00", "tner 12", "pa1999")
VOUCHERS = 20
SCREEN = {"width": 1366, "height": 768}
WAIT_MS_MAX = 30_000
WALK_MAX = 30

# Times every key: until its frame is painted, and until the browser is free again.
CLOCK = """
window.socaiKeys = [];
window.socaiOpen = 0;
const socaiAfter = (done) => {
  const post = new MessageChannel();
  post.port1.onmessage = done;
  post.port2.postMessage(0);
};
window.addEventListener('keydown', (event) => {
  if (['Control', 'Alt', 'Shift'].includes(event.key)) return;
  const key = {paint: 0, work: 0};
  window.socaiOpen += 1;
  socaiAfter(() => { key.work = performance.now() - event.timeStamp; });
  const goal = window.socaiGoal ?? '';
  const look = () => {
    if (goal && !document.querySelector(goal)) return requestAnimationFrame(look);
    socaiAfter(() => {
      key.paint = performance.now() - event.timeStamp;
      window.socaiKeys.push(key);
      window.socaiOpen -= 1;
    });
  };
  requestAnimationFrame(look);
}, true);
"""
SETTLED = """() => new Promise((done) => {
  const look = () => (window.socaiOpen ? requestAnimationFrame(look) : done());
  look();
})"""
TAKE = "() => window.socaiKeys.splice(0)"
EMPTY = "<!doctype html><title>.</title><body><input autofocus>"


def run(scale: float = SCALE) -> dict[str, Any]:
    """The figures; `scale` 1 is 300 lines and 20,000 partners. Raises BrowserMissing."""
    if not files("socai.dataserver").joinpath("web", "index.html").is_file():
        raise BrowserMissing("The web client is not built: make web")
    lines, partners = max(round(LINES * scale), 2), max(round(PARTNERS * scale), 20)
    with driven_browser() as opened, tempfile.TemporaryDirectory(prefix="socai-bench-") as folder:
        with Stack(Path(folder), (HANOI,)) as stack:
            stocked = stock(stack, HANOI, VOUCHERS, Sample(partners=partners))
            address = stack.offices[HANOI].address
            with stack.offices[HANOI].workstation(TENANT, CHIEF.user, CHIEF.password) as station:
                journal, receipt = _vouchers(station, stocked.sample, lines)
            return {
                "scale": scale,
                "lines": lines,
                "partners": partners,
                **_measure(opened, address, journal, receipt, lines),
            }


def _vouchers(station: Workstation, sample: Sample, lines: int) -> tuple[str, str]:
    """A voucher of so many lines between other accounts than money's, and a receipt of one line, both in no book."""
    branch, fund = sample.catalogs["branch"][0], sample.catalogs["fund"][0]
    clerk = Clerk(sample.chart, {ident: body for _, ident, body in sample.entries()}, {branch: fund})
    day = date(FIRST_DAY.year, 3, 2)
    long = Event(
        day, branch, "Phân bổ", tuple(Line("admin_expense", "prepaid_expense", 1_000 + at) for at in range(lines))
    )
    short = Event(day, branch, "Thu tiền", (Line("cash", "receivable", 100_000),), sample.catalogs["partner"][0])
    made = [
        str(station.save_voucher(clerk.body(event), (), answered=("CASH_NEGATIVE",))["id"]) for event in (long, short)
    ]
    station.wait_drained()
    return made[0], made[1]


def _measure(opened: Any, address: str, journal: str, receipt: str, lines: int) -> dict[str, Any]:
    context = opened.new_context(viewport=SCREEN, locale="vi-VN", service_workers="block")
    context.add_init_script(CLOCK)
    context.set_default_timeout(WAIT_MS_MAX)
    page = context.new_page()
    page.set_content(EMPTY)
    page.evaluate(f"() => {{ {CLOCK} }}")
    empty = _press(page, ["1"] * EMPTY_KEYS)
    page = _log_in(context, address)
    typed = _type_in(page, f"{address}/t/{TENANT}/voucher/{journal}", lines)
    palette = _open_palette(page)
    _open(page, f"{address}/t/{TENANT}/voucher/{receipt}")
    searched = _search(page)
    saved = _save(page)
    context.close()
    return _figures(empty, typed, palette, searched, saved)


def _log_in(context: Any, address: str) -> Any:
    page = context.new_page()
    page.goto(address)
    for box, text in (("login-user", CHIEF.user), ("login-password", CHIEF.password)):
        page.get_by_test_id(box).wait_for()
        page.wait_for_function(f"document.activeElement?.dataset.testid === '{box}'")
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    page.get_by_test_id("menu").wait_for()
    return page


def _open(page: Any, address: str) -> None:
    """A voucher, being edited, with the keys in its first box."""
    page.goto(f"{address}?edit")
    page.locator("[data-testid=voucher][data-mode=edit]").wait_for()
    page.keyboard.press("F6")
    page.wait_for_function("document.activeElement?.dataset.field === 'partner'")


Keys = list[dict[str, float]]


def _press(page: Any, keys: Sequence[str], goal: str = "") -> Keys:
    """Press keys, each when the one before is painted; what each took. `goal`: until this is on the screen."""
    page.evaluate("(goal) => { window.socaiGoal = goal; }", goal)
    page.evaluate(TAKE)
    for key in keys:
        page.keyboard.press(key)
        page.evaluate(SETTLED)
    found: Keys = page.evaluate(TAKE)
    page.evaluate("() => { window.socaiGoal = ''; }")
    return found


def _walk(page: Any, key: str, until: str) -> None:
    """Press a key until the focus is where it is wanted."""
    for _ in range(WALK_MAX):
        if page.evaluate(until):
            return
        page.keyboard.press(key)
        page.evaluate(SETTLED)
    raise AssertionError(f"{key} does not lead to where {until}")


def _type_in(page: Any, address: str, lines: int) -> Keys:
    """Figures into one amount after the other, in the middle of the lines."""
    _open(page, address)
    page.get_by_test_id("tab-lines").or_(page.get_by_test_id("grid-lines")).first.wait_for()
    _walk(page, "F6", "document.activeElement?.dataset.column !== undefined")
    for _ in range(lines // 2):
        page.keyboard.press("ArrowDown")
    _walk(page, "Tab", "document.activeElement?.dataset.column === 'amount'")
    page.evaluate(SETTLED)
    return _press(page, STEP * (KEYS // len(STEP)))


def _open_palette(page: Any) -> Keys:
    found: Keys = []
    for _ in range(PALETTES):
        found += _press(page, ["Control+k"], "[data-testid=palette-input]:focus")
        page.keyboard.press("Escape")
        page.get_by_test_id("palette-input").wait_for(state="detached")
        page.evaluate(SETTLED)
    return found


def _search(page: Any) -> Keys:
    """The letters of codes and names, until the list under the box is painted."""
    found: Keys = []
    for word in WORDS:
        found += _press(page, list(word), "[data-testid=suggestions]")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.evaluate(SETTLED)
    return found


def _save(page: Any) -> Keys:
    """Copies of a receipt, saved: from the key until the screen shows it kept."""
    found: Keys = []
    view, edit = (f"[data-testid=voucher][data-mode={mode}]" for mode in ("view", "edit"))
    page.keyboard.press("Alt+z")
    page.locator(view).wait_for()
    for _ in range(SAVES):
        page.keyboard.press("Alt+c")
        page.locator(edit).wait_for()
        page.wait_for_function("document.activeElement?.dataset.field === 'partner'")
        found += _press(page, ["Control+Enter"], view)
    return found


def _figures(empty: Keys, typed: Keys, palette: Keys, searched: Keys, saved: Keys) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    told: tuple[tuple[str, Keys], ...] = (
        ("empty_page", empty), ("key", typed), ("palette", palette), ("search", searched), ("save", saved)
    )  # fmt: skip
    for name, keys in told:
        for part in ("paint", "work"):
            if name in ("empty_page", "palette", "save") and part == "work":
                continue
            times = [key[part] for key in keys]
            for share, label in ((0.5, "p50"), (0.95, "p95")):
                figures[f"{name}_{part}_{label}_ms"] = round(percentile(times, share), 1)
        figures[f"{name}_count"] = len(keys)
    for name in ("key", "palette", "search", "save"):
        times = figures[f"{name}_paint_p95_ms"]
        figures[f"ratio_p95_{name}_empty_page"] = round(times / figures["empty_page_paint_p95_ms"], 2)
    return figures
