"""A conflict is shown field by field, with who changed what since the common base."""

from socai.sync.conflict import Difference, compare

BASE = {"description": "Thu nợ", "payer": "An", "lines": [{"amount": "100"}, {"amount": "200"}]}


def test_equal_forms_do_not_differ() -> None:
    assert compare(BASE, dict(BASE), BASE) == []


def test_each_difference_names_its_author() -> None:
    theirs = BASE | {"payer": "Bình", "lines": [{"amount": "150"}, {"amount": "200"}]}
    mine = BASE | {"description": "Thu nợ tháng 11", "lines": [{"amount": "160"}, {"amount": "200"}, {"amount": "5"}]}
    assert compare(theirs, mine, BASE) == [
        Difference("description", "Thu nợ", "Thu nợ tháng 11", "mine"),
        Difference("payer", "Bình", "An", "theirs"),
        Difference("lines.1.amount", "150", "160", "both"),
        Difference("lines.3", None, {"amount": "5"}, "mine"),
    ]


def test_without_a_base_every_difference_is_both_sides() -> None:
    assert [item.by for item in compare({"a": "1"}, {"a": "2"}, None)] == ["both"]
