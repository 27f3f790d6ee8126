"""Reading operations: from the bytes a DS sent to normal forms, and what has to be looked up to judge them. Pure.

This is the first half of accept. It knows the frame of a batch (who sent it, who the people are, which specs and
currencies there are) but no voucher and no catalog entry yet; it names the ones that `accept.decide` needs.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import msgspec

from socai.base.calendar import day_key
from socai.base.fault import Fault, Faults
from socai.base.ident import parse_ident
from socai.core.catalog import COMPANY_ID, KINDS, check_entry, references
from socai.core.check import Calendar
from socai.core.numbering import series_of_body
from socai.core.spec import VoucherSpec
from socai.core.voucher import Body, catalog_references, parse_voucher
from socai.sync.grant import Grant
from socai.sync.message import (
    BODILESS_ACTS,
    BODY_ACTS,
    CATALOG,
    DELETE,
    SAVE,
    VOUCHER,
    Operation,
    WireFault,
    operation_hash,
)
from socai.sync.version import check_schema, upcast

VOUCHER_ACTS = BODY_ACTS | BODILESS_ACTS
CATALOG_ACTS = frozenset((SAVE, DELETE))

NUL_ESCAPED = b"\\u0000"  # no database keeps it
ENVELOPE_LENGTH_MAX = 200

Key = tuple[str, str]  # (catalog kind, id)
Number = tuple[str, str]  # (series, number)


@dataclass(frozen=True, slots=True)
class Record:
    """An operation as the log has it: what it was and what it was answered."""

    n: int
    act_id: str
    sha256: str
    id: str
    result: str
    version: int = 0
    seq: int = 0
    faults: tuple[WireFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What is known before any object is looked at. `arrived_at` is the cloud's time, UTC ISO.

    `recorded`: this epoch's operations that the batch repeats or builds on. `earlier`: acts of this replica's older
    epochs by act id, for a restored file sends again what it no longer knows it sent. `refused`: operations of the
    batch, by n, that a cloud restored since had refused, and why. `forms`: what the versions held that they were made
    on, by n, as far as the office says it (sync/message.py, Push).
    """

    replica: str
    epoch: int
    last_n: int
    last_hash: str
    arrived_at: str
    specs: Mapping[str, VoucherSpec]
    decimals: Mapping[str, int]
    numbering: Mapping[str, object]
    calendar: Calendar
    grants: Mapping[str, Grant]
    state: str = "active"
    branches: frozenset[str] = frozenset()
    recorded: Mapping[int, Record] = field(default_factory=dict)
    earlier: Mapping[str, tuple[Record, ...]] = field(default_factory=dict)
    refused: Mapping[int, Sequence[WireFault]] = field(default_factory=dict)
    timeline: str = ""
    forms: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """One operation read. `named` are the catalog entries it refers to with their places; `accounts` the account codes.

    For a catalog entry `series` is empty and `code_key` the code as compared.
    """

    operation: Operation
    faults: Faults = ()
    body: Body = field(default_factory=dict)
    branch: str = ""
    day: int = 0
    number: str = ""
    series: str = ""
    code_key: str = ""
    named: tuple[tuple[str, str, str], ...] = ()
    accounts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a store has to look up and lock for a batch, each in order, so that two batches never wait in a ring."""

    vouchers: tuple[str, ...] = ()
    entries: tuple[Key, ...] = ()  # catalog entries that are changed
    named: tuple[Key, ...] = ()  # catalog entries that are only named
    codes: tuple[Key, ...] = ()
    numbers: tuple[Number, ...] = ()


def check_batch(frame: Frame, operations: Sequence[Operation], timeline: str = "") -> Fault | None:
    """A reason to take nothing of this batch: quarantine, old epoch, a gap, damage on the way. None when all is well.

    `timeline`: the one its office knows, as far as it says so. On another one its versions may be other forms.

    The same n with another hash means that two copies of one file are at work: REPLICA_QUARANTINED. The caller then
    marks the replica; nothing more is taken from it until a person has chosen the right copy.
    """
    if frame.state != "active":
        return Fault("REPLICA_QUARANTINED", "replica", {"n": str(frame.last_n)})
    if timeline and frame.timeline and timeline != frame.timeline:
        return Fault("EPOCH_UNKNOWN", "operations", {"timeline": frame.timeline})
    if not all(_envelope_fits(operation) for operation in operations):
        return Fault("JSON_INVALID", "operations")
    expected = operations[0].n if operations else 0
    if expected > frame.last_n + 1:
        return Fault("EPOCH_UNKNOWN", "operations", {"expected": str(frame.last_n + 1), "n": str(expected)})
    for operation in operations:
        if operation.replica != frame.replica or operation.epoch != frame.epoch or operation.n != expected:
            return Fault("EPOCH_UNKNOWN", "operations", {"epoch": str(frame.epoch), "n": str(operation.n)})
        if operation_hash(operation) != operation.sha256:
            return Fault("HASH_MISMATCH", "operations", {"n": str(operation.n)})
        known = frame.recorded.get(operation.n)
        if known is not None and known.sha256 != operation.sha256:
            return Fault("REPLICA_QUARANTINED", "operations", {"n": str(operation.n)})
        expected += 1
    return None


def read(frame: Frame, operation: Operation) -> Reading:
    """One operation in normal form, with the faults of its shape."""
    if operation.kind == VOUCHER:
        return _read_voucher(frame, operation)
    if operation.kind == CATALOG:
        return _read_entry(operation)
    return Reading(operation, (Fault("CHOICE_INVALID", "kind", {"value": operation.kind[:20]}),))


def wanted(readings: Iterable[Reading]) -> Wanted:
    """Everything `decide` will ask about."""
    vouchers: set[str] = set()
    entries: set[Key] = set()
    named: set[Key] = set()
    codes: set[Key] = set()
    numbers: set[Number] = set()
    for reading in readings:
        operation = reading.operation
        if operation.kind == VOUCHER:
            if not isinstance(parse_ident(operation.id, "id"), Fault):
                vouchers.add(operation.id)
            if reading.number:
                numbers.add((reading.series, reading.number))
        elif operation.kind == CATALOG and operation.object_kind in KINDS and "\0" not in operation.id:
            entries.add((operation.object_kind, operation.id))
            if reading.code_key:
                codes.add((operation.object_kind, reading.code_key))
        named.update((kind, ident) for _, kind, ident in reading.named)
        named.update(("account", code) for code in reading.accounts)
    return Wanted(
        tuple(sorted(vouchers)),
        tuple(sorted(entries)),
        tuple(sorted(named - entries)),
        tuple(sorted(codes)),
        tuple(sorted(numbers)),
    )


def code_key(code: str) -> str:
    """A code as it is compared: `kh01` and `KH01` are the same code."""
    return unicodedata.normalize("NFC", code).casefold().strip()


def fiscal_year_named(calendar: Calendar, day: int) -> tuple[tuple[str, str, str], ...]:
    """The fiscal year a voucher's day falls in, as something the voucher names."""
    year = calendar.year_of(date(day // 10_000, day // 100 % 100, day % 100))
    return (("", "fiscal_year", year.code),) if year else ()


def named_accounts(spec: VoucherSpec, body: Mapping[str, object]) -> frozenset[str]:
    """The account codes a body names anywhere."""
    found = {str(body[name]) for name in spec.accounts if body.get(name)}
    for grid in spec.grids:
        rows = body.get(grid.name)
        if isinstance(rows, list):
            found.update(str(row[name]) for row in rows for name in grid.accounts if row.get(name))
    return frozenset(found)


def _envelope_fits(operation: Operation) -> bool:
    """Whether the texts around the body are of a size and kind that a log can keep."""
    texts = (
        *(operation.act_id, operation.user, operation.made_at, operation.kind, operation.object_kind, operation.id),
        *(operation.act, operation.sha256, *operation.books, *operation.post_to, *operation.answered),
    )
    lists = (operation.books, operation.post_to, operation.answered)
    return all(len(text) <= ENVELOPE_LENGTH_MAX and "\0" not in text for text in texts) and all(
        len(one) <= ENVELOPE_LENGTH_MAX for one in lists
    )


def _read_voucher(frame: Frame, operation: Operation) -> Reading:
    faults = [*_shape(operation, VOUCHER_ACTS)]
    spec = frame.specs.get(operation.object_kind)
    if spec is None:
        return Reading(operation, (*faults, Fault("TYPE_UNKNOWN", "type", {"type": operation.object_kind[:40]})))
    if operation.act not in BODY_ACTS:
        return Reading(operation, tuple(faults))
    raw = _decoded(operation, faults)
    if raw is None:
        return Reading(operation, tuple(faults))
    if raw.get("type", spec.code) != spec.code:
        faults.append(Fault("TYPE_UNKNOWN", "type", {"type": str(raw.get("type"))[:40]}))
    body, found = parse_voucher(spec, raw, frame.decimals)
    faults += found
    if faults:
        return Reading(operation, tuple(faults), body)
    day = date.fromisoformat(str(body["accounting_date"]))
    branch, number = str(body["branch"]), str(body.get("number", ""))
    series = series_of_body(spec, frame.numbering, body).key
    key = day_key(day)
    named = (*catalog_references(spec, body), *fiscal_year_named(frame.calendar, key))
    return Reading(operation, (), body, branch, key, number, series, named=named, accounts=named_accounts(spec, body))


def _read_entry(operation: Operation) -> Reading:
    faults = [*_shape(operation, CATALOG_ACTS)]
    kind = KINDS.get(operation.object_kind)
    if kind is None:
        return Reading(operation, (*faults, Fault("TYPE_UNKNOWN", "kind", {"type": operation.object_kind[:40]})))
    if operation.act != SAVE:
        return Reading(operation, tuple(faults))
    raw = _decoded(operation, faults)
    if raw is None:
        return Reading(operation, tuple(faults))
    body, found = check_entry(kind.name, raw)
    faults += found
    if NUL_ESCAPED in msgspec.json.encode(body):
        faults.append(Fault("TEXT_INVALID", "body", {"field": "body"}))
    code = str(body.get("code", ""))
    if kind.natural and not faults and operation.id != (COMPANY_ID if kind.single else code):
        faults.append(Fault("IDENT_INVALID", "id", {"value": operation.id[:40]}))
    if faults:
        return Reading(operation, tuple(faults), body)
    return Reading(
        operation,
        (),
        body,
        branch=str(body.get("branch", "")),
        code_key="" if kind.natural else code_key(code),
        named=tuple(item for item in references(kind.name, body) if item[1] not in ("account", "currency")),
        accounts=frozenset(ident for _, of, ident in references(kind.name, body) if of == "account"),
    )


def _shape(operation: Operation, acts: frozenset[str]) -> Faults:
    faults: list[Fault] = []
    if operation.act not in acts:
        faults.append(Fault("ACT_UNAVAILABLE", "act", {"act": operation.act[:40]}))
    natural = operation.kind == CATALOG and operation.object_kind in KINDS and KINDS[operation.object_kind].natural
    if natural:
        if not 0 < len(operation.id) <= 100 or "\0" in operation.id:
            faults.append(Fault("IDENT_INVALID", "id", {"value": operation.id[:40]}))
    elif isinstance(fault := parse_ident(operation.id, "id"), Fault):
        faults.append(fault)
    return tuple(faults)


def _decoded(operation: Operation, faults: list[Fault]) -> dict[str, object] | None:
    """The body as a mapping, or None with the fault noted."""
    try:
        raw = msgspec.json.decode(operation.body)
    except (msgspec.DecodeError, RecursionError):
        faults.append(Fault("JSON_INVALID", "body"))
        return None
    if not isinstance(raw, dict):
        faults.append(Fault("JSON_INVALID", "body"))
        return None
    if fault := check_schema(operation.schema):
        faults.append(fault)
        return None
    return dict(upcast(operation.schema, operation.kind, operation.object_kind, raw))
