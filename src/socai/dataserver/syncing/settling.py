"""Shared series at a data server: keep ranges in stock, give back leftovers, make provisional numbers final.

Runs beside the agent's other chores, only while the line is up. A final number is an act of the program's own: nobody's
edit, told in the voucher's history, sent like any act. Where another office changed the voucher meanwhile their form
stands, and its number is made final next. A number that was drawn here twice, of whatever series (the file was restored
from a backup), is drawn again likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from socai import registry
from socai.core import life
from socai.core.number_use import DELETED, RENUMBERED, Use
from socai.core.numbering import COMPANY, FUND, Series, is_provisional, numbering_of, series_for, series_of_body
from socai.dataserver import facts as fact
from socai.dataserver.acts.head import fill_head
from socai.dataserver.acts.numbering import draw, final_number
from socai.dataserver.acts.outgoing import Wish, is_running, put_voucher
from socai.dataserver.clock import Instant, new_ident
from socai.dataserver.desk import VOUCHER, Desk, local_day
from socai.dataserver.store import audit, catalog, conflict, meta, number, outbox, voucher
from socai.dataserver.store.conflict import Theirs
from socai.dataserver.store.file import Connection
from socai.dataserver.store.joined import split
from socai.dataserver.store.known import Known
from socai.dataserver.store.number import LeaseRow, WaitRow
from socai.dataserver.store.outbox import OutRow
from socai.dataserver.store.voucher import Head
from socai.dataserver.syncing.form import fell_with
from socai.dataserver.syncing.incoming import FEED, adopt_voucher, wait_again
from socai.edge.client import CloudClient
from socai.sync.message import (
    NUMBER,
    PROTOCOL,
    SAVE,
    NumberNote,
    NumberRange,
    NumbersAnswer,
    NumbersAsked,
    Outcome,
    SeriesWish,
    WireFault,
)
from socai.sync.number import FAST_SECONDS, Stock, days_served, is_over, wanted

SERIES_MAX = 200  # kept in stock by one data server
SETTLED_MAX = 200  # vouchers between two looks at what else there is to tell
SETTLED_AT_ONCE = 8  # vouchers in one transaction: a save waits for it
NOTES_MAX = 200
TRIES_MAX = 5

Wishes = dict[str, tuple[SeriesWish, Series]]


def exchange_numbers(desk: Desk, client: CloudClient, caught_up: bool = True) -> bool:
    """Tell the cloud what there is to tell, take what it leases, settle what waits. Whether there is more to do.

    `caught_up`: all the cloud has is here, so that a count of our own goes on behind what it had lost.
    """
    asked = make_asked(desk)
    if asked is not None:
        take_answer(desk, asked, client.numbers(asked))
    return settle(desk, caught_up)


def make_asked(desk: Desk) -> NumbersAsked | None:
    """What this file has to say about numbers; None for nothing, which costs two small looks."""
    with desk.file.read() as db:
        known, standing = desk.cache.get(db), meta.standing(db)
        notes = [
            NumberNote(n, series, use.number, use.fate, use.voucher, use.to, use.by, use.at)
            for n, series, use in number.untold(db, NOTES_MAX)
        ]
        wants, returns = _stocking(desk, db, known)
    if not (notes or wants or returns):
        return None
    return NumbersAsked(PROTOCOL, standing.replica, standing.epoch, wants, returns, notes)


def take_answer(desk: Desk, asked: NumbersAsked, answer: NumbersAnswer) -> None:
    """Keep what was leased, in one transaction; drop what was given back; the notes are told."""
    wall = desk.clock.now().wall

    def job(db: Connection) -> None:
        if meta.number(db, "epoch") != asked.epoch:
            return  # a hello came between: these ranges are another life's
        for lease in answer.leases:
            number.add_lease(db, LeaseRow(lease.series, lease.first, lease.last, lease.first, wall))
        for back in asked.returns:
            held = next((item for item in number.leases(db, back.series) if item.last == back.last), None)
            if held is not None:
                number.end_lease(db, back.series, held.first, back.first - 1)
        number.told(db, [note.n for note in asked.notes])

    desk.file.write(job)


# ---- what to ask for


def _stocking(desk: Desk, db: Connection, known: Known) -> tuple[list[SeriesWish], list[NumberRange]]:
    today, wall = local_day(desk), desk.clock.now().wall
    wishes, waiting = _served(desk, db, known, today), number.waiting_counts(db)
    leases, newest = number.leases(db), number.newest_leases(db)
    if not (wishes or leases):
        return [], []
    wants = []
    for key, (wish, _) in list(wishes.items())[:SERIES_MAX]:
        left = sum(lease.last - lease.next + 1 for lease in leases if lease.series == key)
        last = newest.get(key)
        size, age = (last.last - last.first + 1, (wall - last.granted_at) / 1000) if last else (0, FAST_SECONDS)
        count = wanted(Stock(left, waiting.get(key, 0), size, age))
        if count:
            held = max((lease.last for lease in number.all_leases(db, key)), default=0)
            wants.append(msgspec.structs.replace(wish, count=count, held=held))
    returns = [
        NumberRange(lease.series, lease.next, lease.last)
        for lease in leases
        if lease.series not in waiting and _left_over(lease.series, wishes, today)
    ]
    return wants, returns


def _served(desk: Desk, db: Connection, known: Known, today: date) -> Wishes:
    """The shared series this data server keeps in stock, by key: of its branches, and those somebody waits for."""
    found: Wishes = {}
    branches: list[str] | None = None
    for code, kind in registry.voucher_types().items():
        numbering = numbering_of(kind.spec, known.company.numbering)
        if not numbering.shared:
            continue
        if branches is None:
            branches = sorted(desk.branches) or [row.id for row in catalog.living(db, "branch") if row.active]
        for branch in branches[:1] if numbering.scope == COMPANY else branches:
            for fund in funds_of(db, branch) if numbering.scope == FUND else [""]:
                for day in days_served(today):
                    series = series_for(code, numbering, branch, day, fund)
                    found.setdefault(series.key, (SeriesWish(code, branch, day.isoformat(), fund), series))
    for waits in number.waiting(db, SETTLED_MAX) if branches is not None else ():
        if waits.series not in found and (head := voucher.load(db, waits.voucher)) is not None and not head.deleted:
            body = msgspec.json.decode(voucher.body(db, head.id, head.revision))
            series = series_of_body(registry.voucher_types()[head.type].spec, known.company.numbering, body)
            wish = SeriesWish(head.type, head.branch, str(body["accounting_date"]), str(body.get("fund") or ""))
            found[series.key] = (wish, series)
    return found


def funds_of(db: Connection, branch: str) -> list[str]:
    """Who may count in a branch: nobody's fund, and each fund of its own, by id."""
    funds = [row.id for row in catalog.living(db, "fund") if msgspec.json.decode(row.body).get("branch") == branch]
    return ["", *funds]


