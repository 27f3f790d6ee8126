"""A process that saves without pause and prints what it has acknowledged; the crash test kills it."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from socai.dataserver.desk import Saved
from support.desk import ident, journal, open_office


def main() -> None:
    folder, first = Path(sys.argv[1]), int(sys.argv[2])
    office = open_office(folder / "replica.db")
    print("ready", flush=True)
    lock = threading.Lock()

    def person(number: int) -> None:
        for count in range(10_000):
            voucher, act = ident(first + number * 100_000 + count), ident(first + 50_000 + number * 100_000 + count)
            done = office.save(journal(str(1000 + count)), voucher, act_id=act, post_to=("financial",))
            assert isinstance(done, Saved)
            with lock:
                print(f"{voucher} {act} {done.number}", flush=True)

    for number in range(4):
        threading.Thread(target=person, args=(number,), daemon=True).start()
    threading.Event().wait(60)


if __name__ == "__main__":
    main()
