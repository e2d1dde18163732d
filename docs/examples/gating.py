"""One day's articles through the gate, for any scheduler: calls the command, and reads its decision as JSON.

The command may live in a virtual environment of its own; only its path has to be known.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any


class NotDecided(RuntimeError):
    """The gate could not decide: an input or a model that cannot be used. The message is the command's own."""


def gate_day(inbox: Path, day: str, out: Path, *, max_rate: float = 0.05, command: str = "mismatch") -> dict[str, Any]:
    """Splits the articles of `inbox`/`day` into `out`/clean and `out`/review; gives the decision of `mismatch gate --json`.

    Raises
    ------
    NotDecided
        The command ended with 2 (input) or 3 (model), and nothing is to be published.
    """
    clean, review, rejected = (out / kind / f"{day}.jsonl" for kind in ("clean", "review", "rejected"))
    for path in (clean, review, rejected):
        path.parent.mkdir(parents=True, exist_ok=True)
    files = ["--passed", str(clean), "--flagged", str(review), "--rejected", str(rejected)]
    arguments = [command, "gate", str(inbox / day), "--json", "--quiet", "--max-rate", str(max_rate), *files]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise NotDecided(done.stderr.strip())
    return json.loads(done.stdout)


def in_one_line(decision: dict[str, Any]) -> str:
    """The decision for a log."""
    word = "passed" if decision["passed"] else "FAILED"
    flagged = f"{decision['verdicts']['mismatch']:,} of {decision['rows']:,} rows flagged"
    return f"{word}: {flagged} ({decision['flagged_share']:.2%})"
