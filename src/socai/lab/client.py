"""A person at a workstation, as a program: logs in to a data server over HTTP, saves, and waits for what becomes of it.

It knows addresses and JSON shapes only. Waiting asks again with a bounded pause; nothing here looks into a file of the
server.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from socai.base.ident import RANDOM_BYTES, make_ident

ANSWER_SECONDS_MAX = 30.0
WAIT_SECONDS_MAX = 60.0
POLL_SECONDS_MIN, POLL_SECONDS_MAX = 0.002, 0.05

Json = dict[str, Any]
T = TypeVar("T")


class Refused(Exception):
    """The server refused a request: its status, the code of the first fault and the whole answer."""

    def __init__(self, asked: str, status: int, problem: Json) -> None:
        self.status, self.problem = status, problem
        self.code = str(problem.get("code", ""))
        super().__init__(f"{asked}: {status} {self.code} {problem.get('field', '')} {problem.get('detail_en', '')}")


class WaitedTooLong(Exception):
    """What was waited for did not come; the message says what was last seen."""


def new_ident() -> str:
    """A new identifier, as a workstation makes it."""
    return make_ident(time.time_ns() // 1_000_000, os.urandom(RANDOM_BYTES))


def wait_for(what: str, look: Callable[[], T | None], seconds_max: float = WAIT_SECONDS_MAX) -> T:
    """Call `look` until it gives something. Raises WaitedTooLong."""
    deadline, pause = time.monotonic() + seconds_max, POLL_SECONDS_MIN
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise WaitedTooLong(f"{what}: not within {seconds_max:.0f} s")
        time.sleep(pause)
        pause = min(pause * 1.5, POLL_SECONDS_MAX)
    return found


class Workstation:
    """One person's connection to a data server. Thread-safe as httpx is; close it, or use it as a context manager."""

    def __init__(self, address: str, tenant: str = "") -> None:
        self.address = address
        self.tenant = tenant
        self.http = httpx.Client(base_url=address, timeout=ANSWER_SECONDS_MAX, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.http.close()

    def login(self, user: str, password: str) -> Json:
        """Log in; further requests carry the token."""
        answer = self.ask("POST", "/api/login", {"user": user, "password": password})
        self.http.headers["Authorization"] = f"Bearer {answer['token']}"
        return answer

    def ask(self, method: str, path: str, body: object = None, **query: object) -> Json:
        """One request; the JSON answered. Raises Refused for any refusal."""
        answer = self.http.request(
            method, path, json=body, params={name: str(value) for name, value in query.items()} or None
        )
        if answer.is_success:
            return dict(answer.json()) if answer.content else {}
        try:
            problem = answer.json()
        except ValueError:
            problem = {"detail_en": answer.text[:200]}
        raise Refused(f"{method} {path}", answer.status_code, problem)

    def books(self, method: str, path: str, body: object = None, **query: object) -> Json:
        """One request about the chosen company's books."""
        return self.ask(method, f"/api/t/{self.tenant}{path}", body, **query)

    # --- acts

    def save_catalog(self, kind: str, ident: str, body: Mapping[str, object], base: int = 0) -> str:
        """Put a catalog entry; its id."""
        self.books("PUT", f"/catalog/{kind}/{ident}", {"act_id": new_ident(), "base": base, "body": dict(body)})
        return ident

    def save_voucher(
        self,
        body: Mapping[str, object],
        post_to: tuple[str, ...] = (),
        ident: str = "",
        act_id: str = "",
        answered: tuple[str, ...] = (),
    ) -> Json:
        """Save a new voucher, posting it to `post_to`. Warnings are accepted: the server asks, this person says yes.

        `answered` accepts warnings beforehand that only the cloud may see when it posts.
        """
        ident, act_id = ident or new_ident(), act_id or new_ident()
        said = list(answered)
        while True:
            act = {"act_id": act_id, "revision": 0, "body": dict(body), "post_to": list(post_to), "answered": said}
            try:
                return self.books("PUT", f"/vouchers/{ident}", act)
            except Refused as refused:
                asked = [str(warning["code"]) for warning in refused.problem.get("warnings", ())]
                if refused.code != "WARNING_ASK" or set(asked) <= set(said):
                    raise
                said = sorted({*said, *asked})

    # --- looking

    def voucher(self, ident: str) -> Json | None:
        """A voucher, or None where this server does not have it yet."""
        try:
            return self.books("GET", f"/vouchers/{ident}")
        except Refused as refused:
            if refused.status == httpx.codes.NOT_FOUND:
                return None
            raise

    def sync_state(self) -> Json:
        """Online, pending, in flight, failed, conflicts …"""
        return self.books("GET", "/sync")

    def wait_posted(self, ident: str, book: str, seconds_max: float = WAIT_SECONDS_MAX) -> Json:
        """Wait until a voucher is readable here and posted in a book. Raises WaitedTooLong, Refused with its fault."""

        def look() -> Json | None:
            found = self.voucher(ident)
            for state in (found or {}).get("books", ()):
                if state["book"] == book and state.get("posted"):
                    return found
                if state["book"] == book and state.get("faults"):
                    raise Refused(f"posting of {ident}", 0, dict(state["faults"][0]))
            return None

        return wait_for(f"voucher {ident} posted at {self.address}", look, seconds_max)

    def wait_catalog(self, kind: str, ident: str, seconds_max: float = WAIT_SECONDS_MAX) -> Json:
        """Wait until a catalog entry is here and the cloud has taken it."""

        def look() -> Json | None:
            try:
                return self.books("GET", f"/catalog/{kind}/{ident}")
            except Refused as refused:
                if refused.status == httpx.codes.NOT_FOUND:
                    return None
                raise

        return wait_for(f"{kind} {ident} at {self.address}", look, seconds_max)

    def wait_drained(self, seconds_max: float = WAIT_SECONDS_MAX) -> Json:
        """Wait until this server has nothing left to send."""

        def look() -> Json | None:
            state = self.sync_state()
            return state if state["online"] and not state["pending"] and not state["in_flight"] else None

        return wait_for(f"nothing pending at {self.address}", look, seconds_max)
