"""Commands about the books of a company: `check` their invariants, `export` them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from socai.cli.screen import JSON_HELP, fail, print_json, table

SOURCE_HELP = "A replica file (OFFICE/COMPANY/replica.db) or the address of the cloud's database (postgresql://…)."

export_app = typer.Typer(no_args_is_help=True, help="Write a company's books in other programs' formats.")


def check(
    source: Annotated[str, typer.Argument(help=SOURCE_HELP)],
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Check every invariant that can be read off a replica file or the cloud's database. Exit status 1: one is broken.

    Balances are the sum of entries, debits are credits, operations have no gaps, versions have no gaps, nothing is in
    the books twice. Nothing is changed, and the product may be running.

    Examples: `socai check demo-data/office-hanoi/minhphat/replica.db`, `socai check postgresql://…`
    """
    from socai.lab.inspection import inspect
    from socai.lab.journal_file import SourceWrong

    try:
        findings = list(inspect(source))
    except SourceWrong as wrong:
        fail(str(wrong), 2)
    if as_json:
        print_json({"ok": not findings, "findings": [{"rule": item.rule, "at": item.at} for item in findings]})
    elif findings:
        table("Broken", ("rule", "at"), [(item.rule, item.at) for item in findings])
    else:
        typer.echo("Every invariant holds.")
    if findings:
        raise typer.Exit(1)


@export_app.command()
def hledger(
    source: Annotated[str, typer.Argument(help=SOURCE_HELP)],
    tenant: Annotated[str, typer.Option(help="The company's code, where the source is the cloud.")] = "",
    book: Annotated[str, typer.Option(help="financial or management.")] = "financial",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; standard output if none.")
    ] = None,
) -> None:
    """Write the posted books as a journal that hledger, ledger and their relatives read.

    Each posted voucher is a transaction; accounts are chains of codes (111:1111). Foreign money stands with its cost.

    Example: `socai export hledger demo-data/office-hanoi/minhphat/replica.db -o books.journal`, then
    `hledger -f books.journal balance --cost`
    """
    from socai.lab.journal_file import SourceWrong, lines

    try:
        if output is None:
            for line in lines(source, tenant, book):
                typer.echo(line)
            return
        with output.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines(source, tenant, book))
    except SourceWrong as wrong:
        fail(str(wrong), 2)
