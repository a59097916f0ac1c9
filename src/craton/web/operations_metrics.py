"""Numbers about the web server and its node, in the form that Prometheus reads."""

from __future__ import annotations

import platform
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.exposition import generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper limits of the classes of time to answer."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

MOST_SERIES = 5_000
"""Series by route, method and status; there cannot be more, but nobody shall make the node's memory grow."""


class Metrics:
    """What is counted as it happens; called from the server's own thread."""

    def __init__(self, version: str, in_flight: Callable[[], float], dropped: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "craton_http_requests", "Requests answered.", ["route", "method", "status"],
            registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "craton_http_request_seconds", "Time to answer, the sending included.", ["route", "method"],
            registry=self.registry, buckets=SECONDS,
        )  # fmt: skip
        self._sent = Counter("craton_http_sent_bytes", "Bytes of replies.", registry=self.registry)
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._histograms: dict[tuple[str, str], Histogram] = {}
        gauges = (
            ("craton_http_in_flight", "Requests being answered.", in_flight),
            ("craton_log_dropped_lines", "Lines of the log for which there was no room.", dropped),
        )
        for name, words, value in gauges:
            Gauge(name, words, registry=self.registry).set_function(value)
        Info("craton_build", "What runs here.", registry=self.registry).info(
            {"version": version or "0", "python": platform.python_version()}
        )
        ProcessCollector(registry=self.registry)

    def count(self, route: str, method: str, status: int, seconds: float, sent: int) -> None:
        """Count one request that was answered."""
        method = method if method in METHODS else "other"
        counter = self._counters.get((route, method, status))
        if counter is None:
            counter = self._counter(route, method, status)
        counter.inc()
        histogram = self._histograms.get((route, method))
        if histogram is None:
            histogram = self._histograms[route, method] = self._seconds.labels(route, method)
        histogram.observe(seconds)
        self._sent.inc(sent)

    def _counter(self, route: str, method: str, status: int) -> Counter:
        if len(self._counters) >= MOST_SERIES:
            status = 0
        counter = self._requests.labels(route, method, str(status))
        self._counters[route, method, status] = counter
        return counter

    def written(self) -> bytes:
        """All numbers, as they are told."""
        return generate_latest(self.registry)
