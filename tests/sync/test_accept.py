"""Accept as a table a book-keeper can read: how a voucher stands, what is asked, what becomes of it."""

from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest

from socai.core.check import Calendar, FiscalYear
from socai.core.voucher import parse_voucher
from socai.sync.accept import decide
from socai.sync.fact import BookFact, EntryFact, Objects, VoucherFact
from socai.sync.grant import Grant, may_catalog, may_people, may_voucher
from socai.sync.message import CATALOG, VOUCHER, Base, Operation, WireFault, sealed
from socai.sync.reading import Frame, Record, check_batch, read, wanted
from support.sender import CUSTOMER, HCM, HN, NOW, ident, journal, specs

VOUCHER_ID, REPLICA = ident(50), ident(51)
FINANCIAL = "financial"
YEAR = Calendar((FiscalYear("2026", date(2026, 1, 1), date(2026, 12, 31), "tt99"),), None, {})
OWN = 3  # the number of our own earlier operation that the voucher's version came from

FRAME = Frame(
    replica=REPLICA,
    epoch=1,
    last_n=OWN,
    last_hash="h",
    arrived_at="2026-11-22T03:00:01.000Z",
    specs=specs(),
    decimals={"VND": 0, "USD": 2},
    numbering={},
    calendar=YEAR,
    grants={"chief": Grant("chief", "chief_accountant"), "clerk": Grant("clerk", "accountant", frozenset([HN]))},
    recorded={OWN: Record(OWN, "act", "sha", VOUCHER_ID, "applied", 1)},
)
ENTRIES = {
    ("branch", HN): EntryFact("branch", HN, 1, "hn", b"{}", "chief", NOW),
    ("branch", HCM): EntryFact("branch", HCM, 1, "hcm", b"{}", "chief", NOW),
    ("partner", CUSTOMER): EntryFact("partner", CUSTOMER, 1, "kh01", b"{}", "chief", NOW),
}
NORMAL = parse_voucher(specs()["journal"], journal("NVK1"), {"VND": 0})[0]

# How the voucher stands in the financial book at version 1, made by our own operation 3.
STANDS: dict[str, BookFact | None] = {
    "saved": None,
    "queued": BookFact(FINANCIAL, asked=True, running="post", work=8),
    "posted": BookFact(FINANCIAL, asked=True, posted=True, set_no=1, version=1),
    "unposting": BookFact(FINANCIAL, posted=True, running="unpost", work=9, set_no=1, version=1),
    "failed": BookFact(FINANCIAL, asked=True, fault_act="post", faults=(WireFault("DATE_LOCKED"),)),
}


def stands(how: str, **changed: Any) -> VoucherFact:
    book = STANDS[how]
    fact = VoucherFact(
        *(VOUCHER_ID, 1, 1, "journal", HN, "NVK1", f"{HN}|journal|2026", 20260305),
        *(msgspec.json.encode(NORMAL), "chief", NOW),
        books=(book,) if book else (),
    )
    return replace(fact, **changed)


def operation(act: str, **given: Any) -> Operation:
    body = given.pop("body", None)
    kept: dict[str, Any] = {
        "replica": REPLICA,
        "epoch": 1,
        "n": OWN + 1,
        "act_id": ident(60),
        "user": "chief",
        "made_at": NOW,
        "schema": 1,
        "kind": VOUCHER,
        "object_kind": "journal",
        "id": VOUCHER_ID,
        "act": act,
        "base": Base(1),
        "body": msgspec.Raw(msgspec.json.encode(body) if body is not None else b""),
    }
    return sealed(Operation(**{**kept, **given}))


def outcome_of(made: Operation, fact: VoucherFact | None) -> tuple[str, list[str]]:
    """What it comes to ("applied" or the fault's code), and the work as "act book version"."""
    readings = [read(FRAME, made)]
    objects = Objects({fact.id: fact} if fact else {}, ENTRIES, {}, {(f"{HN}|journal|2026", "NVK1"): VOUCHER_ID})
    (outcome,), changes = decide(FRAME, objects, readings)
    result = outcome.faults[0].code if outcome.faults else outcome.result
    return result, [f"{item.act} {item.version}" for item in changes.work]


