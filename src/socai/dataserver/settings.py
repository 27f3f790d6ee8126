"""What a data server reads at start: DIR/socai.toml, and variables SOCAI_DS_… that win over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from socai.edge.settings import Shown, read, setting
from socai.sync.message import POLL_SECONDS_MAX

FILE = "socai.toml"
PREFIX = "SOCAI_DS_"


@dataclass(frozen=True, slots=True)
class DataServerSettings:
    """The settings of one data server. Host and port given on the command line win over these."""

    host: str = setting("127.0.0.1", "Address to listen on; another than this machine's own wants a certificate.")
    port: int = setting(8800, "Port that browsers of the office open.")
    certificate: str = setting("", "Path of a TLS certificate (PEM); with it, browsers connect by https.")
    key: str = setting("", "Path of the certificate's private key (PEM).")
    log_level: str = setting("info", "How much is logged: debug, info, warning or error.")
    poll_seconds: int = setting(POLL_SECONDS_MAX, "How long a question to the cloud for news may stay open.")
    known_origins: str = setting("", "Addresses, comma-joined, whose pages may also change things (development only).")


def settings_of(folder: Path, environment: Mapping[str, str]) -> tuple[DataServerSettings, tuple[Shown, ...]]:
    """The settings of the data server in `folder`, and where each came from. Raises SettingWrong."""
    return read(DataServerSettings, folder / FILE, environment, PREFIX)
