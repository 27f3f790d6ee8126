"""Identifiers: UUID version 7 (RFC 9562), made where the thing is made, written as canonical lower-case text.

Pure: the clock and the random bytes are the caller's.
"""

import re

from socai.base.fault import Fault
from socai.base.money import shown

RANDOM_BYTES = 10
MILLISECONDS_MAX = 2**48 - 1
CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)


def make_ident(milliseconds: int, random_bytes: bytes) -> str:
    """A UUIDv7 of a Unix time in milliseconds and ten random bytes (74 of their bits are used).

    Raises ValueError for a time outside 48 bits or too few bytes: both are bugs of the caller.
    """
    if not 0 <= milliseconds <= MILLISECONDS_MAX:
        raise ValueError(f"milliseconds must fit 48 bits: {milliseconds}")
    if len(random_bytes) < RANDOM_BYTES:
        raise ValueError(f"ten random bytes are needed, {len(random_bytes)} given")
    tail = bytearray(random_bytes[:RANDOM_BYTES])
    tail[0] = 0x70 | (tail[0] & 0x0F)
    tail[2] = 0x80 | (tail[2] & 0x3F)
    return ident_of_bytes(milliseconds.to_bytes(6, "big") + bytes(tail))


def parse_ident(text: object, field: str) -> str | Fault:
    """An identifier in canonical lower-case form; any UUID version is taken; else IDENT_INVALID."""
    if isinstance(text, str) and CANONICAL.fullmatch(text):
        return text
    return Fault("IDENT_INVALID", field, {"value": "" if text is None else shown(text)})


def ident_bytes(ident: str) -> bytes:
    """The sixteen bytes of an identifier; raises ValueError when it is not one."""
    if not CANONICAL.fullmatch(ident):
        raise ValueError(f"not a canonical identifier: {ident!r}")
    return bytes.fromhex(ident.replace("-", ""))


def ident_of_bytes(sixteen: bytes) -> str:
    """The canonical text of sixteen bytes."""
    if len(sixteen) != 16:
        raise ValueError(f"sixteen bytes are needed, {len(sixteen)} given")
    digits = sixteen.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
