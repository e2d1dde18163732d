"""What an integration says when its library is not installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mismatch.errors import MissingExtraError

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


def installed(folder: Path, url: str) -> None:
    """What pip leaves behind of a package that it installed from an address."""
    about = folder / "headline_mismatch-0.1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: headline-mismatch\nVersion: 0.1.0\n")
    (about / "direct_url.json").write_text(json.dumps({"url": url, "dir_info": {}}))


@pytest.mark.parametrize("exists", [True, False])
def test_an_installation_from_a_folder_is_told_the_command_that_works_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool
) -> None:
    source = tmp_path / "my mismatch"
    if exists:
        source.mkdir()
        (source / "pyproject.toml").touch()
    installed(tmp_path / "site", source.as_uri())
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    said = str(MissingExtraError("pages need trafilatura", "html"))
    assert said.startswith('pages need trafilatura: pip install "headline-mismatch[html]"')
    assert said.endswith(f'pip install "{source}[html]"') == exists