SAVE = {"body": journal("NVK1", amount=2)}
SAVE_AND_POST = {**SAVE, "post_to": [FINANCIAL]}
CHAIN = {"base": Base(0, OWN)}
BOOKS = {"books": [FINANCIAL]}

TABLE: list[tuple[str, str, dict[str, Any], str, list[str]]] = [
    # the voucher    the act        with                          comes to             and asks of the lane
    ("saved",        "save",        SAVE,                         "applied",           []),
    ("saved",        "save",        SAVE_AND_POST,                "applied",           ["post 2"]),
    ("saved",        "post",        BOOKS,                        "applied",           ["post 2"]),
    ("saved",        "unpost",      BOOKS,                        "ACT_NOT_POSTED",    []),
    ("saved",        "delete",      {},                           "applied",           []),
    ("saved",        "post",        {},                           "FIELD_REQUIRED",    []),
    ("saved",        "post",        {"books": ["management"]},    "BOOK_UNKNOWN",      []),
    ("saved",        "save",        {**SAVE, "post_to": ["x"]},   "BOOK_UNKNOWN",      []),
    # a posting still queued ends as superseded when the body changes; whoever saves last is posted
    ("queued",       "save",        SAVE,                         "applied",           []),
    ("queued",       "save",        SAVE_AND_POST,                "applied",           ["post 2"]),
    ("queued",       "delete",      {},                           "applied",           []),
    ("queued",       "unpost",      BOOKS,                        "applied",           ["unpost 2"]),
    ("queued",       "quick_edit",  {"body": {**NORMAL, "description": "Khác"}}, "applied", ["post 2"]),
    # posted: unpost first, except on the result of our own act
    ("posted",       "save",        SAVE,                         "ACT_POSTED",        []),
    ("posted",       "save",        {**SAVE, **CHAIN},            "applied",           ["replace 2"]),
    ("posted",       "save",        {**SAVE_AND_POST, **CHAIN},   "applied",           ["replace 2"]),
    ("posted",       "delete",      {},                           "ACT_POSTED",        []),
    ("posted",       "delete",      CHAIN,                        "applied",           ["delete 2"]),
    ("posted",       "post",        BOOKS,                        "ACT_POSTED",        []),
    ("posted",       "unpost",      BOOKS,                        "applied",           ["unpost 2"]),
    ("posted",       "quick_edit",  {"body": {**NORMAL, "description": "Khác"}}, "applied", ["replace 2"]),
    ("posted",       "quick_edit",  {"body": journal("NVK1", amount=2)}, "ACT_UNAVAILABLE", []),
    ("posted",       "renumber",    {"body": journal("NVK2")},    "applied",           ["replace 2"]),
    ("posted",       "renumber",    {"body": journal("NVK2", description="Khác")}, "ACT_UNAVAILABLE", []),
    ("posted",       "save",        {"body": journal("NVK1", books=["management"]), **CHAIN}, "applied", ["unpost 2"]),
    # while it is being taken out
    ("unposting",    "post",        BOOKS,                        "applied",           ["post 2"]),
    ("unposting",    "save",        {**SAVE_AND_POST, **CHAIN},   "applied",           ["replace 2"]),
    ("unposting",    "delete",      CHAIN,                        "applied",           ["delete 2"]),
    ("failed",       "post",        BOOKS,                        "applied",           ["post 2"]),
    ("failed",       "save",        SAVE,                         "applied",           []),
    # versions
    ("saved",        "save",        {**SAVE, "base": Base(9)},    "CONFLICT",          []),
    ("saved",        "save",        {**SAVE, "base": Base(0)},    "CONFLICT",          []),
    ("saved",        "post",        {**BOOKS, "base": Base(9)},   "CONFLICT",          []),
    ("saved",        "save",        {**SAVE, "base": Base(0, 2)}, "BASE_REFUSED",      []),
    # rights and references
    ("saved",        "save",        {**SAVE, "user": "clerk"},    "applied",           []),
    ("saved",        "delete",      {"user": "nobody"},           "RIGHT_MISSING",     []),
    ("saved",        "save",        {"body": journal("NVK1", branch=HCM), "user": "clerk"}, "BRANCH_UNKNOWN", []),
    ("saved",        "save",        {"body": journal("NVK1", branch=ident(99))}, "CATALOG_UNKNOWN", []),
]  # fmt: skip


