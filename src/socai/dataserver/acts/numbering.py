"""Giving a voucher its number, in the writer's transaction of its save: typed, kept, drawn, or provisional.

A series of this data server's own is counted here. A shared one is drawn from ranges leased from the cloud; when they
have run out the number is provisional, and `settling.py` replaces it by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec

from socai.base.calendar import day_key, day_of_key
from socai.base.fault import Fault
from socai.core.numbering import (
    FUND,
    Series,
    is_provisional,
    numbering_of,
    provisional_mark,
    series_for,
    series_of_body,
)
from socai.core.spec import VoucherSpec
from socai.core.voucher import Body
from socai.dataserver.desk import Desk, refused
from socai.dataserver.store import meta, number, series, voucher
from socai.dataserver.store.file import Connection
from socai.dataserver.store.known import Known
from socai.dataserver.store.replica import Undo
from socai.dataserver.store.voucher import Head
from socai.registry import voucher_types

NUMBER_TRIES_MAX = 10_000


def number_voucher(
    db: Connection, head: Head, spec: VoucherSpec, body: Body, known: Known, *, as_it_was: bool = False
) -> None:
    """Give the body its number: the typed one if it may be, the one it had, else the next of the series.

    A number that was drawn is drawn anew where the voucher moves to another series, and where it was provisional and
    can be final now. `as_it_was`: the number comes from a form saved before, not from a keyboard.
    """
    found = series_of_body(spec, known.company.numbering, body)
    mark = meta.text(db, "series_mark")
    had = head.number if head.revision else ""
    typed = str(body.get("number") or "") or had
    if typed and typed == had and (is_provisional(had) or _moves(db, head, spec, known, found)):
        typed = ""
    if not typed:
        body["number"] = draw(db, head, spec, found, mark)
        return
    if is_provisional(typed):
        raise Undo(refused(Fault("NUMBER_RESERVED", "number", {"number": typed})))
    if series.taken(db, found.key, typed, head.id):
        raise Undo(refused(Fault("NUMBER_TAKEN", "number", {"number": typed})))
    count = found.count_of(mark, typed)
    if found.shared and count and typed != had and not as_it_was and not number.is_leased(db, found.key, count):
        raise Undo(refused(Fault("NUMBER_NOT_LEASED", "number", {"number": typed})))
    body["number"] = typed
    observe(db, found, mark, typed)


def _moves(db: Connection, head: Head, spec: VoucherSpec, known: Known, found: Series) -> bool:
    """Whether a drawn number is left behind: the voucher was in another series, as series are cut today."""
    if head.series == found.key:
        return False
    numbering = numbering_of(spec, known.company.numbering)
    fund = ""
    if numbering.scope == FUND:
        fund = str(msgspec.json.decode(voucher.body(db, head.id, head.revision) or b"{}").get("fund") or "")
    before = series_for(spec.code, numbering, head.branch, day_of_key(head.day), fund)
    return before.key != found.key and before.parts(head.number) is not None


def draw(db: Connection, head: Head, spec: VoucherSpec, found: Series, mark: str) -> str:
    """The next number of a series; a provisional one where it is shared and nothing is leased."""
    if found.shared:
        return final_number(db, head, found) or _provisional(db, head, found, mark)
    count = last_count(db, spec.code, found, mark)
    for _ in range(NUMBER_TRIES_MAX):
        count += 1
        text = found.text(mark, count)
        if not series.taken(db, found.key, text, head.id):
            break
    series.put(db, found.key, count)
    return text


def final_number(db: Connection, head: Head, found: Series) -> str:
    """A leased number nobody here carries: the one reserved for this voucher, else the next; empty for none."""
    waits = number.waits(db, head.id)
    reserved = waits.reserved if waits is not None and waits.series == found.key else ""
    if reserved and not series.taken(db, found.key, reserved, head.id):
        return reserved
    for lease in number.leases(db, found.key):
        for count in range(lease.next, lease.last + 1):
            text = found.text("", count)
            if not series.taken(db, found.key, text, head.id):
                number.use_lease(db, found.key, lease.first, count + 1)
                return text
        number.use_lease(db, found.key, lease.first, lease.last + 1)
    return ""


def _provisional(db: Connection, head: Head, found: Series, mark: str) -> str:
    number.wait(db, head.id, found.key)
    if head.revision and head.series == found.key and is_provisional(head.number):
        return head.number
    key = f"{found.key}~"
    count = (series.find(db, key) or 0) + 1
    series.put(db, key, count)
    return found.provisional(mark, count)


def last_count(db: Connection, type_code: str, found: Series, mark: str) -> int:
    """The last count given in a series of our own. One never counted before goes on behind what its vouchers carry."""
    known = series.find(db, found.key)
    if known is not None:
        return known
    branch, fund = found.key.split("|")[0], (found.key.split("|")[3:] or [""])[0]
    first, last = (day_key(day) if day else wide for day, wide in ((found.first, 0), (found.last, 99_999_999)))
    texts = series.numbers(db, type_code, branch, fund, first, last)
    return max((found.count_of(mark, text) for text in texts), default=0)


def observe(db: Connection, found: Series, mark: str, text: str) -> None:
    """A number of our own form moves the series on, so that the next one follows it."""
    count = found.count_of(mark, text)
    if count and not found.shared:
        series.put(db, found.key, count)


def observe_body(
    db: Connection, ident: str, spec: VoucherSpec, body: Mapping[str, object], known: Known, mark: str
) -> None:
    """The same for a voucher that came from the cloud.

    One with a provisional number of our own waits for its final one, also where this file was restored and knew nothing
    of it any more.
    """
    found, text = series_of_body(spec, known.company.numbering, body), str(body.get("number") or "")
    observe(db, found, mark, text)
    if found.shared and provisional_mark(text) == mark and number.waits(db, ident) is None:
        number.wait(db, ident, found.key)


def preview(db: Connection, spec: VoucherSpec, known: Known, branch: str, day: date, fund: str = "") -> str:
    """The number the next voucher would get; nothing is given by asking."""
    found = series_for(spec.code, numbering_of(spec, known.company.numbering), branch, day, fund)
    mark = meta.text(db, "series_mark")
    if not found.shared:
        return found.text(mark, last_count(db, spec.code, found, mark) + 1)
    leases = number.leases(db, found.key)
    if leases:
        return found.text("", leases[0].next)
    return found.provisional(mark, (series.find(db, f"{found.key}~") or 0) + 1)


def next_number(desk: Desk, type_code: str, branch: str, day: date) -> str:
    """The number the next voucher would get: shown, given only by a save."""
    with desk.file.read() as db:
        return preview(db, voucher_types()[type_code].spec, desk.cache.get(db), branch, day)
