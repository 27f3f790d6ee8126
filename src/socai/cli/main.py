"""The root of the command line: gathers the commands and starts the one that was asked for."""

import typer

from socai.cli import books, cloud, configuration, demo, ds, proof

app = typer.Typer(
    name="socai",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Sổ Cái: accounting for companies with many offices and bad internet.\n\n"
    "Begin with `socai demo`: a cloud and two offices of a sample company on this machine.",
)
app.add_typer(demo.app, name="demo")
app.command()(proof.replay)
app.command()(proof.bench)
app.command()(proof.sim)
app.command()(books.check)
app.add_typer(books.export_app, name="export")
app.add_typer(cloud.app, name="cloud")
app.add_typer(ds.app, name="ds")
app.command()(configuration.settings)


def main() -> None:
    """Run the command line."""
    app()
