"""Files to review, and people who review them through the service."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from served import Reply, Service


def scored_rows(n: int, **more: Any) -> list[dict[str, Any]]:
    """Rows with the verdict mismatch, the later the surer; all texts differ."""
    return [
        {
            "id": f"a{i}", "source": "daily.example", "title": f"Rovers win match {i}",
            "body": f"The council met on day {i} to talk about the harbour. Rovers were not named.",
            "mismatch_verdict": "mismatch", "mismatch_probability": 0.5 + i / (2 * n),
            "mismatch_reasons": ["weak_overlap"], **more,
        }
        for i in range(1, n + 1)
    ]  # fmt: skip


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@dataclass(frozen=True)
class Person:
    """Somebody at a browser of their own."""

    service: Service
    name: str

    @property
    def holder(self) -> str:
        return f"{self.name:-<16}"

    def ask(self, what: str, **more: Any) -> Reply:
        return self.service.post(f"/review/{what}", {"holder": self.holder, "reviewer": self.name, **more})

    def next(self) -> dict[str, Any] | None:
        return self.ask("next").json["row"]

    def decide(self, row: dict[str, Any], label: str) -> Reply:
        return self.ask("decide", row=row["row"], key=row["key"], label=label)

    def skip(self, row: dict[str, Any]) -> Reply:
        return self.ask("skip", row=row["row"], key=row["key"])


def labels_of(service: Service) -> list[dict[str, Any]]:
    """The export, checked: one line a row."""
    return service.get("/review/labels").rows
