"""An office with many vouchers in its books, at both tiers, for the benches: put into the cloud set-based, then brought
to the data server by the product's own snapshot and download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from socai.cloud.store.row import TenantRef
from socai.lab.bench import background
from socai.lab.client import Workstation, wait_for
from socai.lab.company import PASSWORD
from socai.lab.office import Login, admit
from socai.lab.stack import Stack

TENANT = "dotocdo"
CHIEF = Login("chief", PASSWORD, "Chief")
TEMPLATES = 1_000
POSTED_SECONDS_MAX = 120.0
DOWNLOADED_SECONDS_MAX = 1_800.0


@dataclass(frozen=True, slots=True)
class Stocked:
    """The company and how many vouchers its books hold."""

    sample: background.Sample
    vouchers: int


def stock(stack: Stack, office: str, vouchers: int, sample: background.Sample | None = None) -> Stocked:
    """A new company of one office with so many posted vouchers; starts the office and waits until it has them all."""
    sample = sample or background.Sample()
    admit(stack, TENANT, "Công ty TNHH Đo Tốc Độ", [CHIEF], {office: office})
    with stack.store() as store:
        ref = store.find_tenant(TENANT)
    assert isinstance(ref, TenantRef)
    templates = min(vouchers, TEMPLATES)
    copies = max(round(vouchers / templates) - 1, 0)
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        background.add_company(connection, ref.bucket, ref.tenant, sample)
        background.enqueue(connection, ref.bucket, ref.tenant, sample, templates)
        wait_for("the books posted", lambda: _posted(connection, ref), POSTED_SECONDS_MAX)
        background.multiply(connection, ref.bucket, ref.tenant, copies)
        connection.execute("analyze")
    stack.start_office(office)
    with stack.offices[office].workstation(TENANT, CHIEF.user, CHIEF.password) as station:
        wait_for("the snapshot", lambda: True if station.sync_state()["green"] else None, POSTED_SECONDS_MAX)
        _download(station)
    return Stocked(sample, templates * (copies + 1))


def _posted(connection: psycopg.Connection[Any], ref: TenantRef) -> bool | None:
    query = "select count(*) from voucher_book where bucket = %s and tenant = %s and running <> ''"
    found = connection.execute(query, (ref.bucket, ref.tenant)).fetchone()
    return True if found is not None and found[0] == 0 else None


def _download(station: Workstation) -> None:
    """Tải chứng từ: the whole year."""
    first, last = background.FIRST_DAY.isoformat(), background.LAST_DAY.isoformat()
    job = station.books("POST", "/download", {"from": first, "to": last})["job"]

    def done() -> bool | None:
        return True if station.books("GET", f"/download/{job}")["state"] == "done" else None

    wait_for("the download", done, DOWNLOADED_SECONDS_MAX)
