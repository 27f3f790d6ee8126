"""The poster: work and voucher bodies to entry sets, voids, balance movements, book states. Pure decisions, no SQL.

A turn goes through three calls: `draft` (dates, accounts, entries; the costly part, which may run while the turn before
it is still being committed), `money_wanted` and `invoices_wanted` (what the answer depends on), `decide_posts` (cash
that would go negative, invoices declared twice, and everything the store has to write).
"""

from __future__ import annotations

import traceback
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from socai.base.calendar import day_key, day_of_key
from socai.base.fault import Fault, Faults
from socai.books.write import NewSet, StoredSet, Void
from socai.cloud.cash import Cash, MoneyKey, MoneyMoves, money_moves, year_start
from socai.cloud.facts import Day, TenantFacts
from socai.cloud.invoice import Declared, Invoices, Place
from socai.core.balance import Movements, move
from socai.core.check import check_dates, check_invoices, check_references, invoice_keys, locked, opening_locked
from socai.core.company import ALLOW, WARN
from socai.core.entry import Entry
from socai.core.posting import post_voucher
from socai.core.spec import VoucherSpec
from socai.sync.lane import DELETE, ENTER, EXCHANGE, POST, UNPOST, VOID, Standing, Work, cost, step

Specs = Mapping[str, VoucherSpec]

FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of work with its voucher as the lane finds it. `live_books`: books with a live set of this voucher."""

    work: Work
    standing: Standing
    type: str
    body: Mapping[str, object]
    live_books: tuple[str, ...] = ()
    live: StoredSet | None = None  # loaded where the step takes it out

    def with_live(self, live: StoredSet | None) -> Item:
        """This item with its live set."""
        return replace(self, live=live)


@dataclass(slots=True)
class Draft:
    """An item half decided: what it comes to, its entries and the faults found so far."""

    item: Item
    step: str
    on: Day | None = None
    new: NewSet | None = None
    moves: MoneyMoves = field(default_factory=dict)  # money accounts, where the company watches them
    invoices: Collection[str] = ()  # input invoices the new version declares
    faults: Faults = ()
    keeps_old: bool = False  # the old set may not leave (locked date, money others lean on, or our own code failed)
    bug: str = ""  # traceback of an exception in our own code: the voucher is told INTERNAL, the worker logs this


@dataclass(frozen=True, slots=True)
class BookChange:
    """One piece of work, answered. `result` is a step of sync/lane.py, or FAILED with faults.

    `posted`, `set_no` (the last number given out) and `version` (of the live set) are the book's state afterwards.
    """

    voucher: str
    book: str
    work: int
    result: str
    posted: bool
    set_no: int
    version: int
    fault_act: str = ""
    faults: Faults = ()

    @property
    def enters(self) -> bool:
        """Whether it makes a new set: only while nobody has taken the wish back meanwhile."""
        return self.result in (ENTER, EXCHANGE)


@dataclass(slots=True)
class Turn:
    """All that a turn changes, for the store to write in one transaction."""

    done: list[int] = field(default_factory=list)
    books: list[BookChange] = field(default_factory=list)
    sets: list[NewSet] = field(default_factory=list)
    voids: list[Void] = field(default_factory=list)
    movements: dict[str, Movements] = field(default_factory=dict)
    declared: list[Declared] = field(default_factory=list)  # a voided set's go with it
    deleted: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    entries: int = 0
    bugs: list[str] = field(default_factory=list)
    packed: object = None  # what the store has made ready to send (cloud/lane.py, `pack`)

    @property
    def cost(self) -> int:
        """What the lane is charged."""
        return cost(len(self.done), self.entries)

    @property
    def entering(self) -> int:
        """How many books get a new set."""
        return sum(change.enters for change in self.books)


def take(items: Iterable[Item], pending: Collection[str], entries_max: int) -> list[Item]:
    """The longest run of items that can be decided together.

    It ends before a voucher of the turn that is still being committed, before the second work on the same voucher and
    book (each must see what the first one did), and where the rows exceed `entries_max`, though never empty for that.
    """
    taken: list[Item] = []
    seen: set[tuple[str, str]] = set()
    rows = 0
    for item in items:
        key = (item.work.voucher, item.work.book)
        rows += rows_of(item)
        if item.work.voucher in pending or key in seen or (taken and rows > entries_max):
            break
        seen.add(key)
        taken.append(item)
    return taken


def rows_of(item: Item) -> int:
    """Grid rows of a voucher: near enough to its entries."""
    grids = (value for value in item.body.values() if isinstance(value, list))
    return sum(len(rows) for rows in grids if rows and isinstance(rows[0], dict))


def draft(items: Sequence[Item], facts: TenantFacts, specs: Specs, poison: Collection[int] = ()) -> list[Draft]:
    """Each item's step, entries and faults. An exception in one voucher becomes that voucher's INTERNAL fault alone.

    `poison` lists work (n) the database would not take: it is answered INTERNAL without being tried again.
    """
    drafts = []
    watched = facts.company.negative_cash != ALLOW
    for item in items:
        made = Draft(item, step(item.work, item.standing))
        if item.work.n in poison:
            made.faults, made.keeps_old = (Fault("INTERNAL"),), True
        else:
            try:
                _draft(made, facts, specs)
                if watched:
                    made.moves = _money_of(made, facts)
            except Exception:  # a bug of ours must not stop the lane: the voucher is told, the worker logs it
                made.new, made.faults, made.keeps_old, made.moves = None, (Fault("INTERNAL"),), True, {}
                made.bug = traceback.format_exc()
        drafts.append(made)
    return drafts


def _draft(made: Draft, facts: TenantFacts, specs: Specs) -> None:
    item, book = made.item, made.item.work.book
    spec = specs.get(item.type)
    if spec is None:
        made.faults, made.keeps_old = (Fault("TYPE_UNKNOWN", "type", {"type": item.type}),), True
        return
    if made.step in (VOID, EXCHANGE):
        made.faults = _void_faults(spec, item.live, facts)
        if made.faults:
            made.keeps_old = True
            return
    if made.step not in (ENTER, EXCHANGE):
        return
    body = item.body
    branch, text = str(body["branch"]), str(body["accounting_date"])
    on = facts.known_day(spec, branch, text, book)
    if on is None:
        on = facts.keep_day(spec, branch, text, book, check_dates(spec, body, facts.calendar, (book,)))
    if on.chart is None:
        made.faults = on.faults
        return
    entries, made.faults = post_voucher(spec, body, on.chart)
    if not made.faults:
        made.on, made.new = on, _new_set(item, entries, on)
        made.invoices = invoice_keys(spec, body).keys()


def _void_faults(spec: VoucherSpec, live: StoredSet | None, facts: TenantFacts) -> Faults:
    """Why the live set may not be taken out: its date is locked, or the balances it opened have been closed."""
    if live is None:
        raise LookupError("the live set of a void was not loaded")
    day = day_of_key(live.day)
    if facts.chart_on(day) is None:
        raise LookupError(f"no fiscal year holds {day} any more, though a set was posted in it")
    if spec.before_books:
        # Wherever it stands: after the books' first day has been moved, an old opening must be able to leave.
        lock = facts.calendar.lock_of(live.branch, live.book)
        return (opening_locked([lock]),) if lock else ()
    fault = locked(facts.calendar, live.branch, (live.book,), day)
    return (fault,) if fault else ()


# --- what must be known before the last step --------------------------------------------------------------------------


def details_wanted(drafts: Iterable[Draft], known: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """(kind, id) of catalog entries that the new entries carry and nobody has looked up yet."""
    partners, banks, funds, expenses, departments = set(), set(), set(), set(), set()
    for made in drafts:
        for entry in made.new.entries if made.new else ():
            for side in (entry.debit, entry.credit):
                if side is not None:
                    _, _, _, _, partner, bank, fund, expense, department = side
                    if partner:
                        partners.add(partner)
                    if bank:
                        banks.add(bank)
                    if fund:
                        funds.add(fund)
                    if expense:
                        expenses.add(expense)
                    if department:
                        departments.add(department)
    kinds = ("partner", partners), ("bank_account", banks), ("fund", funds)
    more = ("expense_item", expenses), ("department", departments)
    return {pair for kind, ids in (*kinds, *more) for ident in ids if (pair := (kind, ident)) not in known}


def refuse_unknown(
    drafts: Iterable[Draft], unknown: Collection[tuple[str, str]], facts: TenantFacts, specs: Specs
) -> None:
    """Give CATALOG_UNKNOWN to the vouchers that name one of the `unknown` entries."""
    if not unknown:
        return
    for made in drafts:
        if made.new is None:
            continue
        spec = specs[made.item.type]
        faults = check_references(spec, made.item.body, lambda kind, ident: None if (kind, ident) in unknown else True)
        if faults:
            made.new, made.faults = None, faults
            made.moves = {} if facts.company.negative_cash == ALLOW else _money_of(made, facts)


def money_wanted(drafts: Iterable[Draft], cash: Cash) -> dict[MoneyKey, int]:
    """The money balances to load, each with the day to load it from; empty where negative cash is allowed."""
    wanted: dict[MoneyKey, int] = {}
    for made in drafts:
        for (key, day), amount in made.moves.items():
            if amount < 0 and not cash.covers(key, day):
                wanted[key] = min(year_start(day), wanted.get(key, day))
    return wanted


def invoices_wanted(drafts: Iterable[Draft], facts: TenantFacts) -> set[Place]:
    """The invoices to look up; none where the company lets them repeat, or where nobody declares any."""
    if facts.company.duplicate_invoice == ALLOW:
        return set()
    return {(made.item.work.book, key) for made in drafts if made.new is not None for key in made.invoices}


def _money_of(made: Draft, facts: TenantFacts) -> MoneyMoves:
    """What an item moves on money accounts: its new entries less its old ones."""
    moves: MoneyMoves = {}
    book, live = made.item.work.book, made.item.live
    if live is not None and _leaves(made) and (chart := facts.chart_on(day_of_key(live.day))):
        money_moves(moves, book, live.entries, live.day, -1, chart)
    if made.new is not None and made.on is not None and made.on.chart is not None:
        money_moves(moves, book, made.new.entries, made.on.key, 1, made.on.chart)
    return moves


def _leaves(made: Draft) -> bool:
    """Whether the live set is taken out.

    It is even where the new version has faults: the books never show what the voucher no longer says, but for what
    `keeps_old` says.
    """
    return not made.keeps_old if made.step == EXCHANGE else made.step == VOID and not made.faults


# --- the decision -----------------------------------------------------------------------------------------------------


def decide_posts(
    drafts: Sequence[Draft], facts: TenantFacts, specs: Specs, cash: Cash, invoices: Invoices | None = None
) -> Turn:
    """Everything the turn writes. Work is answered in the lane's order; `cash` and `invoices` move along with it."""
    turn = Turn()
    live_books: dict[str, set[str]] = {}
    invoices = invoices or Invoices()
    for made in drafts:
        _watch(made, facts, specs, cash, invoices)
        _answer(turn, made, facts, live_books)
    turn.changed = list(dict.fromkeys(change.voucher for change in turn.books))
    return turn