def _left_over(key: str, wishes: Wishes, today: date) -> bool:
    """Whether nobody here needs a series any more: not kept in stock, or its days are long over."""
    return key not in wishes or is_over(wishes[key][1].last, today)


# ---- from provisional to final


def settle(desk: Desk, caught_up: bool = True) -> bool:
    """Make provisional numbers final as far as leased ones last; whether more wait that could be."""
    ready = _ready(desk)
    parts = [ready[at : at + SETTLED_AT_ONCE] for at in range(0, len(ready), SETTLED_AT_ONCE)]
    settled = [_settle_some(desk, part, caught_up) for part in parts]
    return any(settled) and len(ready) == SETTLED_MAX


def _ready(desk: Desk) -> list[WaitRow]:
    """Who waits for nothing but the program, oldest first: those a person has to settle stand in nobody's way."""
    ready: list[WaitRow] = []
    with desk.file.read() as db:
        rows = number.waiting(db, SETTLED_MAX)
        while rows and len(ready) < SETTLED_MAX:
            heads = voucher.load_many(db, [row.voucher for row in rows])
            facts = fact.read_many(db, list(heads.values()), desk.cache.get(db).calendar, desk.clock.now())
            for row in rows:
                head = heads.get(row.voucher)
                if head is None or head.deleted or not _is_stuck(head, row, facts[head.id]):
                    ready.append(row)
            rows = number.waiting(db, SETTLED_MAX, rows[-1].voucher)
    return ready[:SETTLED_MAX]


