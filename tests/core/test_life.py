"""The life of a voucher, cell by cell: what may be done in each state, and what the state reads.

The tables are the rule, written for a person. A dot allows; a letter says why not:
F in flight · P posted · N not posted · S not synced · C conflict · L locked · I e-invoice issued · X settled
· D deleted · U there is nothing to do it to.
"""

from itertools import product

import pytest

from socai.base.fault import fault_table
from socai.core import life
from socai.core.life import SENT, UNSENT, BookFacts, Facts
from support.refusal import REASONS

BOOK, OTHER = "financial", "management"


def book(**facts: object) -> tuple[BookFacts, ...]:
    return (BookFacts(BOOK, **facts),)  # type: ignore[arg-type]


POSTED = book(asked=True, posted=True)

STATES: dict[str, Facts] = {
    "never sent": Facts(pending=UNSENT, pending_act="save"),
    "never sent, posting wished": Facts(
        pending=UNSENT, pending_act="save", pending_posts=(BOOK,), books=book(asked=True)
    ),
    "never sent, five minutes ago": Facts(pending=UNSENT, pending_act="save", lease_over=True),
    "sent": Facts(pending=SENT, pending_act="save"),
    "sent, five minutes ago": Facts(pending=SENT, pending_act="save", lease_over=True),
    "sent with posting": Facts(pending=SENT, pending_act="save", pending_posts=(BOOK,), books=book(asked=True)),
    "sent with posting, 5 minutes": Facts(
        pending=SENT, pending_act="save", pending_posts=(BOOK,), books=book(asked=True), lease_over=True
    ),
    "synced": Facts(ever_synced=True, books=book()),
    "being posted": Facts(ever_synced=True, books=book(asked=True, running="post")),
    "being posted, five minutes": Facts(ever_synced=True, books=book(asked=True, running="post"), lease_over=True),
    "posted": Facts(ever_synced=True, books=POSTED),
    "posting failed": Facts(ever_synced=True, books=book(asked=True, fault="DATE_LOCKED", fault_act="post")),
    "posting failed, edited, unsent": Facts(
        ever_synced=True,
        pending=UNSENT,
        pending_act="save",
        books=book(asked=True, fault="DATE_LOCKED", fault_act="post"),
    ),
    "unpost asked, unsent": Facts(ever_synced=True, pending=UNSENT, pending_act="unpost", books=POSTED),
    "unpost sent": Facts(ever_synced=True, pending=SENT, pending_act="unpost", books=POSTED),
    "being unposted": Facts(ever_synced=True, books=book(posted=True, running="unpost")),
    "being unposted, five minutes": Facts(ever_synced=True, books=book(posted=True, running="unpost"), lease_over=True),
    "unposting failed": Facts(ever_synced=True, books=book(posted=True, fault="DATE_LOCKED", fault_act="unpost")),
    "delete sent": Facts(ever_synced=True, pending=SENT, pending_act="delete", books=book()),
    "being deleted": Facts(ever_synced=True, books=book(running="delete")),
    "deleting failed": Facts(ever_synced=True, books=book(fault="RIGHT_MISSING", fault_act="delete")),
    "quick edit of a posted, unsent": Facts(ever_synced=True, pending=UNSENT, pending_act="quick_edit", books=POSTED),
    "refused by the cloud": Facts(refused="RIGHT_MISSING", books=book()),
    "refused edit of a synced one": Facts(ever_synced=True, refused="DATE_LOCKED", books=book()),
    "conflict": Facts(ever_synced=True, conflict=True, books=book()),
    "conflict of a posted one": Facts(ever_synced=True, conflict=True, books=POSTED),
    "locked date": Facts(ever_synced=True, locked=True, books=book()),
    "locked date, posted": Facts(ever_synced=True, locked=True, books=POSTED),
    "e-invoice issued": Facts(ever_synced=True, invoiced=True, books=POSTED),
    "settled": Facts(ever_synced=True, settled=True, books=POSTED),
    "in flight in the other book": Facts(
        ever_synced=True, books=(BookFacts(BOOK), BookFacts(OTHER, asked=True, running="post"))
    ),
    "posted in the other book only": Facts(
        ever_synced=True, books=(BookFacts(BOOK), BookFacts(OTHER, asked=True, posted=True))
    ),
    "deleted": Facts(ever_synced=True, deleted=True, books=book()),
    "posting refused by the cloud": Facts(ever_synced=True, refused="RIGHT_MISSING", refused_act="post", books=book()),
    "unposting refused by the cloud": Facts(
        ever_synced=True, refused="RIGHT_MISSING", refused_act="unpost", books=POSTED
    ),
    "deletion refused by the cloud": Facts(
        ever_synced=True, refused="RIGHT_MISSING", refused_act="delete", books=book()
    ),
    "waits for a catalog entry": Facts(pending=UNSENT, pending_act="save", held=True, books=book()),
    "posting to be confirmed": Facts(
        ever_synced=True, books=book(asked=True, fault="CASH_NEGATIVE", fault_act="post", asks=True)
    ),
}

