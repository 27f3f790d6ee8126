"""What the cloud's API counts and how it tells it: Prometheus text, figures only, nothing of any tenant."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Figures:
    """The counters of one API process."""

    def __init__(self) -> None:
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
        self.lane_depth = Gauge("socai_lane_depth", "Work waiting in the lane last pushed to.", registry=self.registry)
        self.waiters = Gauge("socai_feed_waiters", "Long polls waiting for news.", registry=self.registry)

    def text(self) -> bytes:
        """All figures as Prometheus reads them."""
        return generate_latest(self.registry)
