"""Commands that prove the product on itself: `replay`, `bench`, `sim`."""

from __future__ import annotations

import importlib
import itertools
from pathlib import Path
from typing import Annotated, Any

import typer

from socai.cli.screen import JSON_HELP, fail, figures, print_json, progress, table, working
from socai.edge import log

Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]
BENCHES = {
    "save": "a data server",
    "push": "the cloud accepting",
    "post": "a worker",
    "feed": "what happened elsewhere arriving",
    "backlog": "an office coming back",
    "fair": "quiet companies beside twenty backlogs",
    "overload": "five times too much",
    "report": "the books",
    "type": "a browser at a data server",
}


def replay(
    files: Annotated[list[Path], typer.Argument(help="Case files (YAML); their format is in docs/reference/case.md.")],
    folder: Annotated[
        Path | None, typer.Option("--keep", help="Keep the cloud and both offices in this folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take worked cases through the whole pipeline and compare the books at the other end.

    Each case is typed at one office over HTTP, synced, posted by the worker, and read at a second office. Expectations
    that this version cannot compare yet stand under "unsupported", and then the case is not ok.

    Example: `socai replay tests/golden/*.yaml --json`
    """
    from socai.lab.case import CaseWrong, read_case
    from socai.lab.replay import offices
    from socai.lab.replay import replay as run

    try:
        cases = [read_case(file) for file in files]
    except CaseWrong as error:
        fail(str(error), 2)
    verdicts = []
    with progress() as told:
        steps = iter(range(len(cases) + 1))
        with offices(folder) as stack:
            for verdict in run(stack, cases, lambda what: told("cases", next(steps), len(cases))):
                verdicts.append(verdict)
                if as_json:
                    print_json(verdict.line())
    if not as_json:
        rows = [(item.case, "ok" if item.ok else "no", "\n".join(item.differences), ", ".join(item.unsupported))
                for item in verdicts]  # fmt: skip
        table("Replay", ("case", "ok", "differences", "unsupported"), rows)
    if not all(verdict.ok for verdict in verdicts):
        raise typer.Exit(1)


def bench(
    name: Annotated[str, typer.Argument(help=", ".join(f"{name} ({what})" for name, what in BENCHES.items()) + ".")],
    scale: Annotated[float, typer.Option(help="How much of the full figure to load; 1 is all of it.")] = 0.0,
    full: Annotated[bool, typer.Option("--full", help="The full figure: takes minutes.")] = False,
    as_json: Json = False,
) -> None:
    """Measure one part of the product on this machine, each figure beside its ratio within the same run.

    Everything measured is booted here and durable. By default what is loaded is scaled so that it ends within 50
    seconds, and the scale is told. Where a cloud is measured under load, offices and load have one core, the cloud and
    its database the other.

    Example: `socai bench post --json`, `socai bench report --full`
    """
    from socai.lab.browser import BrowserMissing

    if name not in BENCHES:
        fail(f"There is no bench called {name}. There are: {', '.join(BENCHES)}", 2)
    log.configure("warning")  # parts of the product may run in this very process
    module: Any = importlib.import_module(f"socai.lab.bench.{name}")
    try:
        with working(f"bench {name}: booting what is measured, loading its background, measuring"):
            found = module.run(1.0) if full else module.run(scale) if scale else module.run()
    except BrowserMissing as missing:
        fail(str(missing), 2)
    if as_json:
        print_json(found)
    else:
        figures(f"bench {name}", found)


def sim(
    seeds: Annotated[int, typer.Option(help="How many seeds to run.")] = 20,
    seed: Annotated[int, typer.Option(help="The first seed; one that failed is run again by it.")] = 1,
    mistake: Annotated[str, typer.Option(help="Plant this known mistake and look for it; `list` tells which.")] = "",
    story: Annotated[Path | None, typer.Option(help="Write the story of the first failing seed here.")] = None,
    as_json: Json = False,
) -> None:
    """Run seeded simulations of data servers, cloud and a bad network, and check every invariant.

    The decisions are those that run in production. Fails if an invariant was violated, or if a kind of fault, a commit
    to die at or a cell of the state table was never reached. The first failing seed is shrunk to the steps it needs.
    With a mistake planted it fails where the mistake is not found.

    Example: `socai sim --seeds 300 --json`, then `socai sim --seeds 1 --seed 217` for the one that failed
    """
    if mistake:
        _hunt(mistake, seeds, seed, story, as_json)
        return
    from socai.lab.sim.simulator import run

    done = itertools.count(1)
    with progress() as told:
        found = run(seeds, seed, told=lambda _: told("seeds", next(done), seeds), story=story)
    if as_json:
        print_json(found)
    else:
        figures("sim", {name: value for name, value in found.items() if not isinstance(value, (list, dict))})
        for line in (*found["violations"], *found.get("story", ())):
            typer.echo(str(line))
    if found["violations"]:
        raise typer.Exit(1)


def _hunt(mistake: str, seeds: int, seed: int, story: Path | None, as_json: bool) -> None:
    """Plant a mistake and look for it."""
    from socai.lab.sim.mistake import MISTAKES
    from socai.lab.sim.simulator import hunt

    if mistake not in MISTAKES:
        table("Mistakes", ("name", "what it does"), [(item.name, item.says) for item in MISTAKES.values()])
        if mistake != "list":
            fail(f"There is no mistake called {mistake}.", 2)
        return
    with progress() as told:
        found = hunt(mistake, seeds, seed, told=lambda count: told("seeds", count, seeds), story=story)
    if as_json:
        print_json(found)
    else:
        for line in (*found["violations"], *found["story"]):
            typer.echo(str(line))
        typer.echo(f"found at seed {found['found']}" if found["found"] else f"not found in {found['tried']} seeds")
    if not found["found"]:
        raise typer.Exit(1)