@pytest.mark.parametrize("how, act, given, expected, work", TABLE)
def test_accept(how: str, act: str, given: dict[str, Any], expected: str, work: list[str]) -> None:
    assert outcome_of(operation(act, **given), stands(how)) == (expected, work)


@pytest.mark.parametrize("act", ["save", "post", "unpost", "delete", "quick_edit", "renumber"])
def test_nothing_is_done_to_a_deleted_voucher(act: str) -> None:
    made = operation(act, body=journal("NVK1") if act in ("save", "quick_edit", "renumber") else None, **BOOKS)
    assert outcome_of(made, stands("saved", deleted=True)) == ("ACT_DELETED", [])


def test_an_unknown_voucher_can_only_be_saved_as_new() -> None:
    assert outcome_of(operation("save", body=journal("NVK1"), base=Base(0)), None) == ("applied", [])
    assert outcome_of(operation("save", body=journal("NVK1"), base=Base(1)), None) == ("VOUCHER_UNKNOWN", [])
    assert outcome_of(operation("delete", base=Base(0)), None) == ("VOUCHER_UNKNOWN", [])


def test_a_refused_operation_changes_nothing_and_is_recorded() -> None:
    reading = read(FRAME, operation("delete"))
    outcomes, changes = decide(FRAME, Objects({VOUCHER_ID: stands("posted")}), [reading])
    assert outcomes[0].result == "rejected"
    assert not changes.anything
    assert [record.result for _, record in changes.records] == ["rejected"]


def test_what_was_refused_before_the_cloud_was_restored_is_recorded_as_refused_unjudged() -> None:
    made, why = operation("save", **SAVE), WireFault("NUMBER_TAKEN", "number")
    frame = replace(FRAME, refused={made.n: [why]})
    (outcome,), changes = decide(frame, Objects({}, ENTRIES, {}, {}), [read(frame, made)])
    assert (outcome.result, outcome.faults) == ("rejected", [why])
    assert not changes.anything
    assert [(record.result, list(record.faults)) for _, record in changes.records] == [("rejected", [why])]


def test_the_version_that_was_replaced_goes_to_history_and_the_body_version_follows_bodies_only() -> None:
    made = [operation("save", **SAVE_AND_POST), operation("post", n=OWN + 2, base=Base(0, OWN + 1), **BOOKS)]
    readings = [read(FRAME, each) for each in made]
    _, changes = decide(FRAME, Objects({VOUCHER_ID: stands("saved")}, ENTRIES), readings)
    now = changes.vouchers[VOUCHER_ID]
    assert (now.version, now.body_version) == (3, 2)
    assert [fact.version for fact in changes.voucher_history] == [1, 2]
    assert [(item.act, item.version) for item in changes.work] == [("post", 2), ("post", 3)]


def test_answered_warnings_and_the_person_travel_with_the_work() -> None:
    made = operation("post", answered=["CASH_NEGATIVE"], **BOOKS)
    _, changes = decide(FRAME, Objects({VOUCHER_ID: stands("failed")}, ENTRIES), [read(FRAME, made)])
    (item,) = changes.work
    assert (item.answered, item.author) == (("CASH_NEGATIVE",), "chief")
    state = changes.vouchers[VOUCHER_ID].book(FINANCIAL)
    assert (state.running, state.fault_act, state.faults) == ("post", "", ())


