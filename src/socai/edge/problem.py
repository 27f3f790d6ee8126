"""Faults as HTTP tells them: problem+json (RFC 9457) with code, field and both languages' sentence and cure.

Pure: no framework here. The status of a code stands in one table; a code without a row is a fault of input (422).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from socai.base.fault import Fault, fault_words

MEDIA_TYPE = "application/problem+json"
INPUT = 422

STATUS: Mapping[str, int] = {
    "JSON_INVALID": 400,
    "REQUEST_INVALID": 400,
    "TOKEN_INVALID": 401,
    "LOGIN_FAILED": 401,
    "LOGIN_EXPIRED": 401,
    "LOGIN_STALE": 401,
    "SIGNATURE_INVALID": 401,
    "REPLICA_UNKNOWN": 401,
    "RIGHT_MISSING": 403,
    "ORIGIN_REFUSED": 403,
    "REPLICA_QUARANTINED": 403,
    "TENANT_UNKNOWN": 404,
    "VOUCHER_UNKNOWN": 404,
    "REPORT_UNKNOWN": 404,
    "PATH_UNKNOWN": 404,
    "STALE_VERSION": 409,
    "CONFLICT": 409,
    "WARNING_ASK": 409,
    "ACT_IN_FLIGHT": 409,
    "ACT_POSTED": 409,
    "ACT_NOT_POSTED": 409,
    "ACT_NOT_SYNCED": 409,
    "ACT_CONFLICT": 409,
    "ACT_LOCKED": 409,
    "ACT_SETTLED": 409,
    "ACT_INVOICED": 409,
    "ACT_DELETED": 409,
    "ACT_UNAVAILABLE": 409,
    "CATALOG_USED": 409,
    "ACCOUNT_PARENT_USED": 409,
    "SETUP_DONE": 409,
    "BODY_TOO_LARGE": 413,
    "VERSION_TOO_OLD": 426,
    "VERSION_TOO_NEW": 426,
    "RATE_LIMITED": 429,
    "INTERNAL": 500,
    "ACT_NOT_BUILT": 501,
    "STORAGE_FAILED": 503,
    "FILE_DAMAGED": 503,
    "CLOUD_UNREACHABLE": 503,
    "OFFLINE_ONLY_LOCAL": 503,
    "PERIOD_NOT_HELD": 503,
}


class WordedFault(msgspec.Struct, frozen=True):
    """One fault as people and programs read it."""

    code: str
    field: str
    params: dict[str, str]
    detail_vi: str
    detail_en: str
    cure_vi: str
    cure_en: str


class Problem(msgspec.Struct, frozen=True):
    """The answer to a refused request: the first fault at the top, all of them in `faults`."""

    type: str
    title: str
    status: int
    code: str
    field: str
    params: dict[str, str]
    detail_vi: str
    detail_en: str
    cure_vi: str
    cure_en: str
    faults: list[WordedFault]


def worded(fault: Fault) -> WordedFault:
    """A fault with its words."""
    vi, en = fault_words(fault, "vi"), fault_words(fault, "en")
    params = {name: str(value) for name, value in fault.params.items()}
    return WordedFault(fault.code, fault.field, params, vi.sentence, en.sentence, vi.cure, en.cure)


def status_of(code: str) -> int:
    """The HTTP status a code is told with."""
    return STATUS.get(code, INPUT)


def problem(faults: Sequence[Fault], status: int = 0, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The body of a refusal; `more` adds members (the two versions of a stale save, the warnings asked)."""
    told = [worded(fault) for fault in faults]
    first = told[0]
    body = msgspec.structs.asdict(first)
    body |= {
        "type": f"urn:socai:fault:{first.code.lower().replace('_', '-')}",
        "title": first.detail_en,
        "status": status or status_of(first.code),
        "faults": told,
    }
    return body | dict(more or {})
