"""Renumbering a period at the cloud: checked, written in one transaction, and left to the lane where books hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from socai.base.calendar import day_key, day_of_key, parse_day
from socai.base.fault import Fault
from socai.cloud.accept import TRIES_MAX, frame_of
from socai.cloud.number import Fresh, fresh_counts, stretch_of
from socai.cloud.store.port import Accepting, AcceptStore, Raced
from socai.cloud.store.row import ACTIVE, TenantRef
from socai.core.numbering import numbering_of, series_for
from socai.core.spec import VoucherSpec
from socai.sync import renumber as rules
from socai.sync.grant import may_renumber
from socai.sync.message import RENUMBER, RenumberAsked, Renumbered
from socai.sync.reading import Wanted

Specs = Mapping[str, VoucherSpec]


@dataclass(frozen=True, slots=True)
class Done:
    """What was renumbered, and the seq under which others hear of it."""

    changes: list[Renumbered]
    seq: int = 0


def renumber(store: AcceptStore, ref: TenantRef, asked: RenumberAsked, specs: Specs) -> Done | Fault:
    """Renumber, or tell what would be. Faults of rights, days and the life table; nothing is done by halves."""
    for _ in range(TRIES_MAX - 1):
        try:
            return _once(store, ref, asked, specs)
        except Raced:
            continue
    return _once(store, ref, asked, specs)


def _once(store: AcceptStore, ref: TenantRef, asked: RenumberAsked, specs: Specs) -> Done | Fault:
    days = [parse_day(asked.first, "from"), parse_day(asked.last, "to")]
    for day in days:
        if isinstance(day, Fault):
            return day
    first, last = (day for day in days if isinstance(day, date))
    spec = specs.get(asked.type)
    if spec is None:
        return Fault("TYPE_UNKNOWN", "type", {"type": asked.type[:40]})
    with store.renumbering(ref) as (accepting, numbers):
        rows = accepting.frame(asked.replica, [], [])
        if rows is None or rows.replica.state != ACTIVE:
            return Fault("REPLICA_UNKNOWN", "replica", {"replica": asked.replica[:60]})
        frame = frame_of(rows, specs)
        if fault := may_renumber(frame.grants.get(asked.user), frame.branches, RENUMBER, (asked.branch,)):
            return fault
        numbering = numbering_of(spec, frame.numbering)
        series = series_for(asked.type, numbering, asked.branch, last, asked.fund)
        if series.first is not None and first < series.first:
            return Fault("PARAMETER_INVALID", "from", {"field": "from", "value": asked.first})  # two series
        wanted = replace(stretch_of(series), first_day=day_key(first), last_day=day_key(last))
        idents = accepting.stretch(wanted, rules.VOUCHERS_MAX + 1)
        if len(idents) > rules.VOUCHERS_MAX:
            return Fault("PARAMETER_INVALID", "to", {"field": "to", "value": asked.last})
        facts = accepting.objects(Wanted(vouchers=tuple(idents))).vouchers.values()
        waiting = len(rules.provisional(series, facts))
        fresh = fresh_counts(numbers, series, waiting) if waiting else Fresh()
        changes = rules.plan(series, facts, asked.start, fresh.counts)
        if isinstance(changes, Fault):
            return changes
        holders = _holders(accepting, series.key, [change.number for change in changes])
        if fault := rules.refusal(changes, frame.calendar, holders):
            return fault
        told = [
            Renumbered(change.fact.id, day_of_key(change.fact.day).isoformat(), change.fact.number, change.number)
            for change in changes
        ]
        if asked.dry or not changes:
            return Done(told)
        if fresh.counts:
            numbers.keep(series.key, fresh.kept, fresh.last)
        applied = accepting.apply(rules.decide(changes, series.key, asked.user, rows.arrived_at))
        return Done(told, applied.seq)


def _holders(accepting: Accepting, series: str, numbers: list[str]) -> dict[str, str]:
    found = accepting.objects(Wanted(numbers=tuple(sorted((series, number) for number in numbers)))).numbers
    return {number: voucher for (_, number), voucher in found.items()}