def test_everything_a_voucher_names_is_asked_for_and_marked_used() -> None:
    made = operation("save", body=journal("NVK1"), base=Base(0))
    reading = read(FRAME, made)
    asked = wanted([reading])
    assert asked.vouchers == (VOUCHER_ID,)
    assert set(asked.named) == {
        ("account", "131"), ("account", "5111"), ("branch", HN), ("fiscal_year", "2026"), ("partner", CUSTOMER),
    }  # fmt: skip
    assert asked.numbers == ((f"{HN}|journal|2026", "NVK1"),)
    _, changes = decide(FRAME, Objects({}, ENTRIES), [reading])
    assert changes.used == {("branch", HN), ("partner", CUSTOMER)}


BATCHES: list[tuple[str, list[Operation], dict[str, Any], str | None]] = [
    ("the next operation", [operation("save")], {}, None),
    ("one that is known", [operation("save")], {"last_n": OWN + 1}, None),
    ("a gap", [operation("save", n=OWN + 2)], {}, "EPOCH_UNKNOWN"),
    ("numbers that jump", [operation("save"), operation("save", n=OWN + 3)], {}, "EPOCH_UNKNOWN"),
    ("another epoch", [operation("save", epoch=2)], {}, "EPOCH_UNKNOWN"),
    ("another replica", [operation("save", replica=ident(52))], {}, "EPOCH_UNKNOWN"),
    ("damage on the way", [msgspec.structs.replace(operation("save"), user="x")], {}, "HASH_MISMATCH"),
    ("the same n, another content", [operation("save", n=OWN)], {}, "REPLICA_QUARANTINED"),
    ("a replica in quarantine", [operation("save")], {"state": "quarantined"}, "REPLICA_QUARANTINED"),
    ("text no log can keep", [operation("save", act_id="a\0b")], {}, "JSON_INVALID"),
    ("nothing at all", [], {}, None),
]


@pytest.mark.parametrize("operations, changed, expected", [row[1:] for row in BATCHES], ids=[row[0] for row in BATCHES])
def test_a_batch_is_taken_or_refused_whole(
    operations: list[Operation], changed: dict[str, Any], expected: str | None
) -> None:
    fault = check_batch(replace(FRAME, **changed), operations)
    assert (fault.code if fault else None) == expected


EVERY, NORTH = frozenset[str](), frozenset([HN])
RIGHTS: list[tuple[str, frozenset[str], str, str]] = [
    # role               branches  what                          may
    ("accountant",       EVERY,    "voucher",                    "yes"),
    ("accountant",       NORTH,    "voucher",                    "yes"),
    ("accountant",       NORTH,    "voucher elsewhere",          "BRANCH_UNKNOWN"),
    ("accountant",       NORTH,    "partner",                    "yes"),
    ("accountant",       NORTH,    "fund elsewhere",             "BRANCH_UNKNOWN"),
    ("accountant",       EVERY,    "company",                    "RIGHT_MISSING"),
    ("accountant",       EVERY,    "account",                    "RIGHT_MISSING"),
    ("accountant",       EVERY,    "lock",                       "RIGHT_MISSING"),
    ("chief_accountant", EVERY,    "company",                    "yes"),
    ("chief_accountant", NORTH,    "lock",                       "yes"),
    ("chief_accountant", NORTH,    "lock elsewhere",             "BRANCH_UNKNOWN"),
    ("chief_accountant", EVERY,    "people",                     "RIGHT_MISSING"),
    ("admin",            EVERY,    "people",                     "yes"),
    ("admin",            EVERY,    "lock",                       "yes"),
    ("guest",            EVERY,    "voucher",                    "RIGHT_MISSING"),
]  # fmt: skip


@pytest.mark.parametrize("role, branches, what, expected", RIGHTS)
def test_rights(role: str, branches: frozenset[str], what: str, expected: str) -> None:
    grant = Grant("somebody", role, branches)
    kind, _, elsewhere = what.partition(" ")
    branch = HCM if elsewhere else HN
    if kind == "people":
        fault = may_people(grant)
    elif kind == "voucher":
        fault = may_voucher(grant, frozenset(), "save", [branch])
    else:
        fault = may_catalog(grant, frozenset(), kind, branch if kind in ("fund", "lock") else "")
    assert (fault.code if fault else "yes") == expected
    inactive = replace(grant, active=False)
    assert may_people(inactive) is not None
    assert may_voucher(inactive, frozenset(), "save", [branch]) is not None