def _is_stuck(head: Head, row: WaitRow, facts: life.Facts) -> bool:
    """Whether a person, or a lock moved back, comes first; a save that follows takes the final number by itself."""
    if facts.conflict or (head.refused and not _is_taken(head)):
        return True
    final = not is_provisional(head.number) and not _is_taken(head)
    return not final and (row.tries >= TRIES_MAX or (facts.locked and head.version > 0))


def _settle_some(desk: Desk, rows: Sequence[WaitRow], caught_up: bool) -> bool:
    """A few in one transaction; whether one of them was given its number."""

    def job(db: Connection) -> list[Head]:
        known, now = desk.cache.get(db), desk.clock.now()
        waits = [now_waits for row in rows if (now_waits := number.waits(db, row.voucher))]
        found = [_settle_one(db, row, known, now, caught_up) for row in waits]
        return [head for head in found if head is not None]

    done = desk.file.write(job)
    for head in done:
        desk.tell(VOUCHER, head.type, head.id)
    if done:
        desk.wake()
    return bool(done)


def _settle_one(db: Connection, row: WaitRow, known: Known, now: Instant, caught_up: bool) -> Head | None:
    """One voucher; None where nothing is to be done, or not now."""
    head = voucher.load(db, row.voucher)
    if head is None or head.deleted:
        if row.reserved:
            number.note(db, row.series, Use(row.reserved, DELETED, row.voucher, "", now.text))
        number.settled(db, row.voucher)
        return None
    if _is_stuck(head, row, fact.read_one(db, head, known.calendar, now)):
        return None
    taken = _is_taken(head)
    if not is_provisional(head.number) and not taken:
        if not outbox.open_of(db, VOUCHER, head.type, head.id):
            if row.reserved not in ("", head.number):  # the cloud renumbered it before ours was heard of
                left = Use(row.reserved, RENUMBERED, head.id, head.author, now.text, head.number)
                number.note(db, row.series, left)
            number.settled(db, head.id)
        return None
    spec = registry.voucher_types()[head.type].spec
    body = msgspec.json.decode(voucher.body(db, head.id, head.revision))
    series = series_of_body(spec, known.company.numbering, body)
    if not (series.shared or caught_up):
        return None  # what is still to come moves our own count on
    text = (
        final_number(db, head, series) if series.shared else draw(db, head, spec, series, meta.text(db, "series_mark"))
    )
    if not text:
        return None
    number.wait(db, head.id, series.key, text, row.tries)
    _give(db, head, body | {"number": text}, known, now, again=taken)
    return head


def _is_taken(head: Head) -> bool:
    """Whether the cloud refused a new voucher because somebody has the number that was drawn for it here."""
    return head.version == 0 and _says_taken(fact.wire_faults(head.refused))


def _says_taken(faults: Sequence[WireFault]) -> bool:
    return any(fault.code == "NUMBER_TAKEN" for fault in faults)


