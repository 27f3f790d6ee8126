"""A disk under SQLite that forgets what was not synced, refuses, and is slow: a VFS over the system's own.

What was written since the last sync of a file may be on the platter or not, sector by sector, when the power goes. A
sync that fails leaves its writes readable but never durable, as systems do: a later sync does not repeat them.
"""

from __future__ import annotations

import errno
import itertools
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import apsw

SECTOR_BYTES = 512
_names = itertools.count(1)


@dataclass
class Surface:
    """One file: what is certainly on the platter, and what was written since, in order (None: cut to a length)."""

    durable: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def settle(self) -> None:
        for offset, data in self.since:
            _put(self.durable, offset, data)
        self.since.clear()

    def after_power_loss(self, chance: Random) -> bytes:
        image = bytearray(self.durable)
        lucky = chance.choice((0.0, 0.5, 1.0))
        for offset, data in self.since:
            if data is None:
                if chance.random() < lucky:
                    _put(image, offset, None)
                continue
            for start in range(0, len(data), SECTOR_BYTES):
                if chance.random() < lucky:
                    _put(image, offset + start, data[start : start + SECTOR_BYTES])
        return bytes(image)


def _put(image: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del image[offset:]
        return
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset : offset + len(data)] = data


class Disk(apsw.VFS):
    """Give its `name` to whoever opens a file. `write` and `sync` raise these SQLite errors while they are set."""

    def __init__(self) -> None:
        self.name = f"disk{next(_names)}"
        self.files: dict[str, Surface] = {}
        self.write: type[apsw.Error] | None = None
        self.sync: type[apsw.Error] | None = None
        self.slow_seconds = 0.0
        self.syncs = 0
        self.on_write: Callable[[], None] = lambda: None
        super().__init__(self.name, "")

    def xOpen(self, name: object, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self.files.pop(Path(filename).name, None)

    def lose_power(self, folder: Path, chance: Random) -> None:
        """What a machine that starts again would find, into a folder."""
        folder.mkdir(parents=True)
        for name, surface in self.files.items():
            (folder / name).write_bytes(surface.after_power_loss(chance))


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: object, flags: list[int]) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        found = Path(str(path)) if path else None
        self._disk = disk
        self._surface = Surface()
        if found is not None:
            fresh = Surface(bytearray(found.read_bytes()) if found.exists() else bytearray())
            self._surface = disk.files.setdefault(found.name, fresh)
        super().__init__("", name, flags)  # type: ignore[arg-type]

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if self._disk.write is not None:
            raise self._disk.write(os.strerror(errno.ENOSPC))
        super().xWrite(data, offset)
        self._surface.since.append((offset, bytes(data)))
        self._disk.on_write()

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._surface.since.append((newsize, None))

    def xSync(self, flags: int) -> None:  # noqa: N802
        disk = self._disk
        disk.syncs += 1
        if disk.slow_seconds:
            threading.Event().wait(disk.slow_seconds)
        if disk.sync is not None:
            self._surface.since.clear()  # readable still, but no later sync will write them
            raise disk.sync(os.strerror(errno.EIO))
        self._surface.settle()
