"""What the cloud's programs read at start: DIR/socai.toml, and variables SOCAI_CLOUD_… that win over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from socai.edge.settings import Shown, read, setting

FILE = "socai.toml"
PREFIX = "SOCAI_CLOUD_"


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """The settings of an API or a worker. What is given on the command line wins over these."""

    host: str = setting("127.0.0.1", "Address the API listens on.")
    port: int = setting(8700, "Port that data servers reach.")
    database: str = setting(
        "", "Address of a PostgreSQL (15 or newer); without one the carried PostgreSQL runs in the folder.", secret=True
    )
    worker_port: int = setting(0, "Port on which a worker tells its health and figures; 0 for none.")
    operator_token: str = setting(
        "", "Password of the operator's page; without one the page is for this machine alone.", secret=True
    )
    log_level: str = setting("info", "How much is logged: debug, info, warning or error.")


def settings_of(folder: Path | None, environment: Mapping[str, str]) -> tuple[CloudSettings, tuple[Shown, ...]]:
    """The settings of the cloud in `folder`, and where each came from. Raises SettingWrong."""
    return read(CloudSettings, folder / FILE if folder is not None else None, environment, PREFIX)