def _give(db: Connection, head: Head, body: dict[str, object], known: Known, now: Instant, again: bool) -> None:
    """Write the final number and put it on its way; `again`: together with the save that was refused.

    It is nobody's act: the author stays, and the five minutes do not begin anew.
    """
    spec = registry.voucher_types()[head.type].spec
    act = SAVE if again else NUMBER
    before = outbox.newest_of(db, VOUCHER, head.id) if again else None
    posts, answered = (before.post_to, before.answered) if before is not None else ("", "")
    wish = Wish(act, new_ident(now), head.author, now.text, (), tuple(split(posts)), tuple(split(answered)))
    running = is_running(db, head.id)
    if again and not is_provisional(head.number):
        number.note(db, head.series, Use(head.number, RENUMBERED, head.id, head.author, now.text, str(body["number"])))
    fill_head(head, spec, body, known)
    head.revision += 1
    head.refused = head.refused_act = ""
    content = msgspec.json.encode(body)
    voucher.put(db, head)
    voucher.add_body(db, head.id, head.revision, 0, NUMBER, head.author, now.text, content)
    digest = audit.digest(content)
    row = audit.Act(now.text, head.author, NUMBER, wish.act_id, VOUCHER, head.type, head.id, head.revision, digest)
    audit.append(db, row)
    put_voucher(db, head, wish, running)


# ---- what the cloud did not take


def take_back(
    desk: Desk, db: Connection, head: Head, row: OutRow, outcome: Outcome, fell: OutRow | None = None
) -> bool:
    """The answer to a final number that was not taken; False where it fell with the save it was made on.

    So it is, too, where a restored cloud has lost the voucher and refused that save when it came again. Where it fell
    with a post, unpost or delete (`fell`, where that is known), that one's refusal is told of the voucher.

    Changed elsewhere meanwhile: their form stands here, and its number is made final next. Refused: the provisional
    number is back, and another final one is drawn.
    """
    code = outcome.faults[0].code if outcome.faults else ""
    if code == "BASE_REFUSED" and fell is None:
        fell = fell_with(db, row)
    if code == "VOUCHER_UNKNOWN" or (code == "BASE_REFUSED" and fell is None):
        return False
    outbox.rebase(db, row.object, row.place, row.base_version, row.base_place)
    if outbox.open_of(db, VOUCHER, head.type, head.id):
        return True  # a newer act of a person is on its way, and is told what stands against it
    shadow, winner = conflict.shadow(db, VOUCHER, head.type, head.id), outcome.winner
    theirs = Theirs(winner.version, winner.author, winner.at, winner.deleted, bytes(winner.body)) if winner else None
    if shadow is not None and (theirs is None or shadow.version > theirs.version):
        theirs = shadow
    conflict.drop_shadow(db, VOUCHER, head.type, head.id)
    if theirs is not None:
        wait_again(db, head)
        head.version = 0  # whatever version it is, their form is taken
        adopt_voucher(db, head, theirs, desk.cache.get(db), meta.text(db, "series_mark"), FEED)
        return True
    wait_again(db, head, redraw=_says_taken(outcome.faults), tried=int(fell is None))
    if fell is not None:
        head.refused, head.refused_act = fell.faults, fell.act
    before = voucher.body(db, head.id, row.revision - 1)
    head.number = str(msgspec.json.decode(before).get("number") or "")
    head.revision += 1
    voucher.put(db, head)
    voucher.add_body(db, head.id, head.revision, head.version, NUMBER, head.author, desk.clock.now().text, before)
    return True


def note_drawn_twice(desk: Desk, db: Connection, head: Head) -> None:
    """A new voucher was refused because a number drawn here stands elsewhere: it gets another one by itself.

    So it is where this file was restored or cloned, or the cloud was: two may hold the same range then, and a count of
    our own has forgotten what it gave. A number of nobody's count was typed: a person types another.
    """
    if not _is_taken(head):
        return
    spec, known = registry.voucher_types()[head.type].spec, desk.cache.get(db)
    series = series_of_body(
        spec, known.company.numbering, msgspec.json.decode(voucher.body(db, head.id, head.revision))
    )
    own = series.count_of(meta.text(db, "series_mark"), head.number) > 0
    if own or (series.shared and is_provisional(head.number)):
        waits = number.waits(db, head.id)
        number.wait(db, head.id, series.key, "", waits.tries + 1 if waits is not None else 1)
