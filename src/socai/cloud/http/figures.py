"""What the cloud's API counts and how it tells it: Prometheus text, figures only, nothing of any tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from socai.cloud.http.door import Door
from socai.sync.admission import RANK_NAMES

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
CONTENT_TYPE = "text/plain; version=0.0.4"


class Figures:
    """The counters of one API process."""

    def __init__(self, door: Callable[[], Door], waiters: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        self.operations = Counter(
            "socai_operations_total", "Operations answered, by result.", ["result"], registry=self.registry
        )
        self.batches_refused = Counter(
            "socai_batches_refused_total", "Pushes refused whole, by fault.", ["code"], registry=self.registry
        )
        self.push_seconds = Histogram(
            "socai_push_seconds", "Time to accept a push.", buckets=SECONDS, registry=self.registry
        )
        self.feed_items = Counter("socai_feed_items_total", "Items handed out by the feed.", registry=self.registry)
        self.registry.register(_Standing(door, waiters))

    def text(self) -> bytes:
        """All figures as Prometheus reads them."""
        return generate_latest(self.registry)


class _Standing(Collector):
    """How the door and the lanes stand when somebody asks."""

    def __init__(self, door: Callable[[], Door], waiters: Callable[[], int]) -> None:
        self._door, self._waiters = door, waiters

    def collect(self) -> Iterator[Metric]:
        """See Collector."""
        door = self._door()
        gate, depths = door.gate, door.depths
        for name, told, value in (
            ("socai_gate_limit", "Requests at once, as learned from commits.", gate.limit.value),
            ("socai_gate_under_way", "Requests being served.", gate.held),
            ("socai_gate_waiting", "Requests waiting for a slot.", len(gate.waiting)),
            ("socai_commit_unit_milliseconds", "What one operation takes to accept, of late.", gate.limit.late_ms),
            ("socai_lanes_depth", "Work waiting to be posted, all lanes.", depths.waiting),
            ("socai_lanes_waiting", "Lanes with work.", depths.lanes),
            ("socai_posted_per_second", "Work posted a second, of late.", door.pace.per_second),
            ("socai_feed_waiters", "Long polls waiting for news.", self._waiters()),
        ):
            yield GaugeMetricFamily(name, told, value=value)
        for name, told, counts in (
            ("socai_gate_begun", "Requests served, by class.", door.begun),
            ("socai_gate_refused", "Requests told to come back later, by class.", door.refused),
        ):
            family = CounterMetricFamily(name, told, labels=["class"])
            for rank, count in zip(RANK_NAMES, counts, strict=True):
                family.add_metric([rank], count)
            yield family
