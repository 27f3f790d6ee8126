"""Nobody is the first to read a kind of message: two threads that met there ended the whole process."""

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from socai.cloud.http.app import cloud_application
from socai.dataserver.http.app import make_app
from socai.dataserver.office import Office

# Every kind of both tiers is read for the first time by several threads at once, as at a start under load.
TOGETHER = """
import sys, threading, msgspec
from socai.cloud.http import app as cloud
from socai.dataserver.http import app as office
from socai.edge.reader import make_readers

def below(kind):
    for lower in kind.__subclasses__():
        yield lower
        yield from below(lower)

make_readers()
sys.setswitchinterval(0.00005)
together = threading.Barrier(4)

def read():
    for kind in [kind for kind in below(msgspec.Struct) if kind.__module__.startswith("socai.")]:
        together.wait()
        text = "{" + ",".join(f'"{name}":null' for name in kind.__struct_encode_fields__) + "}"
        try:
            msgspec.json.decode(text.encode(), type=kind)
        except msgspec.ValidationError:
            pass

threads = [threading.Thread(target=read) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def learnt(kind: type) -> bool:
    """Whether msgspec has learnt what a kind consists of."""
    return any(type(held).__name__ == "StructInfo" for held in gc.get_referents(kind))


def kinds(above: type[msgspec.Struct] = msgspec.Struct) -> Iterator[type[msgspec.Struct]]:
    """Every kind of message of the program."""
    for kind in above.__subclasses__():
        if kind.__module__.startswith("socai."):
            yield kind
        yield from kinds(kind)


def test_every_kind_is_learnt_before_the_first_thread_reads(tmp_path: Path) -> None:
    """Of both tiers: an office learns at its start, whatever serves HTTP when its application is made."""
    assert cloud_application
    assert make_app
    later = msgspec.defstruct("Later", [("number", int)], module="socai.later")
    assert not learnt(later)
    interval = sys.getswitchinterval()
    try:
        with Office(tmp_path) as office:
            office.start()
    finally:
        sys.setswitchinterval(interval)
    assert learnt(later)
    assert [kind for kind in kinds() if not learnt(kind)] == []


def test_threads_that_read_a_kind_first_at_the_same_moment_do_not_end_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", TOGETHER], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