ACT_TABLE = """
                               |op|pr|cl|co|re|ed|qe|de|po|un|rn|rs|ds| allocate..e-invoice
never sent                     |. |. |. |. |. |. |. |. |. |N |. |U |U |S
never sent, posting wished     |. |. |. |. |. |. |. |. |. |N |. |U |U |S
never sent, five minutes ago   |. |. |. |. |. |. |. |. |. |N |. |U |U |S
sent                           |. |. |. |. |. |F |F |F |F |F |F |F |F |F
sent, five minutes ago         |. |. |. |. |. |. |. |. |. |N |. |U |U |S
sent with posting              |. |. |. |. |. |F |F |F |F |F |F |F |F |F
sent with posting, 5 minutes   |. |. |. |. |. |. |. |. |. |N |. |U |U |S
synced                         |. |. |. |. |. |. |. |. |. |N |. |U |U |.
being posted                   |. |. |. |. |. |F |F |F |F |F |F |F |F |F
being posted, five minutes     |. |. |. |. |. |. |. |. |. |N |. |U |U |.
posted                         |. |. |. |. |. |P |. |P |P |. |. |U |U |.
posting failed                 |. |. |. |. |. |. |. |. |. |N |. |U |U |.
posting failed, edited, unsent |. |. |. |. |. |. |. |. |. |N |. |U |U |S
unpost asked, unsent           |. |. |. |. |. |P |. |P |P |. |. |U |U |S
unpost sent                    |. |. |. |. |. |F |F |F |F |F |F |F |F |F
being unposted                 |. |. |. |. |. |F |F |F |F |F |F |F |F |F
being unposted, five minutes   |. |. |. |. |. |P |. |P |P |. |. |U |U |.
unposting failed               |. |. |. |. |. |P |. |P |P |. |. |U |U |.
delete sent                    |. |. |. |. |. |F |F |F |F |F |F |F |F |F
being deleted                  |. |. |. |. |. |F |F |F |F |F |F |F |F |F
deleting failed                |. |. |. |. |. |. |. |. |. |N |. |U |U |.
quick edit of a posted, unsent |. |. |. |. |. |P |. |P |P |. |. |U |U |S
refused by the cloud           |. |. |. |. |. |. |. |. |. |N |. |U |. |S
refused edit of a synced one   |. |. |. |. |. |. |. |. |. |N |. |U |. |S
conflict                       |. |. |. |. |. |C |C |C |C |C |C |. |C |C
conflict of a posted one       |. |. |. |. |. |C |C |C |C |C |C |. |C |C
locked date                    |. |. |. |. |. |L |L |L |L |L |L |U |U |.
locked date, posted            |. |. |. |. |. |L |L |L |L |L |L |U |U |.
e-invoice issued               |. |. |. |. |. |I |. |I |P |I |. |U |U |.
settled                        |. |. |. |. |. |X |. |X |P |X |. |U |U |.
in flight in the other book    |. |. |. |. |. |F |F |F |F |F |F |F |F |F
posted in the other book only  |. |. |. |. |. |P |. |P |. |N |. |U |U |.
deleted                        |. |D |. |. |. |D |D |D |D |D |D |D |D |D
posting refused by the cloud   |. |. |. |. |. |. |. |. |. |N |. |U |. |.
unposting refused by the cloud |. |. |. |. |. |P |. |P |P |. |. |U |. |.
deletion refused by the cloud  |. |. |. |. |. |. |. |. |. |N |. |U |. |.
waits for a catalog entry      |. |. |. |. |. |. |. |. |. |N |. |U |U |S
posting to be confirmed        |. |. |. |. |. |. |. |. |. |N |. |U |U |.
"""

