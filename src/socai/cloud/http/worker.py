"""A worker seen from outside: alive, ready, and its figures for Prometheus. It serves nobody else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from litestar import Response, get
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from socai import __version__
from socai.base.fault import Fault
from socai.cloud.http.api import Call, answer
from socai.cloud.http.figures import CONTENT_TYPE
from socai.cloud.worker import Figures
from socai.edge.http import Refused, application, problems

SILENT_SECONDS_MAX = 60.0  # a worker that has not looked for work for so long hangs

COUNTED = (
    ("turns", "Turns committed."),
    ("works", "Pieces of work answered."),
    ("entries", "Entries written."),
    ("failed", "Postings refused."),
    ("refused_turns", "Turns the database would not take."),
    ("lost_turns", "Turns not committed: the lane had passed on, or a setting had changed."),
    ("reconnects", "Times the database was away."),
    ("wakes", "Times it was woken."),
    ("busy_seconds", "Seconds spent in commits."),
)


@dataclass(frozen=True, slots=True)
class Watched:
    """The figures of the worker of this process."""

    figures: Figures
    clock: Callable[[], float] = time.monotonic

    @property
    def silent_seconds(self) -> float:
        """How long ago it last looked for work or committed a turn."""
        return self.clock() - self.figures.beat if self.figures.beat else 0.0


class _Told(Collector):
    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def collect(self) -> Iterator[Metric]:
        """See Collector."""
        figures = self._watched.figures
        for name, told in COUNTED:
            yield CounterMetricFamily(f"socai_worker_{name}", told, value=getattr(figures, name))
        yield GaugeMetricFamily("socai_worker_commit_milliseconds", "The last turn's commit.", value=figures.commit_ms)
        silent = self._watched.silent_seconds
        yield GaugeMetricFamily("socai_worker_silent_seconds", "Since it last looked for work.", value=silent)


def _watched(request: Call) -> Watched:
    found = request.app.state["watched"]
    assert isinstance(found, Watched)
    return found


@get("/healthz", responses=problems(503))
async def worker_healthy(request: Call) -> Response[bytes]:
    """The worker goes round: 503 where it has been silent for too long."""
    if _watched(request).silent_seconds > SILENT_SECONDS_MAX:
        raise Refused(Fault("INTERNAL", "", {"reference": "silent"}), status=503)
    return answer(request, {"ok": True, "version": __version__})


@get("/readyz", responses=problems(503))
async def worker_ready(request: Call) -> Response[bytes]:
    """It reaches its database: it looks for work there all the time, and says whether the last look went well."""
    figures = _watched(request).figures
    if figures.away or not figures.beat:
        raise Refused(Fault("INTERNAL", "", {"reference": "database"}), status=503)
    return answer(request, {"ok": True})


@get("/health", responses=problems(503))
async def worker_health(request: Call) -> Response[bytes]:
    """Both at once."""
    watched = _watched(request)
    live, away = watched.silent_seconds <= SILENT_SECONDS_MAX, watched.figures.away or not watched.figures.beat
    told = {"live": live, "ready": live and not away, "database": not away, "version": __version__}
    if not told["ready"]:
        raise Refused(Fault("INTERNAL", "", {"reference": "worker"}), status=503, more=told)
    return answer(request, told)


@get("/metrics")
async def worker_metrics(request: Call) -> Response[bytes]:
    """Figures for Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Told(_watched(request)))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE)


def worker_application(figures: Figures) -> Any:
    """The ASGI application beside a worker."""
    handlers = [worker_healthy, worker_ready, worker_health, worker_metrics]
    state = {"watched": Watched(figures)}
    return application(handlers, title="Sổ Cái worker", version=__version__, state=state)