def _watch(made: Draft, facts: TenantFacts, specs: Specs, cash: Cash, invoices: Invoices) -> None:
    """Refuse what the company's settings doubt, unless they only warn and the person has answered; else count it.

    Money that later payments lean on is watched on its way out as well: by an unpost, a delete or a smaller amount.
    """
    work, doubts = made.item.work, list[Fault]()
    if made.new is not None and made.invoices:
        asks = facts.company.duplicate_invoice == WARN
        if not (asks and "INVOICE_DUPLICATE" in work.answered):
            doubts += _repeated(made, specs, invoices, asks)
    if made.new is not None and (fault := _overdraft(made, facts, cash)):
        doubts.append(fault)
    if doubts:
        made.new, made.faults = None, tuple(doubts)
        made.moves = _money_of(made, facts) if made.moves else made.moves
    if made.new is None and made.item.live is not None and _leaves(made):
        _watch_leaving(made, facts, cash)
    cash.add(made.moves)
    if made.new is not None and made.invoices:
        invoices.put(work.voucher, work.book, made.new.number, made.invoices)
    elif made.item.live is not None and _leaves(made):
        invoices.put(work.voucher, work.book, "", ())


def _watch_leaving(made: Draft, facts: TenantFacts, cash: Cash) -> None:
    """A set that leaves, and nothing comes in its stead: it stays where that would overdraw.

    Where a newer version was refused, the old set stays only for a company that never lets cash go negative: else the
    books would go on showing what the voucher no longer says, and the answer that is asked for mends both.
    """
    if made.step == EXCHANGE and facts.company.negative_cash == WARN:
        return
    if fault := _overdraft(made, facts, cash):
        made.faults = (*(known for known in made.faults if known.code != fault.code), fault)
        made.keeps_old, made.moves = True, {}


