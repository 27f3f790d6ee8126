"""The statements about ended rounds of syncing: the newest ROUNDS_KEPT are kept, each as one text."""

from __future__ import annotations

import apsw

ROUNDS_KEPT = 50


def add(db: apsw.Connection, content: str) -> int:
    """Keep one more; its id. The oldest go."""
    db.execute("INSERT INTO sync_round (content) VALUES (?)", (content,))
    ident = db.last_insert_rowid()
    db.execute("DELETE FROM sync_round WHERE id <= ?", (ident - ROUNDS_KEPT,))
    return ident


def newest(db: apsw.Connection, limit: int) -> list[tuple[int, str]]:
    """(id, content), newest first."""
    rows = db.execute("SELECT id, content FROM sync_round ORDER BY id DESC LIMIT ?", (limit,))
    return [(int(ident), str(content)) for ident, content in rows]
