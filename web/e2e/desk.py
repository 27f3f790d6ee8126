"""A person at a workstation with a keyboard and a screen: keys go in, words come out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZipFile

from playwright.sync_api import BrowserContext, Locator, Page, Route, TimeoutError, ViewportSize, expect
from pypdf import PdfReader

from e2e.mouse import WITNESS
from socai.lab.sample import TENANT

SEEN_MS_MAX = 30_000
SCREEN: ViewportSize = {"width": 1366, "height": 768}

# What the focus is on, in the shortest words that tell it from everything else on the screen.
FOCUS = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return '';
  if (at.dataset.column !== undefined) return `${at.dataset.row}.${at.dataset.column}`;
  return at.dataset.field || at.dataset.testid || at.getAttribute('aria-label') || at.tagName.toLowerCase();
}"""


CELLS = """(row) => [...row.querySelectorAll('[role=gridcell]')].map((cell) => {
  const live = cell.querySelector('input');
  return live ? [live.dataset.column, live.value] : [cell.dataset.cell, cell.innerText];
}).filter(([, text]) => text !== '')"""

ROW = "(row) => [...row.querySelectorAll('[data-cell]')].map((cell) => [cell.dataset.cell, cell.innerText])"

CHOSEN = "document.activeElement.selectedOptions?.[0]?.label.trim() ?? ''"

# Whether the focus is on something of a name in the row of the to-do list that has a text.
IN_TODO = """([text, name]) => {
  const at = document.activeElement;
  return at?.dataset.testid === name && Boolean(at.closest('[data-testid=todo]')?.innerText.includes(text));
}"""

# Keeps every mark a voucher's head has shown, in order, however short it stood there.
RECORD = """() => {
  window.socaiMarks = [];
  const look = () => {
    const mark = document.querySelector('[data-testid=voucher] .page-head [data-icon]')?.dataset.icon;
    if (mark && window.socaiMarks.at(-1) !== mark) window.socaiMarks.push(mark);
  };
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, attributes: true});
}"""


