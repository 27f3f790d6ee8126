"""What became of every number of a series (I13)."""

from datetime import date

from socai.core.number_use import DELETED, DROPPED, LEASED, MISSING, RENUMBERED, RETURNED, USED, Span, Use, account
from socai.core.numbering import series_for
from socai.core.spec import Numbering

DAY = date(2026, 11, 22)
OWN = series_for("x", Numbering("PT"), "HN", DAY)
SHARED = series_for("x", Numbering("PT", shared=True), "HN", DAY)


def test_row_9_every_number_up_to_the_last_is_accounted_for() -> None:
    """Row 9: used, deleted, renumbered, and what nothing is known of, for each data server's own count."""
    found = account(
        OWN,
        [
            *(Use(f"PT0000{count}", USED, f"v{count}") for count in (1, 2, 6)),
            Use("PT00003", DELETED, "v3", "lan", "2026-11-20"),
            Use("PT00004", RENUMBERED, "v4", "lan", "2026-11-20", "PT00006"),
            Use("PTB00001", USED, "v9"),
            Use("PT00006", RENUMBERED, "v8", to="PT00001"),
            Use("ĐC-1", USED, "v7"),
        ],
        lasts=[("", 7)],
    )
    assert [(run.first_number, run.last_number, run.fate, run.to) for run in found.runs] == [
        ("PT00001", "PT00002", USED, ""),
        ("PT00003", "PT00003", DELETED, ""),
        ("PT00004", "PT00004", RENUMBERED, "PT00006"),
        ("PT00005", "PT00005", MISSING, ""),
        ("PT00006", "PT00006", USED, ""),
        ("PT00007", "PT00007", MISSING, ""),
        ("PTB00001", "PTB00001", USED, ""),
    ]
    assert (found.missing, [use.number for use in found.others]) == (2, ["ĐC-1"])


def test_row_9_leased_returned_and_dropped_ranges_are_accounted_for() -> None:
    """Row 9: what was leased and not used says where it is."""
    found = account(
        SHARED,
        [Use("PT00001", USED, "v1"), Use("PT~B00001", USED, "v2")],
        [Span(1, 3, LEASED, "Hà Nội"), Span(4, 5, RETURNED), Span(6, 6, DROPPED, "Huế")],
    )
    assert [(run.first, run.last, run.fate, run.holder) for run in found.runs] == [
        (1, 1, USED, ""),
        (2, 3, LEASED, "Hà Nội"),
        (4, 5, RETURNED, ""),
        (6, 6, DROPPED, "Huế"),
    ]
    assert (found.missing, [use.number for use in found.provisional]) == (0, ["PT~B00001"])


def test_row_9_a_number_on_two_vouchers_is_found() -> None:
    """Row 9: the duplicate scan, also over numbers typed by hand."""
    uses = [Use("PT00001", USED, "v1"), Use("PT00001", USED, "v2"), Use("A", USED, "v3"), Use("A", USED, "v4")]
    assert account(OWN, uses).duplicates == (("A", ("v3", "v4")), ("PT00001", ("v1", "v2")))
