"""Rule: identifiers are canonical lower-case UUIDs, and those made later sort later."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socai.base.fault import Fault
from socai.base.ident import ident_bytes, ident_of_bytes, make_ident, parse_ident

TIMES = st.integers(0, 2**48 - 1)
RANDOM = st.binary(min_size=10, max_size=16)


@given(TIMES, RANDOM)
def test_an_ident_is_a_version_seven_uuid(milliseconds: int, random_bytes: bytes) -> None:
    ident = make_ident(milliseconds, random_bytes)
    standard = uuid.UUID(ident)
    assert str(standard) == ident
    assert standard.version == 7
    assert standard.variant == uuid.RFC_4122
    assert parse_ident(ident, "id") == ident
    assert int.from_bytes(ident_bytes(ident)[:6], "big") == milliseconds
    assert ident_of_bytes(ident_bytes(ident)) == ident


@given(TIMES, TIMES, RANDOM, RANDOM)
def test_later_idents_sort_later(one: int, two: int, random_one: bytes, random_two: bytes) -> None:
    if one != two:
        assert (one < two) == (make_ident(one, random_one) < make_ident(two, random_two))


@given(st.integers(0, 79))
def test_every_random_bit_but_the_marks_is_kept(bit: int) -> None:
    plain = make_ident(0, bytes(10))
    flipped = make_ident(0, (1 << (79 - bit)).to_bytes(10, "big"))
    marks = {0, 1, 2, 3, 16, 17}  # four bits of version, two of variant
    assert (plain != flipped) == (bit not in marks)


@pytest.mark.parametrize(
    "text",
    [None, "", "123", 7, "0192F5D0-0000-7000-8000-000000000000", "{0192f5d0-0000-7000-8000-000000000000}",
     "0192f5d0000070008000000000000000", "0192f5d0-0000-7000-8000-000000000000\n", b"0192f5d0"],
)  # fmt: skip
def test_refused_idents(text: object) -> None:
    fault = parse_ident(text, "id")
    assert isinstance(fault, Fault)
    assert fault.code == "IDENT_INVALID"


def test_bugs_of_the_caller_raise() -> None:
    with pytest.raises(ValueError, match="ten random bytes"):
        make_ident(0, b"short")
    with pytest.raises(ValueError, match="48 bits"):
        make_ident(2**48, bytes(10))
    with pytest.raises(ValueError, match="canonical"):
        ident_bytes("x")
    with pytest.raises(ValueError, match="sixteen"):
        ident_of_bytes(b"x")
