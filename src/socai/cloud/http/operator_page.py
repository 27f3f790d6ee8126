"""The operator's page as HTML: tables and words in both languages, no script. Knows no request and asks nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import msgspec

from socai.cloud.store.operator import LaneFigure, ReplicaFigure, ServerFigure

RELOAD_SECONDS = 5

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Sổ Cái: trang vận hành", "Sổ Cái: operator's page"),
    "other": ("English", "Tiếng Việt"),
    "summary": ("Tổng quan", "Overview"),
    "lanes": ("Làn ghi sổ đang có việc", "Lanes with work"),
    "replicas": ("Máy chủ tại đơn vị", "Data servers"),
    "processes": ("Chương trình đang chạy", "Running programs"),
    "gate": ("Điều tiết tải", "Admission"),
    "none": ("Không có.", "None."),
    "version": ("Phiên bản", "Version"),
    "waiting": ("Việc chờ ghi sổ", "Work waiting to be posted"),
    "lanes_waiting": ("Số làn có việc", "Lanes with work"),
    "oldest_seconds": ("Chờ lâu nhất (giây)", "Oldest waits (seconds)"),
    "posted_per_second": ("Tốc độ ghi sổ (việc/giây)", "Posted per second"),
    "postgres": ("PostgreSQL", "PostgreSQL"),
    "connections": ("Kết nối cơ sở dữ liệu", "Database connections"),
    "bytes": ("Dung lượng cơ sở dữ liệu (byte)", "Database size (bytes)"),
    "schema": ("Bước cấu trúc dữ liệu", "Schema step"),
    "tenant": ("Bộ dữ liệu", "Tenant"),
    "depth": ("Số việc", "Depth"),
    "fence": ("Số rào", "Fence"),
    "holder": ("Người giữ", "Holder"),
    "failures": ("Lần hỏng", "Failures"),
    "held": ("Đang xử lý", "Being served"),
    "waits_ms": ("Hoãn (ms)", "Put off (ms)"),
    "name": ("Tên", "Name"),
    "replica": ("Mã máy", "Replica"),
    "state": ("Trạng thái", "State"),
    "program": ("Phiên bản", "Version"),
    "epoch": ("Kỷ nguyên", "Epoch"),
    "last_n": ("Thao tác cuối", "Last operation"),
    "seen_at": ("Gặp lần cuối (UTC)", "Last seen (UTC)"),
    "behind": ("Chưa tải (thay đổi)", "Behind (changes)"),
    "process": ("Chương trình", "Program"),
    "count": ("Số lượng", "Count"),
    "limit": ("Giới hạn đồng thời", "Limit at once"),
    "under_way": ("Đang phục vụ", "Under way"),
    "gate_waiting": ("Đang chờ lượt", "Waiting for a slot"),
    "max_batch": ("Lô lớn nhất", "Largest batch"),
    "commit_ms_of_late": ("Thời gian ghi gần đây (ms)", "Commit of late (ms)"),
    "feed_waiters": ("Máy đang chờ tin", "Waiting for news"),
    "class": ("Loại yêu cầu", "Class"),
    "begun": ("Đã phục vụ", "Served"),
    "refused": ("Đã hẹn lại", "Sent away"),
    "confirmation": ("Xác nhận", "Confirmations"),
    "interactive": ("Chứng từ vừa cất", "Interactive saves"),
    "posting": ("Ghi sổ", "Posting"),
    "backlog": ("Chứng từ tồn và tải về", "Backlogs and downloads"),
    "report": ("Báo cáo", "Reports"),
    "active": ("hoạt động", "active"),
    "quarantined": ("cách ly", "quarantined"),
    "yes": ("có", "yes"),
    "no": ("không", "no"),
}

STYLE = (
    "body{font:15px/1.4 system-ui,sans-serif;margin:1.5rem;max-width:80rem}"
    "table{border-collapse:collapse;margin:.5rem 0}"
    "th,td{border:1px solid #999;padding:.2rem .6rem;text-align:left}td.n{text-align:right}h2{font-size:1.1rem}"
)


class GateFigure(msgspec.Struct, frozen=True):
    """Admission in the process that answers: the limit as learned, what is under way, waits, and was sent away."""

    limit: float
    under_way: int
    waiting: int
    max_batch: int
    commit_ms_of_late: float
    begun: dict[str, int]
    refused: dict[str, int]
    posted_per_second: float
    feed_waiters: int


class Picture(msgspec.Struct, frozen=True):
    """Everything the operator's page shows."""

    version: str
    waiting: int
    lanes_waiting: int
    oldest_seconds: float
    lanes: list[LaneFigure]
    replicas: list[ReplicaFigure]
    processes: dict[str, int]
    server: ServerFigure
    gate: GateFigure


def page(picture: Picture, language: str) -> str:
    """The whole page."""
    at = 0 if language == "vi" else 1

    def word(name: str) -> str:
        return WORDS[name][at] if name in WORDS else name

    gate, server = picture.gate, picture.server
    summary = [
        ("version", picture.version),
        ("waiting", picture.waiting),
        ("lanes_waiting", picture.lanes_waiting),
        ("oldest_seconds", picture.oldest_seconds),
        ("posted_per_second", gate.posted_per_second),
        *((name, getattr(server, name)) for name in ("postgres", "connections", "bytes", "schema")),
    ]
    limits = [
        ("limit", gate.limit),
        ("under_way", gate.under_way),
        ("gate_waiting", gate.waiting),
        *((name, getattr(gate, name)) for name in ("max_batch", "commit_ms_of_late", "feed_waiters")),
    ]
    classes = [(word(name), gate.begun[name], gate.refused[name]) for name in gate.begun]
    other = "en" if language == "vi" else "vi"
    parts = [
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(word("title"))}</title>',
        f'<meta http-equiv="refresh" content="{RELOAD_SECONDS}"><style>{STYLE}</style></head><body>',
        f'<h1>{escape(word("title"))}</h1><p><a href="?lang={other}">{escape(word("other"))}</a></p>',
        _section(word("summary"), (), [(word(name), value) for name, value in summary], word),
        _section(word("gate"), (), [(word(name), value) for name, value in limits], word),
        _section("", ("class", "begun", "refused"), classes, word),
        _section(word("lanes"), *_rows(picture.lanes), word),
        _section(word("replicas"), *_rows(picture.replicas), word),
        _section(word("processes"), ("process", "count"), sorted(picture.processes.items()), word),
        "</body></html>",
    ]
    return "".join(parts)


def _rows(figures: Sequence[msgspec.Struct]) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    if not figures:
        return (), []
    return figures[0].__struct_fields__, [msgspec.structs.astuple(each) for each in figures]


def _section(title: str, columns: Iterable[str], rows: Sequence[Sequence[Any]], word: Any) -> str:
    """A heading and its table; a sentence where there is nothing."""
    heading = f"<h2>{escape(title)}</h2>" if title else ""
    if not rows:
        return f"{heading}<p>{escape(word('none'))}</p>"
    head = "".join(f"<th>{escape(word(name))}</th>" for name in columns)
    body = "".join("<tr>" + "".join(_cell(value, word) for value in row) + "</tr>" for row in rows)
    return f"{heading}<table>{f'<tr>{head}</tr>' if head else ''}{body}</table>"


def _cell(value: Any, word: Any) -> str:
    if isinstance(value, bool):
        return f"<td>{escape(word('yes' if value else 'no'))}</td>"
    if isinstance(value, (int, float)):
        return f'<td class="n">{value:,}</td>'
    return f"<td>{escape(word(str(value)) if value in ('active', 'quarantined') else str(value))}</td>"
