"""Row 17 at the keyboard: a request that changes something is logged with the act it is, never with its body."""

from __future__ import annotations

import io
import json
from pathlib import Path

from socai.edge import log
from support.office import receipt, save, served


def test_row_17_a_save_is_logged_with_its_act_and_without_what_was_typed(tmp_path: Path) -> None:
    lines = io.StringIO()
    with served(tmp_path) as house:
        log.configure("info", lines)
        try:
            answer = save(house.client(), receipt(description="Thu tiền bí mật"))
        finally:
            log.configure()
    assert answer.status_code == 200, answer.text
    acts = [line for line in map(json.loads, lines.getvalue().splitlines()) if line["event"] == "act"]
    assert len(acts) == 1
    assert {"act_id", "voucher", "tenant", "user", "operation"} <= set(acts[0])
    assert acts[0]["voucher"] == answer.json()["id"]
    assert "bí mật" not in lines.getvalue()