ACTS = (
    "open",
    "print",
    "close",
    "copy",
    "reload",
    "edit",
    "quick_edit",
    "delete",
    "post",
    "unpost",
    "renumber",
    "resolve",
    "discard",
)
AT_THE_CLOUD = ("allocate_purchase_cost", "assign_invoice_number", "record_sales", "issue_e_invoice")

STATUS_TABLE = """
                               | sync        | book          | in flight | word in lists       | icon
never sent                     | local       | unposted      |           | local               | 1
never sent, posting wished     | local       | unposted      |           | local               | 1
never sent, five minutes ago   | local       | unposted      |           | local               | 1
sent                           | syncing     | unposted      | yes       | syncing             | 1
sent, five minutes ago         | syncing     | unposted      |           | syncing             | 1
sent with posting              | syncing     | posting       | yes       | syncing_and_posting | 1
sent with posting, 5 minutes   | syncing     | posting       |           | syncing_and_posting | 1
synced                         | synced      | unposted      |           | synced              | 2
being posted                   | synced      | posting       | yes       | posting             | 1
being posted, five minutes     | synced      | posting       |           | posting             | 1
posted                         | synced      | posted        |           | posted              | 2
posting failed                 | synced      | post_failed   |           | post_failed         | 3
posting failed, edited, unsent | local       | post_failed   |           | local               | 1
unpost asked, unsent           | local       | posted        |           | local               | 1
unpost sent                    | syncing     | unposting     | yes       | unposting           | 1
being unposted                 | synced      | unposting     | yes       | unposting           | 1
being unposted, five minutes   | synced      | unposting     |           | unposting           | 1
unposting failed               | synced      | unpost_failed |           | unpost_failed       | 1
delete sent                    | syncing     | deleting      | yes       | deleting            | 1
being deleted                  | synced      | deleting      | yes       | deleting            | 1
deleting failed                | synced      | delete_failed |           | delete_failed       | 1
quick edit of a posted, unsent | local       | posted        |           | local               | 1
refused by the cloud           | sync_failed | unposted      |           | sync_failed         | 1
refused edit of a synced one   | sync_failed | unposted      |           | sync_failed         | 1
conflict                       | conflict    | unposted      |           | conflict            | 1
conflict of a posted one       | conflict    | posted        |           | conflict            | 1
locked date                    | synced      | unposted      |           | synced              | 2
locked date, posted            | synced      | posted        |           | posted              | 2
e-invoice issued               | synced      | posted        |           | posted              | 2
settled                        | synced      | posted        |           | posted              | 2
in flight in the other book    | synced      | unposted      | yes       | synced              | 2
posted in the other book only  | synced      | unposted      |           | synced              | 2
deleted                        | synced      | unposted      |           | synced              | 2
posting refused by the cloud   | synced      | post_failed   |           | post_failed         | 3
unposting refused by the cloud | synced      | unpost_failed |           | unpost_failed       | 1
deletion refused by the cloud  | synced      | delete_failed |           | delete_failed       | 1
waits for a catalog entry      | local       | unposted      |           | held                | 1
posting to be confirmed        | synced      | post_failed   |           | to_confirm          | 3
"""


