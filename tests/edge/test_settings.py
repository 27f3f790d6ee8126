"""Settings: environment over file over default, each told with where it was read; what cannot be used is refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from socai.dataserver.settings import DataServerSettings, settings_of
from socai.edge.settings import HIDDEN, SettingWrong, read, setting


@dataclass(frozen=True, slots=True)
class Sample:
    port: int = setting(80, "The port.")
    name: str = setting("a", "The name.")
    fast: bool = setting(False, "Whether it hurries.")
    ratio: float = setting(1.5, "A ratio.")
    password: str = setting("", "Never shown.", secret=True)


def test_environment_wins_over_file_and_file_over_default(tmp_path: Path) -> None:
    file = tmp_path / "socai.toml"
    file.write_text('port = 81\nname = "b"\nratio = 2\n', encoding="utf-8")
    found, shown = read(Sample, file, {"X_PORT": "82", "X_FAST": "yes", "X_PASSWORD": "bí mật"}, "X_")
    assert found == Sample(82, "b", True, 2.0, "bí mật")
    assert [(item.name, item.value, item.source) for item in shown] == [
        ("port", "82", "X_PORT"),
        ("name", "b", str(file)),
        ("fast", "True", "X_FAST"),
        ("ratio", "2.0", str(file)),
        ("password", HIDDEN, "X_PASSWORD"),
    ]
    assert all(item.help for item in shown)


@pytest.mark.parametrize(
    ("text", "environment", "said"),
    [
        ("colour = 1", {}, "no setting is called colour"),
        ('port = "81"x', {}, "socai.toml"),
        ("name = 5", {}, "name"),
        ("fast = 1", {}, "fast"),
        ("port = true", {}, "port"),
        ("", {"X_PORT": "eighty"}, "X_PORT"),
        ("", {"X_FAST": "perhaps"}, "X_FAST"),
    ],
)
def test_what_cannot_be_used_is_refused_and_named(
    tmp_path: Path, text: str, environment: dict[str, str], said: str
) -> None:
    file = tmp_path / "socai.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingWrong, match=said):
        read(Sample, file, environment, "X_")


def test_a_data_server_needs_no_file(tmp_path: Path) -> None:
    found, shown = settings_of(tmp_path, {})
    assert found == DataServerSettings()
    assert {item.source for item in shown} == {"default"}
