"""What Prometheus is told, from a registry of our own."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from mismatch.judging.verdicts import VERDICTS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096)


class Metrics:
    """Counters of one service. Only the event loop's thread may call these."""

    def __init__(self) -> None:
        disable_created_metrics()
        self._registry = CollectorRegistry()
        registry = self._registry
        self._requests = Counter("mismatch_requests", "Answered requests.", ["route", "status"], registry=registry)
        self._seconds = Histogram(
            "mismatch_request_seconds", "Seconds from the headers to the end of the answer.", ["route"],
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._rows = Counter("mismatch_rows", "Articles judged.", registry=registry)
        self._rejected = Counter("mismatch_rejected_rows", "Rows of streams that could not be read.", registry=registry)
        verdicts = Counter("mismatch_verdicts", "Verdicts given.", ["verdict"], registry=registry)
        self._verdicts = {name: verdicts.labels(name) for name in VERDICTS}
        self._batch_rows = Histogram("mismatch_batch_rows", "Articles judged in one pass.", buckets=_ROWS, registry=registry)
        self._model = Gauge("mismatch_model_info", "The model in use; always 1.", ["name", "digest"], registry=registry)
        self._reloads = Counter("mismatch_model_reloads", "Model reloads.", ["result"], registry=registry)
        self.at_work = Gauge("mismatch_requests_at_work", "Requests at work now.", registry=registry)
        self.held = Gauge("mismatch_held_bytes", "Bytes of request bodies in memory.", registry=registry)
        self.waiting = Gauge("mismatch_waiting_rows", "Articles that wait to be judged.", registry=registry)
        self._known: dict[tuple[str, int], Counter] = {}
        self._known_seconds: dict[str, Histogram] = {}

    def answered(self, route: str, status: int, seconds: float) -> None:
        """One request is over; status 499 where the client had gone."""
        counter = self._known.get((route, status))
        if counter is None:  # looking children up by label costs more than counting
            counter = self._known[route, status] = self._requests.labels(route, str(status))
            self._known_seconds.setdefault(route, self._seconds.labels(route))
        counter.inc()
        self._known_seconds[route].observe(seconds)

    def judged(self, counts: Mapping[str, int], n_rejected: int = 0) -> None:
        """One pass over several articles is done; `counts` says how many got each verdict."""
        rows = sum(counts.values())
        self._rows.inc(rows)
        self._batch_rows.observe(rows)
        for name, count in counts.items():
            self._verdicts[name].inc(count)
        if n_rejected:
            self._rejected.inc(n_rejected)

    def model(self, name: str, digest: str) -> None:
        """Names the model in use."""
        self._model.clear()
        self._model.labels(name, digest).set(1)

    def reloaded(self, ok: bool) -> None:
        self._reloads.labels("done" if ok else "failed").inc()

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)
