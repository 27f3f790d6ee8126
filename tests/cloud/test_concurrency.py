"""Two connections at once on PostgreSQL: who comes second is told so, and no reader misses a late commit."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from socai.cloud.accept import frame_of
from socai.cloud.store.migration import migrate
from socai.cloud.store.postgres import PostgresStore
from socai.cloud.store.row import Cursor
from socai.sync.accept import decide
from socai.sync.message import FeedItem, Operation, Outcome
from socai.sync.reading import read, wanted
from support.sender import Sender, company, enrol, ident, journal, specs

ALL = frozenset[str]()
WRITERS = 4


@pytest.fixture
def store(fresh_database: str) -> Iterator[PostgresStore]:
    migrate(fresh_database)
    made = PostgresStore(fresh_database, size_max=WRITERS + 4)
    try:
        yield made
    finally:
        made.close()


def at_once(work: list[Callable[[], list[Outcome]]]) -> list[list[Outcome]]:
    """Run all of them as nearly at one moment as threads can."""
    barrier = threading.Barrier(len(work))

    def go(one: Callable[[], list[Outcome]]) -> list[Outcome]:
        barrier.wait()
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(go, work))


def offices(store: PostgresStore, count: int) -> list[Sender]:
    first = company(store)
    return [first, *(Sender(store, first.ref, enrol(store, first.ref)) for _ in range(count - 1))]


def test_a_change_that_commits_late_gets_a_later_seq_and_no_reader_passes_it(store: PostgresStore) -> None:
    """The counter is taken last, under the tenant's row lock: while one transaction holds it, nobody overtakes."""
    slow, quick = offices(store, 2)
    early, late = ident(), ident()
    operation = slow.save(early, journal("N1"))
    applied, go_on = threading.Event(), threading.Event()

    def hold() -> int:
        with store.accepting(slow.ref) as accepting:
            rows = accepting.frame(slow.replica, [operation.n], [])
            assert rows is not None
            frame = frame_of(rows, specs())
            readings = [read(frame, operation)]
            _, changes = decide(frame, accepting.objects(wanted(readings)), readings)
            seq = accepting.apply(changes).seq
            applied.set()
            assert go_on.wait(30)
            return seq

    with ThreadPoolExecutor(2) as pool:
        holding = pool.submit(hold)
        assert applied.wait(30)
        waiting = pool.submit(quick.push, quick.save(late, journal("N2")))
        seen, cursor, head = store.feed(slow.ref, Cursor(), ALL, 1000, 10**9)
        assert not {early, late} & {item.id for item in seen}
        assert not waiting.done()
        go_on.set()
        first, second = holding.result(30), waiting.result(30)[0].seq
    assert (first, second) == (head + 1, head + 2)
    news, _, _ = store.feed(slow.ref, cursor, ALL, 1000, 10**9)
    assert [item.id for item in news] == [early, late]


def test_a_reader_that_follows_many_writers_ends_with_exactly_what_is_there(store: PostgresStore) -> None:
    senders = offices(store, WRITERS)
    ref = senders[0].ref
    _, start, _ = store.feed(ref, Cursor(), ALL, 1000, 10**9)
    done = threading.Event()
    seen: list[FeedItem] = []

    def follow() -> None:
        cursor = start
        while True:
            ended = done.is_set()
            items, cursor, head = store.feed(ref, cursor, ALL, 7, 10**9)
            seen.extend(items)
            if ended and not items and cursor.seq >= head:
                return

    def write(at: int, sender: Sender) -> list[Outcome]:
        vouchers = [ident() for _ in range(6)]
        found: list[Outcome] = []
        for turn in range(3):
            batch: list[Operation] = []
            for place, voucher in enumerate(vouchers):
                batch.append(sender.save(voucher, journal(f"W{at}-{place}", amount=turn + 1), base=turn))
            found += sender.push(*batch)
        return found

    reader = threading.Thread(target=follow)
    reader.start()
    outcomes = at_once([lambda at=at, sender=sender: write(at, sender) for at, sender in enumerate(senders)])
    done.set()
    reader.join()
    assert {outcome.result for each in outcomes for outcome in each} == {"applied"}
    seqs = [item.seq for item in seen]
    assert seqs == sorted(seqs)
    newest = {item.id: item for item in seen}
    truth, _, _ = store.feed(ref, start, ALL, 1000, 10**9)
    assert {item.id: (item.seq, item.version) for item in truth} == {
        item.id: (item.seq, item.version) for item in newest.values()
    }
    assert len(truth) == 6 * WRITERS
    assert {item.version for item in truth} == {3}


