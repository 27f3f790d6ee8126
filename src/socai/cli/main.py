"""The root of the command line: gathers the commands and starts the one that was asked for."""

import typer

app = typer.Typer(name="socai", no_args_is_help=True, help="Sổ Cái: accounting for companies with many offices.")


@app.callback()
def root() -> None:
    """Sổ Cái: accounting for companies with many offices."""


def main() -> None:
    """Run the command line."""
    app()