def _overdraft(made: Draft, facts: TenantFacts, cash: Cash) -> Fault | None:
    """CASH_NEGATIVE where an item overdraws a fund or bank account, on its day or a later one, and nobody agreed."""
    asks = facts.company.negative_cash == WARN
    if not made.moves or (asks and "CASH_NEGATIVE" in made.item.work.answered):
        return None
    short = cash.short_of(made.moves)
    return short.fault(facts.decimals, asks) if short is not None else None


def _repeated(made: Draft, specs: Specs, invoices: Invoices, asks: bool) -> list[Fault]:
    """INVOICE_DUPLICATE for each invoice that another posted voucher of the book declares."""
    work = made.item.work
    found = check_invoices(
        specs[made.item.type], made.item.body, lambda key: invoices.holder(work.book, key, work.voucher)
    )
    return [replace(fault, params={**fault.params, "asks": "1"}) for fault in found] if asks else list(found)


def _answer(turn: Turn, made: Draft, facts: TenantFacts, live_books: dict[str, set[str]]) -> None:
    item, work, standing = made.item, made.item.work, made.item.standing
    books = live_books.setdefault(work.voucher, set(item.live_books))
    live_version, set_no = (standing.live_version if standing.live_set else 0), standing.last_set
    if item.live is not None and _leaves(made):
        _void(turn, item.live, facts)
        live_version = 0
        books.discard(work.book)
    if made.new is not None and made.on is not None and made.on.chart is not None:
        set_no, live_version = made.new.set_no, made.new.version
        turn.sets.append(made.new)
        turn.entries += len(made.new.entries)
        for invoice in made.invoices:
            turn.declared.append(Declared(work.voucher, work.book, invoice, made.new.number))
        move(turn.movements.setdefault(work.book, {}), made.new.entries, made.on.day, made.on.chart)
        books.add(work.book)
    result, fault_act = made.step, ""
    if made.faults:
        result, fault_act = FAILED, work.act if work.act in (UNPOST, DELETE) else POST
    elif work.act == DELETE and not books and not standing.deleted:
        turn.deleted.append(work.voucher)
    turn.done.append(work.n)
    if made.bug:
        turn.bugs.append(made.bug)
    turn.books.append(
        BookChange(
            work.voucher, work.book, work.n, result, live_version > 0, set_no, live_version, fault_act, made.faults
        )
    )


def _void(turn: Turn, live: StoredSet, facts: TenantFacts) -> None:
    """Take a set out of the books and out of the balances."""
    day = day_of_key(live.day)
    turn.voids.append(Void(live.voucher, live.book, live.set_no))
    turn.entries += len(live.entries)
    if (chart := facts.chart_on(day)) is not None:
        move(turn.movements.setdefault(live.book, {}), live.entries, day, chart, -1)


def _new_set(item: Item, entries: list[Entry], on: Day) -> NewSet:
    body, work, standing = item.body, item.work, item.standing
    written = body.get("voucher_date")
    return NewSet(
        voucher=work.voucher,
        book=work.book,
        set_no=standing.last_set + 1,
        version=standing.body_version,
        type=item.type,
        number=str(body.get("number", "")),
        voucher_date=day_key(date.fromisoformat(written)) if isinstance(written, str) else on.key,
        day=on.key,
        branch=str(body["branch"]),
        description=str(body.get("description", "")),
        entries=entries,
        rate=str(body.get("rate", "1")),
    )