def rows(table: str) -> dict[str, list[str]]:
    lines = [line for line in table.splitlines() if line.strip()][1:]
    return {line.split("|")[0].strip(): [cell.strip() for cell in line.split("|")[1:]] for line in lines}


def test_both_tables_tell_of_every_state() -> None:
    assert list(rows(ACT_TABLE)) == list(rows(STATUS_TABLE)) == list(STATES)
    assert set(ACTS) | set(AT_THE_CLOUD) == set(life.ACTS)


@pytest.mark.parametrize("state", STATES)
def test_acts(state: str) -> None:
    *cells, cloud = rows(ACT_TABLE)[state]
    expected = {act: REASONS[cell] for act, cell in zip(ACTS, cells, strict=True)}
    expected |= dict.fromkeys(AT_THE_CLOUD, REASONS[cloud])
    assert life.acts(STATES[state], BOOK, life.ACTS) == expected


@pytest.mark.parametrize("state", STATES)
def test_status(state: str) -> None:
    found = life.status(STATES[state], BOOK)
    shown = [found.sync, found.book, "yes" if found.in_flight else "", found.detail, str(found.icon)]
    assert shown == rows(STATUS_TABLE)[state]


def test_row_2_every_word_of_a_list_is_some_states_word() -> None:
    assert {life.status(facts, BOOK).detail for facts in STATES.values()} == set(life.DETAILS)


def test_every_reason_has_words() -> None:
    assert {code for code in REASONS.values() if code} <= set(fault_table())


def test_an_act_nobody_knows_is_unavailable() -> None:
    fault = life.allow(Facts(), "fly")
    assert fault is not None
    assert fault.code == "ACT_UNAVAILABLE"


def test_unposting_one_book_does_not_show_on_the_other() -> None:
    both = (BookFacts(BOOK, posted=True), BookFacts(OTHER, posted=True))
    facts = Facts(ever_synced=True, pending=SENT, pending_act="unpost", pending_posts=(OTHER,), books=both)
    assert life.status(facts, BOOK).book == life.POSTED
    assert life.status(facts, OTHER).book == life.UNPOSTING
    assert life.status(facts, BOOK).in_flight


def everything() -> list[Facts]:
    """Every combination of the facts that matter."""
    flags = (False, True)
    books = [
        BookFacts(BOOK, asked, posted, running, fault, act)
        for asked, posted, running, (fault, act) in product(
            flags, flags, ("", "post", "unpost", "delete"), (("", ""), ("X", "post"), ("X", "unpost"), ("X", "delete"))
        )
    ]
    return [
        Facts(pending, act, posts, synced, "X" if refused else "", conflict, over, deleted, locked, books=(own,))
        for pending, act, posts, synced, refused, conflict, over, deleted, locked, own in product(
            ("", UNSENT, SENT),
            ("save", "unpost", "delete"),
            ((), (BOOK,)),
            flags,
            flags,
            flags,
            flags,
            flags,
            flags,
            books,
        )
    ]


def test_whatever_the_facts_reading_is_allowed_and_in_flight_allows_nothing_else() -> None:
    for facts in everything():
        found = life.acts(facts, BOOK, life.ACTS)
        assert found["open"] == found["close"] == found["copy"] == found["reload"] == ""
        if life.in_flight(facts) and not facts.conflict and not facts.deleted:
            assert {act for act, code in found.items() if not code} == life.READING
        if facts.pending == UNSENT and not facts.books[0].running:
            assert not life.in_flight(facts)
        if facts.lease_over:
            assert not life.in_flight(facts)
        told = life.status(facts, BOOK)
        assert told.icon in (1, 2, 3)
        assert (told.icon == 3) == (told.sync == life.SYNCED and told.book == life.POST_FAILED)
