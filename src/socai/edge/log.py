"""Logs of a program: one JSON object a line, each with the operation it belongs to. Never a body, token or password."""

from __future__ import annotations

import logging
import sys
from typing import TextIO, cast

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import FilteringBoundLogger

LEVELS = ("debug", "info", "warning", "error")


class _StandardError:
    """Standard error as it stands when a line is written: whoever was it at the start may have been closed since."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Begin logging, once, at the start of a program. Lines go to `stream` (standard error unless given)."""
    if level not in LEVELS:
        raise ValueError(f"level is one of {', '.join(LEVELS)}: {level}")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            # Without the values of local variables: one of them may be a password.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(stream or cast(TextIO, _StandardError())),
        cache_logger_on_first_use=False,
    )


def logger(room: str) -> FilteringBoundLogger:
    """The logger of one room of the house (`sync`, `http` …)."""
    return cast(FilteringBoundLogger, structlog.get_logger(room=room))


def begin_operation(operation: str) -> None:
    """Every line from here on, in this thread or task and those it starts, belongs to this operation."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(operation=operation)


def bind(**facts: str) -> None:
    """Facts that the further lines of this operation carry (user, tenant)."""
    structlog.contextvars.bind_contextvars(**facts)
