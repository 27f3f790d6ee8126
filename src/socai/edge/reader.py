"""What reads messages, made before anybody reads: two threads may not be the first to read one kind of message.

msgspec (0.22) puts what it learnt of a kind within reach of all threads before it has learnt it all. Whoever reads the
same kind meanwhile follows an empty pointer, and the whole process ends: it was seen in data servers that were started
while browsers and the cloud were already asking.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import msgspec

ROOM = "socai"

_made: set[type[msgspec.Struct]] = set()
_one_at_a_time = threading.Lock()


def make_readers() -> None:
    """Learn every kind of message the program knows by now. Called before the first thread that reads; cheap later."""
    with _one_at_a_time:
        for kind in _below(msgspec.Struct):
            if kind not in _made and kind.__module__.partition(".")[0] == ROOM:
                msgspec.json.Decoder(kind)
                _made.add(kind)


def _below(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for lower in kind.__subclasses__():
        yield lower
        yield from _below(lower)
