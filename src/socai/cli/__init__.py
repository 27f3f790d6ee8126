"""The commands of `socai`. Heavy imports stay inside the commands, so that `--help` answers at once."""

from socai.cli.main import main

__all__ = ["main"]
