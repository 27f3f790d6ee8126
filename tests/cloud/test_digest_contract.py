"""Convergence, the cloud's side: both stores make the same digests of the same books, for each office its own."""

import msgspec

from socai.cloud.lane import LaneStore
from socai.cloud.store.port import CloudStore
from socai.sync.digest import BALANCES, SETS, VOUCHERS, Digest, Summer, month_of
from socai.sync.message import DELETE, UNPOST, VOUCHER
from support.posting import BOOK, drain, items
from support.sender import CATALOGS, HCM, HN, Sender, company, ident, journal


def worked(store: CloudStore, lane: LaneStore) -> Sender:
    """Two branches over three months: posted, unposted, edited, deleted, moved."""
    office = company(store)
    saves = []
    for at in range(12):
        day, branch = f"2026-0{at % 3 + 1}-15", HCM if at % 3 == 0 else HN
        body = journal(f"N{at}", branch=branch, accounting_date=day, amount=100 + at)
        saves.append(office.save(ident(), body, post_to=BOOK if at % 4 else []))
    office.push(*saves)
    drain(lane)
    office.push(
        office.act(saves[1].id, UNPOST, after=saves[1].n),
        office.act(saves[4].id, DELETE, after=saves[4].n),
        office.save(saves[8].id, journal("N8", branch=HCM, amount=7), after=saves[8].n, post_to=BOOK),
    )
    drain(lane)
    return office


def of_feed(office: Sender, branches: frozenset[str]) -> list[Digest]:
    """The digests of what an office reads from the feed and the snapshot."""
    summer = Summer()
    for item in items(office.store, office.ref).values():
        if item.kind != VOUCHER:
            summer.row(item.object_kind, "", 0, item.id, item.seq)
            continue

        body = msgspec.json.decode(item.body) if bytes(item.body) else {}
        if body and not item.deleted and (not branches or body["branch"] in branches):
            day = int(body["accounting_date"].replace("-", ""))
            summer.row(VOUCHERS, body["branch"], month_of(day), item.id, item.seq, body.get("number", ""), day)
        for posted in item.sets:
            if not posted.voided_seq and (not branches or posted.branch in branches):
                place = (SETS, posted.branch, month_of(int(posted.day.replace("-", ""))))
                summer.row(*place, item.id, posted.book, posted.set_no)
                summer.add(Digest(*place, total=sum(entry[1] for entry in posted.entries)))
    for chunk in office.store.snapshot(office.ref, branches, 1_000):
        for row in chunk.balances:
            key = (row.book, row.dimension, row.account, row.currency, row.detail, row.period)
            turnover = (row.debit, row.credit, row.debit_foreign, row.credit_foreign)
            summer.row(BALANCES, row.branch, month_of(row.period), *key, *turnover)
    return summer.digests()


def test_digests_are_those_of_what_the_feed_and_the_snapshot_tell(cloud_store: CloudStore, lane: LaneStore) -> None:
    office = worked(cloud_store, lane)
    found = cloud_store.digests(office.ref, frozenset())
    assert (found.seq, found.timeline) == (cloud_store.tenant(office.ref).seq, cloud_store.tenant(office.ref).timeline)
    assert found.digests == of_feed(office, frozenset())
    assert {item.kind for item in found.digests} >= {VOUCHERS, SETS, BALANCES, "partner", "company"}
    assert sum(item.count for item in found.digests if item.kind == VOUCHERS) == 11


def test_an_office_of_one_branch_gets_its_own_and_all_catalogs(cloud_store: CloudStore, lane: LaneStore) -> None:
    office = worked(cloud_store, lane)
    found = cloud_store.digests(office.ref, frozenset([HCM]))
    assert found.digests == of_feed(office, frozenset([HCM]))
    assert {item.branch for item in found.digests} == {HCM, ""}
    catalogs = [item for item in found.digests if not item.branch]
    assert sum(item.count for item in catalogs) == len(CATALOGS)