def test_one_of_two_gets_the_number_the_code_and_the_version(store: PostgresStore) -> None:
    first, second = offices(store, 2)
    for round_ in range(5):
        voucher, fresh = ident(), f"C{round_}"
        first.push(first.save(voucher, journal(f"S{round_}")))
        base = 1

        def work(
            sender: Sender, voucher: str = voucher, fresh: str = fresh, base: int = base, at: int = round_
        ) -> list[Outcome]:
            return sender.push(
                sender.entry("partner", ident(), {"code": fresh, "name": "Trùng mã"}),
                sender.save(ident(), journal(f"N{at}")),
                sender.save(voucher, journal(f"S{at}", amount=7), base=base),
            )

        pairs = list(zip(*at_once([lambda: work(first), lambda: work(second)]), strict=True))
        assert [sorted(outcome.result for outcome in pair) for pair in pairs] == [
            ["applied", "rejected"],
            ["applied", "rejected"],
            ["applied", "conflict"],
        ]


def test_a_doubled_request_is_taken_once(store: PostgresStore) -> None:
    (office,) = offices(store, 1)
    batch = [office.save(ident(), journal(f"N{at}")) for at in range(30)]
    answers = at_once([lambda: office.push(*batch)] * 3)
    results = [[outcome.result for outcome in answer] for answer in zip(*answers, strict=True)]
    assert all(sorted(each) == ["applied", "duplicate", "duplicate"] for each in results)


def test_an_entry_named_and_deleted_at_once_is_either_used_or_gone(store: PostgresStore) -> None:
    first, second = offices(store, 2)
    for at in range(5):
        partner = ident()
        first.push(first.entry("partner", partner, {"code": f"P{at}", "name": "Đối tác"}))
        body = journal(f"N{at}")
        body["lines"][0]["debit_partner"] = partner

        def save(body: dict[str, object] = body) -> list[Outcome]:
            return first.push(first.save(ident(), body))

        def delete(partner: str = partner) -> list[Outcome]:
            return second.push(second.entry("partner", partner, None, base=1))

        (saved,), (deleted,) = at_once([save, delete])
        assert sorted((saved.result, deleted.result)) == ["applied", "rejected"]
        reason = saved.faults or deleted.faults
        assert [fault.code for fault in reason] in (["CATALOG_UNKNOWN"], ["CATALOG_USED"])


def test_what_a_store_keeps_of_a_voucher_never_mixes_versions(store: PostgresStore) -> None:
    """Many saves of one voucher by two offices: each applied one replaced exactly the version it was made on."""
    first, second = offices(store, 2)
    voucher = ident()
    first.push(first.save(voucher, journal("N1", amount=1)))

    def many(sender: Sender) -> list[Outcome]:
        found: list[Outcome] = []
        for _ in range(10):
            items, _, _ = store.feed(sender.ref, Cursor(), ALL, 1000, 10**9)
            now = next(item for item in items if item.id == voucher)
            amount = int(msgspec.json.decode(now.body)["lines"][0]["amount"])
            found += sender.push(sender.save(voucher, journal("N1", amount=amount + 1), base=now.version))
        return found

    outcomes = [one for each in at_once([lambda: many(first), lambda: many(second)]) for one in each]
    applied = [outcome.version for outcome in outcomes if outcome.result == "applied"]
    assert sorted(applied) == list(range(2, len(applied) + 2))
    items, _, _ = store.feed(first.ref, Cursor(), ALL, 1000, 10**9)
    now = next(item for item in items if item.id == voucher)
    assert int(msgspec.json.decode(now.body)["lines"][0]["amount"]) == now.version == len(applied) + 1
