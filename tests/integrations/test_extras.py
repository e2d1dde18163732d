"""What an integration says when its library is not installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("module", "library", "install"),
    [
        ("scrapy", "scrapy", '"headline-mismatch[scrapy]"'),
        ("datatrove", "datatrove", '"headline-mismatch[datatrove]"'),
        ("spark", "pyspark", '"headline-mismatch[spark]"'),
        ("spark_training", "pyspark", '"headline-mismatch[spark]"'),
        ("pandera", "pandera", "pandera"),
        ("great_expectations", "great_expectations", "great_expectations"),
    ],
)
def test_a_missing_library_is_named_with_what_to_install(module: str, library: str, install: str) -> None:
    script = f"""
import sys
sys.modules[{library!r}] = None  # as if it were not installed
from mismatch.errors import MissingExtraError
try:
    import mismatch.integrations.{module}
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert f"pip install {install}" in done.stdout, done.stderr
    assert done.stdout.count("\n") == 1


def test_the_command_says_so_in_one_line_too(tmp_path: Path) -> None:
    script = """
import sys
sys.modules["pyspark"] = None
from mismatch.cli import main
main()
"""
    (tmp_path / "a.jsonl").write_text('{"title": "a", "body": "b"}\n')
    command = [sys.executable, "-c", script, "score", str(tmp_path), "--engine", "spark", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert 'pip install "headline-mismatch[spark]"' in done.stderr