LOCKED = replace(YEAR, locks={(HN, FINANCIAL): date(2026, 3, 31)})


@pytest.mark.parametrize("how, act, given, result", [
    ("saved",  "save",     SAVE,                                                     "DATE_LOCKED"),
    ("saved",  "save",     {"body": journal("NVK1", accounting_date="2026-04-01")},  "applied"),  # moved out of it
    ("posted", "save",     {"body": journal("NVK1", accounting_date="2026-04-01"), **CHAIN}, "DATE_LOCKED"),
    ("saved",  "delete",   {},                                                       "DATE_LOCKED"),
    ("posted", "renumber", {"body": journal("NVK2")},                                "DATE_LOCKED"),
    ("posted", "unpost",   BOOKS,                                                    "applied"),  # the lane refuses it
])  # fmt: skip
def test_row_14_what_stands_in_a_locked_period_stays_as_it_is(
    how: str, act: str, given: dict[str, Any], result: str
) -> None:
    """Row 14: a lock tests the old and the new date of an edit; only what no book holds may be moved out of it."""
    frame, made = replace(FRAME, calendar=LOCKED), operation(act, **given)
    objects = Objects({VOUCHER_ID: stands(how)}, ENTRIES, {}, {(f"{HN}|journal|2026", "NVK1"): VOUCHER_ID})
    (outcome,), _ = decide(frame, objects, [read(frame, made)])
    assert (outcome.faults[0].code if outcome.faults else outcome.result) == result


@pytest.mark.parametrize("how, user, result", [
    ("saved", "clerk", "applied"), ("posted", "clerk", "RIGHT_MISSING"), ("posted", "chief", "applied"),
])  # fmt: skip
def test_row_9_another_number_for_what_a_book_holds_is_a_right(how: str, user: str, result: str) -> None:
    """Row 9: an accountant may type another number as long as no book holds the voucher."""
    found, _ = outcome_of(operation("renumber", body=journal("NVK2"), user=user), stands(how))
    assert found == result


@pytest.mark.parametrize("number, given, result", [
    ("NVK~B00001", "NVK00007", "applied"), ("NVK1", "NVK00007", "ACT_UNAVAILABLE"),
    ("NVK~B00001", "NVK1", "NUMBER_TAKEN"),
])  # fmt: skip
def test_row_9_only_a_provisional_number_is_made_final(number: str, given: str, result: str) -> None:
    """Row 9: the program's own act asks for nobody's right, and does nothing else."""
    fact = stands("posted", number=number, body=msgspec.json.encode({**NORMAL, "number": number}))
    made = operation("number", body={**NORMAL, "number": given}, user="nobody")
    holder = {(f"{HN}|journal|2026", "NVK1"): ident(77)}
    (outcome,), _ = decide(FRAME, Objects({fact.id: fact}, ENTRIES, {}, holder), [read(FRAME, made)])
    assert (outcome.faults[0].code if outcome.faults else outcome.result) == result


def test_row_14_a_lock_moves_back_only_with_a_reason() -> None:
    """Row 14: the cloud asks for the reason again."""
    body = {"code": "HN|financial", "branch": HN, "book": FINANCIAL, "day": "2026-03-31"}
    held = EntryFact("lock", "HN|financial", 1, "", msgspec.json.encode(body), "chief", NOW)
    found = []
    for changed in ({"day": "2026-02-28"}, {"day": "2026-02-28", "reason": "Bổ sung"}, {"day": "2026-04-30"}):
        made = operation("save", kind=CATALOG, object_kind="lock", id="HN|financial", body=body | changed)
        (outcome,), _ = decide(FRAME, Objects({}, ENTRIES | {("lock", held.id): held}), [read(FRAME, made)])
        found.append(outcome.faults[0].code if outcome.faults else outcome.result)
    assert found == ["LOCK_REASON_MISSING", "applied", "applied"]
