"""Requests that make no sense: no 500, no growth of memory, and the service goes on.

`python -m benchmarks.malformed_requests` sends ten thousand of them and watches the memory for a minute.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from typing import Any

import pytest
from served import Service, status_of

from benchmarks.malformed import KINDS

REQUESTS = 3_000
CLIENTS = 16
PATIENCE = 0.25
_READ = ("/health", "/ready", "/vocabulary", "/metrics")


def quiet_metrics(service: Service) -> dict[str, float]:
    """The metrics once all requests are over: those that were given up last a little longer than their clients."""
    for _ in range(200):  # the longest may take --work-seconds
        found = service.metrics()
        if not found["mismatch_requests_at_work"]:
            break
        time.sleep(0.2)
    return found


def ask_all(service: Service, n: int, seed: int) -> tuple[Counter[int], list[str]]:
    """Statuses of n malformed requests of all kinds in turn, and the kinds answered with 500 or 501."""
    statuses: Counter[int] = Counter()
    failed: list[str] = []
    lock = threading.Lock()

    def ask(first: int) -> None:
        random_ = random.Random(seed + first)
        names = list(KINDS)
        for i in range(first, n, CLIENTS):
            name = names[i % len(names)]
            status = status_of(service.raw(KINDS[name](random_), PATIENCE))
            with lock:
                statuses[status] += 1
                if status in (500, 501, 502):
                    failed.append(name)

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses, failed


def test_malformed_requests_of_more_than_thirty_kinds(service: Service) -> None:
    assert len(KINDS) >= 30
    ask_all(service, 1_000, seed=1)
    before = service.memory()
    statuses, failed = ask_all(service, REQUESTS, seed=2)
    assert not failed
    assert statuses[500] == 0
    assert set(statuses) <= {0, 200, 400, 404, 405, 408, 413, 415, 421, 422, 431, 503}, statuses
    assert service.post("/score", {"title": "A title", "body": "A body"}).status == 200
    after = quiet_metrics(service)
    assert service.memory() - before < 15  # once nothing is at work: explanations that were given up end a little later
    assert not [name for name in after if name.startswith("mismatch_requests_total") and 'status="500"' in name]
    assert after["mismatch_held_bytes"] == 0
    assert not any("Traceback" in line for line in service.said)


def test_the_service_keeps_what_its_description_says(service: Service) -> None:
    """Requests made up from the OpenAPI document, good and bad; each answer has a status and a shape that it lists."""
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, given, settings
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

    schema = schemathesis.openapi.from_url(f"{service.url}/openapi.json", wait_for_schema=5)
    asked: Counter[str] = Counter()
    for operation in schema.get_all_operations():
        made = operation.ok()
        modes = schemathesis.GenerationMode
        for mode in [modes.POSITIVE, modes.NEGATIVE] if made.method == "post" else [modes.POSITIVE]:

            @settings(
                max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
            )
            @given(case=made.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                answer = case.call(base_url=service.url)
                checks = [not_a_server_error, status_code_conformance, response_schema_conformance]
                case.validate_response(answer, checks=checks)
                asked[f"{case.method} {case.path}"] += 1

            ask()
    assert set(asked) == {"POST /score", "POST /explain", "POST /extract", *(f"GET {path}" for path in _READ)}