class Desk:
    """One workstation. It counts the keys pressed beside the letters of words, and what went wrong in the page."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.keys = 0
        self.faults: list[str] = []
        self.papers: list[bytes] = []
        self._context = context
        context.add_init_script(WITNESS)
        context.set_default_timeout(SEEN_MS_MAX)
        context.route(re.compile(r"/print\?|/numbers/file\?|\.pdf\b|\.xlsx\b"), self._keep_paper)
        self._page: Page = context.new_page()
        self._page.on("pageerror", lambda error: self.faults.append(str(error)))
        self._page.on("console", lambda said: self._heard(said.type, said.text))

    # --- hands

    def open(self, path: str = "/") -> None:
        """Type an address into the browser."""
        self._page.goto(self.address + path)

    def press(self, *keys: str) -> None:
        """Press keys one after another: "Enter", "Control+Enter", "F6"; "Tab*3" is three of them."""
        for told in keys:
            key, _, times = told.partition("*")
            for _ in range(int(times) if times else 1):
                self._page.keyboard.press(key)
                self.keys += 1

    def write(self, text: str) -> None:
        """Type words or figures, letter by letter. Letters are not counted: they are what had to be said anyway."""
        self._page.keyboard.type(text)

    def compose(self, *steps: str, stay: bool = True) -> None:
        """Type one word as an input method does: each step is what stands there while composing.

        The last one is what the method then writes; with `stay` false the composing goes on.
        """
        session = self._context.new_cdp_session(self._page)
        for step in steps:
            place = {"selectionStart": len(step), "selectionEnd": len(step)}
            session.send("Input.imeSetComposition", {"text": step, **place})
        if stay:
            session.send("Input.insertText", {"text": steps[-1]})
        session.detach()

    def insert(self, text: str) -> None:
        """Write a text in one go, as an input method or a dictation does: no letter is a key of its own."""
        self._page.keyboard.insert_text(text)

    def go(self, words: str, meant: str = "") -> None:
        """Go anywhere by the palette: type words and take the first goal that is offered."""
        self.press("Control+k")
        self.sees_focus("palette-input")
        self.write(words)
        expect(self._page.get_by_test_id("palette-goal").first).to_contain_text(meant or words, ignore_case=True)
        self.press("Enter")
        expect(self._page.get_by_test_id("palette-input")).to_have_count(0)

    def receipt(self, partner: str, text: str, amount: str, day: str = "") -> None:
        """A new cash receipt of one line, typed and not yet saved; with a day, of that day."""
        self.go("thêm phiếu thu")
        self.sees_focus("partner")
        self.write(partner)
        self.press("Enter*4")
        self.write(text)
        if day:
            self.walk("Enter", "accounting_date")
            self.write(day)
        self.press("F6" if day else "F6*2")
        self.sees_focus("0.amount")
        self.write(amount)

    def payment(self, partner: str, payee: str, text: str, amount: str) -> None:
        """A new cash payment of one line, typed and not yet saved; the keys stand in its amount."""
        self.go("thêm phiếu chi")
        self.sees_focus("partner")
        self.write(partner)
        self.press("Enter*3")
        self.fill(payee)
        self.write(text)
        self.press("F6*2")
        self.sees_focus("0.amount")
        self.write(amount)

    def fill(self, *texts: str) -> None:
        """Words into one box after the other, each ended by Enter."""
        for text in texts:
            self.write(text)
            self.press("Enter")

    def keep(self, icon: str = "2", word: str = "Đã ghi sổ") -> str:
        """Save what is typed, and wait until it wears an icon with its word; its number."""
        self.press("Control+Enter")
        self.see_mark(icon, word)
        return self.value("field-number")

    def edit(self, voucher: str = "", text: str = "") -> None:
        """Into the reason of the voucher on the screen, or of one of an address, being edited; write another."""
        if voucher:
            self.open(f"/t/{TENANT}/voucher/{voucher}")
            self.see("voucher-title", "Phiếu thu")
        self.press("Control+e")
        self.sees_focus("partner")
        self.walk("Enter", "description")
        self.write(text)

    def new_entry(self, catalog: str, *texts: str) -> None:
        """A new entry of a catalog, its boxes filled and not yet saved."""
        self.go(catalog)
        self.sees_focus("entries")
        self.press("Insert")
        self.sees_focus("code")
        self.fill(*texts)

    def find_entry(self, text: str) -> None:
        """The list of a catalog, on the screen, shows what a text finds; the keys stand on it."""
        self.press("F3")
        self.sees_focus("find")
        self.fill(text)
        self.see_row("entries", text)
        self.sees_focus("entries")

    def receipts_in(self, number: str, state: str, icon: str = "", place: str = "phiếu thu") -> None:
        """The list of receipts, filtered by a state in words, has a voucher with that icon; the keys stand on it.

        With a `place`, the list of another type of voucher.
        """
        self.go(place)
        self.see("voucher-list")
        self.press("F3", "Tab")
        self.sees_focus("filter-state")
        self.choose(state)
        if number:
            expect(self.see_row("vouchers", number).locator("[data-icon]")).to_have_attribute(
                "data-icon", icon, timeout=SEEN_MS_MAX
            )
            self.to_row("vouchers", number)

    def walk(self, key: str, place: str, most: int = 40) -> None:
        """Press a key until the focus is on a place."""
        for _ in range(most):
            if self.focus() == place:
                return
            self.press(key)
        raise AssertionError(f"{key} does not lead to {place}; the focus is on {self.focus()}")

    def to_row(self, table: str, text: str, most: int = 200) -> None:
        """The keys go to a table and stand on the row that has a text."""
        self.see_row(table, text)
        self.walk("F6", table)
        self.press("Home")
        for _ in range(most):
            if text in self.current(table):
                return
            self.press("ArrowDown")
        raise AssertionError(f"ArrowDown does not lead to {text}; the last row is {self.current(table)}")

    def to_todo(self, text: str, name: str, most: int = 120) -> None:
        """At home: the focus goes to something in the row of the to-do list that has a text, whatever else is to do."""
        self.see("todo", text)
        self.walk("F6", "todo-open")
        for _ in range(most):
            if self.ask(IN_TODO, [text, name]):
                return
            self.press("Tab")
        raise AssertionError(f"Tab does not lead to {name} of {text}: {self.texts('todo')}")

    def choose(self, words: str, most: int = 40) -> None:
        """In the drop-down list that has the focus, arrow down from its first option to the one of these words."""
        self.press("Home")
        for _ in range(most):
            if self.ask(CHOSEN) == words:
                return
            self.press("ArrowDown")
        raise AssertionError(f"there is no option {words}; the last one is {self.ask(CHOSEN)}")

    def back(self) -> None:
        """The browser's own Back."""
        self._page.evaluate("history.back()")

    def reload(self) -> None:
        """The browser's own reload, where nothing is asked."""
        with self._page.expect_navigation():
            self._page.evaluate("setTimeout(() => location.reload())")

    def reload_and_stay(self) -> str:
        """The browser's own reload, where the browser asks first; the answer is to stay. Tells the kind of question."""
        with self._page.expect_event("dialog") as asked:
            self._page.evaluate("setTimeout(() => location.reload())")
        asked.value.dismiss()
        return asked.value.type

    def log_in(self, user: str, password: str) -> None:
        """Open the client and log in."""
        self.open()
        self.sees_focus("login-user")
        self.write(user)
        self.press("Enter")
        self.sees_focus("login-password")
        self.write(password)
        self.press("Enter")
        inside = self._page.get_by_test_id("menu").or_(self._page.get_by_test_id("companies"))
        expect(inside).to_be_visible(timeout=SEEN_MS_MAX)

    # --- eyes

    def see(self, testid: str, text: str | re.Pattern[str] = "") -> Locator:
        """Wait until something is on the screen, with a text in it; others of its name may stand beside it."""
        places = self._page.get_by_test_id(testid)
        place = (places.filter(has_text=text) if text else places).first
        try:
            expect(place).to_be_visible(timeout=SEEN_MS_MAX)
        except AssertionError as unseen:
            raise AssertionError(f"{testid} is to say {text!r}; there is {self.texts(testid)}") from unseen
        if text:
            expect(place).to_contain_text(text, timeout=SEEN_MS_MAX)
        return place

    def see_row(self, table: str, text: str) -> Locator:
        """Wait until a table shows a row with a text."""
        row = self._page.get_by_test_id(f"{table}-row").filter(has_text=text).first
        expect(row).to_be_visible(timeout=SEEN_MS_MAX)
        return row

    def row(self, table: str, text: str) -> dict[str, str]:
        """The cells of the first row of a table that has a text, by column."""
        return dict(self.see_row(table, text).evaluate(ROW))

    def current(self, table: str) -> str:
        """What the row says that the keys stand on."""
        return self._page.locator(f"[data-testid={table}-row][data-current]").inner_text()

    def see_no_row(self, table: str, text: str) -> None:
        """Wait until no row of a table has a text."""
        expect(self._page.get_by_test_id(f"{table}-row").filter(has_text=text)).to_have_count(0, timeout=SEEN_MS_MAX)

    def see_gone(self, testid: str, text: str = "") -> None:
        """Wait until something is not on the screen any more; with a text, until nothing of its name says that."""
        places = self._page.get_by_test_id(testid)
        expect(places.filter(has_text=text) if text else places).to_have_count(0, timeout=SEEN_MS_MAX)

    def see_value(self, testid: str, value: str | re.Pattern[str]) -> None:
        """Wait until a box holds a value."""
        expect(self._page.get_by_test_id(testid)).to_have_value(value, timeout=SEEN_MS_MAX)

    def see_attribute(self, testid: str, name: str, value: str | re.Pattern[str]) -> None:
        """Wait until something carries an attribute."""
        expect(self._page.get_by_test_id(testid).first).to_have_attribute(name, value, timeout=SEEN_MS_MAX)

    def sees_focus(self, *places: str) -> None:
        """Wait until the focus is on a place (see `focus`)."""
        try:
            self._page.wait_for_function(f"(places) => places.includes(({FOCUS})())", arg=list(places))
        except TimeoutError as late:
            raise AssertionError(f"the focus is on {self.focus()!r} at {self.path()}, not on {places}") from late

    def focus(self) -> str:
        """Where the focus is: a field's name, "row.column" of a grid, or the name of a button or list."""
        return str(self._page.evaluate(FOCUS))

    def value(self, testid: str) -> str:
        """What a box holds now."""
        return self._page.get_by_test_id(testid).input_value()

    def text(self, testid: str) -> str:
        """What something says now."""
        return self._page.get_by_test_id(testid).first.inner_text()

    def pending(self) -> int:
        """How many acts wait to be sent, by the mark at the top."""
        return int(self.see("sync-mark").get_attribute("data-pending") or 0)

    def texts(self, testid: str) -> list[str]:
        """What each of several things says now, on one line each."""
        return [re.sub(r"\s+", " ", text) for text in self._page.get_by_test_id(testid).all_inner_texts()]

    def watch_marks(self) -> None:
        """From now on remember which status icons the open voucher shows; `marks` tells."""
        self._page.evaluate(RECORD)

    def marks(self) -> list[str]:
        """The status icons seen since `watch_marks`, in order: "1" on its way, "2" in the books, "3" failed."""
        return list(self._page.evaluate("window.socaiMarks"))

    def see_line(self, whole: bool) -> None:
        """Wait until the mark at the top says whether the cloud can be reached."""
        self.see_attribute("sync-mark", "data-online", str(whole).lower())

    def see_mark(self, icon: str, word: str | re.Pattern[str]) -> None:
        """Wait until the open voucher wears an icon, with its word."""
        mark = self._page.locator(f"[data-testid=voucher] .page-head [data-icon='{icon}']")
        expect(mark).to_have_text(word, timeout=SEEN_MS_MAX)

    def cells(self, grid: str, row: int) -> dict[str, str]:
        """What stands in the cells of a grid's row (counted from 0), empty ones left out."""
        line = self._page.get_by_test_id(grid).get_by_test_id("grid-row").nth(row)
        return dict(line.evaluate(CELLS))

    def select(self, css: str) -> Locator:
        """Anything on the screen, for reading."""
        return self._page.locator(css)

    def ask(self, script: str, argument: object = None) -> Any:
        """What a script in the page says."""
        return self._page.evaluate(script, argument)

    def path(self) -> str:
        """The address of the screen, below the office's own."""
        return urlsplit(self._page.url).path

    def shot(self, file: Path) -> None:
        """A picture of the screen."""
        self._page.screenshot(path=file)

    def settle(self) -> None:
        """Wait until nothing is asked of the server any more and the fonts are there."""
        self._page.evaluate("document.fonts.ready")
        self._page.wait_for_load_state("load")

    # --- paper

    @contextmanager
    def paper(self) -> Iterator[list[str]]:
        """What is printed meanwhile: the text of each page of the PDF, there when the block has ended."""
        pages: list[str] = []
        with self._context.expect_page() as window:
            yield pages
        window.value.wait_for_url("**", wait_until="commit")
        window.value.close()
        pages += [page.extract_text() for page in PdfReader(BytesIO(self.papers[-1])).pages]

    def sheet(self, key: str) -> list[str]:
        """Press a key that brings a workbook: the texts in it."""
        with self._context.expect_event("response", lambda answer: ".sheet" in answer.headers.get("content-type", "")):
            self.press(key)
        with ZipFile(BytesIO(self.papers[-1])) as book:
            parts = [book.read(name).decode() for name in book.namelist() if name.endswith(".xml")]
        return re.findall("<t[^>]*>([^<]*)</t>", "".join(parts))

    def _keep_paper(self, route: Route) -> None:
        answer = route.fetch()
        self.papers.append(answer.body())
        route.fulfill(response=answer)

    # --- the end

    def stand_up(self) -> None:
        """Leave the desk. Fails if a mouse was used, or the page complained."""
        pointed = 0 if self._page.is_closed() else self._page.evaluate("window.socaiPointed ?? 0")
        self._context.close()
        assert pointed == 0, f"the page was pointed at {pointed} times"
        assert self.faults == [], self.faults

    def _heard(self, kind: str, text: str) -> None:
        # A refusal (409, 422 …) or a cut line is reported by the browser as a failed load; the screen tells of it.
        if kind == "error" and "Failed to load resource" not in text:
            self.faults.append(text)
