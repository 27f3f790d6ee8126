"""Numbers at the cloud: ranges of shared series for data servers, and every number of a series accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from socai.base.calendar import day_key, parse_day
from socai.base.fault import Fault
from socai.cloud.store.number import Numbering, NumberStore, Stretch
from socai.cloud.store.row import ACTIVE, REVOKED, ReplicaRow, TenantRef
from socai.core.company import company_of
from socai.core.number_use import Account, Span, account
from socai.core.numbering import Series, numbering_of, series_for
from socai.core.spec import VoucherSpec
from socai.sync.message import AccountAsked, NumberRange, NumbersAsked, SeriesWish
from socai.sync.number import SIZE, SIZE_MAX, Lease, give_back, grant, held_already

Specs = Mapping[str, VoucherSpec]
WISHES_MAX = 500
NOTES_MAX = 500


def exchange(store: NumberStore, ref: TenantRef, asked: NumbersAsked, specs: Specs) -> list[NumberRange] | Fault:
    """Keep notes, take back what is given back, and lease what is wanted; the ranges the replica does not hold yet.

    Faults: REPLICA_UNKNOWN, REPLICA_QUARANTINED, EPOCH_UNKNOWN (the file was restored or cloned: a hello tells).
    """
    with store.numbering(ref) as numbers:
        found = numbers.replica(asked.replica)
        if found is None or found[0].state == REVOKED:
            return Fault("REPLICA_UNKNOWN", "replica", {"replica": asked.replica[:60]})
        replica, company = found
        if replica.state != ACTIVE:
            return Fault("REPLICA_QUARANTINED", "replica", {"n": str(replica.last_n)})
        if replica.epoch != asked.epoch:
            return Fault("EPOCH_UNKNOWN", "epoch", {"epoch": str(replica.epoch), "n": "0"})
        numbers.drop(replica.replica, replica.epoch)
        numbers.note(replica.replica, replica.epoch, asked.notes[:NOTES_MAX])
        for back in sorted(asked.returns[:WISHES_MAX], key=lambda item: (item.series, item.first)):
            _take_back(numbers, replica, back)
        settings = company_of(company).numbering
        wishes = [
            (series, wish)
            for wish in asked.wants[:WISHES_MAX]
            if (series := shared_series(wish, replica, settings, specs)) is not None
        ]
        leases: list[Lease] = []
        for series, wish in sorted(wishes, key=lambda pair: pair[0].key):
            leases += _lease(numbers, replica, series, wish)
    return [NumberRange(lease.series, lease.first, lease.last) for lease in leases]


def accounted(
    store: NumberStore, ref: TenantRef, asked: AccountAsked, specs: Specs, names: Mapping[str, str]
) -> Account | Fault:
    """Every number of a series, from all offices, with what the asking one has not sent yet. `names`: of replicas."""
    spec, day = specs.get(asked.type), parse_day(asked.day, "day")
    if spec is None:
        return Fault("TYPE_UNKNOWN", "type", {"type": asked.type[:40]})
    if isinstance(day, Fault):
        return day
    with store.numbering(ref) as numbers:
        found = numbers.replica(asked.replica)
        if found is None:
            return Fault("REPLICA_UNKNOWN", "replica", {"replica": asked.replica[:60]})
        replica, company = found
        if replica.branches and asked.branch not in replica.branches:
            return Fault("BRANCH_UNKNOWN", "branch", {"branch": asked.branch[:60]})
        numbering = numbering_of(spec, company_of(company).numbering)
        series = series_for(asked.type, numbering, asked.branch, day, asked.fund)
        uses = numbers.uses(series.key, stretch_of(series))
        leases = numbers.leases(series.key)
    known = {(use.number, use.voucher) for use in uses}
    uses += [use for use in asked.own if (use.number, use.voucher) not in known]
    spans = [Span(lease.first, lease.last, lease.state, names.get(lease.replica, "")) for lease in leases]
    return account(series, uses, spans)


def shared_series(wish: SeriesWish, replica: ReplicaRow, settings: Mapping[str, object], specs: Specs) -> Series | None:
    """The shared series a wish is about; None where it is not shared, or none of this replica's business."""
    spec, day = specs.get(wish.type), parse_day(wish.day, "day")
    if spec is None or not isinstance(day, date):
        return None
    numbering = numbering_of(spec, settings)
    if not numbering.shared or (replica.branches and wish.branch not in replica.branches):
        return None
    return series_for(wish.type, numbering, wish.branch, day, wish.fund)


def stretch_of(series: Series) -> Stretch:
    """The vouchers of a series."""
    parts = [*series.key.split("|"), ""]
    first = day_key(series.first) if series.first else 0
    last = day_key(series.last) if series.last else 99_999_999
    return Stretch(parts[1], first, last, parts[0], parts[3])


def _lease(numbers: Numbering, replica: ReplicaRow, series: Series, wish: SeriesWish) -> list[Lease]:
    last = _last(numbers, series)
    leases = numbers.leases(series.key)
    if told := held_already(leases, replica.replica, replica.epoch, wish.held):
        return told
    count = min(wish.count or SIZE, SIZE_MAX)
    made = grant(series.key, leases, last, _taken(numbers, series, last, count), count, replica.replica, replica.epoch)
    numbers.keep(series.key, made.kept, made.last)
    return list(made.granted)


def _last(numbers: Numbering, series: Series) -> int:
    last = numbers.last(series.key)
    if last is not None:
        return last
    # Never shared before: the count goes on behind what vouchers carry.
    uses = numbers.uses(series.key, stretch_of(series))
    return max((series.count_of("", use.number) for use in uses), default=0)


def _taken(numbers: Numbering, series: Series, last: int, count: int) -> set[int]:
    """The counts behind the last one that a range of `count` would meet on vouchers."""
    taken, begin = set[int](), last + 1
    while found := numbers.taken(series.key, [series.text("", item) for item in range(begin, begin + count)]):
        taken |= {series.count_of("", number) for number in found}
        begin = max(taken) + 1
    return taken


@dataclass(frozen=True, slots=True)
class Fresh:
    """Counts nobody had: taken out of a series, held by no data server. `kept` and `last` as the series is then."""

    counts: tuple[int, ...] = ()
    kept: tuple[Lease, ...] = ()
    last: int = 0


def fresh_counts(numbers: Numbering, series: Series, count: int) -> Fresh:
    """So many counts of a shared series: given back ones first, then those behind the last. Writes no range yet."""
    last = _last(numbers, series)
    numbers.keep(series.key, (), last)  # a series asked for the first time knows its last count from now on
    leases = {lease.first: lease for lease in numbers.leases(series.key)}
    counts: list[int] = []
    kept: dict[int, Lease] = {}
    while len(counts) < count:
        wanted = count - len(counts)
        made = grant(series.key, list(leases.values()), last, _taken(numbers, series, last, wanted), wanted, "", 0)
        for lease in made.kept:
            leases[lease.first] = kept[lease.first] = lease
        counts += [item for lease in made.granted for item in range(lease.first, lease.last + 1)]
        last = made.last
    return Fresh(tuple(sorted(counts)), tuple(kept.values()), last)


def _take_back(numbers: Numbering, replica: ReplicaRow, back: NumberRange) -> None:
    last = numbers.last(back.series) or 0
    changed = give_back(numbers.leases(back.series), replica.replica, replica.epoch, back.first, back.last)
    if changed:
        numbers.keep(back.series, changed, last)
